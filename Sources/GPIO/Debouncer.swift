/// Waits for a level to hold, where the kernel does not (libgpiod 1.6).
///
/// As the kernel's own: each raw edge starts the wait anew, and when it has passed in quiet the level is read; a level
/// that is what it was before makes no edge. The edge that results bears the time of the last raw one, from which the
/// level has held; the kernel's bears the end of the wait.
struct Debouncer: Sendable, Hashable {
    let period: UInt64
    private var stable: Bool
    private var lastEdge: UInt64?

    /// - Parameters:
    ///   - period: in nanoseconds.
    ///   - active: the level now.
    init(period: UInt64, active: Bool) {
        self.period = period
        stable = active
    }

    /// When to read the level, in nanoseconds of the monotonic clock; nil when nothing is going on.
    var deadline: UInt64? { lastEdge.map { $0 + period } }

    /// A raw edge.
    mutating func edge(at timestamp: UInt64) {
        lastEdge = max(lastEdge ?? 0, timestamp)
    }

    /// The wait is over and the level was read; the edge that people care for, if it is one.
    mutating func settle(active: Bool) -> Edge? {
        guard let timestamp = lastEdge else { return nil }
        lastEdge = nil
        guard active != stable else { return nil }
        stable = active
        return Edge(active: active, timestamp: timestamp)
    }
}

/// Sees that edges are missing.
struct EdgeTracker: Sendable, Hashable {
    private var active: Bool
    private var sequence: UInt32 = 0

    init(active: Bool) {
        self.active = active
    }

    /// - Parameter sequence: the kernel's number of the edge on its line, from 1; 0 when it gives none. Without numbers
    ///   two edges the same way betray one between them.
    mutating func edge(active: Bool, timestamp: UInt64, sequence: UInt32) -> Edge {
        let missed: UInt32
        if sequence != 0 {
            missed = sequence &- self.sequence &- 1
            self.sequence = sequence
        } else {
            missed = active == self.active ? 1 : 0
        }
        self.active = active
        return Edge(active: active, timestamp: timestamp, missed: missed)
    }

    /// After the kernel's queue was full: the level as read, and an edge if the last ones were dropped.
    mutating func resynchronise(active: Bool, timestamp: UInt64) -> Edge? {
        guard active != self.active else { return nil }
        self.active = active
        return Edge(active: active, timestamp: timestamp)
    }
}
