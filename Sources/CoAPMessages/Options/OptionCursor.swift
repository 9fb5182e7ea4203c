/// Walks encoded options by position alone, without a view of each value: for the questions that are asked of every
/// message.
struct OptionCursor {
    /// The number of the option it stands on.
    private(set) var number: UInt16 = 0
    /// Where that option's value is.
    private(set) var value = 0..<0
    private var next = 0

    /// Goes to the next option of a list that was checked when it was made.
    ///
    /// - Returns: false at the end.
    mutating func advance(_ bytes: Span<UInt8>) -> Bool {
        guard next < bytes.count else { return false }
        let first = bytes[next]
        next += 1
        number += UInt16(truncatingIfNeeded: extended(first >> 4, bytes))
        let length = extended(first & 0xF, bytes)
        value = next..<(next + length)
        next += length
        return true
    }

    /// A nibble with its extension.
    private mutating func extended(_ nibble: UInt8, _ bytes: Span<UInt8>) -> Int {
        switch nibble {
        case 13:
            next += 1
            return 13 + Int(bytes[next - 1])
        case 14:
            next += 2
            return 269 + Int(bytes[next - 2]) << 8 + Int(bytes[next - 1])
        default:
            return Int(nibble)
        }
    }
}

extension Options {
    /// Where the value of the first option of that number is.
    func range(_ number: OptionNumber) -> Range<Int>? {
        let bytes = storage.span
        var cursor = OptionCursor()
        while cursor.advance(bytes) {
            if cursor.number == number.rawValue { return cursor.value }
            if cursor.number > number.rawValue { return nil }
        }
        return nil
    }

    /// The value of the first option of that number; nil when there is none.
    public func first(_ number: OptionNumber) -> ArraySlice<UInt8>? {
        range(number).map { storage[$0] }
    }

    /// Whether there is an option of that number.
    public func contains(_ number: OptionNumber) -> Bool {
        range(number) != nil
    }

    /// Whether there is one for whose number `condition` holds.
    func contains(where condition: (OptionNumber) -> Bool) -> Bool {
        let bytes = storage.span
        var cursor = OptionCursor()
        while cursor.advance(bytes) {
            if condition(OptionNumber(rawValue: cursor.number)) { return true }
        }
        return false
    }

    /// The number in the first option of that kind.
    ///
    /// - Returns: nil when there is none, or when its length is none that the option may have, for then it counts as
    ///   not known (RFC 7252 §5.4.3).
    public func uint(_ number: OptionNumber) -> UInt64? {
        guard let range = range(number) else { return nil }
        guard range.count <= number.definition?.length.upperBound ?? 8 else { return nil }
        let bytes = storage.span
        return range.reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }
}
