import JSONText
import OneM2MPrimitives

/// Registration at another CSE as a machine (TS-0001 10.2.2.6): inputs in, effects out; no socket, no clock, no chance.
///
///     registering (create → update where it is known already → retrieve the CSEBase) → registered → checking …
///
/// Every failure leads to a wait with jitter and to another attempt; only `stop` ends that.
struct RegistrarMachine: Sendable {
    /// Where it stands.
    enum State: Sendable, Hashable {
        case idle
        /// Our `<remoteCSE>` is being created.
        case creating
        /// It is there already, from before: it is brought up to date.
        case updating
        /// The registrar's CSEBase is being looked at.
        case inspecting
        /// All is well.
        case registered
        /// As before, and it is being looked whether it still is.
        case checking
        /// Until the next attempt.
        case waiting
        case leaving
        case stopped
    }

    /// What is asked of the registrar.
    enum Step: Sendable, Hashable {
        /// CREATE our `<remoteCSE>` below its CSEBase.
        case create
        /// UPDATE it, and so renew it.
        case update
        /// RETRIEVE its CSEBase.
        case inspect
        /// RETRIEVE our `<remoteCSE>`.
        case check
        /// DELETE it.
        case leave
    }

    enum Timer: Sendable, Hashable, CaseIterable {
        case retry
        /// To look whether the registrar knows us still.
        case check
    }

    enum Input: Sendable, Hashable {
        case start
        case stop
        /// The registrar has answered.
        case answered(ResponseStatus, JSON?)
        /// It has not; whether it cannot be reached or answers nonsense.
        case failed(String)
        case timer(Timer)
        /// The clock was put right, or the network is there again.
        case tryNow
    }

    enum Effect: Sendable, Hashable {
        case ask(Step)
        /// What our `<remoteCSE>` of the registrar is to show: its CSEBase's attributes.
        case mirror(JSON)
        case startTimer(Timer, ClosedRange<Duration>)
        case cancelTimer(Timer)
        /// Whether requests may go there now.
        case available(Bool)
        case stopped
    }

    let checkInterval: Duration
    /// Of so many checks one renews.
    let checksPerRenewal: Int
    let deregisters: Bool

    private(set) var state = State.idle
    /// Why there is no registration; nil when there is one, or one is made for the first time.
    private(set) var trouble: String?
    private(set) var failures = 0
    /// Times that a registration came about.
    private(set) var registrations = 0
    private var checks = 0
    private var isAvailable = false

    init(lifetime: Duration, checkInterval: Duration, deregisters: Bool) {
        self.checkInterval = checkInterval
        self.deregisters = deregisters
        // Renewed at a third of its life: two renewals may be lost.
        checksPerRenewal = max(1, Int(lifetime / 3 / checkInterval))
    }

    /// The one transition function. An input that means nothing in the present state changes nothing.
    mutating func handle(_ input: Input) -> [Effect] {
        switch (input, state) {
        case (.start, .idle), (.start, .stopped): begin()
        case (.stop, .registered), (.stop, .checking): leave()
        case (.stop, .leaving), (.stop, .stopped): []
        case (.stop, _): ended()
        case (.timer(.retry), .waiting): begin()
        case (.tryNow, .waiting): [.cancelTimer(.retry)] + begin()
        case (.timer(.check), .registered): check()
        case (.answered(let status, let content), _): answered(status, content)
        case (.failed(let reason), _): failed(reason, isRefused: false)
        default: []
        }
    }

    private mutating func begin() -> [Effect] {
        state = .creating
        return [.ask(.create)]
    }

    private mutating func check() -> [Effect] {
        state = .checking
        checks += 1
        return [.ask(checks.isMultiple(of: checksPerRenewal) ? .update : .check)]
    }

    private mutating func leave() -> [Effect] {
        guard deregisters else { return ended() }
        state = .leaving
        return [.cancelTimer(.check), .ask(.leave)]
    }

    private mutating func ended() -> [Effect] {
        state = .stopped
        return Timer.allCases.map { .cancelTimer($0) } + unavailable() + [.stopped]
    }

    private mutating func unavailable() -> [Effect] {
        guard isAvailable else { return [] }
        isAvailable = false
        return [.available(false)]
    }

    private mutating func answered(_ status: ResponseStatus, _ content: JSON?) -> [Effect] {
        switch state {
        case .creating:
            if status.isSuccess { return inspect() }
            // It knows us from before: this CSE was restarted, or an answer was lost.
            if [.originatorHasAlreadyRegistered, .conflict, .alreadyExists].contains(status) {
                state = .updating
                return [.ask(.update)]
            }
        case .updating:
            if status.isSuccess { return inspect() }
        case .inspecting:
            if status.isSuccess, let base = content?["m2m:cb"], base.object != nil { return registered(base) }
            if status.isSuccess { return failed("what it answers as its CSEBase is none", isRefused: false) }
        case .checking:
            if status.isSuccess { return stillRegistered() }
            // It was restarted and has forgotten us, or the registration ran out while the line was down.
            if status == .notFound || status == .originatorHasNoPrivilege || status == .originatorNotAuthenticated {
                return unavailable() + begin()
            }
        case .leaving: return ended()
        default: return []
        }
        let isRefused = (4100..<4200).contains(status.rawValue) || status == .operationNotAllowed
        let text = content?["m2m:dbg"]?.string.map { ": \($0.prefix(120))" } ?? ""
        return failed("it answers \(status)\(text)", isRefused: isRefused)
    }

    private mutating func inspect() -> [Effect] {
        state = .inspecting
        return [.ask(.inspect)]
    }

    private mutating func registered(_ base: JSON) -> [Effect] {
        state = .registered
        trouble = nil
        failures = 0
        checks = 0
        registrations += 1
        isAvailable = true
        return [.mirror(base), .available(true), .startTimer(.check, checkInterval...checkInterval)]
    }

    private mutating func stillRegistered() -> [Effect] {
        state = .registered
        trouble = nil
        failures = 0
        return [.startTimer(.check, checkInterval...checkInterval)]
    }

    private mutating func failed(_ reason: String, isRefused: Bool) -> [Effect] {
        switch state {
        case .leaving: return ended()
        case .creating, .updating, .inspecting, .checking: break
        default: return []
        }
        trouble = reason
        state = .waiting
        let delay = RegistrarSchedule.delay(after: failures, isRefused: isRefused)
        failures += 1
        return unavailable() + [.cancelTimer(.check), .startTimer(.retry, delay)]
    }
}

extension RegistrarMachine.State: CustomStringConvertible {
    var description: String {
        switch self {
        case .idle: "idle"
        case .creating, .updating, .inspecting: "registering"
        case .registered, .checking: "registered"
        case .waiting: "waiting"
        case .leaving: "leaving"
        case .stopped: "stopped"
        }
    }
}
