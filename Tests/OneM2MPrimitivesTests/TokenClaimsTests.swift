import Foundation
import JSONText
import OneM2MPrimitives
import Testing

@Suite("Claims of tokens")
struct TokenClaimsTests {
    static let home = CSEIdentity(spID: "sp.example.com", cseID: "gw2", baseName: "cse-gw2")

    static let standard = """
        {"tkvr":"1.0.0","jti":"t1@gw1.example.com","iss":"//sp.example.com/gw1","azp":"//sp.example.com/gw1/Cphone",\
        "nbf":1700000000,"exp":1700003600,"aud":["//sp.example.com/gw2"],"tkps":{"pm":[{"ris":\
        ["//sp.example.com/gw2/cse-gw2/lock12"],"pv":{"acr":[{"acor":["//sp.example.com/gw1/Cphone"],"acop":6}]}},\
        {"rids":["guest@hotel.example.com"]}]}}
        """
    static let short = """
        {"vr":"1.0.0","tkid":"token_x_1@sp.example.com","tkis":"//sp.example.com/das/base/das-ae",\
        "tkhd":"//sp.example.com/gw1/Cphone","tknb":"20231114T221320","tkna":"20231114T231320,5",\
        "tkau":["//sp.example.com/gw2"],"tkps":{"pm":[{"ris":["/gw2/c1"],"pv":[{"acor":["all"],"acop":2}]}]}}
        """

    private static func read(_ text: String, _ form: ClaimForm = .standard) throws -> TokenClaims {
        try TokenClaims(payload: Array(text.utf8), form: form, at: home)
    }

    @Test("The worked token of TS-0003's form reads and writes")
    func worked() throws {
        let claims = try Self.read(Self.standard)
        #expect("\(claims.tokenID)" == "t1@gw1.example.com")
        #expect(
            claims.holder.absolute == "//sp.example.com/gw1/Cphone" && claims.issuer.absolute == "//sp.example.com/gw1")
        #expect(claims.notAfter.seconds - claims.notBefore.seconds == 3600)
        #expect(claims.permissions.count == 2 && claims.permissions[1].roles == ["guest@hotel.example.com"])
        #expect(claims.isMeant(for: Self.home))
        #expect(claims.json.serialized() == Self.standard)
        #expect(try Self.read(claims.json.serialized()) == claims)
    }

    @Test("The other form, of an issuer that has it")
    func shortForm() throws {
        let claims = try Self.read(Self.short, .short)
        #expect(claims.issuer.absolute == "//sp.example.com/das/das-ae")
        #expect(claims.notBefore.seconds == 1_700_000_000 && claims.notAfter.seconds == 1_700_003_600)
        #expect(claims.permissions[0].privileges?.rules.first?.operations == .retrieve)
        #expect(throws: OneM2MError.self) { try Self.read(Self.short) }
        #expect(throws: OneM2MError.self) { try Self.read(Self.standard, .short) }
    }

    /// Something replaced in the worked token, and what is then wrong.
    static let broken: [(String, String)] = [
        (#""jti":"t1@gw1.example.com""#, #""jti":"t1""#),
        (#""jti":"t1@gw1.example.com""#, #""jti":"t1@GW1.example.com""#),
        (#""jti":"t1@gw1.example.com""#, #""jti":7"#),
        (#""jti":"t1@gw1.example.com","#, ""),
        (#""jti":"t1@gw1.example.com""#, #""jti":"t1@gw1.example.com","jti":"t2@gw1.example.com""#),
        (#""jti":"t1@gw1.example.com""#, #""jti":"t1@gw1.example.com","tkid":"t1@gw1.example.com""#),
        (#""nbf":1700000000"#, #""nbf":"20231114T221320""#),
        (#""nbf":1700000000"#, #""nbf":1700000000,"tknb":"20231114T221320""#),
        (#""nbf":1700000000"#, #""nbf":1700009999"#),
        (#""nbf":1700000000"#, #""nbf":-1"#),
        (#""exp":1700003600"#, #""exp":1e300"#),
        (#""exp":1700003600,"#, ""),
        (#""azp":"//sp.example.com/gw1/Cphone""#, #""azp":"Cphone""#),
        (#""azp":"//sp.example.com/gw1/Cphone""#, #""azp":"/gw1/Cphone""#),
        (#""azp":"//sp.example.com/gw1/Cphone","#, ""),
        (#""iss":"//sp.example.com/gw1""#, #""iss":"//sp.example.com/gw1/a/b""#),
        (#""aud":["//sp.example.com/gw2"]"#, #""aud":[]"#),
        (#""aud":["//sp.example.com/gw2"]"#, #""aud":[7]"#),
        (#""tkvr":"1.0.0","#, ""),
        (#""tkvr":"1.0.0""#, #""tkvr":"2.0.0""#),
        (#""acop":6"#, #""acop":64"#),
        (#""acop":6"#, #""acop":6,"except":1"#),
        (#""ris":["//sp.example.com/gw2/cse-gw2/lock12"],"#, ""),
        (#"{"rids":["guest@hotel.example.com"]}"#, #"{}"#),
        (#"{"rids":["guest@hotel.example.com"]}"#, #"{"rids":["guest"]}"#),
        (#"{"rids":["guest@hotel.example.com"]}"#, #"{"rids":["guest@hotel.example.com"],"not":1}"#),
        (#"{"pm":["#, #"{"pn":["#),
    ]

    @Test("What is missing, twice, of the other form, or no claim", arguments: broken)
    func refused(_ found: String, _ instead: String) throws {
        let range = try #require(Self.standard.range(of: found))
        let text = Self.standard.replacingCharacters(in: range, with: instead)
        #expect(throws: OneM2MError.self) { try Self.read(text) }
    }

    @Test(
        "Claims that are none of oneM2M's are passed over, one CSE may stand without its list, times may have fractions"
    )
    func tolerated() throws {
        var text = Self.standard.replacing(#""nbf":1700000000"#, with: #""nbf":1700000000.7,"iat":1,"sub":"x""#)
        text = text.replacing(#"["//sp.example.com/gw2"],"tkps""#, with: #""//sp.example.com/gw*","tkps""#)
        let claims = try Self.read(text)
        #expect(claims.notBefore.seconds == 1_700_000_000)
        #expect(claims.isMeant(for: Self.home))
        #expect(!claims.isMeant(for: CSEIdentity(spID: "other.example.com", cseID: "gw2", baseName: "b")))
    }

    @Test(
        "Names of tokens and roles",
        arguments: [
            ("t1@gw1.example.com", true), ("a.b-c_D9@x", true), ("@x", false), ("a@", false), ("a@b@c", false),
            ("a b@x", false),
            ("a@X.com", false), ("a@-x", false), ("a@x..y", false), ("ä@x", false), ("a", false), ("", false),
        ])
    func names(_ text: String, _ isGood: Bool) {
        #expect((QualifiedName(text) != nil) == isGood)
    }
}
