import FlashStore
import GPIO
import OneLoop
import Testing

@testable import Pairing

/// The ceremony on a board: real lines of a simulated chip, LEDs in files, the store itself.
@Loop @Suite struct BoardTests {
    let clock = ManualClock()
    let chip = SimulatedChip.raspberryPi()

    func press(_ down: Bool) async throws {
        try chip.drive(.name("GPIO22"), high: !down)
        await settle()
    }

    @Test func aWholeCeremonyOverTheLines() async throws {
        let chip = chip
        let lamp = GPIOIndicator(line: .name("GPIO17"), activeLow: true) { chip }
        let button = GPIOButton(line: .name("GPIO22"), clock: clock) { chip }
        let store = try FlashStore.inMemory()
        let pairing = try Pairing(store: store, indicator: lamp, clock: clock)
        pairing.attach(button: button)
        #expect(try chip.isHigh(.name("GPIO17")))
        let knock = Task { @Loop in await pairing.knock(cloud) }
        await settle { pairing.phase != .idle }
        #expect(try chip.isHigh(.name("GPIO17")) == false)
        clock.advance(.milliseconds(250))
        #expect(try chip.isHigh(.name("GPIO17")))
        try await press(true)
        #expect(pairing.phase == .answering(cloud))
        try await press(false)
        #expect(await knock.value == .accepted)
        #expect(store.scan(prefix: "trust/").map(\.key) == ["trust/record/ocf-cloud/cloud-1"])
        pairing.close()
        button.close()
        #expect(try chip.isHigh(.name("GPIO17")))
        #expect(try chip.lines().allSatisfy { !$0.isUsed })
        await store.close()
    }

    @Test func aBoardThatLosesItsChipAndGetsItBack() async throws {
        let chip = chip
        let lamp = GPIOIndicator(line: .name("GPIO17")) { chip }
        let button = GPIOButton(line: .name("GPIO22"), clock: clock) { chip }
        let pairing = try Pairing(store: FakeStore(), indicator: lamp, clock: clock)
        pairing.attach(button: button)
        let knock = Task { @Loop in await pairing.knock(cloud) }
        await settle { pairing.phase != .idle }
        try await press(true)
        chip.unplug()
        #expect(await knock.value == .refused(.noButton))
        #expect(pairing.buttonTrouble?.contains("gone") == true)
        clock.advance(.milliseconds(500))
        #expect(await pairing.knock(cloud) == .refused(.noButton))
        chip.replug()
        clock.advance(.seconds(5))
        await settle()
        #expect(pairing.buttonTrouble == nil)
        // The finger never left the button: let go first.
        #expect(await pairing.knock(cloud) == .refused(.noButton))
        try await press(false)
        let again = Task { @Loop in await pairing.knock(cloud) }
        await settle { pairing.phase != .idle }
        #expect(pairing.indicatorTrouble == nil)
        #expect(try chip.isHigh(.name("GPIO17")))
        try await press(true)
        try await press(false)
        #expect(await again.value == .accepted)
    }

    @Test func aButtonThatCannotBeHadSaysWhy() async throws {
        let chip = chip
        let other = try chip.input(.name("GPIO22"), InputConfiguration(), consumer: "kettle") { _ in }
        let button = GPIOButton(line: .name("GPIO22"), clock: clock) { chip }
        #expect(button.trouble?.contains("kettle") == true)
        #expect(button.isPressed == nil)
        other.close()
        clock.advance(.seconds(5))
        #expect(button.trouble == nil)
        #expect(button.isPressed == false)
        button.close()
        clock.advance(.seconds(60))
        #expect(clock.timerCount == 0)
    }

    /// The flash fails the write, and works again later: the trust that was refused must not turn up.
    @Test func refusedTrustDoesNotAppearLater() async throws {
        let device = FailingDevice(size: 2 * StoreOptions.default.segmentSize)
        let store = try FlashStore.open(on: device)
        device.fail(true)
        await #expect(throws: (any Error).self) { try await store.storeTrust("trust/record/ocf-cloud/x", [1]) }
        device.fail(false)
        try await store.flush()
        await store.close()
        let again = try FlashStore.open(on: device)
        #expect(again.trustEntries(prefix: "trust/").isEmpty)
        await again.close()
    }
}
