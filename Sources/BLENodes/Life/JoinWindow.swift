import Advertising
import Concentrator

/// The time in which advertisers that are not listed may become nodes.
///
/// Opened by a hand on the box or by somebody with the right to, and never for ever: a join that was forgotten open lets the
/// neighbours' sensors in.
public struct JoinWindow: Sendable, Hashable {
    /// The longest: 254 s, the field's custom (Zigbee's permit-join ends there too, since 255 meant "for ever").
    public static let longest = Duration.seconds(254)
    /// How long it is open when nobody says otherwise: the time to pull the battery tabs of a few sensors.
    public static let usual = Duration.seconds(60)
    /// How many may join when nobody says otherwise: a hand can start about so many in a minute, and a neighbour's thirty
    /// sensors do not come in along with it.
    public static let usualLimit = 5
    /// The most that may be asked for at once.
    public static let largestLimit = 100

    /// Why a window ended.
    public enum End: String, Sendable, Hashable {
        /// Its time was over.
        case time
        /// As many as may have joined.
        case full
        /// A person ended it: a second press, or a command.
        case closed
    }

    /// Who opened or ended a window.
    public enum Cause: String, Sendable, Hashable {
        /// The button.
        case button
        /// The command line, or a command from afar.
        case command
    }

    /// When it ends, on the monotonic clock.
    public let until: ContinuousClock.Instant
    /// How many may join.
    public let limit: Int
    /// Who has joined.
    public private(set) var joined: [NodeID] = []

    init(until: ContinuousClock.Instant, limit: Int) {
        self.until = until
        self.limit = limit
    }

    /// Whether one more may join at `time`.
    func admits(at time: ContinuousClock.Instant) -> Bool { time < until && joined.count < limit }

    /// Whether as many have joined as may.
    var isFull: Bool { joined.count >= limit }

    mutating func add(_ id: NodeID) { joined.append(id) }
}

/// What the life of the nodes tells those who watch it; start and end of a window once each, never its ticking.
public enum JoinEvent: Sendable, Hashable {
    /// A window opened, or was opened anew with another end.
    case opened(JoinWindow, by: JoinWindow.Cause)
    /// An advertiser joined through it.
    case joined(NodeID)
    /// It ended.
    case closed(JoinWindow, JoinWindow.End)
}
