import Synchronization

/// What was heard and is not read yet: filled by the radios' threads, emptied by one reader.
///
/// A thread cannot wait for a reader without losing more in the kernel, so a full queue counts what it does not take.
/// What comes is dropped rather than what waits: the same sensor will say the same again, and moving the queue would cost
/// most when there is least time.
final class AdvertQueue: Sendable {
    /// Two seconds of the busiest air that a radio can hear (some 500 adverts a second; 1,000 tags in a hall), 0.3 MB.
    static let capacity = 1024

    private struct State {
        var pending: [Advertisement] = []
        var dropped: UInt64 = 0
        var isEnded = false
        var reader: CheckedContinuation<[Advertisement]?, Never>?
    }

    private let state = Mutex(State())

    /// How many were not taken.
    var dropped: UInt64 { state.withLock { $0.dropped } }

    /// Adds one.
    func push(_ advertisement: Advertisement) {
        let reader = state.withLock { state -> CheckedContinuation<[Advertisement]?, Never>? in
            guard !state.isEnded else { return nil }
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            if state.pending.count < AdvertQueue.capacity {
                state.pending.append(advertisement)
            } else {
                state.dropped += 1
            }
            return nil
        }
        reader?.resume(returning: [advertisement])
    }

    /// Everything that waits, as soon as there is something; nil at the end. For one reader at a time.
    func next() async -> [Advertisement]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> [Advertisement]?? in
                    if state.isEnded { return .some(nil) }
                    guard !state.pending.isEmpty else {
                        state.reader = continuation
                        return .none
                    }
                    defer { state.pending.removeAll(keepingCapacity: true) }
                    return .some(state.pending)
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            end()
        }
    }

    /// Ends it; the reader is told.
    func end() {
        let reader = state.withLock { state -> CheckedContinuation<[Advertisement]?, Never>? in
            state.isEnded = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }
}
