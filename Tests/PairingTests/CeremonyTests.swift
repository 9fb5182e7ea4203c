import Pairing
import Testing

/// The machine as a table: state, event, moment → state, effects.
@Suite struct CeremonyTests {
    typealias State = Ceremony.State
    typealias Event = Ceremony.Event
    typealias Effect = Ceremony.Effect

    struct Row: Sendable, CustomTestStringConvertible {
        let from: State
        let event: Event
        let at: Duration
        let to: State
        let effects: [Effect]
        var locked = false
        var button = true
        var join = false
        var joining = false
        var testDescription: String { "\(from) + \(event) at \(at)" }
    }

    /// Shorthand: seconds, and rows in which nothing happens.
    static func s(_ seconds: Double) -> Duration { .seconds(seconds) }
    static func same(_ state: State, _ event: Event, _ at: Double) -> Row {
        Row(from: state, event: event, at: s(at), to: state, effects: [])
    }

    static let window = Event.knock(owner, window: .seconds(30))
    static let knocking = State.knocking(cloud, until: s(30))
    static let under = State.knockingUnderPress(cloud, until: s(30), since: s(1))
    static let answering = State.answering(cloud, since: s(1))
    static let storing = State.storing(cloud, buttonDown: false, resetBy: nil)
    static let storingDown = State.storing(cloud, buttonDown: true, resetBy: nil)
    static let storingReset = State.storing(cloud, buttonDown: false, resetBy: .remote)
    static let resetting = State.resetting(buttonDown: false)
    static let resettingDown = State.resetting(buttonDown: true)

    static let button: [Row] = [
        Row(from: .idle, event: .buttonDown, at: s(1), to: .pressed(since: s(1)), effects: []),
        same(.idle, .buttonUp, 1),
        Row(from: .idle, event: .buttonStuck, at: s(1), to: .awaitingRelease, effects: []),
        Row(from: .pressed(since: s(1)), event: .buttonUp, at: s(2), to: .idle, effects: [.personPresent, .report]),
        same(.pressed(since: s(1)), .buttonDown, 2),
        same(.pressed(since: s(1)), .buttonStuck, 2),
        // The press that answers, and its letting go.
        Row(from: knocking, event: .buttonDown, at: s(29.9), to: .answering(cloud, since: s(29.9)), effects: []),
        same(knocking, .buttonUp, 3),
        Row(from: knocking, event: .buttonStuck, at: s(3), to: .awaitingRelease, effects: [.refuse(cloud, .noButton)]),
        Row(from: answering, event: .buttonUp, at: s(1.2), to: storing, effects: [.store(cloud)]),
        Row(from: .answering(cloud, since: s(29)), event: .buttonUp, at: s(33), to: storing, effects: [.store(cloud)]),
        same(answering, .buttonDown, 2),
        same(answering, .buttonStuck, 2),
        // Pressed just too late: the window ends first, then the press is one without a knock.
        Row(
            from: knocking, event: .buttonDown, at: s(30), to: .pressed(since: s(30)),
            effects: [.refuse(cloud, .windowEnded), .signal(.refused)]),
        // A press older than the knock says nothing about it.
        Row(from: under, event: .buttonUp, at: s(2), to: knocking, effects: []),
        same(under, .buttonDown, 2),
        same(under, .buttonStuck, 2),
        Row(from: storing, event: .buttonDown, at: s(2), to: storingDown, effects: []),
        Row(from: storingDown, event: .buttonUp, at: s(2), to: storing, effects: []),
        same(storing, .buttonStuck, 2),
        Row(from: .warning(since: s(6)), event: .buttonUp, at: s(10.9), to: .idle, effects: [.signal(.backedOut)]),
        same(.warning(since: s(6)), .buttonDown, 7),
        same(.warning(since: s(6)), .buttonStuck, 7),
        Row(from: resetting, event: .buttonDown, at: s(2), to: resettingDown, effects: []),
        Row(from: resettingDown, event: .buttonUp, at: s(2), to: resetting, effects: []),
        same(resetting, .buttonStuck, 2),
        Row(from: .awaitingRelease, event: .buttonUp, at: s(2), to: .idle, effects: []),
        same(.awaitingRelease, .buttonDown, 2),
        same(.awaitingRelease, .buttonStuck, 2),
        // A button that stops working neither accepts nor resets.
        Row(from: answering, event: .buttonLost, at: s(2), to: .idle, effects: [.refuse(cloud, .noButton)]),
        Row(from: knocking, event: .buttonLost, at: s(2), to: .idle, effects: [.refuse(cloud, .noButton)]),
        Row(from: under, event: .buttonLost, at: s(2), to: .idle, effects: [.refuse(cloud, .noButton)]),
        Row(from: .warning(since: s(6)), event: .buttonLost, at: s(7), to: .idle, effects: []),
        Row(from: .pressed(since: s(1)), event: .buttonLost, at: s(2), to: .idle, effects: []),
        Row(from: .awaitingRelease, event: .buttonLost, at: s(2), to: .idle, effects: []),
        Row(from: storingDown, event: .buttonLost, at: s(2), to: storing, effects: []),
        Row(from: resettingDown, event: .buttonLost, at: s(2), to: resetting, effects: []),
        same(.idle, .buttonLost, 2),
    ]

    static let offer = State.joinOffer(since: s(1))

    /// The hold of three seconds, where there is something to join.
    static let joining: [Row] = [
        Row(from: .pressed(since: s(1)), event: .tick, at: s(3.9), to: .pressed(since: s(1)), effects: [], join: true),
        Row(from: .pressed(since: s(1)), event: .tick, at: s(4), to: offer, effects: [], join: true),
        Row(
            from: .pressed(since: s(1)), event: .buttonUp, at: s(3.9), to: .idle, effects: [.personPresent, .report],
            join: true),
        // A timer that came late takes nothing away, unless the hold has become a warning meanwhile.
        Row(
            from: .pressed(since: s(1)), event: .buttonUp, at: s(4.5), to: .idle, effects: [.personPresent, .openJoin],
            join: true),
        Row(
            from: .pressed(since: s(1)), event: .buttonUp, at: s(6), to: .idle, effects: [.signal(.backedOut)],
            join: true),
        Row(from: .pressed(since: s(1)), event: .tick, at: s(60), to: .warning(since: s(60)), effects: [], join: true),
        Row(from: offer, event: .buttonUp, at: s(5.9), to: .idle, effects: [.personPresent, .openJoin], join: true),
        Row(from: offer, event: .tick, at: s(5.9), to: offer, effects: [], join: true),
        Row(from: offer, event: .tick, at: s(6), to: .warning(since: s(6)), effects: [], join: true),
        Row(from: offer, event: .buttonUp, at: s(6), to: .idle, effects: [.signal(.backedOut)], join: true),
        Row(from: offer, event: .buttonDown, at: s(5), to: offer, effects: [], join: true),
        Row(from: offer, event: .buttonStuck, at: s(5), to: offer, effects: [], join: true),
        Row(from: offer, event: .buttonLost, at: s(5), to: .idle, effects: [], join: true),
        Row(from: offer, event: window, at: s(5), to: offer, effects: [.refuse(owner, .busy)], join: true),
        Row(from: offer, event: .withdraw, at: s(5), to: offer, effects: [], join: true),
        Row(from: offer, event: .locked, at: s(5), to: offer, effects: [], join: true),
        Row(from: offer, event: .stored, at: s(5), to: offer, effects: [], join: true),
        Row(from: offer, event: .resetEnded(complete: true), at: s(5), to: offer, effects: [], join: true),
        Row(
            from: offer, event: .resetRequested(.command), at: s(5), to: resettingDown, effects: [.reset(.command)],
            join: true),
        // While sensors may join a press ends that, and a long one begins it anew.
        Row(
            from: .pressed(since: s(1)), event: .buttonUp, at: s(2), to: .idle, effects: [.personPresent, .closeJoin],
            join: true, joining: true),
        Row(
            from: offer, event: .buttonUp, at: s(5), to: .idle, effects: [.personPresent, .openJoin], join: true,
            joining: true),
        // A press that answers a knock is no offer, however long.
        Row(from: answering, event: .tick, at: s(5), to: answering, effects: [], join: true),
        Row(from: answering, event: .buttonUp, at: s(5), to: storing, effects: [.store(cloud)], join: true),
        Row(from: under, event: .tick, at: s(5), to: under, effects: [], join: true),
    ]

    static let time: [Row] = [
        same(.idle, .tick, 1000),
        same(.pressed(since: s(1)), .tick, 5.9),
        Row(from: .pressed(since: s(1)), event: .tick, at: s(6), to: .warning(since: s(6)), effects: []),
        // However late the timer, one step a tick: the warning is always shown for its time.
        Row(from: .pressed(since: s(1)), event: .tick, at: s(60), to: .warning(since: s(60)), effects: []),
        same(.warning(since: s(6)), .tick, 10.9),
        Row(from: .warning(since: s(6)), event: .tick, at: s(11), to: resettingDown, effects: [.reset(.button)]),
        // Let go too late.
        Row(from: .warning(since: s(6)), event: .buttonUp, at: s(11), to: resetting, effects: [.reset(.button)]),
        same(knocking, .tick, 29.9),
        Row(
            from: knocking, event: .tick, at: s(30), to: .idle,
            effects: [.refuse(cloud, .windowEnded), .signal(.refused)]),
        // The window may end under the finger.
        same(.answering(cloud, since: s(29)), .tick, 33.9),
        Row(
            from: answering, event: .tick, at: s(6), to: .warning(since: s(6)),
            effects: [.refuse(cloud, .pressedAway)]),
        // A hold in a knock never accepts, even when the release is seen late.
        Row(
            from: answering, event: .buttonUp, at: s(6), to: .idle,
            effects: [.refuse(cloud, .pressedAway), .signal(.backedOut)]),
        same(under, .tick, 5.9),
        Row(from: under, event: .tick, at: s(6), to: .warning(since: s(6)), effects: [.refuse(cloud, .pressedAway)]),
        Row(
            from: .knockingUnderPress(cloud, until: s(3), since: s(1)), event: .tick, at: s(3),
            to: .pressed(since: s(1)), effects: [.refuse(cloud, .windowEnded)]),
        same(storing, .tick, 1000), same(resetting, .tick, 1000), same(.awaitingRelease, .tick, 1000),
    ]

    static let candidates: [Row] = [
        Row(from: .idle, event: window, at: s(1), to: .knocking(owner, until: s(31)), effects: []),
        Row(
            from: .pressed(since: s(1)), event: window, at: s(2),
            to: .knockingUnderPress(owner, until: s(32), since: s(1)), effects: []),
        Row(from: .idle, event: window, at: s(1), to: .idle, effects: [.refuse(owner, .locked)], locked: true),
        Row(from: .idle, event: window, at: s(1), to: .idle, effects: [.refuse(owner, .noButton)], button: false),
        Row(from: knocking, event: window, at: s(1), to: knocking, effects: [.refuse(owner, .busy)]),
        Row(from: under, event: window, at: s(1), to: under, effects: [.refuse(owner, .busy)]),
        Row(from: answering, event: window, at: s(2), to: answering, effects: [.refuse(owner, .busy)]),
        Row(from: storing, event: window, at: s(2), to: storing, effects: [.refuse(owner, .busy)]),
        Row(
            from: .warning(since: s(6)), event: window, at: s(7), to: .warning(since: s(6)),
            effects: [.refuse(owner, .busy)]),
        Row(from: storingReset, event: window, at: s(2), to: storingReset, effects: [.refuse(owner, .factoryReset)]),
        Row(from: resetting, event: window, at: s(2), to: resetting, effects: [.refuse(owner, .factoryReset)]),
        Row(
            from: .awaitingRelease, event: window, at: s(2), to: .awaitingRelease,
            effects: [.refuse(owner, .noButton)]),
        // A window that has ended by now makes room for the next at once.
        Row(
            from: knocking, event: window, at: s(31), to: .knocking(owner, until: s(61)),
            effects: [.refuse(cloud, .windowEnded), .signal(.refused)]),
        Row(from: knocking, event: .withdraw, at: s(2), to: .idle, effects: [.refuse(cloud, .withdrawn)]),
        Row(from: under, event: .withdraw, at: s(2), to: .pressed(since: s(1)), effects: [.refuse(cloud, .withdrawn)]),
        Row(
            from: answering, event: .withdraw, at: s(2), to: .pressed(since: s(1)),
            effects: [.refuse(cloud, .withdrawn)]),
        same(.idle, .withdraw, 1), same(.pressed(since: s(1)), .withdraw, 2), same(storing, .withdraw, 2),
        same(.warning(since: s(6)), .withdraw, 7), same(resetting, .withdraw, 2), same(.awaitingRelease, .withdraw, 2),
        Row(from: knocking, event: .locked, at: s(2), to: .idle, effects: [.refuse(cloud, .locked)]),
        Row(from: under, event: .locked, at: s(2), to: .pressed(since: s(1)), effects: [.refuse(cloud, .locked)]),
        Row(from: answering, event: .locked, at: s(2), to: .pressed(since: s(1)), effects: [.refuse(cloud, .locked)]),
        same(.idle, .locked, 1), same(storing, .locked, 1), same(.pressed(since: s(1)), .locked, 2),
        same(.warning(since: s(6)), .locked, 7), same(resetting, .locked, 2), same(.awaitingRelease, .locked, 2),
    ]

    static let store: [Row] = [
        Row(from: storing, event: .stored, at: s(2), to: .idle, effects: [.accept(cloud), .signal(.accepted)]),
        Row(
            from: storingDown, event: .stored, at: s(2), to: .awaitingRelease,
            effects: [.accept(cloud), .signal(.accepted)]),
        Row(
            from: storing, event: .storeFailed("full"), at: s(2), to: .idle,
            effects: [.refuse(cloud, .storeFailed("full")), .signal(.failed)]),
        Row(
            from: storingReset, event: .stored, at: s(2), to: resetting,
            effects: [.refuse(cloud, .factoryReset), .reset(.remote)]),
        Row(
            from: storingReset, event: .storeFailed("full"), at: s(2), to: resetting,
            effects: [.refuse(cloud, .factoryReset), .reset(.remote)]),
        same(.idle, .stored, 2), same(knocking, .stored, 2), same(resetting, .storeFailed("x"), 2),
        same(answering, .stored, 2), same(under, .stored, 2), same(.awaitingRelease, .stored, 2),
    ]

    static let reset: [Row] = [
        Row(from: .idle, event: .resetRequested(.command), at: s(2), to: resetting, effects: [.reset(.command)]),
        Row(
            from: .pressed(since: s(1)), event: .resetRequested(.command), at: s(2), to: resettingDown,
            effects: [.reset(.command)]),
        Row(
            from: knocking, event: .resetRequested(.remote), at: s(2), to: resetting,
            effects: [.refuse(cloud, .factoryReset), .reset(.remote)]),
        Row(
            from: under, event: .resetRequested(.remote), at: s(2), to: resettingDown,
            effects: [.refuse(cloud, .factoryReset), .reset(.remote)]),
        Row(
            from: answering, event: .resetRequested(.remote), at: s(2), to: resettingDown,
            effects: [.refuse(cloud, .factoryReset), .reset(.remote)]),
        Row(from: storing, event: .resetRequested(.remote), at: s(2), to: storingReset, effects: []),
        same(storingReset, .resetRequested(.command), 2),
        same(resetting, .resetRequested(.command), 2),
        Row(
            from: .warning(since: s(6)), event: .resetRequested(.command), at: s(7), to: resettingDown,
            effects: [.reset(.command)]),
        Row(
            from: .awaitingRelease, event: .resetRequested(.command), at: s(7), to: resettingDown,
            effects: [.reset(.command)]),
        Row(from: resetting, event: .resetEnded(complete: true), at: s(2), to: .idle, effects: [.signal(.resetDone)]),
        Row(
            from: resettingDown, event: .resetEnded(complete: true), at: s(2), to: .awaitingRelease,
            effects: [.signal(.resetDone)]),
        Row(from: resetting, event: .resetEnded(complete: false), at: s(2), to: .idle, effects: [.signal(.failed)]),
        same(.idle, .resetEnded(complete: true), 2), same(knocking, .resetEnded(complete: true), 2),
    ]

    @Test(arguments: button + joining + time + candidates + store + reset)
    func row(_ row: Row) {
        var configuration = PairingConfiguration()
        configuration.joinAfter = row.join ? .seconds(3) : nil
        let rules = Ceremony.Rules(
            configuration, isLocked: row.locked, hasButton: row.button, isJoining: row.joining)
        let (state, effects) = Ceremony.transition(row.from, row.event, at: row.at, rules)
        #expect(state == row.to)
        #expect(effects == row.effects)
    }

    /// Whatever is done to it, the machine keeps its promises: each candidate is answered exactly once, none is accepted
    /// without a store that succeeded, and none resets without a warning of its full time.
    @Test func promisesUnderRandomEvents() {
        var random = SplitMix(seed: 7)
        var configuration = PairingConfiguration()
        configuration.joinAfter = .seconds(3)
        let rules = Ceremony.Rules(configuration)
        for _ in 0..<300 {
            var state = State.idle
            var now = Duration.zero
            var open = 0
            var answered = 0
            var opened = 0
            var stored = false
            var warnedAt: Duration?
            for _ in 0..<200 {
                now += .milliseconds(Int(random.next() % 4000))
                let event: Event
                switch random.next() % 9 {
                case 0, 1: event = .buttonDown
                case 2, 3: event = .buttonUp
                case 4: event = .knock(cloud, window: .seconds(5))
                case 5: event = .withdraw
                case 6: event = .tick
                case 7: event = .stored
                default: event = .resetEnded(complete: true)
                }
                if case .knock = event { opened += 1 }
                stored = event == .stored
                let before = state
                let effects: [Effect]
                (state, effects) = Ceremony.transition(state, event, at: now, rules)
                if case .warning = state {
                    if case .warning = before {} else { warnedAt = now }
                }
                for effect in effects {
                    switch effect {
                    case .accept:
                        #expect(stored)
                        answered += 1
                    case .refuse: answered += 1
                    case .reset(.button):
                        #expect(warnedAt.map { now - $0 >= .seconds(5) } == true)
                    default: break
                    }
                }
                open = opened - answered
                #expect(open == 0 || open == 1)
                #expect((open == 1) == state.hasCandidate)
            }
        }
    }
}

extension Ceremony.State {
    var hasCandidate: Bool {
        switch self {
        case .knocking, .knockingUnderPress, .answering, .storing: true
        default: false
        }
    }
}

struct SplitMix {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
