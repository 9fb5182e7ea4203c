import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The directory that a store lives in, locked against every other opener for as long as it is held.
final class StoreDirectory: Sendable {
    /// Name of the store's file.
    static let fileName = "gatehouse.store"
    /// Name of the file while it is being made; what is found under it was never finished, and is made anew.
    static let unfinishedName = "gatehouse.store.new"

    private let path: String
    private let descriptor: Int32
    private let isUnlocked = Atomic(false)

    /// Makes the directory if it is not there, checks that nobody else has access, and locks it.
    init(_ path: String) throws(StoreError) {
        if mkdir(path, 0o700) == 0 {
            Self.flush(directory: path + "/..")
        } else if errno != EEXIST {
            let number = errno
            // A read-only device says so even when the directory is there.
            var status = stat()
            guard number == EROFS, stat(path, &status) == 0 else {
                throw StoreError(errno: number, doing: "making the directory \(path)")
            }
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(doing: "opening the directory \(path)") }
        self.path = path
        self.descriptor = descriptor
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last(doing: "examining \(path)") }
        try Self.checkAccess(path, status, widest: 0o700)
        // The directory and not the file: the file is exchanged when it is made.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .last(doing: "locking \(path)") }
    }

    deinit {
        unlock()
    }

    /// Lets others in; the file must be closed by now.
    func unlock() {
        guard !isUnlocked.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Glibc.close(descriptor)
    }

    /// Opens the store's file.
    ///
    /// - Returns: nil when there is none.
    func open(allowReadOnly: Bool) throws(StoreError) -> PosixBlockFile? {
        let file = path + "/" + Self.fileName
        let flags = O_CLOEXEC | O_NOFOLLOW
        var isReadOnly = false
        var descriptor = Glibc.open(file, O_RDWR | flags)
        if descriptor < 0, errno == EROFS, allowReadOnly {
            isReadOnly = true
            descriptor = Glibc.open(file, O_RDONLY | flags)
        }
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw .last(doing: "opening \(file)") }
            return nil
        }
        do throws(StoreError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .last(doing: "examining \(file)") }
            guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.permissions, "\(file) is no plain file") }
            try Self.checkAccess(file, status, widest: 0o600)
            return PosixBlockFile(
                descriptor, path: file, size: Int(status.st_size), isReadOnly: isReadOnly, in: self)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    /// Makes the store's file with this layout: complete under another name, then given its own. That is the only time
    /// that it is renamed.
    func make(_ layout: Layout) throws(StoreError) {
        let unfinished = path + "/" + Self.unfinishedName
        unlink(unfinished)
        let descriptor = Glibc.open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .last(doing: "making \(unfinished)") }
        let file = PosixBlockFile(descriptor, path: unfinished, size: layout.fileSize, isReadOnly: false, in: nil)
        defer { file.close() }
        do throws(StoreError) {
            // At one stretch where the file system can; `format` then writes every byte.
            let code = posix_fallocate(descriptor, 0, off_t(layout.fileSize))
            guard code == 0 else {
                throw StoreError(errno: code, doing: "allocating \(layout.fileSize) bytes for \(unfinished)")
            }
            _ = try SegmentLog.format(file, layout: layout)
            guard fsync(descriptor) == 0 else { throw .last(doing: "flushing \(unfinished)") }
            guard rename(unfinished, path + "/" + Self.fileName) == 0 else {
                throw .last(doing: "naming \(unfinished)")
            }
        } catch {
            // Nothing is in it yet, and a full device wants its room back.
            unlink(unfinished)
            throw error
        }
        Self.flush(directory: path)
    }

    /// Refuses what belongs to another user or is open to others: there are secrets in it.
    private static func checkAccess(_ path: String, _ status: stat, widest: mode_t) throws(StoreError) {
        guard status.st_uid == geteuid() else {
            throw StoreError(
                .permissions,
                "\(path) belongs to user \(status.st_uid), Gatehouse runs as \(geteuid()); chown it or run as that user"
            )
        }
        let mode = status.st_mode & 0o777
        guard mode & ~widest == 0 else {
            throw StoreError(
                .permissions,
                "\(path) has mode \(String(mode, radix: 8)), at most \(String(widest, radix: 8)) is safe for secrets; "
                    + "chmod \(String(widest, radix: 8)) it")
        }
    }

    /// Makes a new name durable. Best effort: not every file system can flush a directory.
    private static func flush(directory: String) {
        let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }
}
