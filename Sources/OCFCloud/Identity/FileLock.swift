import Glibc
import Synchronization

/// A lock among processes: `flock` on a file that stays. The kernel lets go of it when its holder dies.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// Takes the lock; nil when another holds it.
    ///
    /// - Throws: ``CloudError`` `.storage` when the file cannot be opened.
    init?(_ path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw CloudError(.storage, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            return nil
        }
        descriptor = Mutex(file)
    }

    /// Lets go of it.
    func release() {
        descriptor.withLock { file in
            if file >= 0 { close(file) }
            file = -1
        }
    }

    deinit { release() }
}
