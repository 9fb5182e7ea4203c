/// Why a connection, a request or an observation came to nothing.
///
/// A response that says 4.04 or 5.03 is no error here: it is an answer.
public struct CoAPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened, for programs.
    public enum Code: Sendable, Hashable, CaseIterable {
        /// No connection came about: refused, unreachable, unknown name.
        case connectFailed
        /// TLS was not established; ``CoAPError/cause`` is its error.
        case secureConnectionFailed
        /// The peer took too long over its handshake.
        case handshakeTimeout
        /// The peer, or the network, ended the connection.
        case connectionClosed
        /// No socket came about: the port is taken, or the address is not ours.
        case bindFailed
        /// The network, or the peer's host, says that nobody takes datagrams there.
        case unreachable
        /// The peer rejected the message with a Reset (RFC 7252 §4.2).
        case rejected
        /// As many peers are busy as ``DatagramLimits/peers`` allows.
        case tooManyPeers
        /// This side closed the connection.
        case closedLocally
        /// The peer has sent Release and takes no new requests (RFC 8323 §5.5).
        case released
        /// The peer sent Abort (RFC 8323 §5.6).
        case abortedByPeer
        /// The peer sent what is no message, and was sent Abort.
        case malformedMessage
        /// The peer does not read what it is sent.
        case peerNotReading
        /// The peer does not answer Ping.
        case peerSilent
        /// No response came in time.
        case timeout
        /// As many requests are open as ``Limits/openRequests`` allows.
        case tooManyRequests
        /// The message does not fit what the peer takes, in blocks neither.
        case messageTooLarge
        /// The response's body is larger than ``Limits/bodySize``.
        case bodyTooLarge
        /// The peer broke the rules of block-wise transfer, or the body changed while it was fetched.
        case blockwiseFailed
        /// The response carries a critical option that is not understood (RFC 7252 §5.4.1).
        case badResponse
    }

    /// What happened, for programs.
    public let code: Code

    /// What was found, for people.
    public let reason: String

    /// What the layer below said, such as a `TLSError`; not compared.
    public let cause: (any Error)?

    /// An error of that code.
    public init(_ code: Code, _ reason: String, cause: (any Error)? = nil) {
        self.code = code
        self.reason = reason
        self.cause = cause
    }

    /// The reason.
    public var description: String { reason }

    /// Errors are equal when their codes are.
    public static func == (left: CoAPError, right: CoAPError) -> Bool {
        left.code == right.code
    }

    /// Hashes the code.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
    }
}
