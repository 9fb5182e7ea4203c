/// Why the cloud refused something; tests compare ``code``, people read ``reason``.
public struct CloudError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of refusal.
    public enum Code: String, Sendable, Hashable {
        /// The request cannot be understood: not CBOR, a property missing, of a wrong type or out of bounds.
        case malformed
        /// The token is unknown, used up, expired, or belongs to another device or user.
        case unauthorized
        /// The requester is known and may not do this.
        case forbidden
        /// There is no such user, device or resource (or it is another user's, which is the same to the requester).
        case notFound
        /// There is one already.
        case exists
        /// A limit is reached.
        case limit
        /// The device is registered but not connected.
        case away
        /// The device did not answer in time, or its connection broke before it did.
        case timeout
        /// The cloud itself failed: database, file, certificate.
        case storage
        /// A setting is wrong.
        case configuration
        /// The connection to the cloud could not be made or broke.
        case connection
        /// The peer answered with an error code or not as the standard says.
        case peer
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
}

extension CloudError.Code {
    /// What a command ends with that failed so: a code of `sysexits.h`.
    public var exitStatus: Int32 {
        switch self {
        case .malformed: 65
        case .notFound: 66
        case .away, .connection: 69
        case .exists: 73
        case .storage: 74
        case .limit, .timeout: 75
        case .peer: 76
        case .unauthorized, .forbidden: 77
        case .configuration: 78
        }
    }
}
