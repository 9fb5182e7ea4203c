import CoAPMessages
import NIOCore

/// A request of the peer that has no answer yet.
struct OpenRequest {
    let token: Token
    let id: UInt16
    let kind: Datagram.Kind
    let origin: Origin?
    /// Until when the answer waits; nil for one that is not multicast.
    let leisure: NIODeadline?
    /// When it gets an empty acknowledgement; nil when it needs none, or has it.
    var acknowledgement: NIODeadline?
    /// Whether it has had an empty acknowledgement: then the answer is a message of its own (RFC 7252 §5.2.2).
    var isAcknowledged = false

    var isMulticast: Bool { leisure != nil }
}

/// A message of ours that is not done with.
struct Outgoing {
    /// What it was sent for.
    enum Purpose {
        case request(Token)
        case response
        case notification(Token)
        case ping(EventLoopPromise<Bool>)
    }

    let purpose: Purpose
    let datagram: Datagram
    let origin: Origin?
    /// Nil for one that is not repeated.
    var retransmission: Retransmission?
}

/// A request of ours that waits until one before it is done (RFC 7252 §4.7).
struct WaitingRequest {
    let message: Message
    let isConfirmable: Bool
}

/// What is known of an observation of the peer's besides its session's share.
struct NotificationFlow {
    var pace: NotificationPace
    /// Where the observation was asked for.
    var origin: Origin?
    /// The last non-confirmable notification, which a Reset may be about.
    var lastID: UInt16?
    /// The confirmable notification that is not acknowledged.
    var inTransit: UInt16?
    /// What waits for that.
    var waiting = CircularBuffer<(message: Message, isReplaceable: Bool)>(initialCapacity: 1)
}
