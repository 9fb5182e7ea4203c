import CoAPMessages
import NIOCore
import TLS

/// What makes two datagrams those of one peer: where they come from, and where they go to.
struct PeerKey: Hashable {
    let remote: DatagramAddress
    /// Our end; unspecified where the kernel chooses, as for those we turn to first.
    let local: DatagramAddress
}

/// The message layer towards one peer (RFC 7252 §4): types, message IDs, repetitions and their detection, under a
/// ``Session``.
///
/// Lives on the endpoint's loop.
final class DatagramPeer {
    let endpoint: DatagramEndpoint
    let key: PeerKey
    let carrier: any DatagramCarrier
    let channel: PeerChannel
    private(set) var session: Session?
    /// Whether handlers secure the datagrams; if not they carry the messages as they are.
    private var isSecured = false

    /// Whether somebody on this side holds on to it, so that it does not go when it is idle.
    var isHeld = false
    /// Its place among the endpoint's peers.
    var index = 0
    private(set) var lastHeard: NIODeadline
    private(set) var isClosed = false

    var amplification: AmplificationBudget
    var probing = ProbingBudget()
    var duplicates: Deduplicator
    private var lastID = UInt16.random(in: .min ... .max)

    /// Requests of the peer without an answer.
    var open: [OpenRequest] = []
    /// What we have sent and is not done with, by message ID.
    var outgoing: [UInt16: Outgoing] = [:]
    /// Requests of ours among them.
    var slots = 0
    /// Requests of ours that wait for a slot.
    var waiting = CircularBuffer<WaitingRequest>(initialCapacity: 1)
    /// The observations the peer holds.
    var notifying: [Token: NotificationFlow] = [:]

    /// Where the datagram came in whose plain text the handlers are about to give.
    var securedArrival: (Arrival, Origin?)?
    /// What waits for the first handshake.
    private var ready: [EventLoopPromise<Connection>] = []
    private var handshakeTimer: Scheduled<Void>?
    private var cause: CoAPError?

    /// - Parameter isProven: whether the address is beyond doubt: it is one that we turn to.
    init(endpoint: DatagramEndpoint, key: PeerKey, carrier: any DatagramCarrier, isProven: Bool) {
        self.endpoint = endpoint
        self.key = key
        self.carrier = carrier
        channel = PeerChannel(
            eventLoop: endpoint.eventLoop, localAddress: key.local.isUnspecified ? nil : key.local.socketAddress,
            remoteAddress: key.remote.socketAddress)
        lastHeard = endpoint.eventLoop.now
        amplification = AmplificationBudget(isProven: isProven)
        duplicates = Deduplicator(limit: endpoint.limits.datagram.rememberedMessages, budget: endpoint.answerBudget)
        channel.attach(self)
    }

    var limits: DatagramLimits { endpoint.limits.datagram }
    var now: NIODeadline { endpoint.eventLoop.now }

    /// Whether nothing would be lost with it.
    var isIdle: Bool {
        guard !isHeld, open.isEmpty, outgoing.isEmpty, waiting.isEmpty, ready.isEmpty else { return false }
        return session.map(\.isIdle) ?? true
    }

    // MARK: Life

    /// Opens the exchange of messages.
    func open(peer certificate: PeerCertificate?) {
        guard session == nil, !isClosed else { return }
        handshakeTimer?.cancel()
        if isSecured { amplification.prove() }
        let session = Session(
            eventLoop: endpoint.eventLoop, limits: endpoint.limits, link: self, bodyBudget: endpoint.bodyBudget)
        let connection = Connection(channel: channel, peer: certificate, session: session)
        self.session = session
        session.connection = connection
        session.handler = endpoint.makeHandler(connection)
        let ready = ready
        self.ready = []
        for promise in ready { promise.succeed(connection) }
    }

    /// Puts handlers between the network and the messages; the exchange begins when they say so.
    func secure(_ security: any DatagramSecurity, isClient: Bool) throws {
        isSecured = true
        try security.addHandlers(to: channel, isClient: isClient)
        try channel.pipeline.syncOperations.addHandler(MessageLayerHandler(peer: self))
        let limit = endpoint.limits.handshakeTimeout
        handshakeTimer = endpoint.eventLoop.assumeIsolated().scheduleTask(in: limit) { [weak self] in
            guard let self, self.session == nil else { return }
            self.secureFailed(CoAPError(.handshakeTimeout, "DTLS was not established within \(limit.seconds) s"))
        }
        channel.start()
    }

    /// The handlers have failed, or the peer has.
    func secureFailed(_ error: CoAPError) {
        if cause == nil { cause = error }
        channel.finish(error: error)
    }

    /// Ends the peer from this side.
    func end(_ error: CoAPError) {
        if cause == nil { cause = error }
        if let session { session.fail(error) } else { channel.finish(error: error) }
    }

    /// Gives the connection, now or once it is secured.
    func whenReady(_ promise: EventLoopPromise<Connection>) {
        if let connection = session?.connection {
            promise.succeed(connection)
        } else if isClosed {
            promise.fail(cause ?? .gone)
        } else {
            ready.append(promise)
        }
    }

    /// The channel is gone: so is everything else.
    func channelClosed() {
        guard !isClosed else { return }
        isClosed = true
        handshakeTimer?.cancel()
        endpoint.remove(self)
        let error = cause ?? CoAPError(.closedLocally, "the connection was closed by this side")
        session?.fail(error)
        let sent = outgoing.values
        outgoing = [:]
        for entry in sent { if case .ping(let promise) = entry.purpose { promise.fail(error) } }
        endpoint.openExchanges -= open.count
        open = []
        waiting.removeAll()
        notifying = [:]
        duplicates.removeAll()
        let ready = ready
        self.ready = []
        for promise in ready { promise.fail(error) }
    }

    // MARK: Datagrams

    /// Takes what came from the network, for the handlers.
    func take(_ bytes: ByteBuffer, arrival: Arrival, origin: Origin?) {
        lastHeard = now
        securedArrival = (arrival, origin)
        channel.pipeline.syncOperations.fireChannelRead(NIOAny(bytes))
        channel.pipeline.syncOperations.fireChannelReadComplete()
    }

    /// Takes the bytes of a message from the handlers.
    func receive(_ bytes: ByteBuffer, arrival: Arrival, origin: Origin?) {
        let span = bytes.readableBytesUInt8Span
        do throws(MessageError) {
            let datagram = try Datagram.decode(span, limits: endpoint.limits.message)
            receive(
                datagram, length: span.count, fingerprint: endpoint.fingerprint(span), arrival: arrival,
                origin: origin)
        } catch {
            endpoint.count(\.malformed)
            if let id = error.resetID { send(.empty(.reset, id: id), from: origin) }
        }
    }

    /// Encodes and sends; a repetition or an answer, for which nobody waits.
    func send(_ datagram: Datagram, from origin: Origin?) {
        _ = transmit(datagram, from: origin, isQueued: true)
    }

    /// - Returns: 0, or the system's error number.
    func transmit(_ datagram: Datagram, from origin: Origin?, isQueued: Bool = false) -> CInt {
        guard !isClosed else { return 0 }
        guard isSecured else {
            if !amplification.isProven { amplification.send(datagram.encodedLength) }
            return endpoint.transmit(
                datagram, to: key.remote, from: origin ?? self.origin, by: carrier, isQueued: isQueued)
        }
        var buffer = channel.allocator.buffer(capacity: datagram.encodedLength)
        datagram.encode(into: &buffer)
        channel.pipeline.syncOperations.writeAndFlush(NIOAny(buffer), promise: nil)
        return 0
    }

    /// What the handlers have made of a message, or say by themselves.
    func sendSecured(_ bytes: ByteBuffer) {
        amplification.send(bytes.readableBytes)
        endpoint.transmit(bytes, to: key.remote, from: origin, by: carrier, isQueued: true)
    }

    /// Where messages come from that answer nothing in particular.
    private var origin: Origin? {
        key.local.isUnspecified ? nil : Origin.answering(key.local, interface: key.remote.scope)
    }

    /// A message ID that nothing under way has. They rise from a random start (RFC 7252 §4.4).
    func nextID() -> UInt16 {
        repeat { lastID &+= 1 } while outgoing[lastID] != nil
        return lastID
    }

    func heard(_ bytes: Int, now: NIODeadline) {
        lastHeard = now
        amplification.receive(bytes)
        probing.heard()
    }
}

extension DatagramPeer: SessionLink {
    var isOrdered: Bool { false }

    var isWritable: Bool { true }

    var transfer: TransferLimits {
        var size = limits.messageSize
        if limits.strictAmplification, let room = amplification.room {
            size = min(size, max(DatagramPeer.smallestAnswer, room))
        }
        return TransferLimits(messageSize: size, admitsBERT: false, isSettled: true)
    }

    /// Options and a block of 16 bytes fit; less would say nothing.
    private static let smallestAnswer = 96

    func length(of message: Message) -> Int {
        message.datagramLength
    }

    func whenSettled(_ action: @escaping () -> Void) { action() }

    /// Datagrams know no farewell.
    func release() {}

    func close(_ error: CoAPError) {
        if cause == nil { cause = error }
        if isSecured {
            // The handlers have a farewell to say.
            channel.pipeline.syncOperations.close(mode: .all, promise: nil)
        } else {
            channel.finish(error: error)
        }
    }

    /// A ping is an empty confirmable message, which every endpoint rejects (RFC 7252 §4.3).
    func ping(custody: Bool, timeout: TimeAmount, promise: EventLoopPromise<Bool>) {
        guard outgoing.count < limits.waitingMessages else {
            return promise.fail(CoAPError(.tooManyRequests, "\(outgoing.count) messages are under way"))
        }
        let id = nextID()
        confirm(.empty(.confirmable, id: id), .ping(promise), from: nil)
        endpoint.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            guard let self, case .ping(let waiting)? = self.outgoing[id]?.purpose,
                waiting.futureResult === promise.futureResult
            else { return }
            self.outgoing[id] = nil
            promise.fail(CoAPError(.timeout, "no answer to the ping in \(timeout.seconds) s"))
        }
    }
}

/// Behind the handlers that secure a peer's datagrams.
private final class MessageLayerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private unowned let peer: DatagramPeer

    init(peer: DatagramPeer) {
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let (arrival, origin) = peer.securedArrival, peer.session != nil else { return }
        peer.receive(unwrapInboundIn(data), arrival: arrival, origin: origin)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSHandshakeCompleted { peer.open(peer: event.peer) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let code: CoAPError.Code = peer.session == nil ? .secureConnectionFailed : .connectionClosed
        peer.secureFailed(CoAPError(code, "\(error)", cause: error))
    }
}
