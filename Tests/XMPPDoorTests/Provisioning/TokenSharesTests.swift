import Testing
import XMPP

@testable import XMPPDoor

@Suite("Whose tokens are kept for how long")
struct TokenSharesTests {
    private func jid(_ text: String) throws -> JID { try #require(JID(text)) }

    @Test("A token is whose who showed it; of one of the same name another's is no proof")
    func origins() throws {
        var origins = TokenOrigins(window: .seconds(60))
        let bob = try jid("bob@example.org/one"), eve = try jid("eve@example.org/one")
        origins.note(["T"], from: bob, isFriend: true, at: .seconds(1))
        origins.note(["T"], from: eve, isFriend: true, at: .seconds(2))
        #expect(origins.origin(of: "T", by: "bob@example.org", at: .seconds(3)) == bob)
        #expect(origins.origin(of: "T", by: "eve@example.org", at: .seconds(3)) == eve)
        #expect(origins.origin(of: "T", by: "carol@example.org", at: .seconds(3)) == nil)
        #expect(origins.origin(of: "T", by: "bob@example.org", at: .seconds(62)) == nil)
    }

    @Test("Each has so much room; strangers, however many, push no friend out")
    func bounds() throws {
        var origins = TokenOrigins(window: .seconds(60))
        let bob = try jid("bob@example.org/one")
        origins.note(["BOB"], from: bob, isFriend: true, at: .seconds(1))
        let eve = try jid("eve@example.org/one")
        for number in 0..<1_000 { origins.note(["E\(number)"], from: eve, isFriend: true, at: .seconds(2)) }
        #expect(origins.count == 65)
        #expect(origins.origin(of: "E999", by: "eve@example.org", at: .seconds(3)) == eve)
        #expect(origins.origin(of: "E0", by: "eve@example.org", at: .seconds(3)) == nil)
        for number in 0..<1_000 {
            origins.note(["S"], from: try jid("s\(number)@evil.example/x"), isFriend: false, at: .seconds(3))
        }
        #expect(origins.origin(of: "BOB", by: "bob@example.org", at: .seconds(4)) == bob)
        // A friend who comes late has a stranger's room.
        let late = try jid("late@example.org/one")
        origins.note(["L"], from: late, isFriend: true, at: .seconds(5))
        #expect(origins.origin(of: "L", by: "late@example.org", at: .seconds(5)) == late)
        #expect(origins.count <= 65 + 64)
    }

    @Test("A challenge is answered to whom the token was sent, of the latest who showed it, and of the gateway's own")
    func sent() throws {
        var sent = SentTokens(window: .seconds(60))
        let server = try jid("prov@example.org/main"), other = try jid("other.example.org")
        let bob = try jid("bob@example.org/one"), eve = try jid("eve@example.org/one")
        sent.note(own: ["OWN"], to: server, at: .seconds(0))
        sent.note("T", of: bob, isFriend: true, to: server, at: .seconds(1))
        for number in 0..<1_000 { sent.note("E\(number)", of: eve, isFriend: true, to: server, at: .seconds(2)) }
        #expect(sent.verdict("OWN", from: server, at: .seconds(3)) == .own)
        #expect(sent.verdict("T", from: try jid("prov@example.org/another"), at: .seconds(3)) == .of(bob))
        #expect(sent.verdict("T", from: other, at: .seconds(3)) == .refused)
        #expect(sent.verdict("T", from: server, at: .seconds(62)) == .refused)
        sent.note("OWN", of: eve, isFriend: true, to: server, at: .seconds(3))
        #expect(sent.verdict("OWN", from: server, at: .seconds(4)) == .of(eve))
        sent.forget(origin: eve)
        #expect(sent.verdict("OWN", from: server, at: .seconds(4)) == .own)
        #expect(sent.count == 2)
    }
}
