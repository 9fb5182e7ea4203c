import Advertising
import Concentrator
import OneLoop

/// What can be done to a sensor and to the bus, as the doors offer it; the command line calls the same methods.
extension BLENodes {
    nonisolated static let busCommands: [NodeCommand] = [
        NodeCommand(
            id: "permitJoin", title: "Let sensors join",
            parameters: [
                Parameter(
                    name: "seconds", title: "For how long",
                    kind: .number(
                        minimum: 1, maximum: Quantity(JoinWindow.longest.components.seconds), decimals: 0, unit: "s"),
                    value: .number(Quantity(JoinWindow.usual.components.seconds))),
                Parameter(
                    name: "limit", title: "How many",
                    kind: .number(minimum: 1, maximum: Quantity(JoinWindow.largestLimit), decimals: 0, unit: nil),
                    value: .number(Quantity(JoinWindow.usualLimit))),
            ]),
        NodeCommand(id: "closeJoin", title: "Let no more sensors join"),
        NodeCommand(id: "allow", title: "Allow an address", parameters: [addressParameter]),
        NodeCommand(
            id: "deny", title: "Deny an address", confirmation: "Remove the sensor, if it is one, and keep it out?",
            parameters: [addressParameter]),
        NodeCommand(id: "unlist", title: "Neither allow nor deny an address", parameters: [addressParameter]),
    ]

    private nonisolated static let addressParameter = Parameter(
        name: "address", title: "Address, such as A4:C1:38:8D:18:B2", kind: .text(maximumLength: 17))

    nonisolated static let nodeCommands: [NodeCommand] = [
        NodeCommand(
            id: "rename", title: "Rename",
            parameters: [
                Parameter(
                    name: "name", title: "Name; empty for its own", kind: .text(maximumLength: DeviceRecord.longestName)
                )
            ]),
        NodeCommand(id: "forget", title: "Forget", confirmation: "Remove the sensor and what is remembered of it?"),
        NodeCommand(id: "deny", title: "Deny", confirmation: "Remove the sensor and keep it out?"),
        NodeCommand(
            id: "setKey", title: "Give its key",
            parameters: [
                Parameter(name: "key", title: "32 hex digits, or 24; empty for none", kind: .text(maximumLength: 32))
            ]
        ),
    ]

    /// Makes the bus's commands known to the concentrator.
    func registerCommands() {
        concentrator.register(
            BusCommands(cacheType: BLENodes.cacheType, commands: BLENodes.busCommands) {
                [weak self] command, values throws(NodeError) in
                guard let self else { throw NodeError(.refused, "the gateway is stopping") }
                return try await self.perform(command, values)
            })
    }

    private func perform(_ command: String, _ values: CommandValues) async throws(NodeError) -> String {
        switch command {
        case "permitJoin":
            let seconds = values["seconds"]?.number?.integerValue ?? 0
            let limit = Int(clamping: values["limit"]?.number?.integerValue ?? 0)
            try permitJoin(for: .seconds(seconds), limit: limit, by: .command)
            return "sensors may join for \(seconds) s, \(limit) at most"
        case "closeJoin":
            return closeJoin() ? "sensors may no longer join" : "no window was open"
        case "allow":
            let address = try address(values)
            try await allow(address)
            return "\(address) is allowed"
        case "deny":
            let address = try address(values)
            try await deny(address)
            return "\(address) is denied"
        case "unlist":
            let address = try address(values)
            return try await unlist(address) ? "\(address) is in no list" : "\(address) was in no list"
        default: throw NodeError(.unknownCommand, "the bus has no command \"\(command)\"")
        }
    }

    private func address(_ values: CommandValues) throws(NodeError) -> BluetoothAddress {
        let text = values["address"]?.text ?? ""
        guard let address = BluetoothAddress(text) else {
            throw NodeError(.invalidValue, "found \"\(text)\", expected an address such as A4:C1:38:8D:18:B2")
        }
        return address
    }

    /// See ``NodeDriver/commands(of:)``.
    public func commands(of node: NodeID) -> [NodeCommand] { BLENodes.nodeCommands }

    /// See ``NodeDriver/perform(_:on:_:)``.
    public func perform(_ command: String, on node: NodeID, _ values: CommandValues) async throws(NodeError) -> String {
        guard let address = BluetoothAddress(node.nodeID), devices[address] != nil else {
            throw NodeError(.notFound, "there is no node \(node)")
        }
        switch command {
        case "rename":
            try rename(node, values["name"]?.text ?? "")
            return "\(node) is named \(concentrator.node(node)?.description.displayName ?? "")"
        case "forget":
            try await forget(node)
            return "\(node) is forgotten"
        case "deny":
            try await deny(address)
            return "\(node) is denied"
        case "setKey":
            let text = values["key"]?.text ?? ""
            guard let key = Hex.bytes(text) else {
                throw NodeError(.invalidValue, "the key is not of hex digits")
            }
            try await setKey(address, key.isEmpty ? nil : key)
            return key.isEmpty ? "\(node) has no key of its own now" : "\(node) has its key"
        default: throw NodeError(.unknownCommand, "\(node) has no command \"\(command)\"")
        }
    }
}
