/// Meters what each address asks for: so many a second in the long run, and as many again at once.
struct RateBook: Sendable {
    private struct Bucket {
        var level: Double
        var filled: ContinuousClock.Instant
    }

    private let perSecond: Double
    private var buckets: [String: Bucket] = [:]

    init(perSecond: Int) { self.perSecond = Double(perSecond) }

    /// Takes one; false when the address has used up what it may.
    mutating func take(_ address: String, now: ContinuousClock.Instant) -> Bool {
        var bucket = buckets[address] ?? Bucket(level: perSecond, filled: now)
        if buckets.count >= ServerLimits.watchedAddresses, buckets[address] == nil {
            // Those that have filled up again need no watching.
            buckets = buckets.filter { (now - $0.value.filled) < .seconds(1) }
            if buckets.count >= ServerLimits.watchedAddresses { return false }
        }
        let passed = now - bucket.filled
        bucket.level = min(perSecond, bucket.level + passed / .seconds(1) * perSecond)
        bucket.filled = now
        defer { buckets[address] = bucket }
        guard bucket.level >= 1 else { return false }
        bucket.level -= 1
        return true
    }
}
