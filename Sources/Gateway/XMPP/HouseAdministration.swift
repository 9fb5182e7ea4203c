import Advertising
import BLENodes
import Concentrator
import FlashStore
import GPIONodes
import OneLoop

/// The house as one who may administer sees it from outside: its buses, its own node, and what can be done with each.
///
/// Does nothing of its own: it calls what the command line calls.
@Loop
final class HouseAdministration: NodeAdministration {
    /// The gateway itself, in a data source of its own.
    nonisolated static let gateway = NodeID(sourceID: "Gateway", cacheType: "", nodeID: "gateway")
    nonisolated static let gpioBus = NodeID(cacheType: "bus", nodeID: "gpio")
    nonisolated static let bleBus = NodeID(cacheType: "bus", nodeID: "ble")
    private nonisolated static let lineType = "GPIO.Line"
    private nonisolated static let sensorType = "BLE.Sensor"

    private unowned let house: House

    init(_ house: House) {
        self.house = house
    }

    let infrastructure = [
        InfrastructureNode(id: HouseAdministration.gpioBus, title: "GPIO lines", type: "Bus", adopts: "gpio"),
        InfrastructureNode(id: HouseAdministration.bleBus, title: "Bluetooth sensors", type: "Bus", adopts: "ble"),
        InfrastructureNode(id: HouseAdministration.gateway, title: "The gateway", type: "Gateway"),
    ]

    func fields(of infrastructure: NodeID) -> [Field] {
        func count(_ name: String, _ number: Int) -> Field {
            Field(name: name, value: .number(Quantity(number)), flags: .status)
        }
        switch infrastructure {
        case Self.gateway:
            let uptime = (ContinuousClock.now - house.started).components.seconds
            return [
                Field(name: "Name", value: .text(house.device.name), flags: .identity),
                Field(name: "Manufacturer", value: .text(house.configuration.ocf.manufacturer), flags: .identity),
                Field(name: "Software Version", value: .text(gatehouseVersion), flags: .identity),
                Field(name: "Serial Number", value: .text("\(house.device.identity.deviceID)"), flags: .identity),
                Field(name: "Uptime", value: .number(Quantity(uptime)), unit: "s", flags: .status),
                count("Nodes", house.concentrator.count), count("Degraded Parts", house.degraded.count),
            ]
        default:
            let type = infrastructure == Self.gpioBus ? "gpio" : "ble"
            return [count("Nodes", house.concentrator.ids.count { $0.cacheType == type })]
        }
    }

    // MARK: Settings

    func settings(of node: NodeID) -> [NodeSetting] {
        switch node.cacheType {
        case "ble": sensorSettings(node)
        case "gpio": house.lines.configuration(of: node).map(LineForm.settings(of:)) ?? []
        default: []
        }
    }

    private func sensorSettings(_ node: NodeID) -> [NodeSetting] {
        guard let snapshot = house.concentrator.node(node) else { return [] }
        let key = BluetoothAddress(node.nodeID).map { house.ble.keySource(of: $0) } ?? .none
        let bounds = BLENodes.readIntervals
        let interval = house.ble.readInterval(of: node).map { interval in
            NodeSetting(
                "readInterval", title: "Read every", explanation: "How often what does not come by itself is read.",
                kind: .number(
                    minimum: Quantity(bounds.lowerBound), maximum: Quantity(bounds.upperBound), decimals: 0, unit: "s"),
                value: .number(Quantity(interval.seconds)), isReadOnly: interval.isConfigured)
        }
        return [
            NodeSetting(
                "name", title: "Name", explanation: "Empty for the sensor's own.", kind: .text(maximumLength: 64),
                value: .text(snapshot.description.displayName)),
            NodeSetting(
                "key", title: "Bind key", explanation: "32 hex digits; what is not filled in stays as it is.",
                kind: .text(maximumLength: 32), isSecret: true),
            NodeSetting(
                "keySource", title: "Key", kind: .text(maximumLength: 16), value: .text(key.rawValue), isReadOnly: true),
            NodeSetting(
                "address", title: "Address", kind: .text(maximumLength: 17), value: .text(node.nodeID), isReadOnly: true
            ),
        ] + (interval.map { [$0] } ?? [])
    }

    func change(_ node: NodeID, _ values: [SettingValue]) async throws(AdministrationError) {
        if node.cacheType == "gpio" {
            guard let old = house.lines.configuration(of: node) else { throw Self.missing(node) }
            return try await house.lines.change(node, try LineForm.line(values, from: old))
        }
        guard node.cacheType == "ble", house.concentrator.node(node) != nil else { throw Self.missing(node) }
        // The key first: it is the one that can be wrong.
        for value in values where value.id == "key" {
            guard value.value.text.flatMap({ Hex.bytes($0) })?.count == 16 else {
                throw AdministrationError([.init("key", "32 hex digits were expected")])
            }
            try await perform("setKey", on: node, ["key": value.value])
        }
        for value in values where value.id == "readInterval" {
            do throws(NodeError) {
                let seconds = value.value.number.map { Int(clamping: $0.integerValue) } ?? 0
                try await house.ble.setReadInterval(of: node, seconds: seconds)
            } catch {
                throw Self.failure(error)
            }
        }
        for value in values where value.id == "name" { try await perform("rename", on: node, ["name": value.value]) }
    }

    // MARK: Nodes made and destroyed

    func types(below node: NodeID) -> [NodeType] {
        switch node {
        case Self.gpioBus: [NodeType(Self.lineType, title: "GPIO line")]
        case Self.bleBus: [NodeType(Self.sensorType, title: "Bluetooth sensor")]
        default: []
        }
    }

    func settings(forNew type: String, below node: NodeID) -> [NodeSetting]? {
        guard types(below: node).contains(where: { $0.id == type }) else { return nil }
        if type == Self.lineType { return LineForm.settingsOfNew }
        return [
            NodeSetting(
                "address", title: "Address",
                explanation: "Such as A4:C1:38:8D:18:B2. The node is there once it is heard.",
                kind: .text(maximumLength: 17), isRequired: true),
            NodeSetting(
                "key", title: "Bind key", explanation: "32 hex digits, where the sensor encrypts.",
                kind: .text(maximumLength: 32), isSecret: true),
        ]
    }

    func create(
        _ type: String, below node: NodeID, _ values: [SettingValue]
    ) async throws(AdministrationError) -> NodeID {
        if type == Self.lineType { return try await house.lines.create(try LineForm.line(values, from: nil)) }
        func text(_ id: String) -> String { values.first { $0.id == id }?.value.text ?? "" }
        guard let address = BluetoothAddress(text("address")) else {
            throw AdministrationError([.init("address", "an address such as A4:C1:38:8D:18:B2 was expected")])
        }
        let key = Hex.bytes(text("key")) ?? [0]
        guard key.isEmpty || key.count == 16 else {
            throw AdministrationError([.init("key", "32 hex digits were expected")])
        }
        do throws(NodeError) {
            try await house.ble.allow(address)
            if !key.isEmpty { try await house.ble.setKey(address, key) }
        } catch {
            throw Self.failure(error)
        }
        return NodeID(cacheType: "ble", nodeID: address.hex)
    }

    func destroy(_ node: NodeID) async throws(AdministrationError) {
        switch node.cacheType {
        case "ble": try await perform("forget", on: node, [:])
        case "gpio": try await house.lines.destroy(node)
        default: throw AdministrationError(.unsupported, "\(node) is part of the house")
        }
    }

    // MARK: Commands

    func commands(of node: NodeID) -> [AdministrativeCommand] {
        switch node {
        case Self.gateway:
            return [
                AdministrativeCommand("identify", title: "Blink", success: "The lamp blinks."),
                AdministrativeCommand(
                    "reboot", title: "Start the gateway anew",
                    confirmation: "Start the gateway anew? It is away for some seconds."),
                AdministrativeCommand(
                    "factoryReset", title: "Factory reset", kind: .parameterized,
                    settings: [
                        NodeSetting(
                            "confirm", title: "Write the gateway's name to confirm",
                            kind: .text(maximumLength: 64), isRequired: true)
                    ],
                    confirmation: "Forget every owner, key and sensor? There is no way back."),
            ]
        case Self.bleBus:
            return house.concentrator.busCommands.first { $0.cacheType == "ble" }?.commands.map(Self.offered) ?? []
        default:
            return house.concentrator.commands(of: node).map(Self.offered)
        }
    }

    private static func offered(_ command: NodeCommand) -> AdministrativeCommand {
        AdministrativeCommand(
            command.id, title: command.title, kind: command.parameters.isEmpty ? .simple : .parameterized,
            settings: command.parameters.map {
                NodeSetting($0.name, title: $0.title, page: command.title, kind: $0.kind, value: $0.value)
            }, confirmation: command.confirmation)
    }

    func run(_ command: String, on node: NodeID, _ values: [SettingValue]) async throws(AdministrationError) {
        let given = Dictionary(values.map { ($0.id, $0.value) }) { _, last in last }
        switch node {
        case Self.gateway: try runOwn(command, given)
        case Self.bleBus:
            do throws(NodeError) {
                _ = try await house.concentrator.perform(command, onBus: "ble", given)
            } catch {
                throw Self.failure(error)
            }
        default: try await perform(command, on: node, given)
        }
    }

    private func runOwn(_ command: String, _ values: CommandValues) throws(AdministrationError) {
        let house = house
        switch command {
        case "identify": house.pairing.show(.identify)
        // After the answer is on its way.
        case "reboot": Loop.after(.milliseconds(200)) { house.finish(.restart) }
        case "factoryReset":
            guard values["confirm"]?.text == house.device.name else {
                throw AdministrationError([.init("confirm", "\"\(house.device.name)\" was expected")])
            }
            Loop.after(.milliseconds(200)) { Task { await house.pairing.factoryReset(by: .remote) } }
        default: throw AdministrationError(.notFound, "the gateway has no command \"\(command)\"")
        }
    }

    func query(
        _ command: String, on node: NodeID, _ values: [SettingValue]
    ) async throws(AdministrationError) -> QueryTable {
        throw AdministrationError(.notFound, "\(node) has no query \"\(command)\"")
    }

    private func perform(
        _ command: String, on node: NodeID, _ values: CommandValues
    ) async throws(AdministrationError) {
        do throws(NodeError) {
            try await house.concentrator.perform(command, on: node, values)
        } catch {
            throw Self.failure(error)
        }
    }

    private static func missing(_ node: NodeID) -> AdministrationError {
        AdministrationError(.notFound, "there is no node \(node)")
    }

    static func failure(_ error: NodeError) -> AdministrationError {
        switch error.code {
        case .notFound, .unknownCommand: AdministrationError(.notFound, error.reason)
        case .invalidValue, .unknownParameter, .invalidName, .exists: AdministrationError(.form, error.reason)
        case .refused, .full: AdministrationError(.locked, error.reason)
        default: AdministrationError(.failed, error.reason)
        }
    }
}
