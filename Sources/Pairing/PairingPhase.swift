extension Pairing {
    /// Where the ceremony is, for people and for the doors.
    public enum Phase: Sendable, Hashable {
        /// Nobody knocks.
        case idle
        /// The button is down and nobody knocks.
        case pressed
        /// A candidate waits for a press; `until` is on ``Pairing/clockNow``'s clock.
        case knocking(Candidate, until: Duration)
        /// The button is down in answer to a candidate; letting go accepts.
        case answering(Candidate)
        /// The candidate is accepted and its trust is on its way to the flash.
        case storing(Candidate)
        /// The button is held; a factory reset follows unless it is let go.
        case resetWarning
        /// A factory reset is going on.
        case resetting
    }
}

extension Pairing.Phase {
    init(_ state: Ceremony.State) {
        self =
            switch state {
            case .idle, .awaitingRelease: .idle
            case .pressed, .joinOffer: .pressed
            case .knocking(let candidate, let until): .knocking(candidate, until: until)
            case .knockingUnderPress(let candidate, let until, _): .knocking(candidate, until: until)
            case .answering(let candidate, _): .answering(candidate)
            case .storing(let candidate, _, _): .storing(candidate)
            case .warning: .resetWarning
            case .resetting: .resetting
            }
    }
}

extension Ceremony.State {
    /// Whether time that passes counts as holding the button.
    var holdsButton: Bool {
        switch self {
        case .pressed, .knockingUnderPress, .answering, .joinOffer, .warning: true
        default: false
        }
    }
}
