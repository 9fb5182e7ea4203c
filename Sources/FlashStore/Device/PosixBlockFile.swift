import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A file on a file system.
final class PosixBlockFile: BlockFile {
    let size: Int
    /// The device can only be read; writes fail.
    let isReadOnly: Bool
    private let descriptor: Int32
    private let path: String
    /// Unlocked when the file is closed; nil for a file that is only being made.
    private let directory: StoreDirectory?
    private let isClosed = Atomic(false)

    init(_ descriptor: Int32, path: String, size: Int, isReadOnly: Bool, in directory: StoreDirectory?) {
        self.descriptor = descriptor
        self.path = path
        self.size = size
        self.isReadOnly = isReadOnly
        self.directory = directory
    }

    deinit {
        close()
    }

    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Glibc.close(descriptor)
        directory?.unlock()
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
}
