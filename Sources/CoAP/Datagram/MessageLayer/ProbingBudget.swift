import NIOCore

/// How fast messages may go to a peer that does not answer (RFC 7252 §4.7): PROBING_RATE, as a value that is told the
/// time.
struct ProbingBudget: Hashable {
    /// When the next message may go; nil while the peer answers.
    private var next: NIODeadline?

    /// Anything came from the peer.
    mutating func heard() {
        next = nil
    }

    /// When a message may go: now, or later.
    func opening(now: NIODeadline) -> NIODeadline {
        max(now, next ?? now)
    }

    /// A message of so many bytes goes at `now`, and nobody knows whether the peer is there.
    mutating func sent(_ bytes: Int, now: NIODeadline, rate: Int) {
        next = opening(now: now) + .nanoseconds(Int64(bytes) * 1_000_000_000 / Int64(max(1, rate)))
    }
}
