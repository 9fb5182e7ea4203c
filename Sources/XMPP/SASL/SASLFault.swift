/// Why an authentication did not come about.
public struct SASLFault: Error, Sendable, Hashable {
    /// The kinds of fault.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The server refuses the credentials (RFC 6120 6.5: `not-authorized`, `account-disabled`, `credentials-expired` …).
        case refused
        /// The server offers no mechanism that is allowed here.
        case noMechanism
        /// The server's messages are not what the mechanism says.
        case malformed
        /// The server asks for fewer rounds than is safe, or for more than is sensible.
        case iterations
        /// The server's nonce is not ours with its own added.
        case nonce
        /// The server does not know the password: its signature is wrong or missing.
        case serverSignature
        /// The connection cannot be bound to the authentication although that is required.
        case channelBinding
        /// The name or password has characters that may not be in one (RFC 4013 2.3).
        case credentials
        /// The server is in trouble for now (RFC 6120 6.5.12).
        case temporary
    }

    /// The kind.
    public let code: Code
    /// A sentence for people; never with a secret.
    public let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Faults are equal when their codes are.
    public static func == (left: SASLFault, right: SASLFault) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
