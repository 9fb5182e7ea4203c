/// The LED-and-button ceremony: one machine for every kind of knock.
///
/// Pure: it holds no clock, LED, button or store. ``transition(_:_:at:_:)`` says what state follows and what is to be
/// done; `Pairing` does it. Moments are durations since any fixed origin of the monotonic clock.
///
/// A press answers a knock when the button is **let go**, not when it goes down: only then is it known that the press
/// was not the beginning of a hold. A press that goes down within the window counts even if the window ends under the
/// finger; one held past the warning refuses the candidate and has become a factory reset in the making.
public enum Ceremony {
    /// A moment of the monotonic clock.
    public typealias Moment = Duration

    /// Where the ceremony is.
    public enum State: Sendable, Hashable {
        /// Nothing happens; the button is up.
        case idle
        /// The button is down and nobody knocks.
        case pressed(since: Moment)
        /// A candidate waits for a press; the button is up.
        case knocking(Candidate, until: Moment)
        /// A candidate waits, and the button was already down when it came: that press says nothing about it.
        case knockingUnderPress(Candidate, until: Moment, since: Moment)
        /// The button went down within the window; letting go accepts.
        case answering(Candidate, since: Moment)
        /// Accepted; the trust is on its way to the flash. A press now counts for nothing. A reset asked for now runs
        /// once the write has ended, lest it come after the wipe.
        case storing(Candidate, buttonDown: Bool, resetBy: ResetCause?)
        /// The button has been held so long that letting go lets sensors join; holding on becomes a warning. `since` is
        /// when it went down.
        case joinOffer(since: Moment)
        /// The button has been held long; letting go backs out, holding on resets. `since` is when the warning began.
        case warning(since: Moment)
        /// Trust and state are being wiped.
        case resetting(buttonDown: Bool)
        /// The button is down and its press is spent; nothing counts until it is let go.
        case awaitingRelease
    }

    /// What happens to the ceremony.
    public enum Event: Sendable, Hashable {
        /// The button goes down (after debouncing).
        case buttonDown
        /// The button is let go.
        case buttonUp
        /// The button was found down without having been seen going down, as at start.
        case buttonStuck
        /// The button stopped working: whatever it was doing, nobody knows what the finger does now.
        case buttonLost
        /// A candidate knocks.
        case knock(Candidate, window: Duration)
        /// The knocker goes away.
        case withdraw
        /// The gateway becomes locked.
        case locked
        /// Time has passed.
        case tick
        /// The trust is durable.
        case stored
        /// The trust could not be stored.
        case storeFailed(String)
        /// Somebody with the right to it asks for a factory reset.
        case resetRequested(ResetCause)
        /// The factory reset ended.
        case resetEnded(complete: Bool)
    }

    /// What is to be done.
    public enum Effect: Sendable, Hashable {
        /// Tell the knocker no.
        case refuse(Candidate, KnockOutcome.Reason)
        /// Make the trust durable, then send `stored` or `storeFailed`.
        case store(Candidate)
        /// Tell the knocker yes.
        case accept(Candidate)
        /// Show the lasting state by blinks: somebody pressed without a knock.
        case report
        /// Let sensors join.
        case openJoin
        /// Let no more sensors join: a second press ends it.
        case closeJoin
        /// Show this once.
        case signal(Signal)
        /// Reset to factory state, then send `resetEnded`.
        case reset(ResetCause)
        /// A person is at the box: knocks need not be rationed as strictly.
        case personPresent
    }

    /// What the transitions depend on besides state and event.
    public struct Rules: Sendable, Hashable {
        /// The hold after which letting go lets sensors join; nil when there is nothing to join.
        public var joinAfter: Duration?
        /// Whether sensors may join at present: a press then ends that.
        public var isJoining: Bool
        /// The hold after which the warning starts.
        public var warnAfter: Duration
        /// The time the warning lasts before the reset.
        public var warningTime: Duration
        /// Whether new knocks are refused until a factory reset.
        public var isLocked: Bool
        /// Whether a button is there to press.
        public var hasButton: Bool

        /// Rules from a configuration.
        public init(
            _ configuration: PairingConfiguration, isLocked: Bool = false, hasButton: Bool = true,
            isJoining: Bool = false
        ) {
            joinAfter = configuration.joinAfter
            self.isJoining = isJoining
            warnAfter = configuration.warnAfter
            warningTime = configuration.resetAfter - configuration.warnAfter
            self.isLocked = isLocked
            self.hasButton = hasButton
        }
    }
}

/// Who asked for a factory reset.
public enum ResetCause: String, Sendable, Hashable, CaseIterable {
    /// The button was held.
    case button
    /// The command line.
    case command
    /// An owner or cloud, through `/oic/mnt`.
    case remote
    /// A reset that was cut short before the last stop.
    case resumed
}
