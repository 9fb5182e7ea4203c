#if canImport(Glibc)
    import Glibc
#endif

/// Wakes the writer's thread from any other, and lets it sleep until a time on the monotonic clock.
///
/// A pipe and `poll`: no lock is held by a sleeper, and a wake-up that comes before the sleep is not lost.
final class WakePipe: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    init() throws(StoreError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw StoreError.last(doing: "making a pipe") }
        readEnd = ends[0]
        writeEnd = ends[1]
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        Glibc.close(readEnd)
        Glibc.close(writeEnd)
    }

    /// Ends the present or the next sleep. Never blocks: a full pipe wakes as well as one more byte would.
    func wake() {
        var byte: UInt8 = 1
        _ = Glibc.write(writeEnd, &byte, 1)
    }

    /// Sleeps until woken or until `deadline`; without one, for as long as it takes.
    func sleep(until deadline: ContinuousClock.Instant?) {
        var milliseconds: Int32 = -1
        if let deadline {
            let left = ContinuousClock.now.duration(to: deadline).components
            // Rounded up, so that the deadline has passed on waking; bounded by poll's own range.
            let total = Double(left.seconds) * 1000 + Double(left.attoseconds) * 1e-15 + 1
            milliseconds = Int32(max(0, min(total, 1e9)))
        }
        var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, milliseconds) > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 64)
        while Glibc.read(readEnd, &bytes, bytes.count) == bytes.count {}
    }
}
