import Glibc
import NIOCore
import NIOPosix
import OneLoop

/// Answers whatever comes with these bytes, and closes; without an answer it resets the connection.
enum RawServer {
    static func start(answer: String?) async throws -> any Channel {
        try await ServerBootstrap(group: Loop.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }.flatMap {
                    guard answer == nil, let socket = channel as? any SocketOptionProvider else {
                        return channel.eventLoop.makeSucceededVoidFuture()
                    }
                    // Closed without lingering, a connection ends with a reset.
                    return socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: String?

        init(_ answer: String?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let channel = context.channel
            guard let answer else { return channel.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).whenComplete { _ in
                channel.close(promise: nil)
            }
        }
    }
}
