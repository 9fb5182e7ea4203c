// Integers out of bytes. Each caller has checked that `offset + size` lies inside; the span checks it again.

extension Span where Element == UInt8 {
    /// An unsigned integer of `size` bytes (1...4), low byte first.
    @inline(__always)
    func little(_ offset: Int, _ size: Int) -> UInt32 {
        var value: UInt32 = 0
        var index = size
        while index > 0 {
            index -= 1
            value = value << 8 | UInt32(self[offset + index])
        }
        return value
    }

    /// An unsigned integer of `size` bytes (1...4), high byte first.
    @inline(__always)
    func big(_ offset: Int, _ size: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<size {
            value = value << 8 | UInt32(self[offset + index])
        }
        return value
    }

    /// Six bytes as an address, the most significant one first or, as the radio sends it, last.
    @inline(__always)
    func address(_ offset: Int, reversed: Bool) -> BluetoothAddress {
        var value: UInt64 = 0
        for index in 0..<6 {
            value = value << 8 | UInt64(self[offset + (reversed ? 5 - index : index)])
        }
        return BluetoothAddress(rawValue: value)
    }
}

/// `value`'s low `size` bytes read as two's complement.
@inline(__always)
func signed(_ value: UInt32, _ size: Int) -> Int64 {
    let shift = UInt32(8 * (4 - size))
    return Int64(Int32(bitPattern: value << shift) >> Int32(shift))
}

extension Span where Element == UInt8 {
    /// Whether the bytes in `range` are UTF-8 (RFC 3629), judged without making a string.
    func isUTF8(_ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            let lead = self[index]
            let more: Int
            var floor: UInt8 = 0x80
            var ceiling: UInt8 = 0xBF
            switch lead {
            case 0x00...0x7F: more = 0
            case 0xC2...0xDF: more = 1
            case 0xE0: (more, floor) = (2, 0xA0)  // shorter forms exist below
            case 0xED: (more, ceiling) = (2, 0x9F)  // surrogates above
            case 0xE1...0xEF: more = 2
            case 0xF0: (more, floor) = (3, 0x90)
            case 0xF4: (more, ceiling) = (3, 0x8F)  // beyond U+10FFFF above
            case 0xF1...0xF3: more = 3
            default: return false
            }
            guard more < range.upperBound - index else { return false }
            if more > 0 {
                guard floor <= self[index + 1], self[index + 1] <= ceiling else { return false }
                for offset in 2..<max(2, more + 1) where self[index + offset] & 0xC0 != 0x80 { return false }
            }
            index += more + 1
        }
        return true
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes at `offset` are those of `text`.
    func starts(with text: StaticString, at offset: Int) -> Bool {
        guard text.utf8CodeUnitCount <= count - offset else { return false }
        for index in 0..<text.utf8CodeUnitCount where self[offset + index] != text.utf8Start[index] { return false }
        return true
    }

    /// Whether the bytes of `text` occur in `range`.
    func contains(_ text: StaticString, in range: Range<Int>) -> Bool {
        guard text.utf8CodeUnitCount <= range.count else { return false }
        for offset in range.lowerBound...range.upperBound - text.utf8CodeUnitCount where starts(with: text, at: offset)
        {
            return true
        }
        return false
    }
}
