/// Which readings are wanted (XEP-0323 `req`).
public struct ReadRequest: Sendable, Hashable {
    /// These nodes; nil for all.
    public var nodes: [NodeID]?
    /// Whether reading a node reads those below it too.
    public var includesDescendants: Bool
    /// Fields of these names; nil for all.
    public var fields: [String]?
    /// Fields of any of these kinds.
    public var flags: FieldFlags
    /// Measured no earlier.
    public var from: WallTime?
    /// Measured no later.
    public var to: WallTime?

    /// A request; everything unless told otherwise.
    public init(
        nodes: [NodeID]? = nil, includesDescendants: Bool = false, fields: [String]? = nil, flags: FieldFlags = .all,
        from: WallTime? = nil, to: WallTime? = nil
    ) {
        self.nodes = nodes
        self.includesDescendants = includesDescendants
        self.fields = fields
        self.flags = flags
        self.from = from
        self.to = to
    }

    func wants(_ field: Field) -> Bool {
        guard !field.flags.isDisjoint(with: flags) else { return false }
        if let fields, !fields.contains(field.name) { return false }
        if let from, field.timestamp < from { return false }
        if let to, to < field.timestamp { return false }
        return true
    }
}

/// What one node answers to a ``ReadRequest``.
public struct NodeReading: Sendable, Hashable {
    /// The node.
    public let node: NodeID
    /// The readings asked for.
    public let fields: [Field]
    /// Why some or all are missing.
    public let failure: NodeError?
}
