import OneLoop
import Testing

@testable import Pairing

@Loop @Suite struct PairingTests {
    let clock = ManualClock()
    let lamp = MemoryIndicator()

    func pairing(
        _ store: FakeStore = FakeStore(), _ change: (inout PairingConfiguration) -> Void = { _ in }
    ) throws -> Pairing {
        var configuration = PairingConfiguration()
        change(&configuration)
        return try Pairing(configuration: configuration, store: store, indicator: lamp, clock: clock)
    }

    func press(_ pairing: Pairing, for time: Duration = .milliseconds(200)) {
        pairing.buttonChanged(pressed: true)
        clock.advance(time)
        pairing.buttonChanged(pressed: false)
    }

    func begin(_ pairing: Pairing, _ candidate: Candidate, window: Duration? = nil) async -> Task<KnockOutcome, Never> {
        let task = Task { @Loop in await pairing.knock(candidate, window: window) }
        await settle { pairing.phase != .idle }
        return task
    }

    @Test func pressAcceptsAndTheRecordOutlivesTheProcess() async throws {
        let store = FakeStore()
        let first = try pairing(store)
        let knock = await begin(first, cloud)
        #expect(first.phase == .knocking(cloud, until: clock.now + .seconds(30)))
        press(first)
        #expect(await knock.value == .accepted)
        #expect(first.isTrusted(.ocfCloud, "cloud-1"))
        #expect(!first.isTrusted(.ocfOwner, "cloud-1"))
        let second = try pairing(store)
        #expect(second.trusted.map(\.candidate.title) == ["Cloud One"])
        #expect(second.trusted.map(\.when) == [1_700_000_000_000])
        #expect(await second.knock(cloud) == .accepted)
    }

    @Test func trustCountsOnlyOnceItIsDurable() async throws {
        let store = FakeStore()
        let pairing = try pairing(store)
        var events: [PairingEvent] = []
        pairing.subscribe { events.append($0) }
        let knock = await begin(pairing, cloud)
        store.shutGate()
        press(pairing)
        await settle()
        #expect(pairing.phase == .storing(cloud))
        #expect(!pairing.isTrusted(.ocfCloud, "cloud-1"))
        #expect(lamp.isOn)
        store.openGate()
        #expect(await knock.value == .accepted)
        #expect(store.entries.keys.sorted() == ["trust/record/ocf-cloud/cloud-1"])
        #expect(events.contains(.phase(.storing(cloud))))
        #expect(events.contains { if case .trusted(let record) = $0 { record.candidate == cloud } else { false } })
    }

    @Test func aFlashThatFailsGivesNoTrust() async throws {
        let store = FakeStore()
        let pairing = try pairing(store)
        let knock = await begin(pairing, cloud)
        store.fail(true)
        press(pairing)
        #expect(await knock.value == .refused(.storeFailed("no space left on device")))
        #expect(pairing.trusted.isEmpty)
        #expect(pairing.trouble == "no space left on device")
    }

    @Test func theWindowEnds() async throws {
        let pairing = try pairing()
        let knock = await begin(pairing, cloud, window: .seconds(12))
        clock.advance(.seconds(11))
        #expect(pairing.phase != .idle)
        clock.advance(.seconds(1))
        #expect(await knock.value == .refused(.windowEnded))
        #expect(pairing.phase == .idle)
        clock.advance(.seconds(60))
        #expect(clock.timerCount == 0)
        #expect(!lamp.isOn)
    }

    @Test(arguments: [Duration.zero, .milliseconds(999), .seconds(255), .seconds(-1)])
    func windowsOutOfRangeAreRefused(_ window: Duration) async throws {
        guard case .refused(.invalid) = await (try pairing()).knock(cloud, window: window) else {
            Issue.record("accepted a window of \(window)")
            return
        }
    }

    @Test func oneCandidateAtATimeAndNoneRidesOnAnother() async throws {
        let pairing = try pairing()
        let knock = await begin(pairing, cloud)
        #expect(await pairing.knock(owner) == .refused(.busy))
        #expect(await pairing.knock(cloud) == .refused(.busy))
        press(pairing)
        #expect(await knock.value == .accepted)
        #expect(pairing.trusted.map(\.candidate) == [cloud])
    }

    @Test func whoGoesAwayFreesThePlace() async throws {
        let pairing = try pairing()
        let knock = await begin(pairing, cloud)
        knock.cancel()
        #expect(await knock.value == .refused(.withdrawn))
        #expect(pairing.phase == .idle)
        press(pairing)
        await settle()
        #expect(pairing.trusted.isEmpty)
    }

    @Test func lockedRefusesAllButTheTrusted() async throws {
        let store = FakeStore()
        let pairing = try pairing(store) { $0.lockAfterFirstTrust = true }
        let knock = await begin(pairing, cloud)
        press(pairing)
        #expect(await knock.value == .accepted)
        await settle { store.log.contains("put trust/mark/locked") }
        #expect(await pairing.knock(owner) == .refused(.locked))
        #expect(await pairing.knock(cloud) == .accepted)
        let again = try self.pairing(store)
        #expect(again.isLocked)
        #expect(await again.knock(owner) == .refused(.locked))
        #expect(await again.factoryReset(by: .command))
        #expect(!again.isLocked)
        #expect(store.entries.isEmpty)
    }

    @Test func aPowerCutBeforeTheLockIsMadeGoodAtStart() async throws {
        let store = FakeStore()
        let first = try pairing(store) { $0.lockAfterFirstTrust = true }
        let knock = await begin(first, cloud)
        store.cutPower(after: 1)
        press(first)
        #expect(await knock.value == .accepted)
        store.cutPower(after: .max)
        let second = try pairing(store) { $0.lockAfterFirstTrust = true }
        await second.start()
        #expect(second.isLocked)
        #expect(store.entries["trust/mark/locked"] != nil)
    }

    @Test func knocksAreRationedAndAPressFreesThem() async throws {
        let pairing = try pairing()
        for _ in 0..<5 {
            let knock = await begin(pairing, cloud, window: .seconds(1))
            clock.advance(.seconds(1))
            #expect(await knock.value == .refused(.windowEnded))
        }
        guard case .refused(.tooManyKnocks(let wait)) = await pairing.knock(cloud) else {
            Issue.record("the sixth knock was let through")
            return
        }
        #expect(wait == .seconds(55))
        clock.advance(wait)
        let late = await begin(pairing, cloud, window: .seconds(1))
        clock.advance(.seconds(1))
        #expect(await late.value == .refused(.windowEnded))
        press(pairing)
        let knock = await begin(pairing, cloud)
        press(pairing)
        #expect(await knock.value == .accepted)
    }

    @Test func longWindowsCostMore() {
        var limiter = KnockLimiter(PairingConfiguration())
        #expect(limiter.take(.seconds(254), at: .seconds(1000)) == nil)
        #expect(limiter.take(.seconds(1), at: .seconds(1000)) == .seconds(60))
        #expect(limiter.take(.seconds(254), at: .seconds(1060)) == .seconds(240))
        #expect(limiter.take(.seconds(60), at: .seconds(1120)) == nil)
        // However long it is quiet, there are no more than five.
        for _ in 0..<5 { #expect(limiter.take(.seconds(1), at: .seconds(100_000)) == nil) }
        #expect(limiter.take(.seconds(1), at: .seconds(100_000)) == .seconds(60))
    }

    @Test func aHoldInAKnockNeitherAcceptsNorWipesByLettingGo() async throws {
        let store = FakeStore(["trust/record/ocf-owner/owner-1": [1, 0, 0, 0, 0, 0, 0, 0, 0]])
        let pairing = try pairing(store)
        let knock = await begin(pairing, cloud)
        press(pairing, for: .seconds(8))
        #expect(await knock.value == .refused(.pressedAway))
        #expect(pairing.phase == .idle)
        #expect(store.log.isEmpty)
        #expect(pairing.trusted.map(\.candidate) == [owner])
    }

    @Test func aReleaseThatGotLostIsNoReset() async throws {
        let pairing = try pairing()
        let button = StubbornButton()
        pairing.attach(button: button)
        button.isPressed = true
        button.onChange?(.pressed)
        button.isPressed = false
        clock.advance(.seconds(30))
        #expect(pairing.phase == .idle)
    }

    @Test func aButtonStuckAtStartResetsNothing() async throws {
        let store = FakeStore(["trust/record/ocf-owner/owner-1": [1, 0, 0, 0, 0, 0, 0, 0, 0]])
        let pairing = try pairing(store)
        let button = StubbornButton()
        button.isPressed = true
        pairing.attach(button: button)
        clock.advance(.seconds(60))
        await settle()
        #expect(pairing.phase == .idle)
        #expect(store.log.isEmpty)
        #expect(await pairing.knock(cloud) == .refused(.noButton))
        button.onChange?(.released)
        let knock = await begin(pairing, cloud)
        press(pairing)
        #expect(await knock.value == .accepted)
    }

    @Test func withoutAButtonNobodyIsKeptWaiting() async throws {
        let pairing = try pairing()
        let button = StubbornButton()
        button.trouble = "line busy"
        pairing.attach(button: button)
        #expect(await pairing.knock(cloud) == .refused(.noButton))
    }

    @Test func closingRefusesAndDarkens() async throws {
        let pairing = try pairing()
        let knock = await begin(pairing, cloud)
        #expect(lamp.isOn)
        pairing.close()
        #expect(await knock.value == .refused(.withdrawn))
        #expect(!lamp.isOn)
        #expect(clock.timerCount == 0)
        #expect(await pairing.knock(cloud) == .refused(.withdrawn))
        #expect(await pairing.factoryReset(by: .command) == false)
    }

    @Test func closingWaitsForNobodyAndForgetsNobody() async throws {
        let store = FakeStore()
        let pairing = try pairing(store)
        let knock = await begin(pairing, cloud)
        store.shutGate()
        press(pairing)
        await settle()
        #expect(pairing.phase == .storing(cloud))
        pairing.close()
        #expect(!lamp.isOn)
        store.openGate()
        #expect(await knock.value == .accepted)
        #expect(store.entries.count == 1)
        #expect(!lamp.isOn)
        #expect(clock.timerCount == 0)
    }

    @Test func aBoardWithoutAButtonRefusesAtOnce() async throws {
        let pairing = try pairing()
        pairing.attach(button: AbsentButton())
        #expect(await pairing.knock(cloud) == .refused(.noButton))
    }

    @Test func removalHoldsEvenWhenTheFlashFails() async throws {
        let store = FakeStore(["trust/record/ocf-owner/owner-1": [1, 0, 0, 0, 0, 0, 0, 0, 0]])
        let pairing = try pairing(store)
        store.fail(true)
        await #expect { try await pairing.removeTrust(.ocfOwner, "owner-1") } throws: {
            ($0 as? PairingError)?.code == .store
        }
        #expect(!pairing.isTrusted(.ocfOwner, "owner-1"))
        await #expect { try await pairing.removeTrust(.ocfOwner, "owner-1") } throws: {
            ($0 as? PairingError)?.code == .notFound
        }
    }

    @Test func thereIsRoomForSoManyAndNoMore() async throws {
        let store = FakeStore()
        let ledger = TrustLedger(store: store)
        for number in 0..<TrustLedger.capacity {
            try await ledger.add(
                TrustRecord(candidate: Candidate(kind: .xmppServer, identifier: "s\(number)"), when: 0))
        }
        await #expect { try await ledger.add(TrustRecord(candidate: cloud, when: 0)) } throws: {
            ($0 as? PairingError)?.code == .full
        }
    }
}

@Loop final class StubbornButton: Button {
    var isPressed: Bool? = false
    var onChange: (@Loop (ButtonChange) -> Void)?
    var trouble: String?
    func close() {}
}

// MARK: Joining

@Loop extension PairingTests {
    @Test func aHoldOfThreeSecondsAsksToLetSensorsJoinAndTheLampSaysSo() throws {
        let pairing = try pairing { $0.joinAfter = .seconds(3) }
        var events: [PairingEvent] = []
        pairing.subscribe { events.append($0) }
        pairing.buttonChanged(pressed: true)
        clock.advance(.seconds(3))
        #expect(events == [.phase(.pressed)])
        #expect(lamp.isOn)
        pairing.buttonChanged(pressed: false)
        #expect(events.contains(.joinWanted))
        pairing.setJoining(true)
        #expect(lamp.isOn)
        clock.advance(.milliseconds(500))
        #expect(!lamp.isOn)
        // What came in is shown over it, then it goes on.
        pairing.show(.accepted)
        clock.advance(.seconds(1))
        #expect(lamp.isOn)
        clock.advance(.milliseconds(1150))
        #expect(lamp.isOn)
        clock.advance(.milliseconds(500))
        #expect(!lamp.isOn)
        // A press ends it.
        press(pairing)
        #expect(events.contains(.joinUnwanted))
        pairing.setJoining(false)
        clock.advance(.seconds(1))
        #expect(!lamp.isOn)
    }

    @Test func aKnockIsShownOverAnOpenWindow() async throws {
        let pairing = try pairing { $0.joinAfter = .seconds(3) }
        pairing.setJoining(true)
        let knock = await begin(pairing, cloud)
        clock.advance(.milliseconds(200))
        #expect(lamp.isOn)
        pairing.show(.refused)
        #expect(lamp.isOn)
        press(pairing)
        #expect(await knock.value == .accepted)
    }

    @Test func theHoldThatLetsJoinEndsWellBeforeTheWarning() {
        var configuration = PairingConfiguration()
        configuration.joinAfter = .milliseconds(4500)
        #expect(throws: PairingError.self) { try configuration.validate() }
        configuration.joinAfter = .seconds(4)
        #expect(throws: Never.self) { try configuration.validate() }
    }
}
