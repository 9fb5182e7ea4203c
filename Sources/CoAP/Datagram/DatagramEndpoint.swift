import CoAPMessages
import Glibc
import NIOCore

/// The peers behind one or more sockets, and what they share: time, limits, multicast.
///
/// Lives on one event loop. What carries its datagrams is given to it, so that a test can be the network.
final class DatagramEndpoint {
    let eventLoop: any EventLoop
    let limits: Limits
    let makeHandler: (Connection) -> any RequestHandler
    let security: (any DatagramSecurity)?
    let answerBudget: ByteBudget
    let bodyBudget: ByteBudget
    private let closePromise: EventLoopPromise<Void>

    var carriers: [any DatagramCarrier] = []
    private(set) var peers: [PeerKey: DatagramPeer] = [:]
    /// The same peers in an order of no meaning, to look at some of them.
    private(set) var peerList: [DatagramPeer] = []
    private(set) var isClosed = false
    var interfaces: InterfaceMembership?
    var onInterfaces: (([NetworkInterface]) -> Void)?

    /// Requests of all peers without an answer.
    var openExchanges = 0
    var counters = DatagramStatistics()
    private var lostByClosed: UInt64 = 0
    private lazy var alarm = Alarm(on: eventLoop) { [weak self] in self?.expire() }
    private var sweep: Scheduled<Void>?
    private var leisurely: [LeisurelyAnswer] = []
    var searches: [Token: MulticastSearch] = [:]
    var tokens = TokenSource()
    var lastMulticastID = UInt16.random(in: .min ... .max)
    private var scratch = ByteBuffer()
    /// Where its sockets read into.
    lazy var inbox = DatagramInbox()

    /// An answer to a multicast request that waits for its turn.
    private struct LeisurelyAnswer {
        let deadline: NIODeadline
        let peer: DatagramPeer
        let datagram: Datagram
        let origin: Origin?
    }

    init(
        eventLoop: any EventLoop, limits: Limits, security: (any DatagramSecurity)? = nil,
        makeHandler: @escaping (Connection) -> any RequestHandler
    ) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.security = security
        self.makeHandler = makeHandler
        answerBudget = ByteBudget(limit: limits.datagram.rememberedBytes)
        bodyBudget = ByteBudget(limit: limits.datagram.blockwiseBytes)
        closePromise = eventLoop.makePromise()
    }

    var closeFuture: EventLoopFuture<Void> { closePromise.futureResult }

    var statistics: DatagramStatistics {
        var statistics = counters
        let lost = lostByClosed + carriers.reduce(0) { $0 + $1.lost }
        statistics.datagramsSent -= lost
        statistics.sendErrors += lost
        statistics.peers = peerList.count
        statistics.openExchanges = openExchanges
        statistics.rememberedBytes = answerBudget.used
        statistics.blockwiseBytes = bodyBudget.used
        statistics.memberships = interfaces?.count ?? 0
        return statistics
    }

    func count(_ counter: WritableKeyPath<DatagramStatistics, UInt64>) {
        counters[keyPath: counter] += 1
    }

    // MARK: Closing

    /// Ends everything: peers, searches, sockets.
    func close() {
        end(CoAPError(.closedLocally, "the endpoint was closed by this side"))
    }

    private func end(_ error: CoAPError) {
        guard !isClosed else { return }
        isClosed = true
        alarm.cancel()
        sweep?.cancel()
        leisurely = []
        interfaces?.stop()
        interfaces = nil
        for search in Array(searches.values) { search.end(.failure(error)) }
        for peer in peerList { peer.end(error) }
        for carrier in carriers { carrier.close() }
        lostByClosed = carriers.reduce(0) { $0 + $1.lost }
        carriers = []
        closePromise.succeed()
    }

    /// The system has closed a socket under us: a connected one whose peer's network is gone, as a rule.
    func socketClosed(_ socket: DatagramSocket) {
        guard !isClosed, carriers.contains(where: { $0 === socket }) else { return }
        end(CoAPError(.connectionClosed, "the socket is gone: the network to the peer failed"))
    }

    func interfacesChanged(_ interfaces: [NetworkInterface]) {
        onInterfaces?(interfaces)
    }

    /// An ICMP message says that what was sent has not arrived. Only a socket connected to one peer hears of it.
    func socketFailed(_ error: any Error) {
        count(\.socketErrors)
        let failure = CoAPError(.unreachable, "the network says that the peer is not there: \(error)", cause: error)
        for peer in peerList { peer.unreachable(failure) }
    }

    // MARK: Sending

    /// - Parameter isQueued: whether it may wait for the end of this turn, and nobody for its fate.
    /// - Returns: 0, or the system's error number.
    func transmit(
        _ datagram: Datagram, to remote: DatagramAddress, from origin: Origin?, by carrier: any DatagramCarrier,
        isQueued: Bool = false
    ) -> CInt {
        scratch.clear()
        datagram.encode(into: &scratch)
        return transmit(scratch, to: remote, from: origin, by: carrier, isQueued: isQueued)
    }

    @discardableResult
    func transmit(
        _ bytes: ByteBuffer, to remote: DatagramAddress, from origin: Origin?, by carrier: any DatagramCarrier,
        isQueued: Bool = false
    ) -> CInt {
        let error =
            isQueued
            ? carrier.queue(bytes, to: remote, from: origin) : carrier.send(bytes, to: remote, from: origin)
        if error == 0 { counters.datagramsSent += 1 } else { counters.sendErrors += 1 }
        return error
    }

    /// How long the answer to a multicast request waits.
    func randomLeisure() -> TimeAmount {
        .nanoseconds(.random(in: 0...max(0, limits.datagram.transmission.leisure.nanoseconds)))
    }

    /// Sends an answer later.
    func delay(_ datagram: Datagram, by peer: DatagramPeer, from origin: Origin?, until deadline: NIODeadline) {
        guard leisurely.count < limits.datagram.leisurelyAnswers else { return count(\.answersDropped) }
        leisurely.append(LeisurelyAnswer(deadline: deadline, peer: peer, datagram: datagram, origin: origin))
        wake(at: deadline)
    }

    // MARK: Peers

    /// The connection to an address that this side turns to; kept until it is closed.
    func connect(_ remote: DatagramAddress, _ promise: EventLoopPromise<Connection>) {
        guard !isClosed else { return promise.fail(CoAPError(.closedLocally, "the endpoint is closed")) }
        guard let carrier = carriers.first(where: { $0.isIPv6 == remote.isIPv6 }) else {
            return promise.fail(
                CoAPError(.unreachable, "the endpoint has no \(remote.isIPv6 ? "IPv6" : "IPv4") socket for \(remote)"))
        }
        guard remote.port != 0, !remote.isMulticast, !remote.isUnspecified else {
            return promise.fail(CoAPError(.unreachable, "\(remote) is no address of one peer"))
        }
        let own = DatagramAddress(high: 0, low: 0, port: carrier.port, scope: 0, isIPv6: carrier.isIPv6)
        let key = PeerKey(remote: remote, local: own)
        if let peer = peers[key] {
            peer.isHeld = true
            peer.amplification.prove()
            return peer.whenReady(promise)
        }
        guard let peer = addPeer(key, carrier: carrier, isProven: true) else {
            return promise.fail(CoAPError(.tooManyPeers, "\(peerList.count) peers are busy"))
        }
        peer.isHeld = true
        peer.whenReady(promise)
        guard let security else { return }
        do {
            try peer.secure(security, isClient: true)
        } catch {
            peer.secureFailed(CoAPError(.secureConnectionFailed, "\(error)", cause: error))
        }
    }

    /// Adds a peer; a plain one is open at once.
    func addPeer(_ key: PeerKey, carrier: any DatagramCarrier, isProven: Bool) -> DatagramPeer? {
        guard peerList.count < limits.datagram.peers || makeRoom(isProven: isProven) else { return nil }
        let peer = DatagramPeer(endpoint: self, key: key, carrier: carrier, isProven: isProven)
        peer.index = peerList.count
        peerList.append(peer)
        peers[key] = peer
        if sweep == nil { scheduleSweep() }
        if security == nil { peer.open(peer: nil) }
        return peer
    }

    func peer(_ key: PeerKey) -> DatagramPeer? { peers[key] }

    func remove(_ peer: DatagramPeer) {
        guard peers[peer.key] === peer else { return }
        peers[peer.key] = nil
        guard let last = peerList.popLast(), last !== peer else { return }
        peerList[peer.index] = last
        last.index = peer.index
    }

    /// Peers looked at when one has to go: of so many the longest idle is an old one, at a cost that does not grow.
    private static let evictionSample = 8

    /// Lets one peer go, if one may.
    private func makeRoom(isProven: Bool) -> Bool {
        var oldest: DatagramPeer?
        for _ in 0..<DatagramEndpoint.evictionSample {
            guard let candidate = peerList.randomElement() else { break }
            guard candidate.isIdle else { continue }
            if oldest.map({ candidate.lastHeard < $0.lastHeard }) ?? true { oldest = candidate }
        }
        // Rarely: most are busy.
        oldest = oldest ?? peerList.first(where: \.isIdle)
        oldest = oldest ?? peerList.first { !$0.isHeld && !$0.amplification.isProven }
        guard let oldest else { return false }
        count(\.peersEvicted)
        oldest.end(CoAPError(.connectionClosed, "the peer had to make room for another"))
        return true
    }

    /// A quarter of the time in which idle peers go: they go no later than that after it.
    private func scheduleSweep() {
        let lifetime = limits.datagram.transmission.exchangeLifetime
        sweep = eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(lifetime.nanoseconds / 4)) { [weak self] in
            guard let self, !self.isClosed else { return }
            self.sweep = nil
            let now = self.eventLoop.now
            for peer in self.peerList where peer.isIdle && now - peer.lastHeard >= lifetime {
                peer.end(CoAPError(.connectionClosed, "the peer has been idle for \(lifetime.seconds) s"))
            }
            if !self.peerList.isEmpty { self.scheduleSweep() }
        }
    }

    // MARK: Time

    /// Has ``expire()`` run no later than `deadline`. One timer serves all peers.
    func wake(at deadline: NIODeadline) {
        if !isClosed { alarm.set(deadline) }
    }

    private func expire() {
        let now = eventLoop.now
        let due = leisurely.filter { $0.deadline <= now }
        leisurely.removeAll { $0.deadline <= now }
        for answer in due { answer.peer.send(answer.datagram, from: answer.origin) }
        for peer in peerList where peer.nextDeadline.map({ $0 <= now }) ?? false { peer.expire(now: now) }
        for search in Array(searches.values) { search.expire(now: now) }
        var next = leisurely.lazy.map(\.deadline).min()
        for deadline in peerList.lazy.compactMap(\.nextDeadline) { next = min(next ?? deadline, deadline) }
        for deadline in searches.values.lazy.map(\.deadline) { next = min(next ?? deadline, deadline) }
        if let next { wake(at: max(next, now)) }
    }
}
