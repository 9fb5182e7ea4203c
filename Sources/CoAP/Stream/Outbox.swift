import CoAPMessages
import NIOCore

/// What is sent and not written yet.
///
/// Frames that are sent in one turn of the loop leave in one flush. Without TLS they share one buffer. With TLS each is
/// a write, and so a record, of its own: IoTivity-Lite takes one message out of a record and leaves the rest of it until
/// another record comes.
final class Outbox {
    private let limits: Limits
    private let isolatesFrames: Bool
    /// The frames not handed to the channel yet; with TLS the last one alone.
    private var buffer = ByteBuffer()
    private var unflushed = 0
    private var wasFull = false

    /// Bytes sent and not written to the socket.
    private(set) var outstanding = 0
    /// How often something was written.
    private(set) var progress: UInt64 = 0
    /// Whether a flush is due at the end of this turn of the loop.
    var isFlushScheduled = false
    /// Runs while written bytes are watched.
    var stallTimer: Scheduled<Void>?

    init(limits: Limits, isolatesFrames: Bool) {
        self.limits = limits
        self.isolatesFrames = isolatesFrames
    }

    /// Whether the peer has so much to read that it is to ask for no more.
    var isFull: Bool { outstanding > limits.outboundPause }

    /// Whether something waits to be handed to the channel.
    var needsFlush: Bool { unflushed > 0 }

    /// Whether bytes wait for the socket and nobody watches them.
    var isStalling: Bool { outstanding > unflushed && stallTimer == nil }

    /// Watches no more.
    func stop() {
        stallTimer?.cancel()
        stallTimer = nil
    }

    /// Encodes a message behind those that wait.
    func append(_ message: Message, _ context: ChannelHandlerContext, wrap: (ByteBuffer) -> NIOAny) {
        let length = message.frameLength
        if isolatesFrames, unflushed > 0 {
            context.write(wrap(buffer), promise: nil)
            buffer = context.channel.allocator.buffer(capacity: length)
        } else if unflushed == 0 {
            buffer = context.channel.allocator.buffer(capacity: length)
        }
        message.encodeFrame(into: &buffer)
        unflushed += length
        outstanding += length
        if isFull { wasFull = true }
    }

    /// Hands everything to the channel; `written` is called when the socket has taken it, at once as a rule.
    func flush(
        _ context: ChannelHandlerContext, wrap: (ByteBuffer) -> NIOAny, written: @escaping () -> Void
    ) {
        guard unflushed > 0 else { return }
        let bytes = unflushed
        unflushed = 0
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.outstanding -= bytes
            self.progress += 1
            written()
        }
        let frames = buffer
        buffer = ByteBuffer()
        context.writeAndFlush(wrap(frames), promise: promise)
    }

    /// Whether it has just stopped to be full: true once for each time it was.
    func becameWritable() -> Bool {
        guard wasFull, !isFull else { return false }
        wasFull = false
        return true
    }
}
