/// A collection of nodes that belong together (XEP-0326).
public struct DataSource: Sendable, Hashable {
    /// Its id, the first part of its nodes' names.
    public let id: String
    /// What people call it.
    public let name: String
    /// The source it is part of; nil for a root.
    public let parent: String?

    /// A data source.
    public init(id: String, name: String, parent: String? = nil) {
        self.id = id
        self.name = name
        self.parent = parent
    }

    /// The source that must exist (XEP-0326): meters, sensors, actuators.
    public static let meteringTopology = DataSource(id: NodeID.meteringTopology, name: "Metering topology")
}
