import CoAPMessages
import NIOCore

/// Which notifications of an observation are confirmable (RFC 7641 §4.5), as a value that is told the time.
///
/// Non-confirmable ones are cheap, and say nothing about whether anybody listens still.
struct NotificationPace: Hashable {
    /// RFC 7641 §4.5: at least one in 24 hours.
    static let longest = TimeAmount.hours(24)

    private var unconfirmed = 0
    private var lastConfirmable: NIODeadline

    /// An observation whose response was sent at `now`.
    init(now: NIODeadline) {
        lastConfirmable = now
    }

    /// How the next notification goes.
    ///
    /// - Parameters:
    ///   - isProven: whether the peer's address is; if not, it has to acknowledge the first one.
    ///   - every: one of how many is confirmable.
    mutating func next(now: NIODeadline, isProven: Bool, every: Int) -> Datagram.Kind {
        unconfirmed += 1
        guard !isProven || unconfirmed >= every || now - lastConfirmable >= NotificationPace.longest else {
            return .nonConfirmable
        }
        unconfirmed = 0
        lastConfirmable = now
        return .confirmable
    }
}
