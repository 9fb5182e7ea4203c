/// How a knock ended.
public enum KnockOutcome: Sendable, Hashable {
    /// The candidate is trusted, and the record of it is durable.
    case accepted
    /// The candidate is not trusted (or was not by this knock).
    case refused(Reason)

    /// Why a knock was refused.
    public enum Reason: Sendable, Hashable, CustomStringConvertible {
        /// Nobody pressed the button within the window.
        case windowEnded
        /// Another candidate is knocking or its trust is being stored, or the button is held for a reset.
        case busy
        /// The gateway is locked until a factory reset.
        case locked
        /// The button was held so long within the window that the press meant a factory reset.
        case pressedAway
        /// A factory reset is going on.
        case factoryReset
        /// The knocker went away before an answer came.
        case withdrawn
        /// Too many knocks came of late; the next may come after this time.
        case tooManyKnocks(retryAfter: Duration)
        /// There is no button to press: none is configured, or its line cannot be had.
        case noButton
        /// The identifier cannot be a key of trust, or the window is out of range.
        case invalid(String)
        /// The button was pressed but the trust could not be stored, so it was not given.
        case storeFailed(String)

        /// A sentence for people.
        public var description: String {
            switch self {
            case .windowEnded: "nobody pressed the button in time"
            case .busy: "another candidate is knocking, or the button is being held; try again in a while"
            case .locked: "the gateway is locked; only a factory reset opens it to new candidates"
            case .pressedAway: "the button was held for a factory reset instead of pressed"
            case .factoryReset: "the gateway is being reset to factory state"
            case .withdrawn: "the candidate went away before the button was pressed"
            case .tooManyKnocks(let wait): "too many knocks; try again in \(wait.components.seconds + 1) s"
            case .noButton: "the gateway has no working button, so nobody can accept"
            case .invalid(let reason): reason
            case .storeFailed(let reason): "the trust could not be stored: \(reason)"
            }
        }
    }
}
