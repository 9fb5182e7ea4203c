import NIOCore
import NIOHTTP1
import OneLoop
import TLS

/// Tells a connection that bytes have come, before they are a message.
final class HTTPArrivalWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTPServerConnection

    init(_ connection: HTTPServerConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        Loop.assumeIsolated { [connection] in connection.bytesCame() }
        context.fireChannelRead(data)
    }
}

/// The end of the pipeline: what comes out of it goes to the connection, and the connection says when to read on.
final class HTTPServerHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let connection: HTTPServerConnection

    init(_ connection: HTTPServerConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        Loop.assumeIsolated { [connection] in connection.received(part) }
    }

    func read(context: ChannelHandlerContext) {
        if Loop.assumeIsolated({ [connection] in connection.mayRead() }) { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let completed as TLSHandshakeCompleted:
            let peer = completed.peer
            Loop.assumeIsolated { [connection] in connection.peer.certificate = peer }
        case ChannelEvent.inputClosed: Loop.assumeIsolated { [connection] in connection.inputClosed() }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        Loop.assumeIsolated { [connection] in connection.failed(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        Loop.assumeIsolated { [connection] in connection.closed() }
        context.fireChannelInactive()
    }
}
