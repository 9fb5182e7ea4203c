import OneLoop

/// A node as the concentrator keeps it: one object and the arrays it needs.
@Loop
final class NodeRecord {
    var description: NodeDescription
    let driver: any NodeDriver
    /// Where it stands in the order in which nodes came.
    var sequence: UInt64
    let depth: Int
    var fields: [Field] = []
    var histories: [FieldHistory] = []
    var children: [NodeID] = []
    var messages: [NodeMessage] = []
    var lastSeen: WallTime?
    var state = NodeState.none
    var isAvailable = true

    init(_ description: NodeDescription, driver: any NodeDriver, sequence: UInt64, depth: Int) {
        self.description = description
        self.driver = driver
        self.sequence = sequence
        self.depth = depth
    }

    var snapshot: NodeSnapshot {
        NodeSnapshot(
            description: description, fields: fields, state: state, messages: messages, available: isAvailable,
            lastSeen: lastSeen, hasChildren: !children.isEmpty)
    }

    var status: NodeStatus { NodeStatus(state: state, messages: messages, isAvailable: isAvailable) }

    /// The fields, and each parameter with a known value as a status field, unless a field has its name: XEP-0325 lets
    /// a parameter's state be read as the field of its name.
    var readable: [Field] {
        fields
            + description.parameters.compactMap { parameter in
                guard let value = parameter.value, let timestamp = parameter.timestamp,
                    !fields.contains(where: { $0.name == parameter.name })
                else { return nil }
                var unit: String?
                if case .number(_, _, _, let unitOfKind) = parameter.kind { unit = unitOfKind }
                return Field(name: parameter.name, value: value, unit: unit, flags: .status, timestamp: timestamp)
            }
    }
}
