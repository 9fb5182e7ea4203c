/// What to do with a radio that hears nothing: ever stronger means, each given time to work, then rest.
///
/// A deaf radio cannot be told from a quiet house. So the ladder is climbed once with a word on each rung; after that it
/// is climbed silently and ever more seldom, and one advertisement puts it back to the floor. Nothing of it is kept on
/// flash.
public struct RecoveryLadder: Sendable, Hashable {
    /// A rung.
    public enum Step: String, Sendable, Hashable, CaseIterable {
        /// End the scan and start it anew.
        case restartScan = "restart-scan"
        /// Power the adapter off and on.
        case cyclePower = "cycle-power"
        /// Take the device off its bus and bring it back, by USB or rfkill.
        case resetDevice = "reset-device"
        /// Scan passively only, for controllers whose active scan hangs.
        case passiveFallback = "passive-fallback"
        /// Tell the user that only taking the power away helps.
        case tellUser = "tell-user"
    }

    /// Silence that is worth a look: habluetooth's number too; an active sensor is heard every 10 s, most every second.
    public static let silence = Duration.seconds(90)
    /// The longest that a step is given: a wait is twice the one before it.
    public static let longestWait = Duration.seconds(720)
    /// From the end of the ladder to its next climb, at first…
    public static let firstRest = Duration.seconds(15 * 60)
    /// … and at last: often enough that a radio which comes back by itself is found the same day.
    public static let longestRest = Duration.seconds(6 * 3600)

    /// Which rungs this adapter has.
    public private(set) var steps: [Step]
    /// How often each was taken.
    public private(set) var counts: [Step: Int] = [:]
    /// How often the ladder was climbed to its end since something was heard.
    public private(set) var rounds = 0
    /// The rung that was taken last since something was heard.
    public private(set) var last: Step?
    /// Whether anything was ever heard.
    public private(set) var hasHeard = false
    /// When something was heard last, or the scan began.
    public private(set) var lastSign: ContinuousClock.Instant
    /// When the next rung is due, if nothing is heard before.
    public private(set) var deadline: ContinuousClock.Instant
    private var rung = 0

    /// A ladder for a scan that begins now.
    public init(at now: ContinuousClock.Instant, steps: [Step] = Step.allCases) {
        self.steps = steps.isEmpty ? [.tellUser] : steps
        lastSign = now
        deadline = now.advanced(by: RecoveryLadder.silence)
    }

    /// Whether everything was tried in vain.
    public var isExhausted: Bool { rounds > 0 }

    /// A scan begins, on an adapter that has these rungs: it is given the time of silence at least.
    public mutating func scanBegan(at now: ContinuousClock.Instant, steps: [Step]) {
        if !steps.isEmpty, steps != self.steps {
            self.steps = steps
            rung = min(rung, steps.count - 1)
        }
        deadline = max(deadline, now.advanced(by: RecoveryLadder.silence))
    }

    /// Something was heard.
    ///
    /// - Returns: the rung after which it was, when there was one: news.
    @discardableResult
    public mutating func heard(at now: ContinuousClock.Instant) -> Step? {
        lastSign = max(lastSign, now)
        hasHeard = true
        deadline = lastSign.advanced(by: RecoveryLadder.silence)
        rung = 0
        rounds = 0
        defer { last = nil }
        return last
    }

    /// The rung to take now, if one is due. Taking it is counted, and the next is due later: the caller takes it once.
    ///
    /// - Returns: the rung, and whether people should hear of it: only on the first climb.
    public mutating func due(at now: ContinuousClock.Instant) -> (step: Step, isNews: Bool)? {
        guard now >= deadline else { return nil }
        let step = steps[rung]
        let isNews = rounds == 0
        counts[step, default: 0] += 1
        last = step
        rung += 1
        var wait: Duration
        if rung == steps.count {
            rung = 0
            wait = RecoveryLadder.firstRest * (1 << min(rounds, 8))
            wait = min(wait, RecoveryLadder.longestRest)
            rounds += 1
        } else {
            wait = min(RecoveryLadder.silence * (1 << min(rung, 8)), RecoveryLadder.longestWait)
        }
        deadline = now.advanced(by: wait)
        return (step, isNews)
    }

    /// The rung just taken turns out not to exist here: it does not count, and the next is due at once.
    public mutating func skip(at now: ContinuousClock.Instant) {
        if let last, let count = counts[last] { counts[last] = count > 1 ? count - 1 : nil }
        if rung != 0 { deadline = now }
    }
}
