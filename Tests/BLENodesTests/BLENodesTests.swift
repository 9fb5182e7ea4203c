import Advertising
import BluetoothLE
import Concentrator
import FlashStore
import Logging
import OneLoop
import Testing

@testable import BLENodes

let sensor = BluetoothAddress(rawValue: 0xA4C1_388D_18B2)
let houseStart = ContinuousClock.now

/// A house with a concentrator and events.
@Loop
final class House {
    let concentrator = Concentrator()
    let store: FlashStore
    private(set) var nodes: BLENodes
    private(set) var events: [NodeEvent] = []

    init(_ configuration: BLENodesConfiguration, store: FlashStore? = nil) throws {
        self.store = try store ?? FlashStore.inMemory()
        var log = Logger(label: "test")
        log.logLevel = .critical
        nodes = BLENodes(configuration: configuration, concentrator: concentrator, store: self.store, log: log)
        _ = concentrator.subscribe { [weak self] in self?.events.append($0) }
    }

    func hear(
        _ data: String, from address: BluetoothAddress = sensor, kind: AddressKind = .public, rssi: Int8? = nil,
        at second: Double = 0, name: String? = nil
    ) {
        var writer = ADWriter()
        if !data.isEmpty { writer.append(.serviceData16, number: 0xFCD2, Hex.bytes(data) ?? []) }
        if let name { writer.append(.completeLocalName, Array(name.utf8)) }
        nodes.receive(
            Advertisement(
                address: address, addressKind: kind, isConnectable: false, rssi: rssi, payload: writer.payload,
                receivedAt: houseStart.advanced(by: .seconds(second))))
    }

    var ids: [String] { concentrator.nodes.map { "\($0.id)" } }
    var node: NodeSnapshot? { concentrator.node(BLENodes.id(sensor)) }
    func field(_ name: String) -> String? { node?.field(name).map { "\($0.value)" + ($0.unit.map { " \($0)" } ?? "") } }

    /// How many events told of readings.
    var updates: Int {
        events.count {
            if case .updated = $0 { true } else { false }
        }
    }
}

@Loop
@Suite struct AdmissionTests {
    @Test func whoIsNotListedStaysAStranger() throws {
        let house = try House(BLENodesConfiguration())
        house.hear("4002ca09")
        #expect(house.ids.isEmpty)
        #expect(house.nodes.strangers.map(\.format) == [.bthome])
        #expect(house.nodes.statistics.fromStrangers == 1)
    }

    @Test func whoIsListedBecomesANodeUnderItsAddress() throws {
        let house = try House(BLENodesConfiguration(allowed: [sensor]))
        house.hear("4002ca0903bf13", rssi: -61, name: "ATC_8D18B2")
        #expect(house.ids == ["ble/A4C1388D18B2"])
        #expect(house.node?.description.displayName == "ATC_8D18B2")
        #expect(house.node?.description.deviceClass == "thermometer")
        #expect(house.field("Temperature") == "25.06 °C")
        #expect(house.field("Humidity") == "50.55 %")
        #expect(house.field("RSSI") == "-61 dBm")
        #expect(house.node?.available == true)
        #expect(house.nodes.strangers.isEmpty)
    }

    @Test func knownFormatsAreAdmittedWhenConfigured() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats, denied: [BluetoothAddress(rawValue: 5)]))
        house.hear("4002ca09")
        house.hear("4002ca09", from: BluetoothAddress(rawValue: 5))
        house.hear("41a47266c95f730011223378237214", from: BluetoothAddress(rawValue: 6))  // no key: no node
        house.hear("", from: BluetoothAddress(rawValue: 7), name: "Phone")
        #expect(house.ids == ["ble/A4C1388D18B2"])
        #expect(house.nodes.statistics.denied == 1)
        #expect(house.nodes.strangers.map(\.needsKey) == [true, false])
    }

    @Test func anAddressThatChangesIsNoNode() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        let passing = BluetoothAddress(rawValue: 0x4000_0000_0001)
        house.hear("4002ca09", from: passing, kind: .resolvablePrivate)
        #expect(house.ids.isEmpty)
        // Unless the payload repeats the device's own.
        house.hear("42b2188d38c1a402ca09", from: passing, kind: .resolvablePrivate)
        house.hear(
            "42b2188d38c1a402cb09", from: BluetoothAddress(rawValue: 0x4000_0000_0002), kind: .nonResolvablePrivate,
            at: 5)
        #expect(house.ids == ["ble/A4C1388D18B2"])
        #expect(house.field("Temperature") == "25.07 °C")
    }

    @Test func thereAreNoMoreNodesThanMayBe() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats, maximum: 3))
        for number in 1...10 { house.hear("4002ca09", from: BluetoothAddress(rawValue: UInt64(number))) }
        #expect(house.ids.count == 3)
        #expect(house.nodes.statistics.nodesRefused == 7)
    }

    @Test func nodesAreRememberedUnderTheSameName() throws {
        let store = try FlashStore.inMemory()
        let configuration = BLENodesConfiguration(admission: .knownFormats)
        let first = try House(configuration, store: store)
        first.hear("4002ca09", name: "Kitchen")
        let second = try House(configuration, store: store)
        #expect(second.ids == ["ble/A4C1388D18B2"])
        #expect(second.node?.available == false)
        #expect(second.node?.description.displayName == "Kitchen")
        second.hear("4002ca09")
        #expect(second.node?.available == true)
        // One that is no longer admitted is not brought back, and stays in the store.
        #expect(try House(BLENodesConfiguration(), store: store).ids.isEmpty)
        #expect(try House(BLENodesConfiguration(allowed: [sensor]), store: store).ids.count == 1)
    }

    @Test func nothingIsStoredTwice() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        house.hear("4002ca09", name: "Kitchen")
        let before = house.store.scan(prefix: "").count
        for second in 1...50 { house.hear("4002\(Hex.text([UInt8(second)]))09", at: Double(second), name: "Kitchen") }
        #expect(house.store.scan(prefix: "node/ble/").map(\.key) == ["node/ble/A4C1388D18B2"])
        #expect(house.store.scan(prefix: "").count == before)
    }

    @Test func forgottenOnesMayReturnAndDeniedOnesNot() async throws {
        let store = try FlashStore.inMemory()
        let configuration = BLENodesConfiguration(admission: .knownFormats)
        let house = try House(configuration, store: store)
        house.hear("4002ca09")
        try await house.nodes.forget(BLENodes.id(sensor))
        await #expect(throws: NodeError(.notFound, "")) { try await house.nodes.forget(BLENodes.id(sensor)) }
        #expect(house.ids.isEmpty)
        #expect(store.scan(prefix: "node/ble/").isEmpty)
        house.hear("4002ca09")
        #expect(house.ids.count == 1)
        try await house.nodes.deny(sensor)
        house.hear("4002ca09")
        #expect(house.ids.isEmpty)
        let again = try House(configuration, store: store)
        again.hear("4002ca09")
        #expect(again.ids.isEmpty)
        #expect(again.nodes.statistics.denied == 1)
        #expect(try await again.nodes.unlist(sensor))
        again.hear("4002ca09")
        #expect(again.ids.count == 1)
    }
}

@Loop
@Suite struct MessageTests {
    @Test func readingsWithoutChangeAreNoEvents() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        for second in 0..<30 { house.hear("4002ca09", rssi: second.isMultiple(of: 2) ? -58 : -62, at: Double(second)) }
        #expect(house.updates == 1)
        #expect(house.nodes.statistics.repeated == 29)
        house.hear("4002cb09", rssi: -60, at: 31)
        #expect(house.updates == 2)
        #expect(house.field("Temperature") == "25.07 °C")
    }

    @Test func unitsAreTheHouses() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        house.hear("4000010115d404138a010cb80b5305416c706861f100010204")
        #expect(house.field("Packet ID") == nil)
        #expect(house.field("Battery") == "21 %")
        house.hear("400002015d04138a010cb80b5305416c706861f100010204", at: 5)
        #expect(house.field("Pressure") == "1008.83 hPa")
        #expect(house.field("Voltage") == "3.000 V")
        #expect(house.field("Text") == "Alpha")
        #expect(house.field("Firmware") == "4.2.1.0")
        #expect(house.node?.field("Battery")?.flags == [.momentary, .status])
    }

    @Test func numberedReadingsHaveNumberedNames() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        house.hear("4002ca0902cf09")
        #expect(house.field("Temperature 1") == "25.06 °C")
        #expect(house.field("Temperature 2") == "25.11 °C")
    }

    @Test func theSamePressTwiceIsTwoPresses() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        house.hear("4400013a01")
        house.hear("4400013a01", at: 1)  // a repeat of the message
        #expect(house.field("Button") == "press")
        #expect(house.field("Button Count") == "1")
        house.hear("4400023a01", at: 2)
        #expect(house.field("Button Count") == "2")
        // Without a packet id, time tells.
        let other = try House(BLENodesConfiguration(admission: .knownFormats))
        other.hear("443a01")
        other.hear("443a01", at: 1)
        #expect(other.field("Button Count") == "1")
        other.hear("443a01", at: 10)
        #expect(other.field("Button Count") == "2")
    }

    @Test func aVoidReadingKeepsTheLastAndSaysSo() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        func ruuvi(_ temperature: String, _ second: Double) {
            var writer = ADWriter()
            writer.append(
                .manufacturerData, number: 0x0499,
                Hex.bytes("05\(temperature)5f92c4f3ffe4ffdc0414c4f6ec29bbe62eb92e73e5") ?? [])
            house.nodes.receive(
                Advertisement(
                    address: sensor, payload: writer.payload, receivedAt: houseStart.advanced(by: .seconds(second))))
        }
        ruuvi("138a", 0)
        #expect(house.node?.field("Temperature")?.quality == .automaticReadout)
        #expect(house.field("Battery Voltage") == "3.175 V")
        ruuvi("8000", 1)
        #expect(house.field("Temperature") == "25.01 °C")
        #expect(house.node?.field("Temperature")?.quality == .missing)
    }

    @Test func namesAreSetAndKept() async throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        house.hear("4002ca09")
        #expect(house.node?.description.displayName == "A4C1388D18B2")
        house.hear("", name: "ATC_8D18B2")
        #expect(house.node?.description.displayName == "ATC_8D18B2")
        try await house.nodes.write(BLENodes.id(sensor), [("Name", .text("Küche"))])
        #expect(house.node?.description.displayName == "Küche")
        #expect(house.node?.parameter("Name")?.value == .text("Küche"))
        let again = try House(BLENodesConfiguration(admission: .knownFormats), store: house.store)
        again.hear("4002ca09", name: "ATC_8D18B2")
        #expect(again.node?.description.displayName == "Küche")
    }
}

@Loop
@Suite struct EncryptionTests {
    private static let sender = BluetoothAddress(rawValue: 0x5448_E68F_80A5)
    private static let key = Hex.bytes("231d39c1d7cc1ab1aee224cd096db932")
    private static let message = "41a47266c95f730011223378237214"

    private static func house() throws -> House {
        try House(BLENodesConfiguration(devices: [sender: .init(name: "Shelly", key: key)]))
    }

    private static func node(_ house: House) -> NodeSnapshot? { house.concentrator.node(BLENodes.id(sender)) }

    @Test func aKeyOpensItsMessages() throws {
        let house = try Self.house()
        house.hear(Self.message, from: Self.sender)
        #expect(Self.node(house)?.field("Temperature")?.value.description == "25.06")
        #expect(Self.node(house)?.description.displayName == "Shelly")
        #expect(Self.node(house)?.description.deviceClass == "thermometer")
    }

    @Test func theSameMessageLaterIsARepeat() throws {
        let house = try Self.house()
        house.hear(Self.message, from: Self.sender)
        house.hear(Self.message, from: Self.sender, at: 300)
        #expect(house.nodes.statistics.decoded == 1)
        #expect(house.nodes.statistics.repeated == 1)
    }

    @Test func plaintextIsNotTakenAndSaidSo() throws {
        let house = try Self.house()
        house.hear(Self.message, from: Self.sender)
        house.hear("40020000", from: Self.sender, at: 1)
        #expect(Self.node(house)?.field("Temperature")?.value.description == "25.06")
        #expect(Self.node(house)?.state == .warningUnsigned)
        #expect(Self.node(house)?.messages.map(\.eventID) == ["plaintextDespiteKey"])
    }

    @Test func oneBadMessageIsNoComplaintTwoAre() throws {
        let house = try Self.house()
        house.hear(Self.message, from: Self.sender)
        let bad = "41a47266c95f730011223378237200"
        house.hear(bad, from: Self.sender, at: 1)
        house.hear(bad, from: Self.sender, at: 1.1)  // the same one again
        #expect(Self.node(house)?.state == NodeState.none)
        house.hear("41a47266c95f730011223378237201", from: Self.sender, at: 2)
        #expect(Self.node(house)?.state == .errorUnsigned)
        #expect(Self.node(house)?.messages.map(\.eventID) == ["wrongKey"])
    }

    @Test func encryptedWithoutKeyAsksForOne() throws {
        let house = try House(BLENodesConfiguration(allowed: [Self.sender]))
        house.hear(Self.message, from: Self.sender)
        #expect(Self.node(house)?.messages.map(\.eventID) == ["keyMissing"])
        #expect(Self.node(house)?.fields.isEmpty == true)
    }
}

@Loop
@Suite struct AvailabilityTests {
    @Test func silenceMakesANodeUnavailable() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        for second in 0..<6 { house.hear("4002ca09", at: Double(second * 10)) }
        house.nodes.sweep(at: houseStart.advanced(by: .seconds(79)))
        #expect(house.node?.available == true)
        house.nodes.sweep(at: houseStart.advanced(by: .seconds(81)))
        #expect(house.node?.available == false)
        house.hear("4002ca09", at: 90)
        #expect(house.node?.available == true)
    }

    @Test func whoWaitsForEventsIsNeverMissed() throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        for second in 0..<6 { house.hear("44000\(second)3a01", at: Double(second * 10)) }
        house.nodes.sweep(at: houseStart.advanced(by: .seconds(100_000)))
        #expect(house.node?.available == true)
    }
}

@Loop
@Suite struct SourceTests {
    private struct Broken: AdvertisementSource {
        struct Failure: Error {}
        let name = "broken"
        func run(_ deliver: @escaping @Sendable (Advertisement) async -> Void) async throws { throw Failure() }
    }

    /// Waits until the source has ended; the test's time limit is the bound.
    private func end(of name: String, in nodes: BLENodes) async -> BLENodes.SourceState? {
        while nodes.sources[name] == .listening { await Task.yield() }
        return nodes.sources[name]
    }

    @Test(.timeLimit(.minutes(1))) func aCaptureFeedsTheNodesToItsEnd() async throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        let lines = (0..<20).map {
            #"{"time": \#($0), "address": "A4:C1:38:8D:18:B2", "rssi": -60, "service_data": {"0xfcd2": "4002\#(Hex.text([UInt8($0)]))09"}}"#
        }
        let capture = try Capture.parse(Array(lines.joined(separator: "\n").utf8))
        house.nodes.start(CaptureReplay(capture, name: "adverts", speed: .infinity))
        #expect(await end(of: "adverts", in: house.nodes) == .ended("came to its end"))
        #expect(house.nodes.statistics.received == 20)
        #expect(house.field("Temperature") == "23.23 °C")
        house.nodes.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aSourceThatBreaksIsNamed() async throws {
        let house = try House(BLENodesConfiguration())
        house.nodes.start(Broken())
        let state = await end(of: "broken", in: house.nodes)
        guard case .ended(let reason) = state else {
            Issue.record("\(String(describing: state))")
            return
        }
        #expect(reason.contains("broke"))
        house.nodes.stop()
    }
}
