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

    /// What can be done to a node besides setting its parameters; nothing unless the driver says so.
    func commands(of node: NodeID) -> [NodeCommand]

    /// Does one of its commands; the values have been checked, and there is one for each parameter.
    ///
    /// - Returns: a sentence for people.
    func perform(_ command: String, on node: NodeID, _ values: CommandValues) async throws(NodeError) -> String
}

extension NodeDriver {
    /// Most things report by themselves.
    public func fetches(_ node: NodeID) -> Bool { false }

    /// Nothing to fetch.
    public func refresh(_ node: NodeID) async throws(NodeError) {}

    /// None.
    public func commands(of node: NodeID) -> [NodeCommand] { [] }

    /// Refuses: there are none.
    public func perform(_ command: String, on node: NodeID, _ values: CommandValues) async throws(NodeError) -> String {
        throw NodeError(.unknownCommand, "\(node) has no command \"\(command)\"")
    }
}
