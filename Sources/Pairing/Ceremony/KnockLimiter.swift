/// Rations knocks: a bucket of some that fills again slowly.
///
/// Anybody on the network may knock. Without a limit a stranger could keep the LED flashing, and the one candidate's
/// place taken, until somebody presses out of annoyance.
struct KnockLimiter: Sendable, Hashable {
    let burst: Int
    let refill: Duration
    private var left: Int
    private var since: Ceremony.Moment = .zero

    init(burst: Int, refill: Duration) {
        self.burst = burst
        self.refill = refill
        left = burst
    }

    /// Takes a knock out of the bucket.
    ///
    /// - Returns: nil when there was one, else the time until there is.
    mutating func take(at now: Ceremony.Moment) -> Duration? {
        while left < burst, now - since >= refill {
            left += 1
            since += refill
        }
        if left == burst { since = now }
        guard left > 0 else { return since + refill - now }
        left -= 1
        return nil
    }

    /// Fills the bucket: a person at the box has shown itself by a press.
    mutating func fill() {
        left = burst
    }
}
