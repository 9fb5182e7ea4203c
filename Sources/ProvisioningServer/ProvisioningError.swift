/// Why something was not done; tests compare ``code``, people read ``reason``.
public struct ProvisioningError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds.
    public enum Code: String, Sendable, Hashable {
        /// What was given cannot be used.
        case malformed
        /// There is no such thing.
        case notFound
        /// There is one already.
        case exists
        /// A limit is reached.
        case limit
        /// Database or file failed.
        case storage
        /// A setting is wrong.
        case configuration
    }

    /// The kind.
    public let code: Code
    /// What was found, what was expected, what to do. Holds no secret.
    public let reason: String

    /// An error of this kind.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }

    /// Errors are equal when their codes are.
    public static func == (left: ProvisioningError, right: ProvisioningError) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

extension ProvisioningError.Code {
    /// What a command ends with that failed so: a code of `sysexits.h`.
    public var exitStatus: Int32 {
        switch self {
        case .malformed: 65
        case .notFound: 66
        case .exists: 73
        case .storage: 74
        case .limit: 75
        case .configuration: 78
        }
    }
}
