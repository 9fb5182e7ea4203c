/// A token: kept and sent, and in no log, description or dump.
public struct Secret: Sendable, Hashable {
    /// The token itself.
    public let value: String

    /// A token.
    public init(_ value: String) {
        self.value = value
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What is shown instead.
    public var description: String { "(secret)" }
    /// What is shown instead.
    public var debugDescription: String { description }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
