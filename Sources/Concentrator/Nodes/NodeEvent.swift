/// What has changed, after it has.
public enum NodeEvent: Sendable {
    /// A node came.
    case added(NodeSnapshot)
    /// These fields changed; one that was only measured again with the same outcome is not among them.
    case updated(NodeID, [Field])
    /// A parameter took another value.
    case parameter(NodeID, name: String, value: FieldValue)
    /// State, messages or availability changed.
    case status(NodeID, NodeStatus)
    /// A node has another name for people.
    case renamed(NodeID, String)
    /// A node changed places with the one before it or after it.
    case moved(NodeID, up: Bool)
    /// A node went, its children before it.
    case removed(NodeID)
}

/// A subscription, to end it by.
public struct SubscriptionID: Hashable, Sendable {
    let number: UInt64
}
