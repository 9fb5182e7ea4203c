import OneM2MPrimitives
import Testing

private let home = CSEIdentity(spID: "sp.example.com", cseID: "gw1", baseName: "cse-gw1")

@Suite("Identifiers and addresses (TS-0001 7.2, 9.3.1)")
struct AddressTests {
    @Test(
        "The three forms of an identifier are one",
        arguments: [
            ("Cphone", "//sp.example.com/gw1/Cphone"), ("/gw1/Cphone", "//sp.example.com/gw1/Cphone"),
            ("//sp.example.com/gw1/Cphone", "//sp.example.com/gw1/Cphone"), ("/gw2", "//sp.example.com/gw2"),
            ("//other.example/gw2", "//other.example/gw2"), ("/gw2/C1", "//sp.example.com/gw2/C1"),
        ])
    func identifiers(text: String, absolute: String) throws {
        #expect(try #require(EntityID(text, at: home)).absolute == absolute)
    }

    @Test(
        "What is no identifier",
        arguments: [
            "", "/", "//", "//sp", "a/b", "/a/b/c", "//a/b/c/d", "C phone", "C\u{0}", "/gw1/", "Cä",
            String(repeating: "C", count: 81),
        ])
    func malformed(text: String) {
        #expect(EntityID(text, at: home) == nil)
    }

    @Test("The shortest form understood here")
    func shortest() throws {
        let cases = [
            ("/gw1/Cphone", "Cphone"), ("/gw2/Cphone", "/gw2/Cphone"), ("//o.example/gw1/C", "//o.example/gw1/C"),
            ("/gw1", "/gw1"),
        ]
        for (text, wanted) in cases {
            #expect(try #require(EntityID(text, at: home)).text(at: home) == wanted)
        }
    }

    @Test(
        "Addresses are read and written",
        arguments: [
            ("cse-gw1/lock/la", ResourceAddress.Scope.relative, ["cse-gw1", "lock", "la"]),
            ("-/lock", .relative, ["-", "lock"]), ("c4f", .relative, ["c4f"]), ("/gw1", .cse("gw1"), []),
            ("/gw1/cse-gw1/a", .cse("gw1"), ["cse-gw1", "a"]),
            ("//sp.example.com/gw1/c4f", .absolute(spID: "sp.example.com", cseID: "gw1"), ["c4f"]),
        ])
    func addresses(text: String, scope: ResourceAddress.Scope, path: [String]) throws {
        let address = try #require(ResourceAddress(text))
        #expect(address.scope == scope)
        #expect(address.path == path)
        #expect("\(address)" == text)
    }

    @Test(
        "What is no address",
        arguments: [
            "", "a//b", "///", "a b", "a/\u{7}", "//sp", String(repeating: "a/", count: 60),
            String(repeating: "n", count: 129), String(repeating: "a", count: 2000),
        ])
    func noAddress(text: String) {
        #expect(ResourceAddress(text) == nil)
    }

    @Test("Whose resource it is")
    func owner() throws {
        for (text, isLocal) in [
            ("cse-gw1", true), ("/gw1/x", true), ("//sp.example.com/gw1/x", true), ("/gw2/x", false),
            ("//o.example/gw1/x", false),
        ] {
            #expect(try #require(ResourceAddress(text)).isLocal(to: home) == isLocal)
        }
        let short = try #require(ResourceAddress("-/lock")).normalised(at: home)
        #expect("\(short)" == "//sp.example.com/gw1/cse-gw1/lock")
    }

    @Test("Names that resources may not have")
    func names() {
        for bad in ["la", "ol", "fopt", "pcu", "atis", "-", "~", "_", "", "a/b", "a b", "ä"] {
            #expect(!ResourceAddress.isResourceName(bad))
        }
        #expect(ResourceAddress.isResourceName("lock12.log_~-"))
    }
}
