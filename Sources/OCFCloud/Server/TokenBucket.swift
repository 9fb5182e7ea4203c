import NIOCore

/// Meters requests: so many a second in the long run, and as many again at once.
struct TokenBucket: Sendable {
    private let perSecond: Double
    private var level: Double
    private var filled: NIODeadline

    /// A full bucket.
    init(perSecond: Int, now: NIODeadline) {
        self.perSecond = Double(perSecond)
        level = Double(perSecond)
        filled = now
    }

    /// Takes one; false when it is empty.
    mutating func take(now: NIODeadline) -> Bool {
        let passed = Double((now - filled).nanoseconds) / 1e9
        if passed > 0 {
            level = min(perSecond, level + passed * perSecond)
            filled = now
        }
        guard level >= 1 else { return false }
        level -= 1
        return true
    }
}
