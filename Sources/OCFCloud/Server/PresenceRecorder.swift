import OCFModel
import Synchronization

/// Who came and who went since it was last written down. Presence is for people to look at, so it is gathered: after a
/// restart a thousand devices come back within seconds, and each alone would cost a flush of the disk.
final class PresenceRecorder: Sendable {
    private let changes = Mutex<[Identifier: (online: Bool, at: WallSeconds)]>([:])

    /// Notes that a device came or went.
    func note(_ device: Identifier, online: Bool, at time: WallSeconds) {
        changes.withLock { $0[device] = (online, time) }
    }

    /// Takes what was noted.
    func take() -> [Identifier: (online: Bool, at: WallSeconds)] {
        changes.withLock { changes in
            defer { changes = [:] }
            return changes
        }
    }
}
