import NIOCore
import NIOPosix
import TLS
import Testing

@testable import XMPP

/// Somebody in between whose certificate an authority has wrongly issued: ends TLS towards the client and begins it anew
/// towards the server, and passes on every byte.
final class Interceptor: Sendable {
    private final class Half: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var other: (any Channel)?
        private var waiting: [ByteBuffer] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            if let other { other.writeAndFlush(buffer, promise: nil) } else { waiting.append(buffer) }
        }

        func attach(_ other: any Channel) {
            self.other = other
            for buffer in waiting { other.writeAndFlush(buffer, promise: nil) }
            waiting = []
        }

        func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }
    }

    private let channel: any Channel
    let port: Int

    /// - Parameters:
    ///   - target: a port of direct TLS on loopback.
    ///   - authority: what the server's certificate comes from, and the wrong one too.
    init(to target: Int, authority: Authority) async throws {
        let inside = try TLSConfiguration.server(identity: authority.identity(["localhost"]))
        let outside = try TLSConfiguration.client(
            trust: authority.trust, peerName: .hostName("localhost"), applicationProtocols: ["xmpp-client"],
            resumption: .off)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        channel = try await ServerBootstrap(group: loop).childChannelInitializer { inner in
            inner.eventLoop.makeCompletedFuture {
                let front = Half()
                try inner.pipeline.syncOperations.addHandler(TLSHandler(configuration: inside))
                try inner.pipeline.syncOperations.addHandler(front)
                let bound = NIOLoopBound(front, eventLoop: loop)
                ClientBootstrap(group: loop).channelInitializer { outer in
                    outer.eventLoop.makeCompletedFuture {
                        let back = Half()
                        back.other = inner
                        try outer.pipeline.syncOperations.addHandler(TLSHandler(configuration: outside))
                        try outer.pipeline.syncOperations.addHandler(back)
                    }
                }.connect(host: "127.0.0.1", port: target).whenComplete { result in
                    switch result {
                    case .success(let outer): bound.value.attach(outer)
                    case .failure: inner.close(promise: nil)
                    }
                }
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        port = try #require(channel.localAddress?.port)
    }

    deinit { channel.close(promise: nil) }
}
