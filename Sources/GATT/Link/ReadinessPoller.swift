import Glibc
import Synchronization
import Threads

/// Waits, on a thread of its own, until descriptors can be read or written.
///
/// The loop's own selector takes streams and datagrams of the Internet only; sequenced packets of Bluetooth are neither.
/// Each watch fires once and must then be asked for again, so a peer that floods us is read no faster than the loop gets
/// round to it.
final class ReadinessPoller: Sendable {
    /// What is waited for.
    enum Interest: Sendable {
        case reading
        case writing
    }

    /// A descriptor that is watched; its owner closes it after ``ReadinessPoller/remove(_:)``.
    struct Watch: Sendable {
        fileprivate let token: UInt64
    }

    /// One for the process: a handful of connections need no more.
    static let shared = ReadinessPoller()

    private struct Entry {
        var descriptor: Int32
        var handler: @Sendable () -> Void
        /// nil while nobody waits.
        var interest: Interest?
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var lastToken: UInt64 = 0
        var isRunning = false
    }

    /// The reading end of a pipe that wakes the thread when what it waits for changes, and the writing end.
    private let wakeReading: Int32
    private let wakeWriting: Int32
    private let state = Mutex(State())

    private init() {
        var ends: [Int32] = [-1, -1]
        wakeReading = pipe(&ends) == 0 ? ends[0] : -1
        wakeWriting = ends[1]
        for end in ends where end >= 0 {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            // A pipe that is full wakes just as well.
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    /// Begins to watch a descriptor, for nothing yet; nil when the system has no room.
    ///
    /// - Parameter handler: called on the poller's thread, once for each ``await(_:_:)``: it can be read or written, or is
    ///   broken.
    func add(_ descriptor: Int32, _ handler: @escaping @Sendable () -> Void) -> Watch? {
        guard wakeReading >= 0, start() else { return nil }
        return state.withLock { state in
            state.lastToken += 1
            state.entries[state.lastToken] = Entry(descriptor: descriptor, handler: handler)
            return Watch(token: state.lastToken)
        }
    }

    /// Waits for this, once.
    func await(_ watch: Watch, _ interest: Interest) {
        state.withLock { $0.entries[watch.token]?.interest = interest }
        wake()
    }

    /// Ends a watch; its handler may still be under way once.
    func remove(_ watch: Watch) {
        state.withLock { $0.entries[watch.token] = nil }
        wake()
    }

    private func wake() {
        var byte: UInt8 = 0
        _ = write(wakeWriting, &byte, 1)
    }

    /// Starts the thread at the first watch; it never ends, and sleeps when there is nothing.
    private func start() -> Bool {
        state.withLock { state in
            guard !state.isRunning else { return true }
            guard DetachedThread.start(named: "gatt", { ReadinessPoller.shared.run() }) == 0 else { return false }
            state.isRunning = true
            return true
        }
    }

    private func run() {
        var drain = Array(repeating: UInt8(0), count: 64)
        while true {
            let waiting = state.withLock { state in
                state.entries.compactMap { token, entry in entry.interest.map { (token, entry.descriptor, $0) } }
            }
            var polled = [pollfd(fd: wakeReading, events: Int16(POLLIN), revents: 0)]
            polled += waiting.map { _, descriptor, interest in
                pollfd(fd: descriptor, events: Int16(interest == .reading ? POLLIN : POLLOUT), revents: 0)
            }
            guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
            if polled[0].revents != 0 { while read(wakeReading, &drain, drain.count) > 0 {} }
            for (entry, (token, descriptor, _)) in zip(polled.dropFirst(), waiting) where entry.revents != 0 {
                let handler = state.withLock { state in
                    // The watch may have gone meanwhile, and its descriptor's number belong to another.
                    guard state.entries[token]?.descriptor == descriptor else { return nil as (@Sendable () -> Void)? }
                    state.entries[token]?.interest = nil
                    return state.entries[token]?.handler
                }
                handler?()
            }
        }
    }
}
