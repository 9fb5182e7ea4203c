import Glibc
import Synchronization

/// A lock among processes: `flock` on a file that stays. The kernel lets go of it when its holder dies.
public final class FileLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// Takes the lock; nil when another holds it.
    ///
    /// - Throws: ``FileError`` when the file cannot be opened.
    public init?(_ path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw FileError("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            return nil
        }
        descriptor = Mutex(file)
    }

    /// Takes the lock, and waits for it while another holds it; nil when that takes too long. Blocks the thread.
    ///
    /// - Parameter seconds: how long to wait.
    /// - Throws: ``FileError`` when the file cannot be opened.
    public static func waiting(for path: String, seconds: Double) throws -> FileLock? {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            if let lock = try FileLock(path) { return lock }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(10_000)
        }
    }

    /// Lets go of it.
    public func release() {
        descriptor.withLock { file in
            if file >= 0 { close(file) }
            file = -1
        }
    }

    deinit { release() }
}
