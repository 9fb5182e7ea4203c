import JSONText
import OneM2MPrimitives
import Testing

private let home = CSEIdentity(spID: "sp.example.com", cseID: "gw1", baseName: "cse-gw1")

@Suite("Access control rules (TS-0003 7.1.3)")
struct PrivilegesTests {
    private func request(_ who: String, _ operation: OperationSet = .retrieve) throws -> AccessRequest {
        AccessRequest(
            home: home, originator: try #require(EntityID(who, at: home)), operation: operation,
            time: try #require(OneM2MTime("20261126T151610")))
    }

    private func privileges(_ text: String) throws -> Privileges {
        try Privileges(json: JSON.parse("{\"acr\":[\(text)]}"))
    }

    @Test(
        "Who is meant",
        arguments: [
            ("all", "Cphone", true), ("*", "Cphone", true), ("Cphone", "Cphone", true), ("Cphone", "/gw1/Cphone", true),
            ("Cphone", "/gw2/Cphone", false), ("/gw2/*", "/gw2/Cphone", true), ("/gw2/*", "/gw2", false),
            ("C*", "Cphone", true), ("C*", "/gw2/Cphone", false), ("Cph*ne", "Cphone", true),
            ("Cph*x", "Cphone", false),
            ("//sp.example.com/gw1/Cphone", "Cphone", true), ("sp.example.com", "/gw9/C1", true),
            ("other.example", "/gw9/C1", false), ("/gw2", "/gw2", true), ("//*/gw1/Cphone", "Cphone", true),
            ("//sp*", "Cphone", false), ("role@e.com", "Cphone", false), ("", "Cphone", false),
        ])
    func originators(entry: String, who: String, isMeant: Bool) throws {
        #expect(try request(who).isMeant(by: entry) == isMeant)
    }

    @Test("Roles and groups")
    func roles() throws {
        var asked = try request("Cphone")
        asked.roles = ["guest@hotel.example.com"]
        #expect(asked.isMeant(by: "guest@hotel.example.com"))
        #expect(!asked.isMeant(by: "guest*@hotel.example.com"))
        asked.isMember = { $0 == "cse-gw1/friends" }
        #expect(asked.isMeant(by: "cse-gw1/friends"))
    }

    @Test(
        "A rule's parts must all hold",
        arguments: [
            (#"{"acor":["Cphone"],"acop":2}"#, OperationSet.retrieve, true),
            (#"{"acor":["Cphone"],"acop":2}"#, .discovery, false), (#"{"acor":["Cphone"],"acop":63}"#, .delete, true),
            (#"{"acor":["Cphone"],"acop":0}"#, .retrieve, false), (#"{"acor":[],"acop":63}"#, .retrieve, false),
            (#"{"acor":["all"],"acop":63,"acaf":true}"#, .retrieve, false),
            (#"{"acor":["all"],"acop":63,"acco":[{"actw":["* * 15 * * * *"]}]}"#, .retrieve, true),
            (#"{"acor":["all"],"acop":63,"acco":[{"actw":["* * 16 * * * *"]}]}"#, .retrieve, false),
            (
                #"{"acor":["all"],"acop":63,"acco":[{"actw":["* * 16 * * * *"]},{"acip":{"ipv4":["10.0.0.0/8"]}}]}"#,
                .retrieve, true
            ),
            (
                #"{"acor":["all"],"acop":63,"acco":[{"actw":["* * 16 * * * *"],"acip":{"ipv4":["10.0.0.0/8"]}}]}"#,
                .retrieve, false
            ),
            (#"{"acor":["all"],"acop":63,"acco":[{"acip":{"ipv4":["10.0.0.9"]}}]}"#, .retrieve, false),
            (#"{"acor":["all"],"acop":63,"acco":[{"acip":{"ipv6":["2001:db8::/32"]}}]}"#, .retrieve, false),
            (#"{"acor":["all"],"acop":63,"acco":[{"aclr":{"accc":["DE"]}}]}"#, .retrieve, false),
            (#"{"acor":["all"],"acop":1,"acod":[{"ty":2,"chty":[3]}]}"#, .create, true),
            (#"{"acor":["all"],"acop":1,"acod":[{"ty":3,"chty":[3]}]}"#, .create, false),
            (#"{"acor":["all"],"acop":1,"acod":[{"chty":[4]}]}"#, .create, false),
            (#"{"acor":["all"],"acop":2,"acod":[{"chty":[4]}]}"#, .retrieve, true),
        ])
    func rules(text: String, operation: OperationSet, permits: Bool) throws {
        var asked = try request("Cphone", operation)
        asked.address = "10.1.2.3"
        asked.createdType = .container
        asked.targetType = .ae
        let found = try privileges(text)
        #expect(found.permit(asked) == permits)
        #expect(try Privileges(json: found.json) == found)
    }

    @Test("Places")
    func places() throws {
        let rule = try privileges(#"{"acor":["all"],"acop":2,"acco":[{"aclr":{"accr":[47.37,8.54,10000]}}]}"#)
        var asked = try request("Cphone")
        #expect(!rule.permit(asked))
        asked.location = AccessRequest.Location(latitude: 47.40, longitude: 8.55)
        #expect(rule.permit(asked))
        asked.location = AccessRequest.Location(latitude: 46.95, longitude: 7.44)
        #expect(!rule.permit(asked))
    }

    @Test(
        "What is no rule",
        arguments: [
            #"{"acop":2}"#, #"{"acor":["all"]}"#, #"{"acor":["all"],"acop":64}"#, #"{"acor":["all"],"acop":-1}"#,
            #"{"acor":"all","acop":1}"#, #"{"acor":["all"],"acop":1,"x":1}"#, #"{"acor":["all"],"acop":1,"acco":{}}"#,
            #"{"acor":["all"],"acop":1,"acco":[{"acip":{"ipv4":["1.2.3"]}}]}"#,
            #"{"acor":["all"],"acop":1,"acco":[{"acip":{"ipv4":["::1"]}}]}"#,
            #"{"acor":["all"],"acop":1,"acco":[{"actw":["x"]}]}"#, #"{"acor":["all"],"acop":1,"acco":[{"aclr":{}}]}"#,
            #"{"acor":["all"],"acop":1,"acod":[{}]}"#, #"{"acor":["all"],"acop":1,"acaf":"TRUE"}"#,
        ])
    func malformed(text: String) {
        let error = #expect(throws: OneM2MError.self) { try privileges(text) }
        #expect(error?.status == .badRequest)
    }

    @Test(
        "Networks",
        arguments: [
            ("192.168.1.0/24", "192.168.1.77", true), ("192.168.1.0/24", "192.168.2.1", false),
            ("192.168.1.128/25", "192.168.1.127", false), ("0.0.0.0/0", "8.8.8.8", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("2001:db8::/32", "2001:db8::9", true), ("2001:db8::/32", "2001:db9::9", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true), ("fe80::/10", "fe80::1%eth0", true), ("10.0.0.0/8", "::1", false),
        ])
    func networks(network: String, address: String, contains: Bool) throws {
        let one = try #require(Network(network))
        #expect(one.contains(try #require(Network(address))) == contains)
    }

    @Test("Patterns that would cost much do not")
    func patterns() {
        let pattern = String(repeating: "a*", count: 60) + "b"
        #expect(!Pattern.matches(pattern, String(repeating: "a", count: 2000)))
        #expect(Pattern.matches("*", ""))
        #expect(!Pattern.matches("", "a"))
    }
}
