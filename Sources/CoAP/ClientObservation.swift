import CoAPMessages
import NIOCore

/// An observation of ours on a peer's resource. May be used from any thread. It goes on until it is cancelled, whether
/// this value is kept or not.
public final class ClientObservation: Sendable {
    /// How an observation ended.
    public enum End: Sendable, Hashable {
        /// The server answered without Observe: there never was one (RFC 7641 §3.1).
        case refused
        /// ``ClientObservation/cancel()`` was called.
        case cancelled
        /// The server ended it with this notification (RFC 7641 §3.2).
        case byServer(Message)
        /// The connection was lost.
        case failed(CoAPError)
    }

    /// The response to the registration.
    public let first: Message

    /// Whether the server took the registration; if not, ``first`` is a plain response and no notification comes.
    public let isAccepted: Bool

    /// Succeeds when the observation has ended; never fails.
    public let ended: EventLoopFuture<End>

    private let connection: Connection
    private let token: Token

    init(first: Message, isAccepted: Bool, ended: EventLoopFuture<End>, connection: Connection, token: Token) {
        self.first = first
        self.isAccepted = isAccepted
        self.ended = ended
        self.connection = connection
        self.token = token
    }

    /// Deregisters (RFC 7641 §3.6). No notification is delivered after it has run on the event loop.
    public func cancel() {
        connection.onLoop { $0.cancelObservation(self.token) }
    }
}
