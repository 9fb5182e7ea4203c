/// What the LED does: a rhythm of light, for ever or some times.
public struct Pattern: Sendable, Hashable {
    /// How long the LED is on in each round; zero for dark.
    public let on: Duration
    /// How long it is off in each round; zero for steady light.
    public let off: Duration
    /// How many rounds; nil is for ever.
    public let rounds: Int?

    /// A rhythm.
    public init(on: Duration, off: Duration, rounds: Int? = nil) {
        self.on = on
        self.off = off
        self.rounds = rounds
    }

    /// Dark.
    public static let dark = Pattern(on: .zero, off: .zero)
    /// Steady light.
    public static let steady = Pattern(on: .seconds(1), off: .zero)
    /// A knock: twice a second, the rhythm people know as "waiting for you".
    public static let knocking = Pattern(on: .milliseconds(250), off: .milliseconds(250))
    /// Letting go now lets sensors join: four times a second, between a knock's rhythm and the warning's.
    public static let joinOffer = Pattern(on: .milliseconds(125), off: .milliseconds(125))
    /// Sensors may join: a short flash each second, the one rhythm that is mostly dark.
    public static let joining = Pattern(on: .milliseconds(100), off: .milliseconds(900))
    /// A reset is near: ten times a second, unlike anything else, and plainly alarming.
    public static let warning = Pattern(on: .milliseconds(50), off: .milliseconds(50))
}

/// Something the LED says once.
public enum Signal: Sendable, Hashable {
    /// Trust was given and stored.
    case accepted
    /// A window ended without a press.
    case refused
    /// The flash failed.
    case failed
    /// The button was let go during the warning.
    case backedOut
    /// The factory reset is complete.
    case resetDone
    /// Somebody asks which box it is.
    case identify
    /// The lasting state, as so many blinks.
    case report(StateReport)

    /// The rhythm of it; always of some rounds.
    public var pattern: Pattern {
        switch self {
        case .accepted: Pattern(on: .seconds(2), off: .milliseconds(100), rounds: 1)
        case .refused: Pattern(on: .milliseconds(60), off: .milliseconds(190), rounds: 3)
        case .failed: Pattern(on: .milliseconds(100), off: .milliseconds(100), rounds: 10)
        case .backedOut: Pattern(on: .milliseconds(60), off: .milliseconds(190), rounds: 1)
        case .resetDone: Pattern(on: .seconds(1), off: .milliseconds(500), rounds: 2)
        case .identify: Pattern(on: .milliseconds(100), off: .milliseconds(400), rounds: 20)
        case .report(let state): Pattern(on: .milliseconds(300), off: .milliseconds(300), rounds: state.rawValue)
        }
    }
}

/// The lasting state that a press without a knock shows; the number of blinks.
public enum StateReport: Int, Sendable, Hashable, CaseIterable {
    /// Nobody is trusted yet: the gateway waits for its owner.
    case untrusted = 1
    /// Somebody is trusted, and new candidates may knock.
    case trusted = 2
    /// Somebody is trusted, and new knocks are refused until a factory reset.
    case locked = 3
    /// Something needs a person: the flash fails, or a reset could not be finished.
    case trouble = 4
}

extension Ceremony.State {
    /// What the LED does as long as the state lasts.
    public var pattern: Pattern {
        switch self {
        case .idle, .pressed, .awaitingRelease: .dark
        case .knocking, .knockingUnderPress: .knocking
        case .answering, .storing, .resetting: .steady
        case .joinOffer: .joinOffer
        case .warning: .warning
        }
    }
}
