import FlashStore
import JOSE
import JSONText
import Logging
import OneLoop
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

/// What is on flash about tokens, when it cannot be read, and when it is read.
@Suite("What of tokens survives a restart")
@Loop
struct TokenMemoryTests {
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Looks, whenever the time is asked for, whether tokens are judged already.
    @Loop
    private final class Probe {
        weak var cse: CSE?
        var isJudging: [Bool] = []
        nonisolated init() {}
        func look() { if let cse { isJudging.append(cse.tokens != nil || cse.authority != nil) } }
    }

    private func service(
        _ store: FlashStore, _ settings: TokenSettings = TokenWorld.issuing(),
        clock: @escaping @Loop () -> OneM2MTime = { TokenHouse.now }
    ) throws -> (CSE, TokenService) {
        var cseSettings = CSESettings(identity: TokenWorld.reception)
        cseSettings.administrators = ["Cadmin"]
        let cse = CSE(settings: cseSettings, store: store, log: log, clock: clock)
        return (cse, try TokenService(settings: settings, cse: cse, store: store, log: log, clock: clock))
    }

    @Test(
        "A record that cannot be read stays as it is, and no token counts",
        arguments: ["ring", "host", "revoked"],
        [
            "", "x", "{}", #"{"kty":"EC"}"#, #"{"keys":[]}"#, #"{"num":1,"here":{},"issued":{"no id":1}}"#,
            #"{"num":1,"here":{}}"#,
        ])
    func unreadable(name: String, text: String) async throws {
        let store = try FlashStore.inMemory()
        let key = TokenMemory.prefix + name
        try await store.put(key, Array(text.utf8), .now)
        #expect(throws: OneM2MError.self) { try service(store) }
        try await store.flush()
        #expect(store.get(key) == Array(text.utf8))
    }

    @Test("What was written is read")
    func readable() async throws {
        let store = try FlashStore.inMemory()
        let (first, tokens) = try service(store)
        try await tokens.start()
        try await tokens.revoke(try #require(QualifiedName("t1@gw1.example.com")))
        let keys = tokens.keys()
        tokens.stop()
        first.stop()
        let (second, again) = try service(store)
        try await again.start()
        #expect(again.keys() == keys)
        #expect(again.revocations == tokens.revocations && again.revocations.number > 0)
        again.stop()
        second.stop()
    }

    @Test("An issuer's list that cannot be read any more: its tokens wait for another")
    func lostList() async throws {
        let world = try TokenWorld()
        defer { world.stop() }
        try await world.start(TokenWorld.reception, TokenWorld.issuing())
        try await world.registerPhone()
        let settings = try world.trusting(TokenWorld.reception)
        let floor = try await world.start(TokenWorld.floor, settings)
        let token = try await world.token()
        await floor.tokens.fetchLists()
        #expect(floor.tokens.inspect(token)["good"] == true)
        let store = try #require(floor.tokens.memory.store)
        try await store.put("onem2m-tokens/list///sp.example.com/gw1", Array("{}".utf8), .now)
        let again = try await world.start(TokenWorld.floor, settings)
        #expect(again.tokens.inspect(token)["refused"] == "revocation")
        #expect(again.tokens.status["issuers"]?[0]?["problem"]?.string != nil)
        await again.tokens.fetchLists()
        #expect(again.tokens.inspect(token)["good"] == true)
        #expect(again.tokens.status["issuers"]?[0]?["problem"] == .null)
    }

    @Test("No token is judged before all is there, and none at all where the authority cannot be made")
    func order() async throws {
        let store = try FlashStore.inMemory()
        let probe = Probe()
        let (cse, tokens) = try service(store) {
            probe.look()
            return TokenHouse.now
        }
        probe.cse = cse
        try await tokens.start()
        #expect(!probe.isJudging.isEmpty && !probe.isJudging.contains(true))
        #expect(cse.tokens != nil && cse.authority != nil)
        tokens.stop()
        cse.stop()

        let (other, homeless) = try service(try FlashStore.inMemory())
        let squatter = await other.receive(
            RequestPrimitive(
                .create, to: "cse-gw1", from: "Cadmin", requestIdentifier: "1", resourceType: .container,
                content: ["m2m:cnt": ["rn": "authority"]]),
            from: RequestOrigin(transport: .http, address: "127.0.0.1"))
        #expect(squatter.status == .created)
        await #expect(throws: OneM2MError.self) { try await homeless.start() }
        #expect(other.tokens == nil && other.authority == nil)
    }
}
