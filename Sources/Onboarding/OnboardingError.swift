/// Why an onboarding step came to nothing; tests and scripts compare ``code``, people read ``reason``.
public struct OnboardingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No such device, entry, credential or role is known.
        case notFound
        /// Nobody answers at the device's address.
        case unreachable
        /// The device did not answer in time.
        case timeout
        /// The person at the device refused, or did not press the button in time.
        case notAllowed
        /// The PIN is not the one the device shows.
        case wrongPIN
        /// The device's certificate, or ours to it, is not trusted.
        case untrusted
        /// The device has another owner already.
        case ownedByAnother
        /// The device does not offer the method that was asked for.
        case methodNotOffered
        /// The device is not in the state that this needs.
        case wrongState
        /// The device refused the request: its answer was an error.
        case refused
        /// The device was left in the middle of something; the reason says how to go on.
        case interrupted
        /// A device that is to host a service does not say that it does.
        case serviceNotHosted
        /// What was given on the command line or in a file is not what was expected.
        case malformed
        /// There is one already.
        case exists
        /// A file of the tool could not be read or written.
        case storage
        /// The tool lacks what it needs: an authority, a profile, a part of its TLS library.
        case configuration
        /// The device does not keep to the protocol.
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
