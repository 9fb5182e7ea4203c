import Synchronization

/// A file in memory, for stores that need not survive: tests, demonstrations, fuzzing.
public final class MemoryBlockFile: BlockFile {
    private let storage: Mutex<[UInt8]>

    /// Length in bytes.
    public let size: Int

    /// A file with these bytes.
    public init(_ image: [UInt8]) {
        size = image.count
        storage = Mutex(image)
    }

    /// A file of zeros.
    public convenience init(size: Int) {
        self.init([UInt8](repeating: 0, count: size))
    }

    /// A copy of all bytes.
    public var image: [UInt8] { storage.withLock { $0 } }

    /// Copies bytes out; beyond the end is an ``StoreError/Code/io`` error.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) {
        try check(offset, buffer.count)
        storage.withLock { bytes in
            bytes.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + buffer.count]))
            }
        }
    }

    /// Copies bytes in; beyond the end is an ``StoreError/Code/io`` error.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        try check(offset, bytes.count)
        storage.withLock { storage in
            storage.withUnsafeMutableBytes {
                UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + bytes.count]).copyMemory(from: bytes)
            }
        }
    }

    /// Does nothing: memory is as durable as it gets.
    public func flush() throws(StoreError) {}

    /// Does nothing.
    public func close() {}

    private func check(_ offset: Int, _ count: Int) throws(StoreError) {
        guard offset >= 0, count >= 0, offset <= size - count else {
            throw StoreError(.io, "\(count) bytes at \(offset) lie outside a file of \(size) bytes")
        }
    }
}
