/// What a driver knows of a node from the start.
public struct NodeDescription: Sendable, Hashable {
    /// Its name; see ``NodeID``.
    public let id: NodeID
    /// What people call it.
    public var displayName: String
    /// The node it belongs to; nil for a root.
    public var parent: NodeID?
    /// The name it has on the thing itself or in the plan of the house.
    public var localID: String?
    /// What can be set.
    public var parameters: [Parameter]
    /// What kind of thing it is, in the driver's words (`switch`, `thermometer`); doors map it to device types of theirs.
    public var deviceClass: String?

    /// A description; the node id is the display name unless told otherwise.
    public init(
        id: NodeID, displayName: String? = nil, parent: NodeID? = nil, localID: String? = nil,
        parameters: [Parameter] = [], deviceClass: String? = nil
    ) {
        self.id = id
        self.displayName = displayName ?? id.nodeID
        self.parent = parent
        self.localID = localID
        self.parameters = parameters
        self.deviceClass = deviceClass
    }
}

/// Everything about a node at one moment.
public struct NodeSnapshot: Sendable, Hashable {
    /// Its name, kind and parameters with their present values.
    public let description: NodeDescription
    /// The newest reading of each field, in the order they first came.
    public let fields: [Field]
    /// How it does.
    public let state: NodeState
    /// What it has to say, oldest first.
    public let messages: [NodeMessage]
    /// Whether it is heard from.
    public let available: Bool
    /// When it was last heard from.
    public let lastSeen: WallTime?
    /// Whether other nodes belong to it.
    public let hasChildren: Bool

    /// Its name.
    public var id: NodeID { description.id }

    /// The newest reading of a field.
    public func field(_ name: String) -> Field? { fields.first { $0.name == name } }

    /// A parameter.
    public func parameter(_ name: String) -> Parameter? { description.parameters.first { $0.name == name } }
}
