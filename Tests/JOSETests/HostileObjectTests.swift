import JSONText
import Testing

@testable import JOSE

@Suite("Hostile objects")
struct HostileObjectTests {
    private let issuer: JSONWebKey
    private let verifier: VerificationKey

    init() throws {
        issuer = JSONWebKey(.ellipticPrivate(try .generate()))
        verifier = try VerificationKey(issuer, algorithm: .es256)
    }

    private static func part(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

    private static func object(_ header: String, _ rest: String = ".e30.AA") -> String { part(header) + rest }

    /// A header or a form, and the refusal that is due.
    static let refusals: [(String, JOSEError.Code)] = [
        (object(#"{"alg":"none"}"#, ".e30."), .unsecured),
        (object(#"{"alg":"None"}"#), .unsecured),
        (object(#"{"alg":"NONE"}"#), .unsecured),
        (object(#"{"alg":"nOnE","typ":"JWT"}"#), .unsecured),
        (object(#"{"alg":"ES256","crit":["exp"],"exp":1}"#), .criticalHeader),
        (object(#"{"alg":"ES256","crit":[]}"#), .criticalHeader),
        (object(#"{"alg":"HS256","b64":false,"crit":["b64"]}"#), .criticalHeader),
        (
            object(#"{"alg":"dir","enc":"A256GCM","zip":"DEF"}"#, "..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA"),
            .compressed
        ),
        (object(#"{"alg":"ES256","alg":"none"}"#), .malformed),
        (object(#"{"alg":"ES256","kid":1}"#), .malformed),
        (object(#"{"alg":["ES256"]}"#), .malformed),
        (object(#"{"typ":"JWT"}"#), .malformed),
        (object(#"["ES256"]"#), .malformed),
        (object(#"{"alg":"ES256"} x"#), .malformed),
        (object(#"{"alg":"ES256","enc":"A256GCM"}"#), .malformed),
        (object(#"{"alg":"ES256","a":{"b":{"c":{"d":{}}}}}"#), .malformed),
        (object(#"{"alg":"ES256","kid":"\#(String(repeating: "k", count: 257))"}"#), .tooLong),
        (object(#"{"alg":"ES256","x":"\#(String(repeating: "k", count: 2048))"}"#), .tooLong),
        (object(#"{"alg":"ES256"}"#, ".e30=.AA"), .malformed),
        (object(#"{"alg":"ES256"}"#, ".e30.A+"), .malformed),
        (object(#"{"alg":"ES256"}"#, ".e31.AA\n"), .malformed),
        (object(#"{"alg":"ES256"}"#, ".e30.AB"), .malformed),
        (object(#"{"alg":"ES256"}"#, ".e30"), .malformed),
        (object(#"{"alg":"ES256"}"#, ".e30.AA.AA"), .malformed),
        (object(#"{"alg":"dir","enc":"A256GCM"}"#, "..AA.AA.AA.AA"), .malformed),
        (object(#"{"alg":"dir","enc":"A256GCM"}"#, "..AA.AA.AA"), .malformed),
        ("", .malformed), ("...", .malformed), ("..", .malformed), ("....", .malformed), ("é.é.é", .malformed),
        (String(repeating: "A", count: 16_385), .tooLong),
        (String(repeating: ".", count: 16_384), .malformed),
        ("Bearer " + object(#"{"alg":"ES256"}"#), .malformed),
    ]

    @Test("Refused for what it is, before any key is looked at", arguments: refusals)
    func refused(_ text: String, _ code: JOSEError.Code) {
        let error = #expect(throws: JOSEError.self) { try CompactObject(parsing: text) }
        #expect(error?.code == code, "\(error?.reason ?? "")")
    }

    @Test("Key confusion: an HMAC made with the public key, in every form that a careless reader may have kept it in")
    func confusion() throws {
        guard case .ellipticPublic(let point)? = issuer.publicKey?.material else { throw JOSEError(.badKey, "") }
        let forms: [[UInt8]] = [
            point.x + point.y, [4] + point.x + point.y, Array(issuer.publicKey?.json.serialized().utf8 ?? "".utf8),
            point.x,
        ]
        for form in forms {
            let forger = try SigningKey(JSONWebKey(.secret(form)), algorithm: .hs256)
            let forged = try JWS(parsing: JWS.sign([1], with: forger))
            let error = #expect(throws: JOSEError.self) { try forged.payload(verifiedBy: [verifier]) }
            #expect(error?.code == .noKey)
        }
        // And a public key is no key of the other kind from the start.
        #expect(throws: JOSEError.self) { try VerificationKey(issuer, algorithm: .hs256) }
        #expect(throws: JOSEError.self) { try VerificationKey(issuer, algorithm: .es384) }
        #expect(throws: JOSEError.self) { try VerificationKey(issuer, algorithm: .rs256) }
        #expect(throws: JOSEError.self) {
            try VerificationKey(JSONWebKey(.secret([UInt8](repeating: 1, count: 32))), algorithm: .es256)
        }
    }

    @Test("Signatures of zeros, of the curve's order, of other lengths")
    func signatures() throws {
        let good = try JWS.sign([1], with: SigningKey(issuer, algorithm: .es256))
        let input = good.split(separator: ".").dropLast().joined(separator: ".")
        let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD,
            0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]
        let one = [UInt8](repeating: 0, count: 31) + [1]
        let zero = [UInt8](repeating: 0, count: 32)
        for signature in [
            zero + zero, order + order, one + zero, zero + one, one + one, order + one, [], one, one + one + [0],
            [UInt8](repeating: 0xFF, count: 64), [UInt8](repeating: 0x30, count: 132),
        ] {
            let object = try JWS(parsing: input + "." + Base64URL.encode(signature))
            let error = #expect(throws: JOSEError.self) { try object.payload(verifiedBy: [verifier]) }
            #expect(error?.code == .badSignature)
        }
    }

    @Test("A key that comes with the object is not used")
    func keysInHeaders() throws {
        let stranger = JSONWebKey(.ellipticPrivate(try .generate()))
        let header =
            #"{"alg":"ES256","jwk":\#(stranger.publicKey?.json.serialized() ?? ""),"jku":"https://evil.example/k"}"#
        let object = try JWS(parsing: JWS.sign([1], header: header, with: SigningKey(stranger, algorithm: .es256)))
        #expect(throws: JOSEError.self) { try object.payload(verifiedBy: [verifier]) }
    }

    @Test("Ephemeral keys off the curve, of another curve, private, none")
    func ephemeral() throws {
        let host = try DecryptionKey(JSONWebKey(.ellipticPrivate(.generate())), algorithm: .agreementA256KW)
        let tail = ".\(Base64URL.encode([UInt8](repeating: 0, count: 40))).AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA"
        let coordinate = Base64URL.encode([UInt8](repeating: 5, count: 32))
        let other = JSONWebKey(.ellipticPublic(try EllipticPrivateKey.generate(.p384).publicKey)).json.serialized()
        for (epk, code) in [
            (#"{"kty":"EC","crv":"P-256","x":"\#(coordinate)","y":"\#(coordinate)"}"#, JOSEError.Code.badKey),
            (#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, .badKey),
            (#"{"kty":"EC","crv":"X25519","x":"\#(coordinate)"}"#, .badKey),
            (#"{"kty":"oct","k":"\#(coordinate)"}"#, .badKey),
            (#""x""#, .badKey),
            (issuer.json.serialized(), .badKey),
            (other, .badDecryption),
        ] {
            let text = Self.object(#"{"alg":"ECDH-ES+A256KW","enc":"A256GCM","epk":\#(epk)}"#, tail)
            let error = #expect(throws: JOSEError.self) { try JWE(parsing: text).decrypt(with: [host]) }
            #expect(error?.code == code, "\(epk)")
        }
        let none = Self.object(#"{"alg":"ECDH-ES+A256KW","enc":"A256GCM"}"#, tail)
        #expect(throws: JOSEError.self) { try JWE(parsing: none).decrypt(with: [host]) }
    }

    @Test("A shared key of one way is no key of another")
    func ways() throws {
        let secret = JSONWebKey(.secret([UInt8](repeating: 9, count: 32)))
        let wrapped = try JWE.encrypt([1], to: EncryptionKey(secret, algorithm: .a256KW))
        let error = #expect(throws: JOSEError.self) {
            try JWE(parsing: wrapped).decrypt(with: [DecryptionKey(secret, algorithm: .direct)])
        }
        #expect(error?.code == .noKey)
        let withKey = Self.object(
            #"{"alg":"dir","enc":"A256GCM"}"#, ".AAAA.AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA")
        #expect(throws: JOSEError.self) {
            try JWE(parsing: withKey).decrypt(with: [DecryptionKey(secret, algorithm: .direct)])
        }
    }

    static let badKeys = [
        "", "[]", #"{"kty":"oct"}"#, #"{"kty":"oct","k":""}"#, #"{"kty":"oct","k":"AA=="}"#,
        #"{"kty":"OKP","crv":"Ed25519"}"#,
        #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, #"{"kty":"EC","crv":"P-192","x":"AA","y":"AA"}"#,
        #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, #"{"kty":"RSA","n":"AAAA","e":"AQAB"}"#,
        #"{"kty":"oct","k":"AAAA","kid":7}"#,
        #"{"kty":"oct","k":"AAAA","use":"all"}"#, #"{"kty":"oct","k":"AAAA","kty":"EC"}"#,
    ]

    @Test("Keys that are none", arguments: badKeys)
    func keys(_ text: String) {
        let error = #expect(throws: JOSEError.self) { try JSONWebKey(parsing: text) }
        #expect(error?.code == .badKey)
    }

    @Test("Keys are taken for what they say they are for")
    func uses() throws {
        let secret = [UInt8](repeating: 3, count: 32)
        #expect(throws: JOSEError.self) {
            try SigningKey(JSONWebKey(.secret(secret), use: .encryption), algorithm: .hs256)
        }
        #expect(throws: JOSEError.self) {
            try SigningKey(JSONWebKey(.secret(secret), algorithm: "HS512"), algorithm: .hs256)
        }
        #expect(throws: JOSEError.self) { try SigningKey(JSONWebKey(.secret([1, 2, 3])), algorithm: .hs256) }
        #expect(throws: JOSEError.self) {
            try DecryptionKey(JSONWebKey(.secret(secret), use: .signature), algorithm: .direct)
        }
        #expect(throws: JOSEError.self) { try DecryptionKey(JSONWebKey(.secret(secret)), algorithm: .a128KW) }
        #expect(throws: JOSEError.self) {
            try DecryptionKey(try #require(issuer.publicKey), algorithm: .agreementA256KW)
        }
        #expect(throws: JOSEError.self) { try SigningKey(try #require(issuer.publicKey), algorithm: .es256) }
    }
}
