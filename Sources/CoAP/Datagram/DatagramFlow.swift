import CoAPMessages
import NIOCore

/// One peer's datagrams below the message layer: plain, or through handlers that secure them.
protocol DatagramFlow: AnyObject {
    /// Sends a message.
    ///
    /// - Returns: 0, or the system's error number.
    func send(_ datagram: Datagram, from origin: Origin?) -> CInt

    /// Takes the bytes of a datagram that came from the peer.
    func receive(_ bytes: ByteBuffer, arrival: Arrival, origin: Origin?)

    /// Ends: what has been sent is on its way, and the peer's channel is closed.
    func close()
}

/// What secures the datagrams of an endpoint's peers: DTLS.
///
/// A secured peer has a pipeline of its own, `ByteBuffer` both ways with one datagram in each: the network is in front,
/// the handlers that are added here follow, and the message layer is behind them. As over TCP, `TLSHandshakeCompleted`
/// begins the exchange of messages, and an error ends it.
protocol DatagramSecurity: Sendable {
    /// Looks at a datagram of a stranger before anything is kept for it.
    ///
    /// A DTLS server answers a ClientHello without a cookie from here, and so keeps nothing for a forged address.
    ///
    /// - Parameter address: whom the cookie is bound to: the peer's address and port as text.
    func admit(_ bytes: ByteBuffer, from address: SocketAddress) -> DatagramAdmission

    /// Adds the handlers of one peer; on the peer's loop.
    ///
    /// - Parameter isClient: whether this side begins.
    func addHandlers(to channel: any Channel, isClient: Bool) throws
}

/// What becomes of a stranger's datagram.
enum DatagramAdmission {
    /// It becomes a peer, and the datagram is its first.
    case accepted
    /// It does not; this, if anything, is the answer.
    case refused(answer: ByteBuffer?)
}

/// Datagrams that carry messages as they are.
final class PlainFlow: DatagramFlow {
    private unowned let peer: DatagramPeer

    init(peer: DatagramPeer) {
        self.peer = peer
    }

    func send(_ datagram: Datagram, from origin: Origin?) -> CInt {
        peer.endpoint.transmit(datagram, to: peer.key.remote, from: origin, by: peer.carrier)
    }

    func receive(_ bytes: ByteBuffer, arrival: Arrival, origin: Origin?) {
        peer.receive(bytes, arrival: arrival, origin: origin)
    }

    func close() {
        peer.channel.finish(error: ChannelError.alreadyClosed)
    }
}

/// Datagrams that go through the handlers of the peer's pipeline.
final class SecuredFlow: DatagramFlow {
    private unowned let peer: DatagramPeer

    init(peer: DatagramPeer) {
        self.peer = peer
    }

    func send(_ datagram: Datagram, from origin: Origin?) -> CInt {
        var buffer = peer.channel.allocator.buffer(capacity: datagram.encodedLength)
        datagram.encode(into: &buffer)
        peer.channel.pipeline.syncOperations.writeAndFlush(NIOAny(buffer), promise: nil)
        return 0
    }

    func receive(_ bytes: ByteBuffer, arrival: Arrival, origin: Origin?) {
        peer.securedArrival = (arrival, origin)
        peer.channel.pipeline.syncOperations.fireChannelRead(NIOAny(bytes))
        peer.channel.pipeline.syncOperations.fireChannelReadComplete()
    }

    func close() {
        peer.channel.pipeline.syncOperations.close(mode: .all, promise: nil)
    }
}
