import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A file on a file system, locked against every other opener for as long as it lives.
final class PosixBlockFile: BlockFile {
    /// Name of the file in the store's directory.
    static let name = "gatehouse.store"

    let size: Int
    /// The device can only be read; writes fail.
    let isReadOnly: Bool
    private let descriptor: Int32
    private let path: String
    private let isClosed = Atomic(false)

    /// Opens the file in a directory; makes both when they are not there.
    ///
    /// - Returns: a file of any length, 0 when it is new; see ``resized(to:)``.
    static func open(directory: String, allowReadOnly: Bool) throws(StoreError) -> PosixBlockFile {
        if mkdir(directory, 0o700) == 0 {
            sync(directory: directory + "/..")
        } else if errno != EEXIST {
            throw .last(doing: "making the directory \(directory)")
        }
        try checkAccess(directory)
        let path = directory + "/" + name
        let flags = O_CLOEXEC | O_NOFOLLOW
        var isReadOnly = false
        var descriptor = Glibc.open(path, O_RDWR | O_CREAT | flags, 0o600)
        if descriptor < 0, errno == EROFS, allowReadOnly {
            isReadOnly = true
            descriptor = Glibc.open(path, O_RDONLY | flags)
        }
        guard descriptor >= 0 else { throw .last(doing: "opening \(path)") }
        do throws(StoreError) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .last(doing: "locking \(path)") }
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .last(doing: "examining \(path)") }
            guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.permissions, "\(path) is no plain file") }
            try checkAccess(path, status, widest: 0o600)
            return PosixBlockFile(
                descriptor: descriptor, path: path, size: Int(status.st_size), isReadOnly: isReadOnly)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private init(descriptor: Int32, path: String, size: Int, isReadOnly: Bool) {
        self.descriptor = descriptor
        self.path = path
        self.size = size
        self.isReadOnly = isReadOnly
    }

    deinit {
        close()
    }

    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Glibc.close(descriptor)
    }

    /// The same file with another length, its blocks allocated; the lock goes over to it.
    ///
    /// When the device has no room for it, the file is removed: the caller has made sure that nothing is in it.
    func resized(to size: Int) throws(StoreError) -> PosixBlockFile {
        let code =
            size < self.size
            ? (ftruncate(descriptor, off_t(size)) == 0 ? 0 : errno)
            : posix_fallocate(descriptor, 0, off_t(size))
        guard code == 0 else {
            if code == ENOSPC || code == EDQUOT || code == EFBIG { unlink(path) }
            throw StoreError(errno: code, doing: "allocating \(size) bytes for \(path)")
        }
        guard fsync(descriptor) == 0 else { throw .last(doing: "flushing \(path)") }
        Self.sync(directory: String(path.dropLast(Self.name.utf8.count + 1)))
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .last(doing: "opening \(path)") }
        return PosixBlockFile(descriptor: copy, path: path, size: size, isReadOnly: isReadOnly)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw StoreError(.corrupt, "\(path) ends at \(offset + done); it was cut off while in use")
            } else if errno != EINTR {
                throw .last(doing: "reading \(path)")
            }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        guard !isReadOnly else { throw StoreError(errno: EROFS, doing: "writing \(path)") }
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw count == 0
                    ? StoreError(.io, "writing \(path): nothing was taken") : .last(doing: "writing \(path)")
            }
        }
    }

    func flush() throws(StoreError) {
        // Not tried again when interrupted by an error: the kernel may have dropped the pages (see the format document).
        guard fdatasync(descriptor) == 0 else { throw .last(doing: "flushing \(path)") }
    }

    // MARK: Access

    /// Refuses a directory that others may enter.
    private static func checkAccess(_ directory: String) throws(StoreError) {
        var status = stat()
        guard stat(directory, &status) == 0 else { throw .last(doing: "examining \(directory)") }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw StoreError(.permissions, "\(directory) is no directory")
        }
        try checkAccess(directory, status, widest: 0o700)
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
    private static func sync(directory: String) {
        let descriptor = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }
}
