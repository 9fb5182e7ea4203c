/// A value to set (XEP-0325 `set`).
public struct NodeWrite: Sendable, Hashable {
    /// The node.
    public let node: NodeID
    /// The parameter.
    public let parameter: String
    /// The value.
    public let value: FieldValue

    /// A write.
    public init(node: NodeID, parameter: String, value: FieldValue) {
        self.node = node
        self.parameter = parameter
        self.value = value
    }
}

/// Why writes were not done.
public struct WriteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One write's objection.
    public struct Failure: Sendable, Hashable {
        /// The write.
        public let write: NodeWrite
        /// Why not.
        public let error: NodeError
    }

    /// How far it went.
    public enum Code: Sendable, Hashable {
        /// A check failed: nothing was done.
        case refused
        /// A thing did not do its part: of `total` nodes, `done` had done theirs before.
        case interrupted(done: Int, total: Int)
    }

    /// How far it went.
    public let code: Code
    /// Every write that failed its check, or those of the node whose thing failed; never empty.
    public let failures: [Failure]

    /// A sentence for people.
    public var description: String {
        let first = failures.first.map { "\($0.write.node) \($0.write.parameter): \($0.error.reason)" } ?? ""
        let more = failures.count > 1 ? " (and \(failures.count - 1) more)" : ""
        return switch code {
        case .refused: "nothing was set: \(first)\(more)"
        case .interrupted(let done, let total): "\(done) of \(total) nodes were set, then \(first)\(more)"
        }
    }
}
