import OneLoop
import Testing

@testable import Pairing

@Loop @Suite struct FactoryResetTests {
    let clock = ManualClock()
    let lamp = MemoryIndicator()
    static let trusted: [String: [UInt8]] = [
        "trust/record/ocf-owner/owner-1": [1, 0, 0, 0, 0, 0, 0, 0, 0],
        "trust/record/xmpp-server/a.example": [1, 0, 0, 0, 0, 0, 0, 0, 7, 65],
        "trust/mark/locked": [1],
    ]

    func pairing(_ store: FakeStore) throws -> Pairing {
        try Pairing(store: store, indicator: lamp, clock: clock)
    }

    @Test func tenSecondsResetAndFiveWarn() async throws {
        let store = FakeStore(Self.trusted)
        let pairing = try pairing(store)
        var order: [String] = []
        pairing.onFactoryReset("cloud") { _ in order.append("cloud") }
        pairing.onFactoryReset("nodes") { _ in order.append("nodes") }
        pairing.buttonChanged(pressed: true)
        clock.advance(.milliseconds(4999))
        #expect(pairing.phase == .pressed)
        clock.advance(.milliseconds(1))
        #expect(pairing.phase == .resetWarning)
        clock.advance(.milliseconds(4999))
        #expect(pairing.phase == .resetWarning)
        clock.advance(.milliseconds(1))
        #expect(pairing.phase == .resetting)
        await settle { pairing.phase == .idle }
        #expect(store.entries.isEmpty)
        #expect(pairing.trusted.isEmpty)
        #expect(!pairing.isLocked)
        #expect(order == ["cloud", "nodes"])
        #expect(
            store.log == [
                "put trust/mark/reset", "removeAll trust/record/", "remove trust/mark/locked",
                "remove trust/mark/reset",
            ])
        // The finger is still on the button: that is no new press.
        clock.advance(.seconds(30))
        #expect(pairing.phase == .idle)
        pairing.buttonChanged(pressed: false)
        #expect(store.log.count == 4)
    }

    /// The power goes after any number of changes: at the next start nobody is trusted by halves.
    @Test(arguments: 0...4) func aPowerCutAnywhere(changes: Int) async throws {
        let store = FakeStore(Self.trusted)
        let first = try pairing(store)
        var hooked = 0
        first.onFactoryReset("cloud") { _ in hooked += 1 }
        store.cutPower(after: changes)
        let complete = await first.factoryReset(by: .command)
        #expect(complete == (changes == 4))
        store.cutPower(after: .max)

        let second = try pairing(store)
        if changes == 0 {
            #expect(second.trusted.count == 2)
            #expect(second.isLocked)
            return
        }
        // Before the hooks have run again, too.
        #expect(second.trusted.isEmpty)
        #expect(second.isResetPending == (changes < 4))
        second.onFactoryReset("cloud") { _ in hooked += 1 }
        await second.start()
        #expect(store.entries.isEmpty)
        #expect(!second.isResetPending)
        #expect(!second.isLocked)
        #expect(hooked >= 1)
    }

    @Test func aHookThatFailsLeavesTheMarkAndTheOthersRun() async throws {
        struct Refusal: Error {}
        let store = FakeStore(Self.trusted)
        let pairing = try pairing(store)
        var order: [String] = []
        pairing.onFactoryReset("cloud") { _ in throw Refusal() }
        pairing.onFactoryReset("nodes") { _ in order.append("nodes") }
        #expect(await pairing.factoryReset(by: .remote) == false)
        #expect(order == ["nodes"])
        #expect(store.entries.keys.sorted() == ["trust/mark/reset"])
        #expect(pairing.trusted.isEmpty)
        #expect(pairing.trouble?.contains("cloud") == true)
        let next = try self.pairing(store)
        var causes: [ResetCause] = []
        next.onFactoryReset("cloud") { causes.append($0) }
        await next.start()
        #expect(causes == [.resumed])
        #expect(store.entries.isEmpty)
    }

    @Test func aResetDuringTheWriteOfTrustWaitsAndWins() async throws {
        let store = FakeStore()
        let pairing = try pairing(store)
        let knock = Task { @Loop in await pairing.knock(cloud) }
        await settle { pairing.phase != .idle }
        store.shutGate()
        pairing.buttonChanged(pressed: true)
        pairing.buttonChanged(pressed: false)
        await settle()
        let reset = Task { @Loop in await pairing.factoryReset(by: .command) }
        await settle()
        #expect(store.log.isEmpty)
        store.openGate()
        #expect(await knock.value == .refused(.factoryReset))
        #expect(await reset.value)
        #expect(store.entries.isEmpty)
        #expect(pairing.trusted.isEmpty)
    }

    @Test func twoWhoAskGetOneReset() async throws {
        let store = FakeStore(Self.trusted)
        let pairing = try pairing(store)
        store.shutGate()
        let one = Task { @Loop in await pairing.factoryReset(by: .command) }
        let two = Task { @Loop in await pairing.factoryReset(by: .remote) }
        await settle { pairing.phase == .resetting && pairing.resetWaiters.count == 1 }
        store.openGate()
        let answers = await [one.value, two.value]
        #expect(answers == [true, true])
        #expect(store.log.filter { $0 == "put trust/mark/reset" }.count == 1)
        #expect(store.entries.isEmpty)
    }

    @Test func knocksAndTrustAreRefusedMeanwhile() async throws {
        let store = FakeStore(Self.trusted)
        let pairing = try pairing(store)
        store.shutGate()
        let reset = Task { @Loop in await pairing.factoryReset(by: .command) }
        await settle { pairing.phase == .resetting }
        #expect(await pairing.knock(cloud) == .refused(.factoryReset))
        #expect(lamp.isOn)
        store.openGate()
        #expect(await reset.value)
    }
}
