import Logging
import OneLoop

/// The LED-and-button ceremony, the trust it gives, and factory reset.
///
/// Make one, add ``onFactoryReset(_:_:)`` hooks, attach a button, then ``start()``. Everything is on the loop; nothing
/// blocks it.
@Loop
public final class Pairing {
    /// How a subscription is named.
    public struct SubscriptionID: Sendable, Hashable {
        let number: UInt64
    }

    /// What a reset does besides wiping trust; must do no harm when it runs twice, and be durable when it returns.
    public typealias ResetHook = @Loop (ResetCause) async throws -> Void

    /// The most who may watch; each is a room of the daemon, and there are not so many rooms.
    static let maximumSubscribers = 64

    let log: Logger
    let configuration: PairingConfiguration
    let ledger: TrustLedger
    let clock: any PairingClock
    private let player: PatternPlayer
    private let indicator: any Indicator
    private(set) var state = Ceremony.State.idle
    private var limiter: KnockLimiter
    private var waiting: (ticket: UInt64, answer: CheckedContinuation<KnockOutcome, Never>)?
    private var tickets: UInt64 = 0
    private var cancelTimer: (@Loop () -> Void)?
    private var subscribers: [(SubscriptionID, @Loop (PairingEvent) -> Void)] = []
    private var subscriptions: UInt64 = 0
    private var button: (any Button)?
    private(set) var isClosed = false
    private var isJoining = false
    var hooks: [(name: String, hook: ResetHook)] = []
    var resetWaiters: [CheckedContinuation<Bool, Never>] = []
    /// What went wrong last with the store or a reset; nil once it goes well again.
    public internal(set) var trouble: String?

    /// A ceremony over a store; reads what is trusted, changes nothing yet.
    ///
    /// - Throws: ``PairingError`` with `invalidConfiguration`.
    public init(
        configuration: PairingConfiguration = PairingConfiguration(),
        store: any TrustStore,
        indicator: any Indicator,
        clock: any PairingClock = LoopClock(),
        log: Logger = Logger(label: "pairing")
    ) throws(PairingError) {
        try configuration.validate()
        self.configuration = configuration
        self.clock = clock
        self.log = log
        self.indicator = indicator
        ledger = TrustLedger(store: store)
        player = PatternPlayer(indicator: indicator, clock: clock)
        limiter = KnockLimiter(configuration)
    }

    // MARK: Trust

    /// Who is trusted, the oldest first. Empty while a reset is unfinished.
    public var trusted: [TrustRecord] { ledger.all }

    /// Whether new knocks are refused until a factory reset.
    public var isLocked: Bool { ledger.isLocked }

    /// Whether a reset was begun and could not be finished; nobody is trusted until it is.
    public var isResetPending: Bool { ledger.resetPending }

    /// Whether a candidate is trusted.
    public func isTrusted(_ kind: Candidate.Kind, _ identifier: String) -> Bool {
        ledger.record(kind, identifier) != nil
    }

    /// Takes trust away: out of effect at once, durable when it returns.
    ///
    /// - Throws: ``PairingError`` with `notFound`, or `store`: then the trust is gone until the next start only.
    public func removeTrust(_ kind: Candidate.Kind, _ identifier: String) async throws(PairingError) {
        let known = ledger.record(kind, identifier)
        defer { if let known { emit(.removed(known)) } }
        _ = try await ledger.remove(kind, identifier)
        log.notice("trust removed", metadata: ["kind": "\(kind.rawValue)", "identifier": "\(identifier)"])
    }

    /// Refuses every new knock until a factory reset; what is trusted stays so.
    ///
    /// - Throws: ``PairingError`` with `store`: then the lock holds until the next start only.
    public func lock() async throws(PairingError) {
        guard !isLocked else { return }
        defer {
            handle(.locked)
            emit(.locked(true))
        }
        try await ledger.lock()
    }

    // MARK: The ceremony

    /// Where the ceremony is.
    public var phase: Phase { Phase(state) }

    /// The ceremony's clock, for `until` of ``Phase/knocking(_:until:)``.
    public var clockNow: Duration { clock.now }

    /// Asks for trust: flashes the LED and waits for a press.
    ///
    /// The record of the trust is durable before `.accepted` is returned. Who is trusted already is accepted at once,
    /// even when the gateway is locked. Cancelling the task withdraws the knock.
    ///
    /// - Parameter window: how long to wait, 1 to 254 s; nil for the configured time.
    public func knock(_ candidate: Candidate, window: Duration? = nil) async -> KnockOutcome {
        if isTrusted(candidate.kind, candidate.identifier) { return .accepted }
        guard candidate.isValid else {
            return .refused(
                .invalid(
                    "the identifier must have 1 to \(Candidate.maximumIdentifierLength) bytes and no control characters"
                ))
        }
        let window = window ?? configuration.window
        guard window >= .seconds(1), window <= PairingConfiguration.longestWindow else {
            return .refused(.invalid("the window is \(window); expected 1 to 254 seconds"))
        }
        serveDeadline()
        if let reason = Ceremony.refusal(state, rules) { return .refused(reason) }
        if let wait = limiter.take(window, at: clock.now) { return .refused(.tooManyKnocks(retryAfter: wait)) }
        tickets += 1
        let ticket = tickets
        log.notice(
            "knock: press the button to trust", metadata: ["candidate": "\(candidate)", "title": "\(candidate.title)"])
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (answer: CheckedContinuation<KnockOutcome, Never>) in
                guard !isClosed, !Task.isCancelled else { return answer.resume(returning: .refused(.withdrawn)) }
                waiting = (ticket, answer)
                handle(.knock(candidate, window: window))
            }
        } onCancel: {
            Task { @Loop in self.withdraw(ticket) }
        }
        log.notice("knock ended", metadata: ["candidate": "\(candidate)", "outcome": "\(outcome)"])
        return outcome
    }

    /// The button went down or was let go, after debouncing: from its line, or from a command on a simulated board.
    public func buttonChanged(pressed: Bool) {
        guard !isClosed else { return }
        handle(pressed ? .buttonDown : .buttonUp)
    }

    /// Lets the ceremony see the button itself: it then knows whether there is one, and looks again before it takes a
    /// silence for a long hold.
    public func attach(button: any Button) {
        self.button = button
        if button.isPressed == true { handle(.buttonStuck) }
        button.onChange = { [weak self] change in
            switch change {
            case .pressed: self?.handle(.buttonDown)
            case .released: self?.handle(.buttonUp)
            case .stuck: self?.handle(.buttonStuck)
            case .lost: self?.handle(.buttonLost)
            }
        }
    }

    /// Finishes a reset that was cut short, and locks when the configuration says so. Call once, after the hooks are
    /// there and before the doors open.
    public func start() async {
        if ledger.resetPending {
            log.warning("a factory reset was cut short; finishing it")
            await factoryReset(by: .resumed)
        }
        if configuration.lockAfterFirstTrust, !ledger.isEmpty, !isLocked {
            do { try await lock() } catch { note(error) }
        }
    }

    /// Watches the ceremony; the handler runs on the loop, within the change.
    @discardableResult
    public func subscribe(_ handler: @escaping @Loop (PairingEvent) -> Void) -> SubscriptionID {
        precondition(
            subscribers.count < Pairing.maximumSubscribers, "more watchers of pairing than the daemon has rooms")
        subscriptions += 1
        let id = SubscriptionID(number: subscriptions)
        subscribers.append((id, handler))
        return id
    }

    /// Ends a subscription.
    public func unsubscribe(_ id: SubscriptionID) {
        subscribers.removeAll { $0.0 == id }
    }

    /// Shows on the LED whether sensors may join, and makes a press end that. The window itself is not the ceremony's.
    public func setJoining(_ joining: Bool) {
        guard !isClosed, joining != isJoining else { return }
        isJoining = joining
        player.show(shownPattern)
    }

    /// Shows a signal once, unless the LED has something else to say: a knock, a warning.
    public func show(_ signal: Signal) {
        guard !isClosed, state.pattern == .dark else { return }
        player.play(signal)
    }

    /// Refuses who waits, and leaves the LED dark. Trust or a reset on its way to the flash still gets there, and who
    /// waits for it is told.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        handle(.withdraw)
        cancelTimer?()
        cancelTimer = nil
        button?.onChange = nil
        player.close()
    }

    /// Why the LED does not work; nil when it does.
    public var indicatorTrouble: String? { indicator.trouble }

    /// Why the button does not work; nil when it does, or when presses come from elsewhere.
    public var buttonTrouble: String? { button?.trouble }

    // MARK: The machine's hands

    private var rules: Ceremony.Rules {
        Ceremony.Rules(
            configuration, isLocked: isLocked, hasButton: button?.trouble == nil, isJoining: isJoining)
    }

    func handle(_ event: Ceremony.Event, at moment: Ceremony.Moment? = nil) {
        let before = state
        let (next, effects) = Ceremony.transition(state, event, at: moment ?? clock.now, rules)
        state = next
        player.show(shownPattern)
        for effect in effects { perform(effect) }
        schedule()
        if Phase(before) != Phase(state) { emit(.phase(phase)) }
    }

    private var shownPattern: Pattern {
        let pattern = state.pattern
        return pattern == .dark && isJoining ? .joining : pattern
    }

    private func perform(_ effect: Ceremony.Effect) {
        switch effect {
        case .openJoin: emit(.joinWanted)
        case .closeJoin: emit(.joinUnwanted)
        case .refuse(_, let reason): answer(.refused(reason))
        case .accept: answer(.accepted)
        case .signal(let signal): player.play(signal)
        case .report: player.play(.report(stateReport))
        case .personPresent: limiter.fill()
        case .store(let candidate): Task { @Loop in await self.store(candidate) }
        case .reset(let cause): Task { @Loop in await self.performReset(cause) }
        }
    }

    /// Keeps trust in somebody whom a press has let in already, under the name that has shown itself since: an owner, whose
    /// id comes with the transfer of ownership. Durable when it returns.
    ///
    /// - Throws: ``PairingError`` with `store`.
    public func record(_ candidate: Candidate) async throws(PairingError) {
        guard candidate.isValid, !isTrusted(candidate.kind, candidate.identifier), !isResetPending else { return }
        let record = TrustRecord(candidate: candidate, when: clock.wallMilliseconds)
        try await ledger.add(record)
        emit(.trusted(record))
        if configuration.lockAfterFirstTrust { try await lock() }
    }

    private func store(_ candidate: Candidate) async {
        guard candidate.isRemembered else { return handle(.stored) }
        let record = TrustRecord(candidate: candidate, when: clock.wallMilliseconds)
        do {
            try await ledger.add(record)
            trouble = nil
            emit(.trusted(record))
            handle(.stored)
        } catch {
            note(error)
            return handle(.storeFailed(error.reason))
        }
        // A power cut between the two is made good at the next start.
        if configuration.lockAfterFirstTrust {
            do { try await lock() } catch { note(error) }
        }
    }

    private func answer(_ outcome: KnockOutcome) {
        let answer = waiting?.answer
        waiting = nil
        answer?.resume(returning: outcome)
    }

    private func withdraw(_ ticket: UInt64) {
        guard waiting?.ticket == ticket else { return }
        handle(.withdraw)
    }

    private func schedule() {
        cancelTimer?()
        cancelTimer = nil
        guard !isClosed, let deadline = Ceremony.deadline(of: state, rules) else { return }
        cancelTimer = clock.after(max(deadline - clock.now, .zero)) { [weak self] in self?.serveDeadline() }
    }

    /// Serves a deadline that has passed. A release whose edge got lost must not become a factory reset: the line itself
    /// is asked first.
    private func serveDeadline() {
        guard let deadline = Ceremony.deadline(of: state, rules) else { return }
        guard clock.now >= deadline else { return schedule() }
        if state.holdsButton, button?.isPressed == false {
            log.warning("the button is up but its release was not reported")
            handle(.buttonUp, at: deadline - .nanoseconds(1))
        } else {
            handle(.tick)
        }
    }

    private var stateReport: StateReport {
        if trouble != nil || ledger.resetPending { return .trouble }
        if isLocked { return .locked }
        return ledger.isEmpty ? .untrusted : .trusted
    }

    func note(_ error: PairingError) {
        trouble = error.reason
        log.error("pairing: \(error.reason)")
    }

    func emit(_ event: PairingEvent) {
        for (_, handler) in subscribers { handler(event) }
    }
}
