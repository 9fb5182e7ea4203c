import OneLoop

/// Time as the driver sees it, so that tests turn the hands.
struct Timers: Sendable {
    /// Time since some fixed origin.
    var now: @Loop @Sendable () -> Duration
    /// Calls the second after the first has passed; the result takes it back.
    var after: @Loop @Sendable (Duration, @escaping @Loop () -> Void) -> @Loop () -> Void

    /// The loop's own.
    static var loop: Timers {
        let origin = SuspendingClock.now
        return Timers(
            now: { SuspendingClock.now - origin },
            after: { delay, body in
                let timer = Loop.after(delay, body)
                return { timer.cancel() }
            })
    }
}
