import NIOCore
import NIOEmbedded
import TLS
import Testing

/// What a handler behind TLS sees.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var received = ByteBuffer()
    var reads = 0
    var handshake: TLSHandshakeCompleted?
    var errors: [TLSError] = []
    var otherErrors: [any Error] = []
    var isInputClosed = false
    var isInactive = false
    /// Runs inside channelRead.
    var onRead: ((ChannelHandlerContext) -> Void)?
    var onHandshake: ((ChannelHandlerContext) -> Void)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        reads += 1
        received.writeBuffer(&buffer)
        onRead?(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let completed = event as? TLSHandshakeCompleted {
            handshake = completed
            onHandshake?(context)
        }
        if case .inputClosed? = event as? ChannelEvent { isInputClosed = true }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError { errors.append(error) } else { otherErrors.append(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isInactive = true
        context.fireChannelInactive()
    }

    var text: String { String(buffer: received) }
}

/// One end of a connection in memory.
final class End {
    /// The other end has gone, and this one was told.
    var isOtherGone = false
    let channel: EmbeddedChannel
    let handler: TLSHandler
    let recorder: Recorder

    init(_ configuration: TLSConfiguration, limits: TLSLimits = .standard) throws {
        channel = EmbeddedChannel()
        handler = TLSHandler(configuration: configuration, limits: limits)
        recorder = Recorder()
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.pipeline.syncOperations.addHandler(recorder)
    }

    func connect() throws {
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        channel.embeddedEventLoop.run()
    }

    func write(_ text: String) { write(ByteBuffer(string: text)) }

    func write(_ buffer: ByteBuffer) {
        channel.writeAndFlush(buffer, promise: nil)
        channel.embeddedEventLoop.run()
    }

    func outbound() throws -> ByteBuffer? { try channel.readOutbound(as: ByteBuffer.self) }
}

/// A client and a server, joined in memory.
struct Wire {
    let client: End
    let server: End
    /// At most as many bytes a delivery; nil for all at once.
    var slice: Int?

    init(
        _ client: TLSConfiguration, _ server: TLSConfiguration, limits: TLSLimits = .standard, slice: Int? = nil
    ) throws {
        self.client = try End(client, limits: limits)
        self.server = try End(server, limits: limits)
        self.slice = slice
    }

    /// Connects and carries bytes until nothing moves.
    func run() throws {
        try server.connect()
        try client.connect()
        pump()
    }

    func pump() {
        var isMoving = true
        while isMoving {
            isMoving = carry(client, server)
            if carry(server, client) { isMoving = true }
        }
    }

    private func carry(_ from: End, _ to: End) -> Bool {
        from.channel.embeddedEventLoop.run()
        var moved = false
        while var buffer = try? from.outbound() {
            moved = moved || buffer.readableBytes > 0
            guard to.channel.isActive, !to.isOtherGone else { continue }
            while let part = buffer.readSlice(length: min(slice ?? Int.max, buffer.readableBytes)),
                part.readableBytes > 0
            {
                // The sender is not told of the receiver's faults.
                _ = try? to.channel.writeInbound(part)
            }
        }
        // What TCP does: an end that is closed shows at the other, after the bytes.
        if from.recorder.isInactive, !to.isOtherGone, to.channel.isActive {
            to.isOtherGone = true
            to.channel.pipeline.fireChannelInactive()
            to.channel.embeddedEventLoop.run()
            moved = true
        }
        return moved
    }
}

/// Whether two large ranges are equal; an expectation on them would compute their difference, which takes for ever.
func expectEqual(_ found: [UInt8], _ expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    guard found != expected else { return }
    let index = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    Issue.record(
        "found \(found.count) bytes, expected \(expected.count); the first difference is at \(index ?? found.count)",
        sourceLocation: sourceLocation)
}
