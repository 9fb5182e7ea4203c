import Glibc
import OneLoop

/// The ceremony's time: the monotonic clock and timers on the loop. A protocol so that tests turn the hands.
@Loop
public protocol PairingClock: AnyObject, Sendable {
    /// The time since some fixed origin; never goes back.
    var now: Ceremony.Moment { get }
    /// Milliseconds since 1970; only written into records, never compared.
    var wallMilliseconds: Int64 { get }
    /// Calls `body` after `delay`; the result takes it back.
    func after(_ delay: Duration, _ body: @escaping @Loop () -> Void) -> @Loop () -> Void
}

/// The clock of the daemon.
@Loop
public final class LoopClock: PairingClock {
    private let origin = SuspendingClock.now

    /// A clock on the loop.
    public nonisolated init() {}

    /// Time since this clock was made, without the time the machine slept.
    public var now: Ceremony.Moment { SuspendingClock.now - origin }

    /// The wall clock.
    public var wallMilliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// A timer of the loop.
    public func after(_ delay: Duration, _ body: @escaping @Loop () -> Void) -> @Loop () -> Void {
        let timer = Loop.after(delay, body)
        return { timer.cancel() }
    }
}
