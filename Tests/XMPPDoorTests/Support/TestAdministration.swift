import Concentrator
import OneLoop
import XMPPDoor

/// Somebody who looks after the test's nodes.
@Loop
final class TestAdministration: NodeAdministration {
    private let concentrator: Concentrator
    let driver = TestDriver()
    var done: [String] = []
    /// Ends the query that does not end by itself.
    var isOver = false

    nonisolated init(_ concentrator: Concentrator) {
        self.concentrator = concentrator
    }

    var infrastructure: [InfrastructureNode] {
        [
            InfrastructureNode(id: bus, title: "GPIO", type: "Bus", adopts: "gpio"),
            InfrastructureNode(id: gateway, title: "The gateway", type: "Gateway"),
        ]
    }

    func fields(of infrastructure: NodeID) -> [Field] {
        [Field(name: "Nodes", value: .number(Quantity(concentrator.count)), flags: .status)]
    }

    func settings(of node: NodeID) -> [NodeSetting] {
        guard let snapshot = concentrator.node(node) else { return [] }
        return [
            NodeSetting(
                "name", title: "Name", kind: .text(maximumLength: 16), value: .text(snapshot.description.displayName)),
            NodeSetting(
                "poll", title: "Poll interval", page: "Radio",
                kind: .number(minimum: 1, maximum: 3_600, decimals: 0, unit: "s"), value: .number(60)),
            NodeSetting("key", title: "Bind key", page: "Radio", kind: .text(maximumLength: 32), isSecret: true),
            NodeSetting(
                "address", title: "Address", kind: .text(maximumLength: 32), value: .text(node.nodeID), isReadOnly: true
            ),
        ] + told
    }

    /// Values of the types that the others are not of.
    private var told: [NodeSetting] {
        let values: [(String, FieldValue)] = [
            ("made", .timestamp(WallTime(millisecondsSince1970: 1_795_248_000_000))),
            ("serial", .number(5_000_000_000)),
            ("gain", .number(Quantity(mantissa: 15, decimals: 1))),
        ]
        return values.map {
            NodeSetting($0.0, title: $0.0, kind: .text(maximumLength: 32), value: $0.1, isReadOnly: true)
        }
    }

    func change(_ node: NodeID, _ values: [SettingValue]) async throws(AdministrationError) {
        for value in values {
            done.append("\(node) \(value.id)=\(value.value)")
            if value.id == "name" { concentrator.setDisplayName(node, "\(value.value)") }
        }
    }

    func types(below node: NodeID) -> [NodeType] { node == bus ? [NodeType("GPIO.Line", title: "GPIO line")] : [] }

    func settings(forNew type: String, below node: NodeID) -> [NodeSetting]? {
        guard node == bus, type == "GPIO.Line" else { return nil }
        return [
            NodeSetting("name", title: "Name", kind: .text(maximumLength: 32), isRequired: true),
            NodeSetting("line", title: "Line", kind: .text(maximumLength: 32), isRequired: true),
        ]
    }

    func create(_ type: String, below node: NodeID, _ values: [SettingValue]) async throws(AdministrationError)
        -> NodeID
    {
        let name = values.first { $0.id == "name" }?.value.text ?? ""
        let id = NodeID(cacheType: "gpio", nodeID: name)
        do {
            try concentrator.add(NodeDescription(id: id), driver: driver)
        } catch {
            throw AdministrationError([.init("name", error.reason)])
        }
        return id
    }

    func destroy(_ node: NodeID) async throws(AdministrationError) {
        guard node != bus, node != gateway else { throw AdministrationError(.unsupported, "it is part of the house") }
        concentrator.remove(node)
    }

    func commands(of node: NodeID) -> [AdministrativeCommand] {
        if node == gateway {
            return [
                AdministrativeCommand(
                    "reboot", title: "Reboot", confirmation: "Reboot the gateway?", failure: "It stays.",
                    success: "It goes."),
                AdministrativeCommand("strangers", title: "Strangers", kind: .query),
                AdministrativeCommand("broken", title: "Broken", kind: .query),
                AdministrativeCommand("endless", title: "Endless", kind: .query),
            ]
        }
        return [
            AdministrativeCommand("identify", title: "Blink"),
            AdministrativeCommand(
                "wait", title: "Wait", kind: .parameterized,
                settings: [
                    NodeSetting(
                        "seconds", title: "Seconds", kind: .number(minimum: 1, maximum: 9, decimals: 0, unit: "s"),
                        isRequired: true)
                ]),
        ]
    }

    func run(_ command: String, on node: NodeID, _ values: [SettingValue]) async throws(AdministrationError) {
        if node == sensor && command == "identify" { throw AdministrationError(.failed, "it has no lamp") }
        done.append("\(node) \(command) \(values.map { "\($0.id)=\($0.value)" }.joined())")
    }

    func query(
        _ command: String, on node: NodeID, _ values: [SettingValue]
    ) async throws(AdministrationError) -> QueryTable {
        switch command {
        case "broken": throw AdministrationError(.failed, "nobody knows")
        case "endless": while !isOver { try? await Task.sleep(for: .milliseconds(5)) }
        default: break
        }
        return QueryTable(
            title: "Strangers", columns: ["Address", "Signal", "Known", "Seen"],
            rows: (0..<120).map {
                [.text("A\($0)"), .number(Quantity(-$0)), $0 % 2 == 0 ? .boolean(true) : nil, .timestamp(.now())]
            })
    }
}
