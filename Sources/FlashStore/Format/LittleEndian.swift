extension UnsafeRawBufferPointer {
    /// The little-endian integer at `offset`; the caller has checked that it lies within.
    func little<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type, at offset: Int) -> Integer {
        Integer(littleEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    /// Whether every byte in `range` is zero; the caller has checked that it lies within.
    func isZero(_ range: Range<Int>) -> Bool {
        var offset = range.lowerBound
        while range.upperBound - offset >= 8 {
            if loadUnaligned(fromByteOffset: offset, as: UInt64.self) != 0 { return false }
            offset += 8
        }
        while offset < range.upperBound {
            if self[offset] != 0 { return false }
            offset += 1
        }
        return true
    }
}

extension [UInt8] {
    /// Appends the integer's bytes, the least significant first.
    mutating func append(little integer: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
    }

    /// Overwrites the bytes at `offset`, which exist already.
    mutating func set(little integer: some FixedWidthInteger, at offset: Int) {
        Swift.withUnsafeBytes(of: integer.littleEndian) { replaceSubrange(offset..<offset + $0.count, with: $0) }
    }

    /// Appends `count` zeros.
    mutating func append(zeros count: Int) {
        append(contentsOf: repeatElement(0, count: count))
    }
}
