/// A set of metrics in 512 bits.
struct MetricSet: Sendable {
    private var words = InlineArray<8, UInt64>(repeating: 0)

    /// Whether nothing was inserted.
    private(set) var isEmpty = true

    /// Adds one.
    ///
    /// - Returns: whether it was not there yet.
    @discardableResult
    @inline(__always)
    mutating func insert(_ metric: Metric) -> Bool {
        let word = Int(metric.rawValue >> 6)
        let bit: UInt64 = 1 << UInt64(metric.rawValue & 63)
        let isNew = words[word] & bit == 0
        words[word] |= bit
        isEmpty = false
        return isNew
    }

    /// Whether it is there.
    @inline(__always)
    func contains(_ metric: Metric) -> Bool {
        words[Int(metric.rawValue >> 6)] & 1 << UInt64(metric.rawValue & 63) != 0
    }
}
