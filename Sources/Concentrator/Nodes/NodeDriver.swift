import OneLoop

/// What stands between nodes and their things.
@Loop
public protocol NodeDriver: AnyObject, Sendable {
    /// Sets parameters of a node, in this order.
    ///
    /// Kinds and ranges have been checked. The driver tells the value that took effect through
    /// ``Concentrator/update(_:parameter:value:at:)``.
    func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError)

    /// Whether readings of this node come only when they are fetched, by ``refresh(_:)``.
    func fetches(_ node: NodeID) -> Bool

    /// Fetches readings of a node from its thing, which may take seconds, and tells them through
    /// ``Concentrator/update(_:fields:)``.
    func refresh(_ node: NodeID) async throws(NodeError)
}

extension NodeDriver {
    /// Most things report by themselves.
    public func fetches(_ node: NodeID) -> Bool { false }

    /// Nothing to fetch.
    public func refresh(_ node: NodeID) async throws(NodeError) {}
}
