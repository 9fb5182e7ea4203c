/// The pieces of history of one length: the one that is running, and a ring of those before it.
struct PeriodRing: Sendable {
    /// What is kept of a piece: 20 bytes, as mantissas of the series' decimals.
    struct Point: Sendable {
        var index: UInt32
        var first: Int32
        var minimum: Int32
        var maximum: Int32
        var mean: Int32
    }

    /// The piece that is running.
    private struct Running: Sendable {
        var index: UInt32
        var first: Int32
        var minimum: Int32
        var maximum: Int32
        var sum: Int64
        var count: Int64

        var point: Point {
            // Rounded half away from zero, as people round.
            let half = sum < 0 ? -(count / 2) : count / 2
            return Point(
                index: index, first: first, minimum: minimum, maximum: maximum,
                mean: Int32(clamping: (sum + half) / count))
        }
    }

    let period: HistoryPeriod
    /// The newest ``HistoryPeriod/capacity`` that ended; `next` is where the next is written once all places are taken.
    private var points: [Point] = []
    private var next = 0
    private var running: Running?

    init(_ period: HistoryPeriod) {
        self.period = period
    }

    /// Takes a reading in. One of a period that has ended is late and no longer counts.
    mutating func record(_ value: Int32, in index: UInt32) {
        guard var now = running else {
            // After the clock was put back into a period that had ended, that period begins anew.
            points.removeAll { $0.index >= index }
            running = Running(index: index, first: value, minimum: value, maximum: value, sum: Int64(value), count: 1)
            return
        }
        guard index >= now.index else { return }
        if index == now.index {
            now.minimum = min(now.minimum, value)
            now.maximum = max(now.maximum, value)
            now.sum &+= Int64(value)
            now.count += 1
            running = now
        } else {
            append(now.point)
            running = Running(index: index, first: value, minimum: value, maximum: value, sum: Int64(value), count: 1)
        }
    }

    private mutating func append(_ point: Point) {
        if points.count < period.capacity {
            points.append(point)
        } else {
            points[next] = point
            next = (next + 1) % period.capacity
        }
    }

    /// The pieces, oldest first; the one that is running is last.
    var all: [(point: Point, isRunning: Bool)] {
        var pieces = (points[next...] + points[..<next]).map { (point: $0, isRunning: false) }
        if let running { pieces.append((running.point, true)) }
        return pieces
    }

    /// Forgets what is later than `index`: the clock had been ahead and was put back.
    mutating func forget(after index: UInt32) {
        guard let now = running, now.index > index else { return }
        running = nil
        points = all.map(\.point).filter { $0.index <= index }
        next = 0
    }

    /// Turns every mantissa into another; false, with nothing done, when one does not fit.
    mutating func rescale(_ convert: (Int64) -> Int64) -> Bool {
        func converted(_ value: Int32) -> Int32? { Int32(exactly: convert(Int64(value))) }
        var scaled: [Point] = []
        for point in points {
            guard let first = converted(point.first), let minimum = converted(point.minimum),
                let maximum = converted(point.maximum), let mean = converted(point.mean)
            else { return false }
            scaled.append(
                Point(index: point.index, first: first, minimum: minimum, maximum: maximum, mean: mean))
        }
        if let now = running {
            guard let first = converted(now.first), let minimum = converted(now.minimum),
                let maximum = converted(now.maximum)
            else { return false }
            running = Running(
                index: now.index, first: first, minimum: minimum, maximum: maximum, sum: convert(now.sum),
                count: now.count)
        }
        points = scaled
        return true
    }
}
