/// What the two header copies of a segment say (`docs/flash-format.md` §3.2).
struct SegmentHeader: Sendable, Hashable {
    /// Bytes of one copy.
    static let length = 64
    /// The format that this code reads and writes.
    static let version: UInt16 = 1
    /// "GHSTORE" and NUL.
    static let magic: [UInt8] = [0x47, 0x48, 0x53, 0x54, 0x4F, 0x52, 0x45, 0x00]

    /// Pages and segments of the file.
    let layout: Layout
    /// Rises by one at each compaction attempt; the highest valid one is the active segment.
    let generation: UInt32
    /// Enters the body checksums of this generation.
    let salt: UInt32

    /// What a copy turned out to be.
    enum Copy: Hashable {
        case valid(SegmentHeader)
        /// Intact, but of another format version.
        case otherVersion(UInt16)
        /// Never written, or damaged.
        case invalid
    }

    /// The 64 bytes of a copy.
    func encoded() -> [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(Self.length)
        bytes.append(little: Self.version)
        bytes.append(little: UInt16(Self.length))
        bytes.append(little: UInt32(layout.pageSize))
        bytes.append(little: UInt64(layout.segmentSize))
        bytes.append(little: generation)
        bytes.append(little: salt)
        bytes.append(zeros: Self.length - 4 - bytes.count)
        bytes.append(little: bytes.withUnsafeBytes { CRC32C.checksum($0) })
        return bytes
    }

    /// Reads a copy.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> Copy {
        guard bytes.count >= length, zip(bytes, magic).allSatisfy({ $0 == $1 }),
            bytes.little(UInt32.self, at: 60) == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<60]))
        else { return .invalid }
        let version = bytes.little(UInt16.self, at: 8)
        guard version == Self.version else { return .otherVersion(version) }
        guard bytes.little(UInt16.self, at: 10) == UInt16(length),
            let segmentSize = Int(exactly: bytes.little(UInt64.self, at: 16)),
            let layout = Layout(segmentSize: segmentSize, pageSize: Int(bytes.little(UInt32.self, at: 12))),
            bytes.isZero(32..<60)
        else { return .invalid }
        let generation = bytes.little(UInt32.self, at: 24)
        guard generation > 0 else { return .invalid }
        return .valid(
            SegmentHeader(layout: layout, generation: generation, salt: bytes.little(UInt32.self, at: 28)))
    }
}
