import Glibc

/// The monotonic clock in nanoseconds.
func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Times that one thing took again and again.
struct Latencies: Sendable {
    private var all: [UInt64] = []

    mutating func add(_ nanoseconds: UInt64) { all.append(nanoseconds) }

    static var heading: String {
        pad("", 54) + ["samples", "median", "99 %", "longest"].map { pad($0, 12) }.joined()
    }

    /// A line of the table, in microseconds.
    func row(_ name: String) -> String {
        let sorted = all.sorted()
        guard !sorted.isEmpty else { return name + ": none" }
        func at(_ part: Double) -> String {
            let index = min(sorted.count - 1, Int(Double(sorted.count) * part))
            return "\(sorted[index] / 1_000) µs"
        }
        let cells = ["\(sorted.count)", at(0.5), at(0.99), "\(sorted[sorted.count - 1] / 1_000) µs"]
        return Latencies.pad(name, 54) + cells.map { Latencies.pad($0, 12) }.joined()
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
