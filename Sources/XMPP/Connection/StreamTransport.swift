import NIOCore
import TLS

/// The end of a connection's pipeline: bytes in, bytes out, flow control; TLS comes before it when it is asked for.
///
/// Tells its owner what happens, in order, until ``abandon()``; then nothing more.
final class StreamTransport: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What happens to a transport.
    enum Event {
        /// It is open; after direct TLS with what that has led to.
        case connected(TLSHandshakeCompleted?)
        /// TLS is established after STARTTLS.
        case secured(TLSHandshakeCompleted)
        case bytes(ByteBuffer)
        /// There is room again to send.
        case writable
        /// It is gone.
        case closed((any Error)?)
    }

    private let isSecure: Bool
    private let limits: ConnectionLimits
    private var tell: ((Event) -> Void)?
    private var context: ChannelHandlerContext?
    private var isConnected = false
    private var isSecuring = false
    private var error: (any Error)?

    private var outgoing = ByteBuffer()
    /// Bytes not yet taken by the network, those in `outgoing` included.
    private(set) var outstanding = 0
    private var progress: UInt64 = 0
    private var isFlushScheduled = false
    private var isReading = false
    private var isReadHeld = false
    private var isClosing = false
    private var stallTimer: Scheduled<Void>?
    private var closeTimer: Scheduled<Void>?

    /// What goes out at once: large enough for whole read-outs in a few TLS records, small enough that progress is seen.
    private static let flushBytes = 65_536

    /// - Parameter isSecure: whether a TLS handler is before this one from the start.
    init(isSecure: Bool, limits: ConnectionLimits, tell: @escaping (Event) -> Void) {
        self.isSecure = isSecure
        self.limits = limits
        self.tell = tell
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { active() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        active()
        context.fireChannelActive()
    }

    private func active() {
        guard !isSecure, !isConnected else { return }
        isConnected = true
        tell?(.connected(nil))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let completed = event as? TLSHandshakeCompleted {
            if isSecuring {
                isSecuring = false
                tell?(.secured(completed))
            } else if !isConnected {
                isConnected = true
                tell?(.connected(completed))
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = self.error ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stallTimer?.cancel()
        closeTimer?.cancel()
        end(error)
        context.fireChannelInactive()
    }

    private func end(_ error: (any Error)?) {
        let tell = tell
        self.tell = nil
        outgoing = ByteBuffer()
        tell?(.closed(error))
    }

    /// Begins TLS. What the server has sent in the clear before is not in here any more, and what comes goes through TLS.
    func startTLS(_ configuration: TLSConfiguration) throws {
        guard let context else { throw ChannelError.ioOnClosedChannel }
        flush()
        isSecuring = true
        let handler = TLSHandler(configuration: configuration)
        try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
    }

    /// Closes when what was sent is written, or soon; tells nothing more.
    func close() {
        tell = nil
        guard let context, !isClosing else { return }
        flush()
        isClosing = true
        if outstanding == 0 { return context.close(promise: nil) }
        closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: limits.closeTimeout) { [weak self] in
            self?.context?.close(promise: nil)
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        isReading = true
        tell?(.bytes(buffer))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        // Who does not read what it asked for gets to ask no more: TCP's own window tells it. TLS needs its bytes.
        if outstanding > limits.outboundBytes / 4, !isSecuring {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    // MARK: Writing

    /// Whether there is room for this many bytes.
    func hasRoom(for count: Int) -> Bool { outstanding + count <= limits.outboundBytes }

    /// Sends bytes, with others of this turn of the loop.
    func write(_ bytes: [UInt8]) {
        guard tell != nil, let context else { return }
        outgoing.writeBytes(bytes)
        outstanding += bytes.count
        if outgoing.readableBytes >= Self.flushBytes { flush() }
        guard !isReading, !isFlushScheduled else { return }
        isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute { [weak self] in
            self?.isFlushScheduled = false
            self?.flush()
        }
    }

    private func flush() {
        guard let context, outgoing.readableBytes > 0 else { return }
        while let part = outgoing.readSlice(length: min(outgoing.readableBytes, Self.flushBytes)),
            part.readableBytes > 0
        {
            let count = part.readableBytes
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in self?.wrote(count) }
            context.write(wrapOutboundOut(part), promise: promise)
        }
        outgoing.clear()
        context.flush()
        if outstanding > 0 { watchForStall(context) }
    }

    private func wrote(_ count: Int) {
        outstanding -= count
        progress += 1
        if isClosing {
            if outstanding <= 0 { context?.close(promise: nil) }
            return
        }
        if isReadHeld, outstanding < limits.outboundBytes / 8 {
            isReadHeld = false
            context?.read()
        }
        tell?(.writable)
    }

    private func watchForStall(_ context: ChannelHandlerContext) {
        guard stallTimer == nil else { return }
        let before = progress
        let timeout = limits.stallTimeout
        stallTimer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            guard let self else { return }
            self.stallTimer = nil
            guard self.outstanding > 0, let context = self.context else { return }
            guard self.progress == before else { return self.watchForStall(context) }
            let seconds = timeout.nanoseconds / 1_000_000_000
            self.end(StreamTrouble(.notReading, "the server has read nothing for \(seconds) s"))
            context.close(promise: nil)
        }
    }
}

// Belongs to its event loop.
@available(*, unavailable)
extension StreamTransport: Sendable {}
