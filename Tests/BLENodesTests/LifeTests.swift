import Advertising
import BluetoothLE
import Concentrator
import FlashStore
import OneLoop
import Testing

@testable import BLENodes

/// A radio that hears nobody, so that something is listened to.
private struct SilentRadio: AdvertisementSource {
    let name = "silent"
    func run(_ deliver: @escaping @Sendable (Advertisement) async -> Void) async throws {
        try await Task.sleep(for: .seconds(60))
    }
}

private func address(_ number: UInt64) -> BluetoothAddress { BluetoothAddress(rawValue: number) }
private let encrypted = "41a47266c95f730011223378237214"

@Loop
@Suite struct JoinTests {
    private func listening(_ configuration: BLENodesConfiguration = BLENodesConfiguration()) throws -> House {
        let house = try House(configuration)
        house.nodes.start(SilentRadio())
        return house
    }

    @Test func withoutARadioNothingCanJoin() throws {
        let house = try House(BLENodesConfiguration())
        #expect(throws: NodeError(.refused, "")) { try house.nodes.permitJoin(by: .button) }
    }

    @Test(arguments: [
        (0, 5), (255, 5), (60, 0), (60, 101),
    ]) func timeAndLimitAreBounded(_ row: (seconds: Int, limit: Int)) throws {
        let house = try listening()
        defer { house.nodes.stop() }
        #expect(throws: NodeError(.invalidValue, "")) {
            try house.nodes.permitJoin(for: .seconds(row.seconds), limit: row.limit, by: .command)
        }
    }

    @Test func knownFormatsJoinUntilTheWindowIsFullAndAreAllowedForGood() throws {
        let house = try listening(BLENodesConfiguration(denied: [address(9)]))
        defer { house.nodes.stop() }
        var events: [JoinEvent] = []
        house.nodes.onJoin { events.append($0) }
        house.hear("4002ca09", from: address(1))
        #expect(house.ids.isEmpty)
        try house.nodes.permitJoin(for: .seconds(60), limit: 2, by: .button, now: houseStart)
        house.hear("", from: address(5), at: 1, name: "Phone")
        house.hear("4002ca09", from: address(9), at: 1)
        house.hear("4002ca09", from: address(1), at: 2)
        // One that encrypts joins as well, and asks for its key as a node.
        house.hear(encrypted, from: address(2), at: 3)
        house.hear("4002ca09", from: address(3), at: 4)
        #expect(house.ids == ["ble/000000000001", "ble/000000000002"])
        #expect(house.concentrator.nodes.last?.messages.first?.eventID == "keyMissing")
        guard events.count == 4, case .opened(let window, by: .button) = events[0],
            case .closed(let ended, .full) = events[3]
        else { return #expect(Bool(false), "\(events)") }
        #expect(window.limit == 2)
        #expect(events[1...2] == [.joined(BLENodes.id(address(1))), .joined(BLENodes.id(address(2)))])
        #expect(ended.joined.count == 2)
        #expect(house.nodes.joinWindow == nil)
        #expect(house.nodes.lists.allowed == [address(1), address(2)])
        // The configuration admits nobody, and they are there after a restart all the same.
        let again = try House(BLENodesConfiguration(), store: house.store)
        #expect(again.ids.count == 2)
    }

    @Test func aWindowEndsByItsTimeAndByHand() async throws {
        let house = try listening()
        defer { house.nodes.stop() }
        var ends: [JoinWindow.End] = []
        house.nodes.onJoin { if case .closed(_, let end) = $0 { ends.append(end) } }
        try house.nodes.permitJoin(for: .seconds(10), by: .command, now: houseStart)
        house.hear("4002ca09", from: address(1), at: 10)
        #expect(house.ids.isEmpty)
        #expect(house.nodes.closeJoin())
        #expect(!house.nodes.closeJoin())
        try house.nodes.permitJoin(for: .seconds(1), by: .command)
        for _ in 0..<30 where ends.count < 2 { try await Task.sleep(for: .milliseconds(100)) }
        #expect(ends == [.closed, .time])
        #expect(house.nodes.joinWindow == nil)
    }
}

@Loop
@Suite struct ListTests {
    @Test func anAllowedAddressIsANodeOnceHeardAlsoAfterARestart() async throws {
        let house = try House(BLENodesConfiguration())
        try await house.nodes.allow(sensor)
        #expect(house.ids.isEmpty)
        #expect(house.nodes.lists.allowed == [sensor])
        let again = try House(BLENodesConfiguration(), store: house.store)
        again.hear("", name: "Lamp")
        #expect(again.ids == ["ble/A4C1388D18B2"])
        #expect(again.nodes.lists.allowed == [sensor])
        let third = try House(BLENodesConfiguration(), store: house.store)
        #expect(third.node?.description.displayName == "Lamp")
    }

    @Test func theConfigurationsDenialIsStronger() async throws {
        let house = try House(BLENodesConfiguration(denied: [sensor]))
        await #expect(throws: NodeError(.refused, "")) { try await house.nodes.allow(sensor) }
    }

    @Test func aDeniedNodeGoesAndComesBackWithItsName() async throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        house.hear("4002ca09")
        try house.nodes.rename(BLENodes.id(sensor), "Cellar")
        try await house.nodes.deny(sensor)
        house.hear("4002ca09", at: 1)
        #expect(house.ids.isEmpty)
        #expect(house.nodes.lists.denied == [sensor])
        try await house.nodes.allow(sensor)
        house.hear("4002ca09", at: 2)
        #expect(house.node?.description.displayName == "Cellar")
    }

    @Test func unlistingTakesAwayWhatOnlyTheListHadAdmitted() async throws {
        let house = try House(BLENodesConfiguration())
        try await house.nodes.allow(sensor)
        house.hear("4002ca09")
        #expect(try await house.nodes.unlist(sensor))
        #expect(house.ids.isEmpty)
        #expect(house.store.scan(prefix: "node/").isEmpty)
        #expect(try await house.nodes.unlist(sensor) == false)
    }

    @Test func theListsHaveAnEnd() async throws {
        let house = try House(BLENodesConfiguration())
        for number in 1...UInt64(BLENodes.longestList) { house.nodes.blocked[address(number)] = DeviceRecord() }
        await #expect(throws: NodeError(.full, "")) { try await house.nodes.deny(sensor) }
    }
}

@Loop
@Suite struct KeyLifeTests {
    private let key = Hex.bytes("231d39c1d7cc1ab1aee224cd096db932") ?? []
    private let shelly = BluetoothAddress(rawValue: 0x5448_E68F_80A5)
    // Temperature 25.06, humidity 50.55 (the specification's example).
    private let message = "41a47266c95f730011223378237214"

    @Test func aKeyGivenAtRunTimeOpensWhatCameEncrypted() async throws {
        let house = try House(BLENodesConfiguration(allowed: [shelly]))
        house.hear(message, from: shelly)
        let id = BLENodes.id(shelly)
        #expect(house.concentrator.node(id)?.messages.first?.eventID == "keyMissing")
        try await house.nodes.setKey(shelly, key)
        #expect(house.concentrator.node(id)?.messages.isEmpty == true)
        house.hear(message, from: shelly, at: 1)
        #expect(
            house.concentrator.node(id)?.field("Temperature")?.value == .number(Quantity(mantissa: 2506, decimals: 2)))
        let again = try House(BLENodesConfiguration(allowed: [shelly]), store: house.store)
        #expect(again.nodes.keySource(of: shelly) == .given)
        again.hear(message, from: shelly)
        #expect(again.concentrator.node(id)?.field("Humidity") != nil)
    }

    @Test func takingTheKeyAwayBelievesAResetSensorAgain() async throws {
        let house = try House(BLENodesConfiguration(allowed: [sensor]))
        house.hear("4002ca09")
        try await house.nodes.setKey(sensor, key)
        house.hear("4002cb09", at: 1)
        #expect(house.node?.messages.first?.eventID == "plaintextDespiteKey")
        try await house.nodes.setKey(sensor, nil)
        house.hear("4002cb09", at: 2)
        #expect(house.field("Temperature") == "25.07 °C")
        #expect(house.node?.state == NodeState.none)
        #expect(house.store.scan(prefix: "node/bind-key/").isEmpty)
    }

    @Test func aKeyOfTheWrongLengthOrForNobodyIsRefused() async throws {
        let house = try House(BLENodesConfiguration(allowed: [sensor]))
        await #expect(throws: NodeError(.notFound, "")) { try await house.nodes.setKey(sensor, key) }
        house.hear("4002ca09")
        await #expect(throws: NodeError(.invalidValue, "")) { try await house.nodes.setKey(sensor, [1, 2]) }
    }

    @Test func forgettingTakesTheKeyAlong() async throws {
        let house = try House(BLENodesConfiguration(allowed: [sensor]))
        house.hear("4002ca09")
        try await house.nodes.setKey(sensor, key)
        try await house.nodes.forget(BLENodes.id(sensor))
        #expect(house.store.scan(prefix: "node/").isEmpty)
        #expect(house.nodes.keySource(of: sensor) == .none)
    }
}

@Loop
@Suite struct CommandTests {
    @Test func commandsOfANodeGoThroughTheConcentrator() async throws {
        let house = try House(BLENodesConfiguration(admission: .knownFormats))
        house.hear("4002ca09")
        let id = BLENodes.id(sensor)
        #expect(house.concentrator.commands(of: id).map(\.id) == ["rename", "forget", "deny", "setKey"])
        #expect(
            try await house.concentrator.perform("rename", on: id, ["name": .text("Attic")])
                == "ble/A4C1388D18B2 is named Attic")
        await #expect(throws: NodeError(.unknownCommand, "")) { try await house.concentrator.perform("fly", on: id) }
        await #expect(throws: NodeError(.unknownParameter, "")) {
            try await house.concentrator.perform("forget", on: id, ["now": .boolean(true)])
        }
        await #expect(throws: NodeError(.invalidValue, "")) { try await house.concentrator.perform("rename", on: id) }
        try await house.concentrator.perform("forget", on: id)
        #expect(house.ids.isEmpty)
    }

    @Test func commandsOfTheBusTakeDefaults() async throws {
        let house = try House(BLENodesConfiguration())
        house.nodes.start(SilentRadio())
        defer { house.nodes.stop() }
        try await house.concentrator.perform("permitJoin", onBus: "ble", ["limit": .number(3)])
        #expect(house.nodes.joinWindow?.limit == 3)
        #expect(try await house.concentrator.perform("closeJoin", onBus: "ble") == "sensors may no longer join")
        try await house.concentrator.perform("deny", onBus: "ble", ["address": .text("a4:c1:38:8d:18:b2")])
        #expect(house.nodes.lists.denied == [sensor])
        await #expect(throws: NodeError(.invalidValue, "")) {
            try await house.concentrator.perform("allow", onBus: "ble", ["address": .text("kitchen")])
        }
        await #expect(throws: NodeError(.invalidValue, "")) {
            try await house.concentrator.perform("permitJoin", onBus: "ble", ["seconds": .number(255)])
        }
        await #expect(throws: NodeError(.notFound, "")) {
            try await house.concentrator.perform("permitJoin", onBus: "knx")
        }
    }
}
