import CBOR
import CoAPMessages

/// Why a request for a resource is not done: the response code and a reason for people.
public struct ResourceError: Error, Sendable, CustomStringConvertible {
    /// The response code, 4.xx or 5.xx.
    public let code: Code
    /// What was found and what was expected; sent as the diagnostic payload (RFC 7252 §5.5.2).
    public let reason: String
    /// The resource's state, for the errors whose definitions promise it (4.03 on an actuator out of range).
    public var representation: CBOR.Value?

    /// An error.
    public init(_ code: Code, _ reason: String, representation: CBOR.Value? = nil) {
        self.code = code
        self.reason = reason
        self.representation = representation
    }

    /// A sentence for people.
    public var description: String {
        "\(code) \(reason)"
    }
}

extension ResourceError: Equatable {
    /// Errors are equal when their codes are.
    public static func == (left: ResourceError, right: ResourceError) -> Bool {
        left.code == right.code
    }
}
