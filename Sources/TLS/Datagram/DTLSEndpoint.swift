import NIOCore

/// The DTLS sessions of one UDP socket, by the peer's address; without the socket and without a clock, as
/// `DTLSSession`. Belongs to one event loop.
///
/// Of a stranger nothing is kept before the cookie has come back from its address (RFC 6347 4.2.1). A peer that has a
/// session and begins anew (4.2.8) gets a second one, which takes the first one's place once its handshake is done;
/// until then the first goes on, so that nobody can end it by a copied datagram. Where a limit is reached, the least
/// recently used session goes, and is counted.
public final class DTLSEndpoint {
    /// An event with the peer it concerns.
    public struct Event: Sendable, Equatable {
        /// Whom.
        public let peer: SocketAddress
        /// What.
        public let event: DTLSEvent
    }

    /// What new handshakes of clients are answered with; nil for none. Open sessions stay as they are when it
    /// changes.
    public var serverConfiguration: DTLSConfiguration? {
        didSet { listener = nil }
    }
    /// What has happened so far.
    public internal(set) var statistics = DTLSStatistics()

    let limits: DTLSLimits
    var entries: [SocketAddress: Entry] = [:]
    /// The one context that reads strangers' ClientHellos; it becomes a session when a cookie is good.
    private var listener: DatagramConnection?
    /// No later than the earliest deadline of a session.
    private var earliest: NIODeadline?
    /// Counts uses; the lowest is the least recent.
    private var uses: UInt64 = 0

    /// What is known of one address.
    struct Entry {
        var session: DTLSSession
        /// Of the ClientHello that began the session; nil where we are the client.
        var random: [UInt8]?
        /// A second session of the same peer, not yet open.
        var successor: DTLSSession?
        var successorRandom: [UInt8]?
        var lastUse: UInt64
    }

    /// No session; a server when `serverConfiguration` is given.
    public init(serverConfiguration: DTLSConfiguration?, limits: DTLSLimits = .standard) {
        self.serverConfiguration = serverConfiguration
        self.limits = limits
    }

    // MARK: Questions

    /// When `timerFired` wants to be called; it may be called in vain.
    public var deadline: NIODeadline? { entries.isEmpty ? nil : earliest }
    /// The session with a peer.
    public func session(with peer: SocketAddress) -> DTLSSession? { entries[peer]?.session }
    /// The peers with sessions, open or not.
    public var peers: [SocketAddress] { Array(entries.keys) }
    /// Sessions whose handshake is not done.
    public var halfOpenCount: Int {
        entries.values.reduce(0) { $0 + ($1.session.state == .open ? 0 : 1) + ($1.successor == nil ? 0 : 1) }
    }
    /// Sessions in use.
    public var openCount: Int { entries.values.reduce(0) { $0 + ($1.session.state == .open ? 1 : 0) } }

    // MARK: Doing

    /// Begins a session with a server; throws when there is one already, or memory is short.
    public func connect(
        to peer: SocketAddress, _ configuration: DTLSConfiguration, now: NIODeadline, into events: inout [Event]
    ) throws(TLSError) {
        guard configuration.role == .client else {
            throw TLSError(.invalidConfiguration, "a server's configuration was given to connect; expected a client's")
        }
        guard entries[peer] == nil else {
            throw TLSError(.invalidConfiguration, "there is a session with \(peer) already; expected none")
        }
        makeRoom(for: .halfOpen, &events)
        let session = try DTLSSession(configuration, limits: limits, now: now)
        statistics.handshakes += 1
        entries[peer] = Entry(session: session, random: nil, lastUse: nextUse())
        run(peer, session, &events) { session.start(now: now, into: &$0) }
    }

    /// A datagram from anybody.
    public func receive(
        _ datagram: ByteBuffer, from peer: SocketAddress, now: NIODeadline, into events: inout [Event]
    ) {
        guard let record = DatagramRecord(datagram) else {
            statistics.ignoredDatagrams += 1
            return
        }
        if case .clientHello(let random, let hasCookie) = record.kind {
            guard hasCookie, let entry = entries[peer] else {
                return listen(datagram, random, peer, now, &events)
            }
            if entry.successorRandom == random, let successor = entry.successor {
                // Our answer was lost: the session repeats it.
                return run(peer, successor, &events) { successor.receive(datagram, now: now, into: &$0) }
            }
            guard entry.random == random else { return listen(datagram, random, peer, now, &events) }
            guard entry.session.state == .handshaking else {
                statistics.ignoredDatagrams += 1
                return
            }
            return run(peer, entry.session, &events) { entry.session.receive(datagram, now: now, into: &$0) }
        }
        guard let entry = entries[peer] else {
            statistics.ignoredDatagrams += 1
            return
        }
        // Whose record it is only the keys tell: either ignores the other's.
        if let successor = entry.successor {
            run(peer, successor, &events) { successor.receive(datagram, now: now, into: &$0) }
            guard let current = entries[peer], current.session === entry.session else { return }
        }
        run(peer, entry.session, &events) { entry.session.receive(datagram, now: now, into: &$0) }
    }

    /// Sends one record; errors as `DTLSSession.send`.
    public func send(
        _ plain: ByteBuffer, to peer: SocketAddress, now: NIODeadline, into events: inout [Event]
    ) throws(TLSError) {
        guard let session = entries[peer]?.session else {
            throw TLSError(.connectionClosed, "there is no DTLS session with \(peer)")
        }
        var failure: TLSError?
        run(peer, session, &events) { out in
            do throws(TLSError) { try session.send(plain, now: now, into: &out) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// The time `deadline` named has come.
    public func timerFired(now: NIODeadline, into events: inout [Event]) {
        guard let earliest, now >= earliest else { return }
        for peer in peers {
            guard let entry = entries[peer] else { continue }
            if let successor = entry.successor {
                run(peer, successor, &events, isUse: false) { successor.timerFired(now: now, into: &$0) }
            }
            run(peer, entry.session, &events, isUse: false) { entry.session.timerFired(now: now, into: &$0) }
        }
        self.earliest = entries.values.lazy
            .flatMap { [$0.session.deadline, $0.successor?.deadline] }.compactMap { $0 }.min()
    }

    /// Ends the session with a peer, with close_notify when it is open.
    public func close(_ peer: SocketAddress, into events: inout [Event]) { end(peer, nil, &events) }

    /// Ends all sessions.
    public func closeAll(into events: inout [Event]) {
        for peer in peers { end(peer, nil, &events) }
    }

    // MARK: Strangers

    private func listen(
        _ datagram: ByteBuffer, _ random: [UInt8], _ peer: SocketAddress, _ now: NIODeadline,
        _ events: inout [Event]
    ) {
        guard let serverConfiguration else {
            statistics.ignoredDatagrams += 1
            return
        }
        var out: [DTLSEvent] = []
        defer { tell(peer, out, &events) }
        var datagram = datagram
        do {
            let connection =
                try listener
                ?? DatagramConnection(serverConfiguration, maximumDatagram: limits.maximumDatagram)
            listener = connection
            connection.tell(now)
            try connection.setPeer(Self.bytes(of: peer))
            let progress = try connection.handshake(&datagram, into: &out)
            if case .needsInput = progress, connection.hasStarted {
                listener = nil
                return accept(connection, random, peer, now, &events)
            }
            if case .verifying = progress {
                statistics.cookiesAsked += 1
            } else {
                statistics.ignoredDatagrams += 1
            }
            try connection.reset()
        } catch {
            // A ClientHello that leads nowhere; where its cookie was good, with an alert.
            statistics.failedHandshakes += 1
            listener = nil
        }
    }

    private func accept(
        _ connection: DatagramConnection, _ random: [UInt8], _ peer: SocketAddress, _ now: NIODeadline,
        _ events: inout [Event]
    ) {
        statistics.handshakes += 1
        let session = DTLSSession(connection, limits: limits, now: now)
        if entries[peer]?.session.state == .open {
            entries[peer]?.successor = nil
            makeRoom(for: .halfOpen, &events)
        }
        if entries[peer]?.session.state == .open {
            entries[peer]?.successor = session
            entries[peer]?.successorRandom = random
        } else {
            // A handshake that was never done is nobody's loss.
            if entries[peer] == nil {
                makeRoom(for: .halfOpen, &events)
            } else {
                statistics.failedHandshakes += 1
            }
            entries[peer] = Entry(session: session, random: random, lastUse: nextUse())
        }
        note(session.deadline)
    }

    /// What a cookie is bound to: address and port (and the interface, for link-local addresses).
    private static func bytes(of peer: SocketAddress) -> [UInt8] {
        func raw<T>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
        return switch peer {
        case .v4(let address): raw(address.address.sin_addr) + raw(address.address.sin_port)
        case .v6(let address):
            raw(address.address.sin6_addr) + raw(address.address.sin6_port) + raw(address.address.sin6_scope_id)
        case .unixDomainSocket: Array(peer.description.utf8)
        }
    }

    // MARK: Sessions

    /// Calls a session and follows what it tells.
    private func run(
        _ peer: SocketAddress, _ session: DTLSSession, _ events: inout [Event], isUse: Bool = true,
        _ body: (inout [DTLSEvent]) -> Void
    ) {
        var out: [DTLSEvent] = []
        body(&out)
        if isUse && out.contains(where: \.isReceived) { entries[peer]?.lastUse = nextUse() }
        follow(peer, session, &out, &events)
        tell(peer, out, &events)
        note(session.deadline)
    }

    private func follow(
        _ peer: SocketAddress, _ session: DTLSSession, _ out: inout [DTLSEvent], _ events: inout [Event]
    ) {
        for event in out {
            switch event {
            case .send, .received: break
            case .completed:
                statistics.completedHandshakes += 1
                if let entry = entries[peer], entry.successor === session {
                    statistics.replacedSessions += 1
                    // Without close_notify: the peer has forgotten those keys.
                    let reason = TLSError(.connectionClosed, "the peer has started anew, with another session")
                    events.append(Event(peer: peer, event: .closed(reason)))
                    entries[peer] = Entry(session: session, random: entry.successorRandom, lastUse: nextUse())
                }
                makeRoom(for: .open, &events, but: peer)
            case .closed(let error):
                count(error)
                guard let entry = entries[peer] else { break }
                if entry.successor === session {
                    entries[peer]?.successor = nil
                    entries[peer]?.successorRandom = nil
                    // The first session goes on: nobody is told.
                    out.removeAll {
                        if case .closed = $0 { true } else { false }
                    }
                    return
                }
                guard entry.session === session else { break }
                // The peer's new attempt goes on alone.
                entries[peer] = entry.successor.map {
                    Entry(session: $0, random: entry.successorRandom, lastUse: nextUse())
                }
            }
        }
    }

    private func count(_ error: TLSError?) {
        switch error?.code {
        case nil, .sessionEvicted: break
        case .idleTimeout: statistics.idleSessions += 1
        default: statistics.failedHandshakes += 1
        }
    }

    private func tell(_ peer: SocketAddress, _ out: [DTLSEvent], _ events: inout [Event]) {
        for event in out { events.append(Event(peer: peer, event: event)) }
    }

    private func note(_ deadline: NIODeadline?) {
        guard let deadline else { return }
        earliest = earliest.map { min($0, deadline) } ?? deadline
    }

    private func nextUse() -> UInt64 {
        uses += 1
        return uses
    }

    private func end(_ peer: SocketAddress, _ error: TLSError?, _ events: inout [Event]) {
        guard let entry = entries.removeValue(forKey: peer) else { return }
        var out: [DTLSEvent] = []
        entry.session.close(error, into: &out)
        tell(peer, out, &events)
    }

    // MARK: Limits

    private enum Kind {
        case halfOpen
        case open
    }

    /// Lets the least recently used go, until one more half-open session fits, or the open ones are no more than
    /// allowed.
    private func makeRoom(for kind: Kind, _ events: inout [Event], but spared: SocketAddress? = nil) {
        switch kind {
        case .halfOpen:
            while halfOpenCount >= limits.halfOpenSessions {
                // A successor goes before the session it was to follow.
                let oldest = entries.lazy.filter { $0.value.session.state != .open || $0.value.successor != nil }
                    .min { $0.value.lastUse < $1.value.lastUse }
                guard let oldest else { return }
                statistics.evictedHalfOpen += 1
                if oldest.value.session.state == .open {
                    entries[oldest.key]?.successor = nil
                    entries[oldest.key]?.successorRandom = nil
                } else {
                    end(oldest.key, Self.evicted("\(limits.halfOpenSessions) handshakes are under way"), &events)
                }
            }
        case .open:
            while openCount > limits.openSessions {
                let oldest = entries.lazy.filter { $0.value.session.state == .open && $0.key != spared }
                    .min { $0.value.lastUse < $1.value.lastUse }
                guard let oldest else { return }
                statistics.evictedOpen += 1
                end(oldest.key, Self.evicted("\(limits.openSessions) sessions are open"), &events)
            }
        }
    }

    private static func evicted(_ why: String) -> TLSError {
        TLSError(.sessionEvicted, "the session was the least recently used, and \(why)")
    }
}
