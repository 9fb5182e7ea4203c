import CoAPMessages
import NIOCore

/// A request of ours, from the first byte to the last block of the response.
final class ClientExchange {
    /// The request as it was given, without a token.
    let request: Message
    let timeout: TimeAmount
    var deadline: NIODeadline
    let complete: (Result<Message, CoAPError>) -> Void

    /// Whether datagrams are repeated until they are acknowledged.
    var isConfirmable = true
    /// Set for the registration of an observation.
    var observation: ObservationState?
    /// How far the request's body has gone, when it goes in blocks.
    var upload: Upload?
    /// What of the response's body has come, when it comes in blocks.
    var download: Download?
    /// How often it was begun anew because a body changed or was lost; once is patience, twice a loop.
    var restarts = 0

    init(
        request: Message, timeout: TimeAmount, now: NIODeadline,
        complete: @escaping (Result<Message, CoAPError>) -> Void
    ) {
        self.request = request
        self.timeout = timeout
        self.deadline = now + timeout
        self.complete = complete
    }

    /// Whether the caller does block-wise transfer by hand.
    var isByHand: Bool {
        request.options.contains(.block1) || (request.block2.map { $0.number > 0 } ?? false)
    }
}

/// A body on its way out.
struct Upload {
    /// The size of blocks.
    var exponent: UInt8
    /// Bytes the peer has taken.
    var acknowledged = 0
    /// Bytes in the block under way.
    var underway = 0
}

/// A body on its way in.
struct Download {
    /// The response of the first block, whose options count for the whole.
    let first: Message
    var body: [UInt8]
}

/// An observation of ours.
final class ObservationState {
    let request: Message
    let timeout: TimeAmount
    let onNotification: @Sendable (Message) -> Void
    let ended: EventLoopPromise<ClientObservation.End>
    /// The fetch of a notification's further blocks; a newer notification takes its place.
    var fetch: ClientExchange?
    /// The token it was registered under.
    var token = Token.empty
    /// Whether the first response has been handed out; notifications wait for it.
    var isStarted = false
    /// Notifications that came while the rest of the first response was fetched.
    var waiting: [Message] = []
    /// The number of the newest notification and when it came, over links that do not keep the order.
    var newest: (number: UInt32, time: NIODeadline)?

    /// That takes a few round trips; who notifies more often than this loses the oldest.
    static let waitingLimit = 64

    init(
        request: Message, timeout: TimeAmount, onNotification: @escaping @Sendable (Message) -> Void,
        ended: EventLoopPromise<ClientObservation.End>
    ) {
        self.request = request
        self.timeout = timeout
        self.onNotification = onNotification
        self.ended = ended
    }
}
