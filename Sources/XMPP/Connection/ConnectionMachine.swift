/// The life of a connection over any number of streams as a machine: inputs in, effects out; no socket, no clock, no chance.
///
///     resolving → connecting → negotiating → online → waiting → resolving …
///
/// Every failure leads to a wait with jitter and then to another attempt; only `stop` ends that.
struct ConnectionMachine: Sendable {
    /// Where the connection stands.
    enum State: Sendable, Hashable {
        /// Not started.
        case idle
        /// The servers are being looked up.
        case resolving
        /// TCP, and direct TLS.
        case connecting
        /// The stream is being set up.
        case negotiating
        /// Stanzas go both ways.
        case online
        /// Until the next attempt.
        case waiting
        /// The stream is being closed.
        case stopping
        case stopped
    }

    /// The machine's deadlines; starting one takes back an earlier one of the kind.
    enum Timer: Sendable, Hashable, CaseIterable {
        /// The next attempt.
        case retry
        /// The end of the patience with a stream that is being set up.
        case negotiation
        /// The session has lasted long enough to be trusted.
        case stable
        /// The end of a parting's patience.
        case parting
    }

    enum Input: Sendable, Hashable {
        case start
        case stop
        /// What name resolution has found.
        case resolved(ServiceResolver.Outcome)
        /// TCP, and direct TLS, stand.
        case connected
        case connectFailed(StreamTrouble)
        /// The stream is set up.
        case online
        /// The stream is over, and its transport is to be closed or gone.
        case ended(StreamTrouble?)
        case timer(Timer)
        /// The clock has been put right, or the network is there again: no need to wait.
        case tryNow
    }

    enum Effect: Sendable, Hashable {
        case resolve
        case connect(ServerTarget)
        /// Begin the stream.
        case negotiate
        /// End the stream properly.
        case part
        /// Close the transport at once; nothing of it is to be told any more.
        case abandon
        case startTimer(Timer, ClosedRange<Duration>)
        case cancelTimer(Timer)
        /// Nothing goes any more.
        case stopped
    }

    let domain: String
    let target: ServerTarget?
    let negotiationTimeout: Duration
    let closeTimeout: Duration

    private(set) var state = State.idle
    /// Why there is no session, as far as that is a failure.
    private(set) var trouble: StreamTrouble?
    /// The server in use.
    private(set) var current: ServerTarget?
    /// Where the session would be taken up again best (XEP-0198 3, `location`): tried once when it is lost, before the usual
    /// servers. Set while it is online.
    var preferred: ServerTarget?
    /// Whether a lost session can be taken up again as long as the server keeps it. Set by who holds it.
    var holdsSession = false
    private(set) var failures = 0
    private var targets: ArraySlice<ServerTarget> = []
    private var redirects = 0
    /// Whether the usual servers come after those in `targets`.
    private var hasUsual = false

    init(domain: String, target: ServerTarget?, negotiationTimeout: Duration, closeTimeout: Duration) {
        self.domain = domain
        self.target = target
        self.negotiationTimeout = negotiationTimeout
        self.closeTimeout = closeTimeout
    }

    /// The one transition function. An input that means nothing in the present state changes nothing.
    mutating func handle(_ input: Input) -> [Effect] {
        switch (input, state) {
        case (.start, .idle), (.start, .stopped): start()
        case (.stop, .online): part()
        case (.stop, .stopping), (.stop, .stopped): []
        case (.stop, .idle): stopped([])
        case (.stop, _): stopped([.abandon])

        case (.timer(.retry), .waiting): begin()
        case (.tryNow, .waiting): [.cancelTimer(.retry)] + begin()
        case (.resolved(let outcome), .resolving): resolved(outcome)
        case (.connected, .connecting): connected()
        case (.connectFailed(let trouble), .connecting): nextTarget(after: trouble)
        case (.online, .negotiating): online()
        case (.timer(.negotiation), .negotiating), (.timer(.negotiation), .connecting):
            [.abandon]
                + nextTarget(
                    after: StreamTrouble(
                        .silent, "the session with the server did not come about within \(negotiationTimeout)"))
        case (.ended(let trouble), .negotiating), (.ended(let trouble), .online): ended(trouble)
        case (.timer(.stable), .online): stable()
        case (.ended, .stopping): stopped([])
        case (.timer(.parting), .stopping): stopped([.abandon])
        default: []
        }
    }

    // MARK: Coming and going

    private mutating func start() -> [Effect] {
        failures = 0
        trouble = nil
        return begin()
    }

    private mutating func part() -> [Effect] {
        state = .stopping
        return [.cancelTimer(.stable), .part, .startTimer(.parting, closeTimeout...closeTimeout)]
    }

    private mutating func stopped(_ effects: [Effect]) -> [Effect] {
        state = .stopped
        current = nil
        return Timer.allCases.map { .cancelTimer($0) } + effects + [.stopped]
    }

    // MARK: Connecting

    private mutating func begin() -> [Effect] {
        redirects = 0
        if let preferred {
            self.preferred = nil
            hasUsual = true
            targets = [preferred]
            return connectNext()
        }
        return beginUsual()
    }

    private mutating func beginUsual() -> [Effect] {
        hasUsual = false
        if let target {
            targets = [target]
            return connectNext()
        }
        state = .resolving
        return [.resolve]
    }

    private mutating func resolved(_ outcome: ServiceResolver.Outcome) -> [Effect] {
        switch outcome {
        case .targets(let found): targets = found[...]
        // RFC 6120 3.2.2.
        case .noRecords: targets = [ServerTarget(host: domain)]
        case .notOffered:
            return wait(StreamTrouble(.nameNotFound, "\(domain) says that it has no XMPP server for clients"))
        }
        return connectNext()
    }

    private mutating func connectNext() -> [Effect] {
        guard let next = targets.popFirst() else { return hasUsual ? beginUsual() : wait(trouble) }
        state = .connecting
        current = next
        return [.connect(next), .startTimer(.negotiation, negotiationTimeout...negotiationTimeout)]
    }

    private mutating func nextTarget(after trouble: StreamTrouble) -> [Effect] {
        self.trouble = trouble
        return connectNext()
    }

    private mutating func connected() -> [Effect] {
        state = .negotiating
        return [.negotiate]
    }

    private mutating func online() -> [Effect] {
        state = .online
        trouble = nil
        hasUsual = false
        return [
            .cancelTimer(.negotiation),
            .startTimer(.stable, ConnectionSchedule.stableTime...ConnectionSchedule.stableTime),
        ]
    }

    private mutating func stable() -> [Effect] {
        failures = 0
        redirects = 0
        return []
    }

    // MARK: Failing

    private mutating func ended(_ trouble: StreamTrouble?) -> [Effect] {
        let trouble = trouble ?? StreamTrouble(.unreachable, "the connection was closed")
        let wasNegotiating = state == .negotiating
        if let other = trouble.streamError, other.condition == .seeOtherHost { return redirected(other, trouble) }
        switch trouble.code {
        case .unreachable, .silent, .serverRefused:
            // Another of the domain's servers may be well.
            if wasNegotiating { return [.abandon] + nextTarget(after: trouble) }
        default: break
        }
        return [.abandon] + wait(trouble)
    }

    private mutating func redirected(_ error: StreamError, _ trouble: StreamTrouble) -> [Effect] {
        guard redirects < ConnectionSchedule.maximumRedirects, let current,
            let other = error.alternative.flatMap({ ServerTarget(redirect: $0, from: current) })
        else {
            let reason = "the server sends us elsewhere, to \"\(error.alternative?.prefix(64) ?? "")\", again and again"
            return [.abandon] + wait(StreamTrouble(.serverRefused, reason, streamError: error))
        }
        redirects += 1
        self.trouble = trouble
        targets = [other] + targets
        return [.abandon, .cancelTimer(.stable)] + connectNext()
    }

    private mutating func wait(_ trouble: StreamTrouble?) -> [Effect] {
        self.trouble = trouble
        state = .waiting
        current = nil
        targets = []
        hasUsual = false
        let delay = ConnectionSchedule.delay(after: failures, trouble, holdsSession: holdsSession)
        failures += 1
        return [.cancelTimer(.negotiation), .cancelTimer(.stable), .startTimer(.retry, delay)]
    }
}
