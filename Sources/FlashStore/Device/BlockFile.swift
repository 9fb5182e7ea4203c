/// The file under a store: a fixed number of bytes that can be read, written and flushed.
///
/// ``FlashStore`` uses a POSIX file; ``MemoryBlockFile`` stands in for it where nothing need survive, and tests record
/// through it what a power cut would leave. Calls come from one thread at a time and may block.
public protocol BlockFile: AnyObject, Sendable {
    /// Length in bytes; never changes while the store is open.
    var size: Int { get }
    /// Fills `buffer` with the bytes at `offset`.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError)
    /// Writes all of `bytes` at `offset`, within the length. Nothing is durable before ``flush()``.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError)
    /// Returns once everything written so far survives a power cut.
    func flush() throws(StoreError)
    /// Gives the file up, and its lock if it has one. No call follows.
    func close()
}

extension BlockFile {
    /// The bytes of a range.
    func bytes(at offset: Int, count: Int) throws(StoreError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Typed throws do not pass through `withUnsafeMutableBytes`, so the outcome is carried out as a value.
        let outcome: Result<Void, StoreError> = bytes.withUnsafeMutableBytes { buffer in
            do throws(StoreError) { return .success(try read(into: buffer, at: offset)) } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        return bytes
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: [UInt8], at offset: Int) throws(StoreError) {
        let outcome: Result<Void, StoreError> = bytes.withUnsafeBytes { buffer in
            do throws(StoreError) { return .success(try write(buffer, at: offset)) } catch { return .failure(error) }
        }
        try outcome.get()
    }

    /// Writes zeros over a range, in pieces.
    func zero(_ range: Range<Int>) throws(StoreError) {
        // 64 KiB: large enough for the card to program whole pages at a stretch, small enough to be no matter in memory.
        let piece = [UInt8](repeating: 0, count: min(65_536, range.count))
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = min(piece.count, range.upperBound - offset)
            try write(count == piece.count ? piece : Array(piece[..<count]), at: offset)
            offset += count
        }
    }
}
