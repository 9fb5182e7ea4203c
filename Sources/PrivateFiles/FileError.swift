/// Why a file of ours was not read or written.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path and the system's reason. Holds nothing of the file's content.
    public let reason: String

    /// An error of this reason.
    public init(_ reason: String) {
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }
}
