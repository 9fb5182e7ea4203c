import OneLoop

/// What stands between nodes and their things.
@Loop
public protocol NodeDriver: AnyObject, Sendable {
    /// Sets parameters of a node, in this order.
    ///
    /// Kinds and ranges have been checked. The driver tells the value that took effect through
    /// ``Concentrator/update(_:parameter:value:at:)``.
    func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError)
}
