/// What went wrong with trust or its ceremony.
public struct PairingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of mistake; what programs compare.
    public enum Code: Sendable, Hashable {
        /// A time or limit is out of range.
        case invalidConfiguration
        /// The store did not take the change.
        case store
        /// There is no such record.
        case notFound
        /// As many records as fit are there.
        case full
        /// The reset was begun and could not be finished; it is tried again at the next start.
        case resetUnfinished
        /// A reset is going on already.
        case resetting
        /// The LED cannot be had.
        case indicator
    }

    /// The kind of mistake.
    public let code: Code
    /// What was found, what was expected, and what to do.
    public let reason: String

    /// An error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    static func invalid(_ reason: String) -> PairingError {
        PairingError(.invalidConfiguration, reason)
    }

    /// The reason.
    public var description: String { reason }
}
