import GPIO
import Synchronization

/// Where edges gather on their way from the chip's thread to the loop: however many come, they take one box and, at a
/// time, one message to the loop.
final class EdgeBox: Sendable {
    /// What has gathered.
    struct Contents: Sendable {
        /// Edges, with those known to have been missed.
        var count: UInt64 = 0
        var last: Edge?
        var loss: String?
    }

    private struct State {
        var contents = Contents()
        var isAnnounced = false
    }

    private let state = Mutex(State())

    /// Puts an event in.
    ///
    /// - Returns: whether the loop must be told; false while it knows and has not yet looked.
    func put(_ event: LineEvent) -> Bool {
        state.withLock { state in
            switch event {
            case .edge(let edge):
                state.contents.count &+= 1 + UInt64(edge.missed)
                state.contents.last = edge
            case .lost(let reason):
                state.contents.loss = reason
            }
            defer { state.isAnnounced = true }
            return !state.isAnnounced
        }
    }

    /// Takes everything out. Who got something looks again later by itself, and is not told of what comes meanwhile; who
    /// got nothing is told of the next.
    func take() -> Contents {
        state.withLock { state in
            defer {
                state.isAnnounced = state.contents.last != nil || state.contents.loss != nil
                state.contents = Contents()
            }
            return state.contents
        }
    }
}
