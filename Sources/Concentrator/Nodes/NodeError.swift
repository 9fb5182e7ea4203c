/// Why a node cannot be named, added, read or written.
public struct NodeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of error.
    public enum Code: Sendable, Hashable {
        /// No node of this name.
        case notFound
        /// Several nodes have this id.
        case ambiguous
        /// The name has parts or characters it may not.
        case invalidName
        /// The name is taken.
        case exists
        /// The data source is not registered.
        case unknownSource
        /// The parent is no node, or too deep in the tree.
        case badParent
        /// A table is full.
        case full
        /// The node has no such field.
        case unknownField
        /// The node has no such parameter.
        case unknownParameter
        /// The node has no such command.
        case unknownCommand
        /// The value is of the wrong kind or out of range.
        case invalidValue
        /// Possible, but not now or not so.
        case refused
        /// The thing did not do it.
        case driverFailed
    }

    /// What kind of error.
    public let code: Code
    /// A sentence for people: what was found, what was expected.
    public let reason: String

    /// An error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Errors are equal when their codes are.
    public static func == (left: NodeError, right: NodeError) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// The sentence.
    public var description: String { reason }
}
