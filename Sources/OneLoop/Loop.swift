import NIOCore
import NIOPosix

/// The one event loop of the daemon, as a global actor.
///
/// Everything that is not a codec or a file lives here: sockets, nodes, doors and the pairing ceremony. Code marked
/// `@Loop` calls other `@Loop` code synchronously, so a request crosses no thread on its way from a door to a driver and
/// back. From a NIO handler, which already runs on the loop, enter with ``assumeIsolated(_:)`` (0.1 µs); from anywhere
/// else with `await`.
///
/// Nothing may block it: DNS and `fsync` have threads of their own.
@globalActor
public actor Loop {
    /// The actor that stands for the loop.
    public static let shared = Loop()

    /// The group of one thread that owns the loop; hand it to NIO bootstraps.
    public static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// The loop itself; hand it to NIO bootstraps and handlers.
    public static let eventLoop: any EventLoop = group.next()

    /// Jobs of this actor run on the event loop's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        Loop.eventLoop.executor.asUnownedSerialExecutor()
    }

    /// Runs `body` as code of this actor, at once, when the caller already runs on the event loop.
    ///
    /// - Precondition: the current thread is the event loop's; a caller elsewhere is a programming mistake and stops.
    public static func assumeIsolated<Result: Sendable>(
        _ body: @Loop () throws -> Result
    ) rethrows -> Result {
        eventLoop.preconditionInEventLoop()
        // The cast removes the isolation that the line above has just proved to hold. It is the body of
        // `MainActor.assumeIsolated`, which the standard library offers for that actor alone.
        return try withoutActuallyEscaping(body) { escaping in
            try unsafeBitCast(escaping, to: (() throws -> Result).self)()
        }
    }

    /// Runs `body` on the loop after `delay` on the monotonic clock.
    ///
    /// - Returns: a timer to cancel it by; dropping the timer does not cancel.
    @discardableResult
    public static func after(_ delay: Duration, _ body: @escaping @Loop () -> Void) -> LoopTimer {
        let scheduled = eventLoop.scheduleTask(in: TimeAmount(delay)) {
            assumeIsolated(body)
        }
        return LoopTimer(scheduled: scheduled)
    }
}

/// A deadline that can be taken back.
public struct LoopTimer: Sendable {
    private let scheduled: Scheduled<Void>

    init(scheduled: Scheduled<Void>) {
        self.scheduled = scheduled
    }

    /// Takes the deadline back; does nothing when it has passed.
    public func cancel() {
        scheduled.cancel()
    }
}
