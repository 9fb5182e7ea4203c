import NIOCore

/// The sessions of one UDP socket behind channels, one a peer: what gives each peer's pipeline its `DTLSHandler`, and
/// brings the table's events to them. Belongs to one event loop.
public final class DTLSPeers {
    /// What becomes of a stranger's datagram.
    public enum Admission: Sendable, Equatable {
        /// It becomes a peer: its channel gets a handler by `addHandler`, and then this very datagram.
        case accepted
        /// Nothing is kept of it; this, if anything, is the answer.
        case refused(answer: ByteBuffer?)
    }

    /// What clients' handshakes are answered with; nil for none.
    public var serverConfiguration: DTLSConfiguration? {
        get { endpoint.serverConfiguration }
        set { endpoint.serverConfiguration = newValue }
    }
    /// What has happened so far.
    public var statistics: DTLSStatistics { endpoint.statistics }

    private let eventLoop: any EventLoop
    private let endpoint: DTLSEndpoint
    private var handlers: [SocketAddress: DTLSHandler] = [:]
    /// What a session has told before its peer has a channel.
    private var waiting: [SocketAddress: [DTLSEvent]] = [:]
    private var timer: Scheduled<Void>?
    private var timerDeadline: NIODeadline?

    /// No peer; to be used on `eventLoop` alone.
    public init(
        serverConfiguration: DTLSConfiguration?, limits: DTLSLimits = .standard, eventLoop: any EventLoop
    ) {
        endpoint = DTLSEndpoint(serverConfiguration: serverConfiguration, limits: limits)
        self.eventLoop = eventLoop
    }

    /// Looks at a datagram from an address that has no channel.
    public func admit(_ datagram: ByteBuffer, from peer: SocketAddress) -> Admission {
        var events: [DTLSEndpoint.Event] = []
        endpoint.receive(datagram, from: peer, now: eventLoop.now, into: &events)
        let own = events.filter { $0.peer == peer }.map(\.event)
        deliver(events.filter { $0.peer != peer })
        guard endpoint.session(with: peer) != nil else {
            waiting[peer] = nil
            for case .send(let answer) in own { return .refused(answer: answer) }
            return .refused(answer: nil)
        }
        waiting[peer, default: []] += own
        schedule()
        return .accepted
    }

    /// Puts a handler into the pipeline of a peer's channel, whose `remoteAddress` names it. With a configuration
    /// this side begins, once the channel is active.
    public func addHandler(to channel: any Channel, client: DTLSConfiguration? = nil) throws {
        guard let peer = channel.remoteAddress else { throw ChannelError.unknownLocalAddress }
        let handler = DTLSHandler(peers: self, peer: peer, client: client)
        try channel.pipeline.syncOperations.addHandler(handler)
        handlers[peer] = handler
    }

    // MARK: For the handlers

    func start(_ handler: DTLSHandler) {
        guard let client = handler.client else {
            let events = waiting.removeValue(forKey: handler.peer) ?? []
            return deliver(events.map { DTLSEndpoint.Event(peer: handler.peer, event: $0) })
        }
        var events: [DTLSEndpoint.Event] = []
        do throws(TLSError) {
            try endpoint.connect(to: handler.peer, client, now: eventLoop.now, into: &events)
        } catch {
            events.append(.init(peer: handler.peer, event: .closed(error)))
        }
        deliver(events)
    }

    func receive(_ datagram: ByteBuffer, _ handler: DTLSHandler) {
        guard handlers[handler.peer] === handler else { return }
        var events: [DTLSEndpoint.Event] = []
        endpoint.receive(datagram, from: handler.peer, now: eventLoop.now, into: &events)
        deliver(events)
    }

    func send(_ plain: ByteBuffer, _ handler: DTLSHandler) throws(TLSError) {
        guard handlers[handler.peer] === handler else {
            throw TLSError(.connectionClosed, "the DTLS session is closed")
        }
        var events: [DTLSEndpoint.Event] = []
        defer { deliver(events) }
        try endpoint.send(plain, to: handler.peer, now: eventLoop.now, into: &events)
    }

    func takeSecrets(_ handler: DTLSHandler) -> DTLSSecrets? {
        guard handlers[handler.peer] === handler else { return nil }
        return endpoint.session(with: handler.peer)?.takeSecrets()
    }

    /// The channel closes: the peer is told, and its session forgotten.
    func close(_ handler: DTLSHandler) {
        guard handlers[handler.peer] === handler else { return }
        var events: [DTLSEndpoint.Event] = []
        endpoint.close(handler.peer, into: &events)
        for case .send(let datagram) in events.map(\.event) { handler.transmit(datagram) }
        handlers[handler.peer] = nil
    }

    // MARK: Events

    private func deliver(_ events: [DTLSEndpoint.Event]) {
        // The datagrams first: where a session takes another's place, its last flight goes out by the old channel.
        for event in events {
            guard case .send(let datagram) = event.event else { continue }
            handlers[event.peer]?.transmit(datagram)
        }
        for event in events {
            if case .send = event.event { continue }
            if let handler = handlers[event.peer] {
                if case .closed = event.event { handlers[event.peer] = nil }
                handler.handle(event.event)
            } else if case .closed = event.event {
                waiting[event.peer] = nil
            } else if endpoint.session(with: event.peer) != nil {
                // Its channel comes with its next datagram.
                waiting[event.peer, default: []].append(event.event)
            }
        }
        schedule()
    }

    private func schedule() {
        let deadline = endpoint.deadline
        guard deadline != timerDeadline else { return }
        timer?.cancel()
        timerDeadline = deadline
        timer = deadline.map { deadline in
            eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
                guard let self else { return }
                timerDeadline = nil
                var events: [DTLSEndpoint.Event] = []
                endpoint.timerFired(now: max(eventLoop.now, deadline), into: &events)
                deliver(events)
            }
        }
    }
}
