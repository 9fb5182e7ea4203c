import Synchronization
import Threads

/// State and log of a store, and the thread between them. The thread alone touches the device; the state's mutex is never
/// held while it does.
final class Writer: Sendable {
    let state: Mutex<StoreState>
    private let wakePipe: WakePipe
    /// Locked by the writer's thread for as long as that runs, so nobody ever waits for it.
    private let log: Mutex<SegmentLog>
    private let stopped = Mutex<StopState>(.running([]))

    private enum StopState {
        case running([CheckedContinuation<Void, Never>])
        case stopped
    }

    init(state: StoreState, log: sending SegmentLog) throws(StoreError) {
        var state = state
        state.takeFigures(of: log)
        self.state = Mutex(state)
        self.log = Mutex(log)
        wakePipe = try WakePipe()
    }

    /// Starts the thread. It keeps the writer alive until it has stopped.
    func start() throws(StoreError) {
        let code = DetachedThread.start(named: "store") { self.run() }
        guard code == 0 else {
            throw StoreError(.io, "the writer's thread could not be started: error \(code)")
        }
    }

    /// Lets the thread look at the state again.
    func wake() {
        wakePipe.wake()
    }

    /// Returns once the thread has stopped and the file is closed.
    nonisolated(nonsending) func stop() async {
        state.withLock { $0.close() }
        wake()
        await withCheckedContinuation { continuation in
            let isStopped = stopped.withLock { state in
                guard case .running(let waiting) = state else { return true }
                state = .running(waiting + [continuation])
                return false
            }
            if isStopped { continuation.resume() }
        }
    }

    private func run() {
        log.withLock { log in
            while let work = nextWork(log) {
                let outcome = Self.perform(work, on: &log)
                let log = log
                let resumed = state.withLock { state in
                    state.takeFigures(of: log)
                    return state.finished(work, outcome, now: .now)
                }
                for (waiter, outcome) in resumed { waiter.resume(returning: outcome) }
            }
            log.close()
        }
        for (waiter, outcome) in state.withLock({ $0.closed() }) { waiter.resume(returning: outcome) }
        let waiting = stopped.withLock { state in
            defer { state = .stopped }
            guard case .running(let waiting) = state else { return [CheckedContinuation<Void, Never>]() }
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Sleeps until there is something to write; nil when the store closes.
    private func nextWork(_ log: SegmentLog) -> StoreState.Work? {
        while true {
            switch state.withLock({ $0.nextStep(now: .now, fits: log.fits) }) {
            case .sleep(let deadline): wakePipe.sleep(until: deadline)
            case .write(let work): return work
            case .stop: return nil
            }
        }
    }

    private static func perform(_ work: StoreState.Work, on log: inout SegmentLog) -> Result<Void, StoreError> {
        do throws(StoreError) {
            if let snapshot = work.snapshot {
                if work.isScrub { try log.scrub(snapshot) } else { try log.rewrite(snapshot) }
            } else {
                try log.append(work.records)
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}

extension StoreState {
    /// Copies the log's counters, so that statistics need not wait for the thread.
    mutating func takeFigures(of log: SegmentLog) {
        statistics.recordsWritten = log.recordsWritten
        statistics.bytesWritten = log.bytesWritten
        statistics.flushes = log.flushes
        statistics.compactions = log.compactions
    }
}

extension Writer {
    /// Makes changes that wait for company.
    func change(_ changes: [Change]) throws(StoreError) -> StoreState.Outcome {
        try state.withLock { state throws(StoreError) in try state.make(changes, now: .now) }
    }

    /// Calls `body` on the state and returns once changes up to the revision that it returns are durable.
    ///
    /// Change and waiting are one step under the mutex, so that no attempt of the writer can fall between them.
    nonisolated(nonsending) func waitForDurability(
        _ body: (inout StoreState, ContinuousClock.Instant) throws(StoreError) -> UInt64
    ) async throws(StoreError) {
        let outcome: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            let wakes = state.withLock { state in
                do throws(StoreError) {
                    return state.wait(for: try body(&state, .now), continuation)
                } catch {
                    continuation.resume(returning: .failure(error))
                    return false
                }
            }
            if wakes { wake() }
        }
        try outcome.get()
    }
}
