import Advertising
import BluetoothLE
import FlashStore
import Glibc
import Logging
import OneLoop
import Testing

@testable import GATT

/// The address of a peripheral that the hardware tests have put into the air (`Tests/Hardware/scenarios/test_gatt.py`).
private let peripheral = getenv("GATEHOUSE_PERIPHERAL").flatMap { BluetoothAddress(String(cString: $0)) }
private let echoType = AttributeType("6E400002-B5A3-F393-E0A9-E50E24DCCA9E") ?? 0
private let secretType = AttributeType("6E400003-B5A3-F393-E0A9-E50E24DCCA9E") ?? 0

/// The kernel's L2CAP and management sockets, against a peripheral of somebody else's making; only where there is one.
@Loop
@Suite(.serialized, .enabled(if: peripheral != nil, "no peripheral is in the air"))
struct KernelTests {
    private let peer = ATTPeer(address: peripheral ?? BluetoothAddress(rawValue: 0), isRandom: true)
    private let adapter = AdapterIndex(rawValue: 0)

    /// Powers the adapter on through the management channel, so that the kernel offers pairing.
    private func powered() async throws -> ManagementChannel {
        let channel = try ManagementChannel.open()
        for command in [
            ManagementCommand.setPowered(adapter, false), .setLowEnergy(adapter, true), .setBondable(adapter, true),
            .setSecureConnections(adapter, true), .setPowered(adapter, true),
        ] {
            _ = try await channel.request(command, timeout: .seconds(30))
        }
        return channel
    }

    private func central() -> GATTCentral { GATTCentral(connector: L2CAPConnector()) }

    @Test func valuesAreDiscoveredReadWrittenAndTold() async throws {
        let channel = try await powered()
        defer { channel.close() }
        let central = central()
        defer { central.stop() }
        let client = try await central.connect(to: peer, isUrgent: true)
        try await client.exchangeMTU()
        #expect(client.mtu > 23)
        let database = try await client.database()
        let battery = try #require(database.characteristic(0x2A19, in: 0x180F))
        #expect(try await client.read(battery.value) == [87])
        let echo = try #require(database.characteristic(echoType))
        var told: [[UInt8]] = []
        try await client.subscribe(echo) { told.append($0) }
        try await client.write(Array("hello".utf8), to: echo.value)
        for _ in 0..<100 where told.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
        #expect(told == [Array("ack:hello".utf8)])
        #expect(try await client.read(echo.value) == Array("hello".utf8))
        // Longer than a message of the radio's, which the kernel cuts into pieces.
        let long = (0..<200).map { UInt8($0) }
        try await client.write(long, to: echo.value)
        #expect(try await client.read(echo.value) == long)
        await #expect(throws: GATTError(.refused(.invalidHandle), "")) { try await client.read(0xFFF0) }
        #expect(client.end == nil)
        central.disconnect(peer.address)
        #expect(central.statistics.used == 0)
    }

    @Test func aBondIsMadeOnlyWithAPersonsWordAndHoldsAfterARestart() async throws {
        let channel = try await powered()
        defer { channel.close() }
        let store = try FlashStore.inMemory()
        func keeper() -> (BondKeeper, Task<Void, Never>) {
            let keeper = BondKeeper(store: store, log: Logger(label: "test")) { command throws(RadioError) in
                try await channel.request(command, timeout: .seconds(30))
            }
            let events = channel.events()
            return (keeper, Task { @Loop in for await event in events { keeper.handle(event) } })
        }
        func secured(_ keeper: BondKeeper, _ central: GATTCentral) async throws -> GATTClient {
            let client = try await central.connect(to: peer, isUrgent: true)
            client.secure = { [peer] client, error throws(GATTError) in try await keeper.secure(peer, client, error) }
            return client
        }
        let (first, listening) = keeper()
        await first.add(adapter)
        let one = central()
        var client = try await secured(first, one)
        let secret = try #require(try await client.database().characteristic(secretType))
        await #expect(throws: GATTError(.needsPairing, "")) { try await client.read(secret.value) }
        try first.permit(peer.address, passkey: nil)
        try await first.pair(peer, client)
        #expect(client.security == .encrypted)
        #expect(try await client.read(secret.value) == Array("secret".utf8))
        first.finish(peer.address)
        #expect(first.bonds[peer.address]?.keys.isEmpty == false)
        #expect(store.get(BondKeeper.keyPrefix + peer.address.hex) != nil)
        one.stop()
        listening.cancel()

        // The kernel forgets, as it does at a boot; the bond of the store is all there is.
        _ = try await channel.request(.loadLongTermKeys(adapter, []))
        try await Task.sleep(for: .seconds(1))
        let (second, listeningAgain) = keeper()
        defer { listeningAgain.cancel() }
        await second.add(adapter)
        let two = central()
        defer { two.stop() }
        client = try await secured(second, two)
        #expect(try await client.read(secret.value) == Array("secret".utf8))
        #expect(client.security >= .encrypted)
        // Forgotten, here and by the kernel.
        try await second.forget(peer.address)
        #expect(second.trouble == nil)
        #expect(store.get(BondKeeper.keyPrefix + peer.address.hex) == nil)
        // The link that it secured ends with it, though it is in use.
        for _ in 0..<400 where client.end == nil { try await Task.sleep(for: .milliseconds(50)) }
        #expect(client.end != nil)
    }

    @Test func whoIsNotThereIsNotConnectedTo() async throws {
        let channel = try await powered()
        defer { channel.close() }
        let absent = ATTPeer(address: BluetoothAddress(rawValue: 0xC000_0000_0001), isRandom: true)
        let start = ContinuousClock.now
        await #expect(throws: GATTError(.unreachable, "")) {
            try await L2CAPConnector().connect(to: absent, timeout: .seconds(3))
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
