import Advertising
import BluetoothLE
import Concentrator
import FakePeripherals
import FlashStore
import GATT
import Logging
import OneLoop
import Synchronization
import Testing

@testable import BLENodes

private let lamp = BluetoothAddress(rawValue: 0xF0F1_F2F3_F403)
private let relayType = AttributeType("6E400002-B5A3-F393-E0A9-E50E24DCCA9E") ?? 0
private let relayService = AttributeType("6E400001-B5A3-F393-E0A9-E50E24DCCA9E") ?? 0

/// Takes commands as the kernel does.
private final class Kernel: Sendable {
    let commands = Mutex<[ManagementCommand]>([])
}

/// A house with a device that is connected to.
@Loop
private final class ConnectedHouse {
    let concentrator = Concentrator()
    let store: FlashStore
    let device = FakePeripheral()
    let radio = FakeConnector()
    let central: GATTCentral
    let nodes: BLENodes
    let bonds: BondKeeper
    /// What the kernel was told.
    let kernel = Kernel()
    private(set) var battery: AttributeHandle = 0
    private(set) var temperature: AttributeHandle = 0
    private(set) var digital: AttributeHandle = 0
    private(set) var relay: AttributeHandle = 0

    init(
        _ plan: GATTPlan = GATTPlan(), store: FlashStore? = nil, slots: Int = 3, digitals: UInt8? = nil
    ) throws {
        self.store = try store ?? FlashStore.inMemory()
        var log = Logger(label: "test")
        log.logLevel = .critical
        var rules = ConnectionSchedule.Rules()
        rules.slots = slots
        rules.firstBackOff = .milliseconds(50)
        central = GATTCentral(connector: radio, rules: rules, transactionTimeout: .milliseconds(300), log: log)
        nodes = BLENodes(
            configuration: BLENodesConfiguration(devices: [lamp: .init(gatt: plan)]), concentrator: concentrator,
            store: self.store, log: log)
        bonds = BondKeeper(store: self.store, log: log, hangUp: { _, _ in }) { [kernel] command in
            kernel.commands.withLock { $0.append(command) }
            return []
        }
        nodes.attach(central, bonds: bonds)
        radio.peripherals[lamp] = device
        device.service(0x180F)
        battery = device.characteristic(0x2A19, [.read, .notify], [87])
        device.service(0x180A)
        device.characteristic(0x2A29, .read, Array("Acme".utf8))
        device.characteristic(0x2A50, .read, [1, 0, 0, 1, 0, 1, 0])
        device.service(0x181A)
        temperature = device.characteristic(0x2A6E, .read, [0xCA, 0x09])
        device.characteristic(0x2A6D, .read, [0x9A, 0x76, 0x0F, 0])
        device.service(0x1815)
        digital = device.characteristic(0x2A56, [.read, .write], [0b1101_0100])
        if let digitals { device.descriptor(.numberOfDigitals, [digitals]) }
        device.service(relayService)
        relay = device.characteristic(relayType, [.read, .write, .notify], [0])
    }

    /// The device is heard once, and all that follows is waited for.
    func hear(_ address: BluetoothAddress = lamp, _ kind: AddressKind = .randomStatic) {
        nodes.receive(
            Advertisement(
                address: address, addressKind: kind, isConnectable: true, rssi: -60, payload: [2, 1, 6],
                receivedAt: .now))
    }

    var id: NodeID { BLENodes.id(lamp) }
    var node: NodeSnapshot? { concentrator.node(id) }
    func field(_ name: String) -> String? { node?.field(name).map { "\($0.value)" + ($0.unit.map { " \($0)" } ?? "") } }
    func write(_ parameter: String, _ value: FieldValue) async throws(WriteError) {
        try await concentrator.write([NodeWrite(node: id, parameter: parameter, value: value)])
    }
}

private func relayPlan(notifies: Bool = false, standard: Bool = false) -> GATTPlan {
    GATTPlan(
        standardServices: standard,
        points: [
            GATTPlan.Point(
                service: relayService, type: relayType, name: "Relay",
                definition: CharacteristicDefinition(name: "Relay", fields: [CharacteristicField(.boolean)]),
                notifies: notifies, isWritable: true)
        ])
}

@Loop
@Suite struct GATTNodeTests {
    @Test func standardServicesBecomeFieldsAndParameters() async throws {
        let house = try ConnectedHouse()
        house.hear()
        await settle { house.field("Digital 1") != nil || house.node?.parameter("Digital 4")?.value != nil }
        #expect(house.field("Battery") == "87 %")
        #expect(house.node?.field("Battery")?.flags == [.momentary, .status])
        #expect(house.field("Manufacturer") == "Acme")
        #expect(house.node?.field("Manufacturer")?.flags == .identity)
        #expect(house.field("Temperature") == "25.06 °C")
        #expect(house.field("Pressure") == "1013.402 hPa")
        // 00 inactive, 01 active, 01 active, 11 unknown.
        let lines = (1...4).map { house.node?.parameter("Digital \($0)")?.value }
        #expect(lines == [.boolean(false), .boolean(true), .boolean(true), nil])
        #expect(house.nodes.fetches(house.id))
    }

    @Test func aDeviceSaysHowManyLinesItHas() async throws {
        let house = try ConnectedHouse(digitals: 3)
        house.hear()
        await settle { house.node?.parameter("Digital 3")?.value != nil }
        #expect(house.node?.description.parameters.map(\.name) == ["Name", "Digital 1", "Digital 2", "Digital 3"])
        try await house.write("Digital 2", .boolean(false))
        #expect(house.device.written.last == [0b1111_0011])
    }

    @Test func aDescriptorThatExaggeratesMakesNoCrowdOfParameters() async throws {
        let house = try ConnectedHouse(digitals: 255)
        house.hear()
        await settle { house.node?.parameter("Digital 24") != nil }
        #expect(house.node?.description.parameters.count == 1 + GATTPoint.mostLines)
    }

    @Test func aDeviceThatRefusesToSayWhatItHasIsInTrouble() async throws {
        let house = try ConnectedHouse(relayPlan())
        house.device.manner = .refusing(.unlikelyError)
        house.hear()
        await settle { house.central.statistics.connected == 1 }
        #expect(house.nodes.troubles.isEmpty)
        // The first refusal is not told yet. A refresh joins a session that is under way, so one more may be wanted.
        for _ in 0..<3 where house.nodes.troubles.isEmpty { try? await house.nodes.refresh(house.id) }
        #expect(house.nodes.troubles.map(\.node) == [house.id])
        #expect(house.node?.state == .errorUnsigned)
        house.device.manner = .well
        if (try? await house.nodes.refresh(house.id)) == nil { try await house.nodes.refresh(house.id) }
        #expect(house.nodes.troubles.isEmpty)
    }

    @Test func aBondedDeviceIsTheSameNodeUnderAChangingAddress() async throws {
        let store = try FlashStore.inMemory()
        let key: [UInt8] = [
            0xEC, 0x02, 0x34, 0xA3, 0x57, 0xC8, 0xAD, 0x05, 0x34, 0x10, 0x10, 0xA6, 0x0A, 0x39, 0x7D, 0x9B,
        ]
        let hidden = BluetoothAddress(rawValue: 0x7081_940D_FBAA)
        var bond = Bond()
        bond.identity = IdentityKey(peer: ManagementAddress(lamp, .leRandom), value: key.reversed())
        try await store.put("node/bond/\(lamp.hex)", bond.encoded, .now)
        let house = try ConnectedHouse(relayPlan(), store: store)
        // The kernel, which has the key too, is asked for it by its own address.
        house.hear(hidden, .resolvablePrivate)
        await settle { house.node?.parameter("Relay")?.value != nil }
        #expect(house.concentrator.nodes.map(\.id) == [house.id])
        #expect(house.nodes.strangers.isEmpty)
        try await house.write("Relay", .boolean(true))
        #expect(house.device.attributes[house.relay]?.value == [1])
        // One that nobody's key made is nobody's.
        house.hear(BluetoothAddress(rawValue: hidden.rawValue ^ 1), .resolvablePrivate)
        #expect(house.concentrator.nodes.count == 1)
        #expect(house.nodes.strangers.count == 1)
        house.device.link?.drop(GATTError(.disconnected, "it went"))
        #expect(house.central.statistics.used == 0)
    }

    @Test func aLineIsSetAndTheOthersStay() async throws {
        let house = try ConnectedHouse()
        house.hear()
        await settle { house.node?.parameter("Digital 4") != nil }
        try await house.write("Digital 1", .boolean(true))
        #expect(house.device.written.last == [0b1111_1101])
        #expect(house.node?.parameter("Digital 1")?.value == .boolean(true))
    }

    @Test func theConnectionEndsWhenNobodyNeedsItAndParametersAreRemembered() async throws {
        let house = try ConnectedHouse(relayPlan())
        house.hear()
        await settle { house.node?.parameter("Relay")?.value != nil }
        #expect(house.central.statistics.used == 1)
        try await Task.sleep(for: GATTSession.linger + .milliseconds(300))
        #expect(house.central.statistics.used == 0)
        #expect(house.device.link == nil || house.device.link?.isClosed == true)
        // Heard again, nothing is due for five minutes.
        house.hear()
        try await Task.sleep(for: .milliseconds(50))
        #expect(house.device.connections == 1)
        await settle { !house.store.scan(prefix: "node/gatt/").isEmpty }
        let again = try ConnectedHouse(relayPlan(), store: house.store)
        #expect(again.node?.description.parameters.map(\.name) == ["Name", "Relay"])
    }

    @Test func whatIsWrittenReachesTheDeviceAndRefusalsComeBackByName() async throws {
        let house = try ConnectedHouse(relayPlan())
        house.hear()
        await settle { house.node?.parameter("Relay")?.value != nil }
        try await house.write("Relay", .boolean(true))
        #expect(house.device.attributes[house.relay]?.value == [1])
        #expect(house.node?.parameter("Relay")?.value == .boolean(true))
        house.device.attributes[house.relay]?.refuses = .valueNotAllowed
        do throws(WriteError) {
            try await house.write("Relay", .boolean(false))
            #expect(Bool(false), "it was refused")
        } catch {
            #expect(error.description.contains("it refused: Value Not Allowed"))
            #expect(error.failures.first?.error == NodeError(.driverFailed, ""))
        }
        #expect(house.node?.parameter("Relay")?.value == .boolean(true))
        // What only its writer got wrong is no trouble of the device's.
        #expect(house.node?.state == NodeState.none)
    }

    @Test func notificationsComeOverAConnectionThatIsKept() async throws {
        let house = try ConnectedHouse(relayPlan(notifies: true))
        house.hear()
        await settle { house.node?.parameter("Relay")?.value == .boolean(false) }
        house.device.tell(house.relay, [1])
        await settle { house.node?.parameter("Relay")?.value == .boolean(true) }
        #expect(house.node?.parameter("Relay")?.value == .boolean(true))
        // Silence in the air is no silence.
        house.nodes.sweep(at: .now + .seconds(10_000))
        #expect(house.node?.available == true)
        // The device goes and comes back.
        house.device.link?.drop(GATTError(.disconnected, "it hung up"))
        await settle { house.central.statistics.used == 0 }
        house.hear()
        await settle { house.device.connections == 2 }
        #expect(house.device.connections == 2)
    }

    @Test func aDeviceThatCannotBeReachedIsShownAndTriedLaterAndLater() async throws {
        let house = try ConnectedHouse(relayPlan())
        house.radio.failure = GATTError(.unreachable, "it could not be connected to: Host is down")
        house.hear()
        await settle { house.central.statistics.failed == 1 && house.central.statistics.used == 0 }
        #expect(house.node?.state == NodeState.none)
        await #expect(throws: NodeError(.driverFailed, "")) { try await house.nodes.refresh(house.id) }
        #expect(house.node?.state == .errorUnsigned)
        #expect(house.node?.messages.first?.eventID == "gatt")
        #expect(house.central.backOff(of: lamp) != nil)
        house.radio.failure = nil
        try await house.nodes.refresh(house.id)
        #expect(house.node?.state == NodeState.none)
        #expect(house.node?.parameter("Relay")?.value == .boolean(false))
    }

    @Test func aDeviceThatNeverAnswersKeepsNobodyElseWaiting() async throws {
        let house = try ConnectedHouse(relayPlan())
        house.device.manner = .silent
        let other = BluetoothAddress(rawValue: 0xF0F1_F2F3_F404)
        let peer = FakePeripheral()
        peer.service(0x180F)
        peer.characteristic(0x2A19, .read, [50])
        house.radio.peripherals[other] = peer
        try await house.nodes.allow(other, connects: true)
        house.hear()
        house.hear(other)
        await settle { house.concentrator.node(BLENodes.id(other))?.field("Battery") != nil }
        #expect(house.concentrator.node(BLENodes.id(other))?.field("Battery")?.value == .number(50))
        do throws(WriteError) {
            try await house.write("Name", .text("Lamp"))
        } catch {
            #expect(Bool(false), "names have nothing to do with the device")
        }
        await #expect(throws: NodeError(.driverFailed, "")) { try await house.nodes.refresh(house.id) }
        await #expect(throws: NodeError(.driverFailed, "")) { try await house.nodes.refresh(house.id) }
        #expect(house.node?.messages.first?.text.contains("did not answer") == true)
    }

    @Test func nonsenseIsShown() async throws {
        let house = try ConnectedHouse(relayPlan())
        house.hear()
        await settle { house.node?.parameter("Relay")?.value != nil }
        house.device.manner = .outOfStep
        await #expect(throws: NodeError(.driverFailed, "")) { try await house.nodes.refresh(house.id) }
        house.device.manner = .well
        try await house.nodes.refresh(house.id)
        // One value that makes no sense leaves the others.
        let standard = try ConnectedHouse()
        standard.device.attributes[standard.temperature]?.value = [1]
        standard.hear()
        await settle { standard.node?.messages.isEmpty == false }
        #expect(standard.field("Battery") == "87 %")
        #expect(standard.node?.messages.first?.text.contains("Temperature") == true)
    }

    @Test func aValueThatIsNotKnownStandsMarked() async throws {
        let house = try ConnectedHouse()
        house.hear()
        await settle { house.field("Temperature") != nil }
        house.device.attributes[house.temperature]?.value = [0x00, 0x80]
        try await house.nodes.refresh(house.id)
        #expect(house.field("Temperature") == "25.06 °C")
        #expect(house.node?.field("Temperature")?.quality == .missing)
    }

    @Test func anotherDatabaseIsDiscoveredAnew() async throws {
        let house = try ConnectedHouse(relayPlan())
        house.hear()
        await settle { house.node?.parameter("Relay")?.value != nil }
        house.device.attributes[house.relay]?.refuses = .databaseOutOfSync
        await #expect(throws: NodeError(.driverFailed, "")) { try await house.nodes.refresh(house.id) }
        house.device.attributes[house.relay]?.refuses = nil
        try await house.nodes.refresh(house.id)
        #expect(house.device.connections == 2)
    }

    @Test func whatWantsABondSaysSo() async throws {
        let house = try ConnectedHouse(relayPlan())
        house.device.attributes[house.relay]?.needs = .encrypted
        house.hear()
        await settle { house.node?.messages.isEmpty == false }
        #expect(house.node?.messages.first?.text.contains("gatehouse pair") == true)
        await #expect(throws: WriteError.self) { try await house.write("Relay", .boolean(true)) }
    }

    @Test func whatWantsABondBeforeItTellsLeavesTheOthersTelling() async throws {
        let level = AttributeType("6E400003-B5A3-F393-E0A9-E50E24DCCA9E") ?? 0
        let percent = CharacteristicDefinition(name: "Level", fields: [CharacteristicField(.unsigned(1))])
        var plan = relayPlan(notifies: true)
        plan.points.insert(
            GATTPlan.Point(
                service: relayService, type: level, name: "Level", definition: percent, notifies: true,
                isWritable: false), at: 0)
        let house = try ConnectedHouse(plan)
        // It cannot be read, and only a bonded client may have it tell.
        let handle = house.device.characteristic(level, .notify, [7])
        house.device.attributes[handle + 1]?.needs = .encrypted
        house.hear()
        await settle { house.node?.parameter("Relay")?.value == .boolean(false) }
        house.device.tell(house.relay, [1])
        await settle { house.node?.parameter("Relay")?.value == .boolean(true) }
        #expect(house.node?.parameter("Relay")?.value == .boolean(true))
        #expect(house.node?.messages.map(\.text.isEmpty) == [false])
        #expect(house.node?.messages.first?.text.contains("Level") == true)
        #expect(house.node?.messages.first?.text.contains("gatehouse pair") == true)
        // With a bond it tells, over the same connection.
        #expect(try await house.nodes.pair(house.id, passkey: nil, isSame: nil) == .paired)
        house.device.tell(handle, [9])
        await settle { house.field("Level") == "9" }
        #expect(house.field("Level") == "9")
        #expect(house.node?.messages.isEmpty == true)
        #expect(house.device.connections == 1)
    }

    @Test func aPersonsWordConnectsAndForgettingEndsIt() async throws {
        let house = try ConnectedHouse()
        let other = BluetoothAddress(rawValue: 0xF0F1_F2F3_F404)
        let peer = FakePeripheral()
        peer.service(0x180F)
        peer.characteristic(0x2A19, [.read, .notify], [50])
        house.radio.peripherals[other] = peer
        try await house.nodes.allow(other)
        house.hear(other)
        let id = BLENodes.id(other)
        #expect(house.concentrator.node(id) != nil)
        #expect(!house.nodes.fetches(id))
        try await house.nodes.allow(other, connects: true)
        house.hear(other)
        await settle { house.concentrator.node(id)?.field("Battery") != nil }
        #expect(peer.connections == 1)
        await settle { !house.store.scan(prefix: "node/gatt/\(other.hex)").isEmpty }
        try await house.nodes.forget(id)
        #expect(peer.link == nil || peer.link?.isClosed == true)
        #expect(house.store.scan(prefix: "node/gatt/\(other.hex)").isEmpty)
        #expect(house.central.statistics.used == 0)
    }

    @Test func howOftenADeviceIsReadCanBeSaidAndIsKept() async throws {
        let house = try ConnectedHouse()
        house.hear()
        await #expect(throws: NodeError(.refused, "")) {
            try await house.nodes.setReadInterval(of: house.id, seconds: 60)
        }
        #expect(house.nodes.readInterval(of: house.id) == .init(seconds: 300, isConfigured: true))
        let other = BluetoothAddress(rawValue: 0xF0F1_F2F3_F404)
        let id = BLENodes.id(other)
        await #expect(throws: NodeError(.notFound, "")) { try await house.nodes.setReadInterval(of: id, seconds: 60) }
        let peer = FakePeripheral()
        peer.service(0x180F)
        peer.characteristic(0x2A19, .read, [50])
        house.radio.peripherals[other] = peer
        try await house.nodes.allow(other, connects: true)
        house.hear(other)
        await settle { house.concentrator.node(id)?.field("Battery") != nil }
        #expect(house.nodes.readInterval(of: id) == .init(seconds: 300, isConfigured: false))
        for seconds in [9, 86_401, -1] {
            await #expect(throws: NodeError(.invalidValue, "")) {
                try await house.nodes.setReadInterval(of: id, seconds: seconds)
            }
        }
        try await house.nodes.setReadInterval(of: id, seconds: 86_400)
        #expect(house.nodes.readInterval(of: id)?.seconds == 86_400)
        // As when it could not be stored: it is when it is said again.
        try await house.store.remove("node/read-interval/\(other.hex)", .now)
        try await house.nodes.setReadInterval(of: id, seconds: 86_400)
        let again = try ConnectedHouse(store: house.store)
        #expect(again.nodes.readInterval(of: id)?.seconds == 86_400, "it is there after a restart")
        try await again.nodes.forget(id)
        #expect(house.store.scan(prefix: "node/read-interval/").isEmpty)
    }

    @Test func anIntervalThatIsBeingStoredIsForgottenWithItsNode() async throws {
        let house = try ConnectedHouse()
        let other = BluetoothAddress(rawValue: 0xF0F1_F2F3_F404)
        let id = BLENodes.id(other)
        try await house.nodes.allow(other, connects: true)
        house.hear(other)
        // The second begins while the first waits for the store.
        let setting = Task { @Loop in try await house.nodes.setReadInterval(of: id, seconds: 60) }
        let forgetting = Task { @Loop in try await house.nodes.forget(id) }
        try await setting.value
        try await forgetting.value
        #expect(house.store.scan(prefix: "node/read-interval/").isEmpty)
        try await house.nodes.allow(other, connects: true)
        house.hear(other)
        #expect(house.nodes.readInterval(of: id)?.seconds == 300)
    }

    @Test func oneConnectionIsSharedInTurn() async throws {
        let house = try ConnectedHouse(relayPlan(notifies: true), slots: 1)
        let other = BluetoothAddress(rawValue: 0xF0F1_F2F3_F404)
        let peer = FakePeripheral()
        peer.service(0x180F)
        peer.characteristic(0x2A19, .read, [50])
        house.radio.peripherals[other] = peer
        try await house.nodes.allow(other, connects: true)
        house.hear()
        await settle { house.central.statistics.used == 1 && house.node?.parameter("Relay")?.value != nil }
        house.hear(other)
        // A person who asks gets it at once, though the other is kept.
        try await house.nodes.refresh(BLENodes.id(other))
        #expect(house.concentrator.node(BLENodes.id(other))?.field("Battery")?.value == .number(50))
        #expect(house.central.statistics.used == 1)
    }
}
