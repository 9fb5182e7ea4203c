import NIOCore
import NIOPosix
import Synchronization
import TLS

/// What a connection over a real socket has seen, readable from the test.
final class Seen: Sendable {
    struct State: Sendable {
        var received: [UInt8] = []
        var handshake: TLSHandshakeCompleted?
        var errors: [TLSError] = []
        var isClosed = false
        var isInputClosed = false
    }

    private let state = Mutex(State())

    var now: State { state.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
    var text: String { String(decoding: now.received, as: UTF8.self) }
}

/// What the handler behind TLS does beside recording.
enum Behaviour: Sendable {
    case listen
    case echo
    /// Sends so many bytes of the pattern, as the transport takes them; then closes, or not.
    case send(Int, thenClose: Bool)
    /// Sends so many bytes when the peer has said its last, then closes.
    case answerAtTheEnd(Int)
}

final class Tap: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let seen: Seen
    private let behaviour: Behaviour
    private var toSend: ByteBuffer?
    private var isFeeding = false

    init(_ seen: Seen, _ behaviour: Behaviour) {
        self.seen = seen
        self.behaviour = behaviour
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let completed = event as? TLSHandshakeCompleted {
            seen.change { $0.handshake = completed }
            if case .send(let count, _) = behaviour { toSend = TransferTests.pattern(count) }
            feed(context)
        }
        if case .inputClosed? = event as? ChannelEvent {
            seen.change { $0.isInputClosed = true }
            if case .answerAtTheEnd(let count) = behaviour { toSend = TransferTests.pattern(count) }
            feed(context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { feed(context) }

    private func feed(_ context: ChannelHandlerContext) {
        guard !isFeeding else { return }
        isFeeding = true
        defer { isFeeding = false }
        while context.channel.isWritable, var buffer = toSend {
            guard let slice = buffer.readSlice(length: min(50_000, buffer.readableBytes)), slice.readableBytes > 0
            else {
                toSend = nil
                switch behaviour {
                case .send(_, thenClose: true), .answerAtTheEnd: context.close(promise: nil)
                case .listen, .echo, .send: break
                }
                return
            }
            toSend = buffer
            context.writeAndFlush(wrapOutboundOut(slice), promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        seen.change { $0.received.append(contentsOf: buffer.readableBytesView) }
        if case .echo = behaviour { context.writeAndFlush(wrapOutboundOut(buffer), promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError { seen.change { $0.errors.append(error) } }
    }

    func channelInactive(context: ChannelHandlerContext) { seen.change { $0.isClosed = true } }
}

enum Sockets {
    static let group = MultiThreadedEventLoopGroup.singleton

    static func connect(
        _ configuration: TLSConfiguration, port: Int, _ behaviour: Behaviour = .listen, halfClosure: Bool = false
    ) async throws -> (any Channel, Seen) {
        let seen = Seen()
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: halfClosure)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TLSHandler(configuration: configuration))
                    try channel.pipeline.syncOperations.addHandler(Tap(seen, behaviour))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return (channel, seen)
    }

    /// A server; each connection is told to `accepted`.
    static func listen(
        _ configuration: TLSConfiguration, _ behaviour: Behaviour = .listen, halfClosure: Bool = false,
        accepted: @escaping @Sendable (Seen) -> Void
    ) async throws -> (any Channel, Int) {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: halfClosure)
            .childChannelInitializer { channel in
                let seen = Seen()
                accepted(seen)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TLSHandler(configuration: configuration))
                    try channel.pipeline.syncOperations.addHandler(Tap(seen, behaviour))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return (channel, channel.localAddress?.port ?? 0)
    }
}
