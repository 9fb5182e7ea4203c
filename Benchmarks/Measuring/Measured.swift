import AllocationCount

/// How often something can be done, and what it takes.
public struct Measured: Sendable {
    /// Times it was done.
    public let count: Int
    /// Processor time of it all in seconds.
    public let seconds: Double
    /// Allocations of it all.
    public let allocations: Int

    /// Times a second.
    public var rate: Int { Int(Double(count) / seconds) }
    /// Nanoseconds of processor time each.
    public var nanoseconds: Int { Int((seconds * 1e9 / Double(count)).rounded()) }
    /// Allocations each.
    public var allocationsEach: Double { Double(allocations) / Double(count) }

    /// Runs `body`, which does a thousand, until so many seconds of this thread's processor time are over.
    public init(seconds: Double, _ body: () -> Void) {
        for _ in 0..<10 { body() }
        let before = allocation_count()
        let start = threadTime()
        var rounds = 0
        var elapsed = 0.0
        repeat {
            for _ in 0..<10 { body() }
            rounds += 10
            elapsed = threadTime() - start
        } while elapsed < seconds
        count = rounds * 1000
        self.seconds = elapsed
        allocations = Int(allocation_count() - before)
    }
}
