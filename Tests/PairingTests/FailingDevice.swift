import FlashStore
import Synchronization

/// A device in memory whose writes can be made to fail.
final class FailingDevice: BlockFile {
    private let memory: MemoryBlockFile
    private let failing = Mutex(false)

    init(size: Int) { memory = MemoryBlockFile(size: size) }

    func fail(_ failing: Bool) { self.failing.withLock { $0 = failing } }

    private func check() throws(StoreError) {
        if failing.withLock({ $0 }) { throw StoreError(.io, "the card is out") }
    }

    var size: Int { memory.size }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) {
        try memory.read(into: buffer, at: offset)
    }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        try check()
        try memory.write(bytes, at: offset)
    }
    func flush() throws(StoreError) {
        try check()
        try memory.flush()
    }
    func close() {}
}
