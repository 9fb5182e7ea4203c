/// Rations knocks: a bucket of the lamp's time that fills again slowly.
///
/// Anybody on the network may knock. Without a limit a stranger could keep the LED flashing, and the one candidate's
/// place taken, until somebody presses out of annoyance. A knock costs its window, so that long ones count for more; and
/// never less than the usual window, so that many short ones do not come cheaper.
struct KnockLimiter: Sendable, Hashable {
    private let usual: Duration
    private let capacity: Duration
    /// How much of the lamp's time comes back in a unit of time; below one.
    private let rate: Double
    private var left: Duration
    private var since: Ceremony.Moment = .zero

    init(_ configuration: PairingConfiguration) {
        usual = configuration.window
        capacity = configuration.window * configuration.knockBurst
        // Half at most, whatever is configured.
        rate = min(0.5, configuration.window / configuration.knockRefill)
        left = capacity
    }

    /// Takes a knock out of the bucket.
    ///
    /// - Returns: nil when there was enough, else the time until there is.
    mutating func take(_ window: Duration, at now: Ceremony.Moment) -> Duration? {
        left = min(capacity, left + (now - since) * rate)
        since = now
        let cost = min(max(window, usual), capacity)
        guard left >= cost else { return (cost - left) * (1 / rate) }
        left -= cost
        return nil
    }

    /// Fills the bucket: a person at the box has shown itself by a press.
    mutating func fill() {
        left = capacity
    }
}
