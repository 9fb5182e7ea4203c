import NIOCore

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
