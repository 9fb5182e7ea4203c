/// The bytes of a record: header, body, padding (`docs/flash-format.md` §3.3 and §3.4).
enum Record {
    /// Bytes before the body.
    static let headerLength = 24
    /// Records begin at multiples of this; the recovery scan moves by it.
    static let alignment = 8
    /// Longest record with header and padding: what the recovery window holds.
    static let maximumLength = 65_536
    /// Shortest record: a removal of everything has a body of four bytes.
    static let minimumLength = 32
    /// "GR", as a little-endian integer.
    static let magic: UInt16 = 0x5247
    /// The one kind of version 1: changes.
    static let kindChanges: UInt16 = 1

    /// Bytes in a body before a change's key.
    private static let changeHeaderLength = 4

    /// The fields of a header whose checksum was right.
    struct Header: Hashable {
        let kind: UInt16
        let bodyLength: Int
        let generation: UInt32
        let sequence: UInt32
        let bodyChecksum: UInt32

        /// Bytes up to the next record.
        var recordLength: Int { Record.aligned(Record.headerLength + bodyLength) }
    }

    /// The next multiple of the alignment.
    static func aligned(_ length: Int) -> Int {
        (length + alignment - 1) / alignment * alignment
    }

    /// Bytes of a change in a body.
    static func encodedLength(_ change: Change) -> Int {
        switch change {
        case .put(let key, let value): changeHeaderLength + key.utf8.count + value.count
        case .remove(let key), .removeAll(let key): changeHeaderLength + key.utf8.count
        }
    }

    /// Bytes of the record with one put of this key and value: what a key costs in a compacted segment.
    static func length(key: Key, value: [UInt8]) -> Int {
        aligned(headerLength + changeHeaderLength + key.text.utf8.count + value.count)
    }

    /// Appends a record that makes `changes` as one.
    static func append(
        _ changes: some Sequence<Change>, generation: UInt32, sequence: UInt32, salt: UInt32, to bytes: inout [UInt8]
    ) {
        let start = bytes.count
        bytes.append(zeros: headerLength)
        for change in changes {
            append(change, to: &bytes)
        }
        let bodyLength = bytes.count - start - headerLength
        bytes.append(zeros: aligned(bodyLength) - bodyLength)
        bytes.set(little: magic, at: start)
        bytes.set(little: kindChanges, at: start + 2)
        bytes.set(little: UInt32(bodyLength), at: start + 4)
        bytes.set(little: generation, at: start + 8)
        bytes.set(little: sequence, at: start + 12)
        let body = start + headerLength
        let bodyChecksum = bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[body..<body + bodyLength]), salt: salt)
        }
        bytes.set(little: bodyChecksum, at: start + 16)
        let headerChecksum = bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[start..<start + 20]))
        }
        bytes.set(little: headerChecksum, at: start + 20)
    }

    private static func append(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .put(let key, let value):
            bytes.append(1)
            bytes.append(UInt8(truncatingIfNeeded: key.utf8.count))
            bytes.append(little: UInt16(truncatingIfNeeded: value.count))
            bytes.append(contentsOf: key.utf8)
            bytes.append(contentsOf: value)
        case .remove(let key):
            bytes.append(contentsOf: [2, UInt8(truncatingIfNeeded: key.utf8.count), 0, 0])
            bytes.append(contentsOf: key.utf8)
        case .removeAll(let prefix):
            bytes.append(contentsOf: [3, UInt8(truncatingIfNeeded: prefix.utf8.count), 0, 0])
            bytes.append(contentsOf: prefix.utf8)
        }
    }

    /// Reads a header at the beginning of `bytes`; nil when magic or checksum are wrong or it is not all there.
    static func decodeHeader(_ bytes: UnsafeRawBufferPointer) -> Header? {
        guard bytes.count >= headerLength, bytes.little(UInt16.self, at: 0) == magic,
            bytes.little(UInt32.self, at: 20) == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<20]))
        else { return nil }
        return Header(
            kind: bytes.little(UInt16.self, at: 2),
            bodyLength: Int(bytes.little(UInt32.self, at: 4)),
            generation: bytes.little(UInt32.self, at: 8),
            sequence: bytes.little(UInt32.self, at: 12),
            bodyChecksum: bytes.little(UInt32.self, at: 16))
    }

    /// Whether `bytes` begin like a header of this generation with one field damaged: at least two of magic, generation
    /// and sequence number are as expected. Stale bytes of an older generation fulfil one of them at most by chance.
    static func resemblesHeader(_ bytes: UnsafeRawBufferPointer, generation: UInt32, sequence: UInt32) -> Bool {
        guard bytes.count >= headerLength else { return false }
        let matches = [
            bytes.little(UInt16.self, at: 0) == magic,
            bytes.little(UInt32.self, at: 8) == generation,
            bytes.little(UInt32.self, at: 12) == sequence,
        ]
        return matches.count(where: { $0 }) >= 2
    }

    /// Reads a body whose checksum was right; nil when it is not well-formed.
    static func decodeBody(_ body: UnsafeRawBufferPointer) -> [Change]? {
        var changes: [Change] = []
        var offset = 0
        while offset < body.count {
            guard body.count - offset >= changeHeaderLength else { return nil }
            let kind = body[offset]
            let keyLength = Int(body[offset + 1])
            let valueLength = Int(body.little(UInt16.self, at: offset + 2))
            offset += changeHeaderLength
            guard body.count - offset >= keyLength + valueLength,
                let key = String(validating: body[offset..<offset + keyLength], as: UTF8.self)
            else { return nil }
            offset += keyLength
            switch (kind, keyLength, valueLength) {
            case (1, 1..., _): changes.append(.put(key: key, value: Array(body[offset..<offset + valueLength])))
            case (2, 1..., 0): changes.append(.remove(key: key))
            case (3, _, 0): changes.append(.removeAll(prefix: key))
            default: return nil
            }
            offset += valueLength
        }
        return changes.isEmpty ? nil : changes
    }
}
