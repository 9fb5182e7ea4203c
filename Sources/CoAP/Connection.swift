import CoAPMessages
import NIOCore
import TLS

/// A connection with one peer, over which both sides ask and answer. May be used from any thread.
public final class Connection: Sendable {
    /// The channel below.
    public let channel: any Channel

    /// Who the peer is; nil without TLS, or when it gave no certificate.
    public let peer: PeerCertificate?

    private let core: NIOLoopBound<Session>

    init(channel: any Channel, peer: PeerCertificate?, session: Session) {
        self.channel = channel
        self.peer = peer
        self.core = NIOLoopBound(session, eventLoop: channel.eventLoop)
    }

    /// The loop on which handlers and notifications are called.
    public var eventLoop: any EventLoop { channel.eventLoop }

    /// The peer's address.
    public var remoteAddress: SocketAddress? { channel.remoteAddress }

    /// Succeeds when the connection is gone.
    public var closeFuture: EventLoopFuture<Void> { channel.closeFuture }

    /// The session, when asked on the loop: there it costs no closure.
    var sessionOnLoop: Session? { eventLoop.inEventLoop ? core.value : nil }

    /// Runs `body` on the loop, at once when already there.
    func onLoop(_ body: @escaping @Sendable (Session) -> Void) {
        if eventLoop.inEventLoop {
            body(core.value)
        } else {
            eventLoop.execute { body(self.core.value) }
        }
    }

    /// Sends a request and gives its response, whatever its code. Large bodies go and come in blocks; the response has
    /// its body whole.
    ///
    /// - Parameters:
    ///   - request: its token is chosen by the connection. A Block1, or a Block2 beyond the first, is taken as a wish to
    ///     do block-wise transfer by hand: the message is sent as it is.
    ///   - timeout: the silence after which it fails; each block begins it anew.
    /// - Returns: a future that fails with ``CoAPError`` alone.
    public func send(_ request: Message, timeout: TimeAmount) -> EventLoopFuture<Message> {
        let promise = eventLoop.makePromise(of: Message.self)
        onLoop { $0.send(request, timeout: timeout) { promise.complete($0) } }
        return promise.futureResult
    }

    /// Sends a request once, which is not repeated when it is lost: a non-confirmable one (RFC 7252 §4.3).
    ///
    /// For what is worth nothing when it comes late. Over a stream it is the same as ``send(_:timeout:)``. To a peer that
    /// is silent it waits as ``TransmissionParameters/probingRate`` demands.
    public func sendUnconfirmed(_ request: Message, timeout: TimeAmount) -> EventLoopFuture<Message> {
        let promise = eventLoop.makePromise(of: Message.self)
        onLoop { $0.send(request, timeout: timeout, isConfirmable: false) { promise.complete($0) } }
        return promise.futureResult
    }

    /// Observes a resource (RFC 7641).
    ///
    /// - Parameters:
    ///   - request: a GET or FETCH; Observe is set here.
    ///   - timeout: as in ``send(_:timeout:)``, for the first response and for the further blocks of each notification.
    ///   - onNotification: called on the event loop, in the order of arrival, after the future has succeeded.
    /// - Returns: a future that fails with ``CoAPError``, and succeeds with any response: see
    ///   ``ClientObservation/isAccepted``.
    public func observe(
        _ request: Message, timeout: TimeAmount, onNotification: @escaping @Sendable (Message) -> Void
    ) -> EventLoopFuture<ClientObservation> {
        let promise = eventLoop.makePromise(of: ClientObservation.self)
        onLoop { $0.observe(request, timeout: timeout, onNotification: onNotification, promise: promise) }
        return promise.futureResult
    }

    /// Asks for a sign of life (RFC 8323 §5.4).
    ///
    /// - Parameter custody: asks the peer to answer once it has processed all that was sent before.
    /// - Returns: a future that succeeds with whether the peer said so, and fails with ``CoAPError``.
    @discardableResult
    public func ping(timeout: TimeAmount, custody: Bool) -> EventLoopFuture<Bool> {
        let promise = eventLoop.makePromise(of: Bool.self)
        onLoop { $0.ping(custody: custody, timeout: timeout, promise: promise) }
        return promise.futureResult
    }

    /// Asks for a sign of life (RFC 8323 §5.4).
    ///
    /// - Returns: a future that fails with ``CoAPError``.
    public func ping(timeout: TimeAmount) -> EventLoopFuture<Void> {
        ping(timeout: timeout, custody: false).map { _ in }
    }

    /// Says Release and closes. Our open requests fail with ``CoAPError/Code/closedLocally``.
    public func close() {
        onLoop { $0.close(draining: nil) }
    }

    /// Says Release, takes no new requests of ours, and closes once every open exchange of both sides is done, at the
    /// latest after `timeout`.
    ///
    /// - Returns: the future of the close.
    @discardableResult
    public func shutdown(timeout: TimeAmount) -> EventLoopFuture<Void> {
        onLoop { $0.close(draining: timeout) }
        return closeFuture
    }

    /// What the connection has done so far.
    public func statistics() -> EventLoopFuture<Statistics> {
        let promise = eventLoop.makePromise(of: Statistics.self)
        onLoop { promise.succeed($0.statistics) }
        return promise.futureResult
    }
}

/// What a connection has done.
public struct Statistics: Sendable, Hashable {
    /// Requests, responses and notifications that came.
    public var messagesReceived: UInt64 = 0
    /// Requests, responses and notifications that went.
    public var messagesSent: UInt64 = 0
    /// Responses nobody waits for: late ones, and notifications of observations that ended.
    public var unmatchedResponses: UInt64 = 0
    /// Requests refused because too many were open.
    public var requestsRefused: UInt64 = 0
    /// Requests of ours that no response came to in time.
    public var timeouts: UInt64 = 0
    /// Our requests without an answer now.
    public var openRequests = 0
    /// The peer's requests without an answer now.
    public var openExchanges = 0
    /// Observations the peer holds now.
    public var observers = 0
    /// Observations we hold now.
    public var observations = 0
}

extension EventLoopPromise {
    /// Completes with a result whose error is typed.
    func complete(_ result: Result<Value, CoAPError>) where Value: Sendable {
        switch result {
        case .success(let value): succeed(value)
        case .failure(let error): fail(error)
        }
    }
}
