import CoAPMessages
import NIOCore
import TLS

/// The end of a stream's pipeline: frames, signals and flow control (RFC 8323), below a ``Session``.
final class StreamHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How far the connection has come.
    enum Phase {
        /// Waits for TCP, or for TLS above it.
        case connecting
        /// Messages go both ways.
        case open
        /// Nothing more is taken; what was sent is being written.
        case closing
        /// The channel is gone.
        case closed
    }

    let limits: Limits
    private let isSecure: Bool
    private let makeHandler: @Sendable (Connection) -> any RequestHandler
    private let ready: EventLoopPromise<Connection>?

    var phase = Phase.connecting
    var session: Session?
    private(set) var context: ChannelHandlerContext?
    private var handshakeTimer: Scheduled<Void>?
    private var cause: CoAPError?

    // What has come and is no whole frame yet, or waits until the peer reads.
    private var input: ByteBuffer?
    private var isReading = false
    private var isProcessing = false
    private var isReadHeld = false
    /// By when the frame that has begun has to be whole.
    private var frameDeadline: NIODeadline?
    private var frameTimer: Scheduled<Void>?

    private let outbox: Outbox
    private var closeTimer: Scheduled<Void>?
    var signals = SignalState()

    /// - Parameter ready: succeeds when messages can go, fails when it never comes to that.
    init(
        limits: Limits, isSecure: Bool, ready: EventLoopPromise<Connection>?,
        makeHandler: @escaping @Sendable (Connection) -> any RequestHandler
    ) {
        self.limits = limits
        self.isSecure = isSecure
        self.ready = ready
        self.makeHandler = makeHandler
        self.outbox = Outbox(limits: limits, isolatesFrames: isSecure)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { connected(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        connected(context)
        context.fireChannelActive()
    }

    private func connected(_ context: ChannelHandlerContext) {
        guard phase == .connecting, handshakeTimer == nil else { return }
        guard isSecure else { return open(context, peer: nil) }
        let limit = limits.handshakeTimeout
        handshakeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [weak self] in
            guard let self, self.phase == .connecting else { return }
            self.cause = CoAPError(.handshakeTimeout, "TLS was not established within \(limit.seconds) s")
            self.context?.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSHandshakeCompleted, phase == .connecting { open(context, peer: event.peer) }
        context.fireUserInboundEventTriggered(event)
    }

    private func open(_ context: ChannelHandlerContext, peer: PeerCertificate?) {
        handshakeTimer?.cancel()
        phase = .open
        let session = Session(eventLoop: context.eventLoop, limits: limits, link: self)
        let connection = Connection(channel: context.channel, peer: peer, session: session)
        self.session = session
        session.connection = connection
        session.handler = makeHandler(connection)
        sendCapabilities()
        startKeepAlive()
        ready?.succeed(connection)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if cause == nil {
            let isHandshake = phase == .connecting && error is TLSError
            cause = CoAPError(isHandshake ? .secureConnectionFailed : .connectionClosed, "\(error)", cause: error)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let wasConnecting = phase == .connecting
        phase = .closed
        handshakeTimer?.cancel()
        closeTimer?.cancel()
        frameTimer?.cancel()
        outbox.stop()
        let ended = CoAPError(
            wasConnecting && isSecure ? .secureConnectionFailed : .connectionClosed,
            wasConnecting
                ? "the peer closed the connection before TLS was established" : "the peer closed the connection")
        let error = cause ?? ended
        session?.fail(error)
        stopSignals(session?.failure ?? error)
        ready?.fail(error)
        input = nil
        context.fireChannelInactive()
    }

    /// Ends the connection over something the peer did, which it is told.
    func abort(_ diagnostic: String, badCSMOption: OptionNumber? = nil) {
        guard phase == .open else { return }
        var options = Options()
        if let badCSMOption { options.add(.badCSMOption, uint: UInt64(badCSMOption.rawValue)) }
        send(Message(code: .abort, token: signals.tokens.next(), options: options, payload: Array(diagnostic.utf8)))
        session?.fail(CoAPError(.malformedMessage, "the connection was aborted: \(diagnostic)"))
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        guard phase == .open else { return }
        isReading = true
        heard()
        if input == nil {
            input = incoming
        } else {
            input?.writeBuffer(&incoming)
        }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        // Who does not read what it asked for gets to ask no more: TCP's own window tells it.
        if outbox.isFull || input != nil && isWaiting {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    /// Whether whole frames wait until the peer has read.
    private var isWaiting = false

    /// Takes whole frames off the input, as long as the peer reads what they cause.
    func process() {
        guard !isProcessing, var buffer = input else { return }
        isProcessing = true
        input = nil
        isWaiting = false
        while phase == .open {
            if outbox.isFull {
                flush()
                if outbox.isFull {
                    isWaiting = true
                    break
                }
            }
            do throws(MessageError) {
                guard let message = try nextMessage(&buffer) else { break }
                frameDeadline = nil
                take(message)
            } catch {
                abort(error.reason)
            }
        }
        isProcessing = false
        guard phase == .open, buffer.readableBytes > 0 else { return }
        if buffer.readerIndex > buffer.readableBytes { buffer.discardReadBytes() }
        input = buffer
        if !isWaiting, frameDeadline == nil, let context {
            let deadline = context.eventLoop.now + limits.stallTimeout
            frameDeadline = deadline
            if frameTimer == nil { watchFrame(context, until: deadline) }
        }
    }

    /// A peer that begins a frame and does not end it would hold as much memory as the largest message takes.
    private func watchFrame(_ context: ChannelHandlerContext, until deadline: NIODeadline) {
        frameTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self, let context = self.context else { return }
            self.frameTimer = nil
            guard self.phase == .open, let due = self.frameDeadline else { return }
            if due > context.eventLoop.now {
                self.watchFrame(context, until: due)
            } else if self.isReadHeld {
                // Nothing is read because the peer reads nothing; that has a limit of its own.
                self.frameDeadline = context.eventLoop.now + self.limits.stallTimeout
                self.watchFrame(context, until: context.eventLoop.now + self.limits.stallTimeout)
            } else {
                self.abort("a message was not finished within \(self.limits.stallTimeout.seconds) s")
            }
        }
    }

    private func nextMessage(_ buffer: inout ByteBuffer) throws(MessageError) -> Message? {
        guard let (message, length) = try firstFrame(buffer) else { return nil }
        buffer.moveReaderIndex(forwardBy: length)
        return message
    }

    private func firstFrame(_ buffer: ByteBuffer) throws(MessageError) -> (Message, length: Int)? {
        let span = buffer.readableBytesUInt8Span
        guard let header = try StreamFrame.header(span, limits: limits.message), header.frameLength <= span.count else {
            return nil
        }
        let frame = span.extracting(0..<header.frameLength)
        return (try Message.decode(frame: frame, header: header, limits: limits.message), header.frameLength)
    }

    private func take(_ message: Message) {
        if message.code.isEmpty { return }
        if message.code.isSignal { return take(signal: message) }
        peerSpokeWithoutCapabilities()
        session?.receive(message)
    }

    // MARK: Writing

    func flush() {
        guard let context else { return }
        outbox.flush(context, wrap: wrapOutboundOut) { [weak self] in self?.written() }
        if outbox.isStalling { watchForStall(context) }
    }

    func scheduleFlush() {
        guard !isReading, outbox.needsFlush, !outbox.isFlushScheduled, let context else { return }
        outbox.isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute { [weak self] in
            self?.outbox.isFlushScheduled = false
            self?.flush()
        }
    }

    private func written() {
        if phase == .closing, outbox.outstanding == 0 {
            context?.close(promise: nil)
            return
        }
        guard phase == .open, outbox.becameWritable() else { return }
        session?.becameWritable()
        process()
        if isReadHeld, !outbox.isFull, !isWaiting {
            isReadHeld = false
            context?.read()
        }
    }

    private func watchForStall(_ context: ChannelHandlerContext) {
        let progress = outbox.progress
        let limit = limits.stallTimeout
        outbox.stallTimer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [weak self] in
            guard let self, self.phase == .open else { return }
            self.outbox.stallTimer = nil
            if self.outbox.outstanding > 0, self.outbox.progress == progress {
                self.session?.fail(
                    CoAPError(.peerNotReading, "the peer has read nothing for \(limit.seconds) s"))
            } else if self.outbox.isStalling, let context = self.context {
                self.watchForStall(context)
            }
        }
    }
}

extension StreamHandler: SessionLink {
    var isWritable: Bool { !outbox.isFull }

    func send(_ message: Message, as role: MessageRole) { send(message) }

    func length(of message: Message) -> Int { message.frameLength }

    func send(_ message: Message) {
        guard phase == .open, let context else { return }
        outbox.append(message, context, wrap: wrapOutboundOut)
        if outbox.isFull { flush() }
        guard outbox.outstanding <= limits.outboundBytes else {
            let reason = "\(outbox.outstanding) bytes wait for the peer to read"
            session?.fail(CoAPError(.peerNotReading, reason))
            return
        }
        scheduleFlush()
    }

    /// How long what was sent last may take to be written once the connection is to be closed.
    private static let closeTimeout = TimeAmount.seconds(1)

    func close(_ error: CoAPError) {
        guard phase == .open, let context else { return }
        flush()
        phase = .closing
        cause = cause ?? error
        stopSignals(error)
        if outbox.outstanding == 0 || error.code == .peerNotReading {
            context.close(promise: nil)
        } else {
            closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: StreamHandler.closeTimeout) {
                [weak self] in self?.context?.close(promise: nil)
            }
        }
    }
}
