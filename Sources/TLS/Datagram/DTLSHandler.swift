import NIOCore

/// DTLS in the pipeline of one peer's channel: a datagram a `ByteBuffer` towards the network, a record's plaintext a
/// `ByteBuffer` on the other side.
///
/// Fires `DTLSHandshakeCompleted` and then `TLSHandshakeCompleted`, as streams do, before any data. A session that ends
/// with an error fires it (`TLSError`); however it ends, the channel is closed. Writes before the handshake is done
/// fail. Made by `DTLSPeers.addHandler`.
public final class DTLSHandler: ChannelDuplexHandler {
    /// A datagram.
    public typealias InboundIn = ByteBuffer
    /// A record's plaintext.
    public typealias InboundOut = ByteBuffer
    /// A record's plaintext.
    public typealias OutboundIn = ByteBuffer
    /// A datagram.
    public typealias OutboundOut = ByteBuffer

    /// What the handshake has led to; nil before.
    public private(set) var completed: DTLSHandshakeCompleted?

    let peer: SocketAddress
    let client: DTLSConfiguration?
    private let peers: DTLSPeers
    private var context: ChannelHandlerContext?
    private var isStarted = false

    init(peers: DTLSPeers, peer: SocketAddress, client: DTLSConfiguration?) {
        self.peers = peers
        self.peer = peer
        self.client = client
    }

    /// The session's secrets, when its configuration exports them; once, on the channel's loop.
    public func takeSecrets() -> DTLSSecrets? { peers.takeSecrets(self) }

    /// Takes its place.
    public func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// Forgets the session.
    public func handlerRemoved(context: ChannelHandlerContext) {
        peers.close(self)
        self.context = nil
    }

    /// A client begins.
    public func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        guard client != nil, !isStarted else { return }
        isStarted = true
        peers.start(self)
    }

    /// Ends the session, for which it is too late to say goodbye.
    public func channelInactive(context: ChannelHandlerContext) {
        peers.close(self)
        context.fireChannelInactive()
    }

    /// Takes a datagram.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isStarted else {
            // The datagram that made the peer: it was read when it was admitted, and has led to this.
            isStarted = true
            return peers.start(self)
        }
        peers.receive(unwrapInboundIn(data), self)
    }

    /// Sends a record.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        do throws(TLSError) {
            try peers.send(unwrapOutboundIn(data), self)
            promise?.succeed()
        } catch {
            promise?.fail(error)
        }
    }

    /// Says close_notify first.
    public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { peers.close(self) }
        context.close(mode: mode, promise: promise)
    }

    // MARK: For the sessions

    func transmit(_ datagram: ByteBuffer) {
        guard let context, context.channel.isActive else { return }
        context.writeAndFlush(wrapOutboundOut(datagram), promise: nil)
    }

    func handle(_ event: DTLSEvent) {
        guard let context else { return }
        switch event {
        case .send(let datagram): transmit(datagram)
        case .completed(let completed):
            self.completed = completed
            context.fireUserInboundEventTriggered(completed)
            context.fireUserInboundEventTriggered(TLSHandshakeCompleted(completed))
        case .received(let plain):
            context.fireChannelRead(wrapInboundOut(plain))
            context.fireChannelReadComplete()
        case .closed(let error):
            if let error { context.fireErrorCaught(error) }
            context.close(promise: nil)
        }
    }
}

extension TLSHandshakeCompleted {
    /// As a stream would tell it.
    init(_ completed: DTLSHandshakeCompleted) {
        self.init(
            peer: completed.peer, cipherSuite: completed.cipherSuite, applicationProtocol: nil, isResumed: false,
            firstFinished: nil)
    }
}
