import Testing

@testable import XMPP

@Suite("Addresses (RFC 7622)")
struct JIDTests {
    @Test(
        "What is an address, and what its parts are",
        arguments: [
            ("juliet@example.com", "juliet", "example.com", nil),
            ("juliet@example.com/foo", "juliet", "example.com", "foo"),
            ("juliet@example.com/foo bar", "juliet", "example.com", "foo bar"),
            ("juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"),
            ("foo\\20bar@example.com", "foo\\20bar", "example.com", nil),
            ("fussball@example.com", "fussball", "example.com", nil),
            ("π@example.com", "π", "example.com", nil),
            ("Σ@example.com/foo", "σ", "example.com", "foo"),
            ("king@example.com/♚", "king", "example.com", "♚"),
            ("example.com", nil, "example.com", nil),
            ("example.com/foobar", nil, "example.com", "foobar"),
            ("a.example.com/b@example.net", nil, "a.example.com", "b@example.net"),
            ("a.example.com/b@example.net/c", nil, "a.example.com", "b@example.net/c"),
            ("GateHouse@EXAMPLE.com./Res", "gatehouse", "example.com", "Res"),
            ("x@[2001:db8::1]", "x", "[2001:db8::1]", nil),
            // A letter that makes one character with the dot behind it stays when the dot is dropped.
            ("x@b\u{D4E}.", "x", "b\u{D4E}", nil),
        ] as [(String, String?, String, String?)])
    func valid(_ text: String, _ local: String?, _ domain: String, _ resource: String?) throws {
        let jid = try #require(JID(text))
        #expect(jid.local == local)
        #expect(jid.domain == domain)
        #expect(jid.resource == resource)
        #expect(JID(jid.description) == jid)
    }

    @Test(
        "What is none (RFC 7622 3.5, table 2)",
        arguments: [
            "", "@", "/", "@example.com", "example.com/", "juliet@", "juliet@/foo", "\"juliet\"@example.com",
            "foo bar@example.com", "juliet@example.com/", "henry\u{2163}@exa mple.com", "a<b@example.com",
            "a&b@example.com", "a:b@example.com", "a'b@example.com", "a@b@c", "a\u{0}@b", "a@b\u{7}", "a@b/\u{1F}",
            "a\u{200B}@example.com", "a@b\u{202E}c", String(repeating: "a", count: 1024) + "@b",
            "..", "a..b", ".b", "a@b..", "a@.", "\u{D4E}..", "a@" + String(repeating: "b", count: 1024),
            "a@b/" + String(repeating: "c", count: 1024),
        ])
    func invalid(_ text: String) {
        #expect(JID(text) == nil)
    }

    @Test(
        "Every character of ASCII, in an account's name and in a resource (RFC 7622 3.3.1, 3.4)",
        arguments: UInt8(0)...0x7F)
    func ascii(_ byte: UInt8) {
        let text = "a\(Character(UnicodeScalar(byte)))b"
        let isControl = byte < 0x20 || byte == 0x7F
        let isForbidden = "\"&'/:<>@ ".utf8.contains(byte)
        #expect((JID(local: text, domain: "c") != nil) == !(isControl || isForbidden))
        #expect((JID(local: nil, domain: "c", resource: text) != nil) == !isControl)
    }

    @Test("Bare, server and resource")
    func parts() throws {
        let jid = try #require(JID("a@b/c"))
        #expect(jid.bare == JID("a@b"))
        #expect(jid.server == JID("b"))
        #expect(jid.bare.with(resource: "d") == JID("a@b/d"))
        #expect(jid.with(resource: "") == nil)
        #expect(JID("\u{E9}@b") == JID("e\u{301}@b"))
        #expect(JID(String(repeating: "a", count: 1023) + "@b") != nil)
    }
}
