import NIOCore

/// TLS between the transport and the handlers behind it: ciphertext towards the network, plaintext towards them.
///
/// One handler for one connection, `ByteBuffer` both ways. It fires `TLSHandshakeCompleted` once, before any data,
/// and every failure as a `TLSError` through `errorCaught` before it closes the channel. What is written before the
/// handshake is done waits for it.
///
/// - Each write becomes records of its own: no two writes share one.
/// - Writes beyond what the transport takes wait here as plaintext and go out as it drains.
/// - `close()` says close_notify and waits a little for the peer's; `close(mode: .output)` says it and goes on reading.
/// - The peer's close_notify closes the channel, unless it allows half-closure (`allowRemoteHalfClosure`): then
///   `ChannelEvent.inputClosed` is fired and writing goes on.
/// - An end of the transport without close_notify is the error `.truncated`.
public final class TLSHandler: ChannelDuplexHandler {
    /// Ciphertext.
    public typealias InboundIn = ByteBuffer
    /// Plaintext.
    public typealias InboundOut = ByteBuffer
    /// Plaintext.
    public typealias OutboundIn = ByteBuffer
    /// Ciphertext.
    public typealias OutboundOut = ByteBuffer

    enum State {
        /// The transport is not there yet.
        case idle
        case handshaking
        case open
        /// Our close_notify is out; the peer's is awaited.
        case closing
        /// Nothing goes any more, in or out.
        case closed
    }

    struct PendingWrite {
        var buffer: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    let configuration: TLSConfiguration
    let limits: TLSLimits

    var state = State.idle
    var connection: TLSConnection?
    /// Ciphertext not yet taken by the connection.
    var inbound = ByteBuffer()
    var handshakeBytesLeft: Int
    var pending = CircularBuffer<PendingWrite>(initialCapacity: 4)
    /// How many of `pending`, from the first, are flushed.
    var flushedWrites = 0
    var pendingBytes = 0
    var isReceiving = false
    /// The connection holds decrypted bytes that did not fit into the last delivery.
    var isDeliveryUnfinished = false
    var isSending = false
    /// A read of the handler behind us is still without data.
    var isReadOwed = false
    var hasReceivedClose = false
    var hasSentClose = false
    var outputClose: EventLoopPromise<Void>?
    var isOutputCloseAsked = false
    var closePromise: EventLoopPromise<Void>?
    var timer: Scheduled<Void>?
    /// What ended the connection; later writes fail with it.
    var failure: TLSError?

    /// What the handshake has led to; nil until then.
    public internal(set) var completed: TLSHandshakeCompleted?

    /// A handler for one connection.
    public init(configuration: TLSConfiguration, limits: TLSLimits = .standard) {
        self.configuration = configuration
        self.limits = limits
        handshakeBytesLeft = limits.handshakeBytes
    }

    // MARK: Life

    /// Starts the handshake when the transport is already there.
    public func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    /// Ends the connection without ceremony.
    public func handlerRemoved(context: ChannelHandlerContext) {
        release(TLSError(.connectionClosed, "the TLS handler was taken out of the pipeline"))
    }

    /// Starts the handshake.
    public func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    /// Tells a truncation from an orderly end.
    public func channelInactive(context: ChannelHandlerContext) {
        let stateBefore = state
        state = .closed
        switch stateBefore {
        case .handshaking:
            report(TLSError(.truncated, "the peer closed the transport during the handshake"), context)
        case .open where !hasReceivedClose:
            report(
                TLSError(.truncated, "the peer closed the transport without close_notify: data may be missing"),
                context)
        case .idle, .open, .closing, .closed: break
        }
        release(TLSError(.connectionClosed, "the connection is closed"))
        context.fireChannelInactive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard state == .idle else { return }
        state = .handshaking
        do {
            connection = try TLSConnection(configuration, allocator: context.channel.allocator)
        } catch {
            return fail(error, context)
        }
        let limit = limits.handshakeTimeout
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [self] in
            guard state == .handshaking else { return }
            fail(
                TLSError(
                    .handshakeTimeout, "the handshake was not done within \(limit.nanoseconds / 1_000_000) ms"),
                context)
        }
        // A client speaks first.
        if configuration.role == .client { receive(context) }
        if state == .handshaking { context.read() }
    }

    // MARK: Failing and releasing

    /// Ends the connection: an alert goes out if the library made one, then the channel closes.
    func fail(_ error: TLSError, _ context: ChannelHandlerContext) {
        guard state != .closed else { return }
        let hadSaidClose = state == .closing
        let promise = closePromise
        closePromise = nil
        // Before the error is told: who hears it may close at once.
        state = .closed
        if let alert = connection?.takeOutput() {
            context.writeAndFlush(wrapOutboundOut(alert), promise: nil)
        }
        // Whoever closes does not care for what comes in meanwhile.
        if !hadSaidClose { report(error, context) }
        release(error)
        context.close(promise: promise)
    }

    private func report(_ error: TLSError, _ context: ChannelHandlerContext) {
        failure = error
        context.fireErrorCaught(error)
    }

    /// Frees the connection's 35 kB and answers every promise.
    func release(_ error: TLSError) {
        state = .closed
        timer?.cancel()
        timer = nil
        connection = nil
        inbound = ByteBuffer()
        if failure == nil { failure = error }
        let answer: any Error = failure ?? error
        while let write = pending.popFirst() { write.promise?.fail(answer) }
        (pendingBytes, flushedWrites) = (0, 0)
        outputClose?.fail(answer)
        outputClose = nil
        // The channel is closed or about to be: what was asked for.
        closePromise?.succeed(())
        closePromise = nil
    }
}

// The handler belongs to its channel's event loop.
@available(*, unavailable)
extension TLSHandler: Sendable {}
