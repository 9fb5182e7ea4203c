import NIOCore
import TLS

/// DTLS under an endpoint's peers.
final class DTLSSecurity: DatagramSecurity {
    /// What lives on the loop.
    final class State {
        let peers: DTLSPeers
        /// For an endpoint towards one server.
        let client: DTLSConfiguration?
        /// What is about to begin a handshake, by address; taken out as it does.
        var clients: [SocketAddress: DTLSConfiguration] = [:]

        init(peers: DTLSPeers, client: DTLSConfiguration?) {
            self.peers = peers
            self.client = client
        }
    }

    private let server: DTLSConfiguration?
    private let client: DTLSConfiguration?
    private let limits: DTLSLimits
    private let eventLoop: any EventLoop
    /// Made at the first use, on the loop.
    private let state: NIOLoopBoundBox<State?>

    init(server: DTLSConfiguration?, client: DTLSConfiguration?, limits: DTLSLimits, eventLoop: any EventLoop) {
        self.server = server
        self.client = client
        self.limits = limits
        self.eventLoop = eventLoop
        state = NIOLoopBoundBox.makeEmptyBox(valueType: State.self, eventLoop: eventLoop)
    }

    private var current: State {
        if let state = state.value { return state }
        let new = State(
            peers: DTLSPeers(serverConfiguration: server, limits: limits, eventLoop: eventLoop), client: client)
        state.value = new
        return new
    }

    func onLoop(_ body: @escaping @Sendable (State) -> Void) {
        if eventLoop.inEventLoop {
            body(current)
        } else {
            eventLoop.execute { body(self.current) }
        }
    }

    func admit(_ bytes: ByteBuffer, from address: SocketAddress) -> DatagramAdmission {
        switch current.peers.admit(bytes, from: address) {
        case .accepted: .accepted
        case .refused(let answer): .refused(answer: answer)
        }
    }

    func addHandlers(to channel: any Channel, isClient: Bool) throws {
        guard isClient else { return try current.peers.addHandler(to: channel) }
        let named = channel.remoteAddress.flatMap { current.clients.removeValue(forKey: $0) }
        guard let configuration = named ?? current.client else {
            throw TLSError(.invalidConfiguration, "no DTLS configuration is given for this server; use peer(_:_:)")
        }
        try current.peers.addHandler(to: channel, client: configuration)
    }
}
