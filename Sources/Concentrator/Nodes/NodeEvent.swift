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
    /// A node went, its children before it.
    case removed(NodeID)
}

/// A subscription, to end it by.
public struct SubscriptionID: Hashable, Sendable {
    let number: UInt64
}
