import JSONText
import OneLoop
import OneM2MPrimitives

/// What waits for one target, in order.
@Loop
final class NotificationQueue {
    /// One notification.
    struct Waiting: Sendable {
        let number: UInt64
        /// Whose it is, by resource ID; empty for the news of a subscription's own end.
        let subscription: String
        let content: JSON
        /// Those of the content, as text.
        let bytes: Int
        let category: Int?
        /// It tells a measurement: never on flash.
        let isOfNode: Bool
        /// It is on flash.
        var isKept = false
    }

    private(set) var waiting: [Waiting] = []
    /// Bytes of what waits.
    private(set) var bytes = 0
    var isSending = false
    /// Attempts that failed since the last that did not.
    var failures = 0
    /// Until the next attempt.
    var timer: LoopTimer?

    /// How long to wait before the next attempt: 1 s, twice as long each time, five minutes at most, so that a target that
    /// was away for long is found within five minutes of its return.
    var pause: Duration { .seconds(min(1 << min(max(failures - 1, 0), 9), 300)) }

    func append(_ notification: Waiting) {
        waiting.append(notification)
        bytes += notification.bytes
    }

    func dropOldest() -> Waiting? {
        guard !waiting.isEmpty else { return nil }
        let gone = waiting.removeFirst()
        bytes -= gone.bytes
        return gone
    }

    /// Attempts after which the news of subscriptions that are gone are given up: the eighth comes four minutes after the
    /// first, and nobody is left who could take them back.
    static let patienceWithTheDead = 8

    /// Takes out what belongs to certain subscriptions, but for the one that is on its way.
    func drop(where belongs: (String) -> Bool) -> [Waiting] {
        let gone = waiting.enumerated().filter { belongs($0.element.subscription) && !(isSending && $0.offset == 0) }
        let numbers = Set(gone.map(\.element.number))
        waiting.removeAll { numbers.contains($0.number) }
        bytes -= gone.reduce(0) { $0 + $1.element.bytes }
        return gone.map(\.element)
    }

    func markKept(_ number: UInt64) {
        guard let place = waiting.firstIndex(where: { $0.number == number }) else { return }
        waiting[place].isKept = true
    }

    /// Whether the target was merely not there: what it said no to is not said again.
    static func isWorthRetrying(_ status: ResponseStatus) -> Bool {
        [
            .targetNotReachable, .remoteEntityNotReachable, .requestTimeout, .externalObjectNotReachable,
            .internalServerError,
        ]
        .contains(status)
    }
}
