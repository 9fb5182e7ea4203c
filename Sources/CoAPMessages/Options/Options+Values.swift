/// The number in these bytes, network order; those beyond eight fall off the top.
func unsignedInteger(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
}

/// The shortest form of a number: no bytes for zero (RFC 7252 §3.2).
struct UnsignedIntegerBytes: RandomAccessCollection {
    let value: UInt64
    let startIndex = 0
    let endIndex: Int

    init(_ value: UInt64) {
        self.value = value
        endIndex = (71 - value.leadingZeroBitCount) / 8
    }

    subscript(position: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: value >> UInt64(8 * (endIndex - 1 - position)))
    }
}

extension Options {
    /// The text in each option of that kind. What is not UTF-8 is repaired; an endpoint refuses it before.
    public func strings(_ number: OptionNumber) -> [String] {
        values(number).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Adds a number in its shortest form.
    public mutating func add(_ number: OptionNumber, uint value: UInt64) {
        add(number, UnsignedIntegerBytes(value))
    }

    /// Adds a text.
    ///
    /// - Returns: false, with nothing added, when it is longer than ``maximumValueLength``.
    @discardableResult
    public mutating func add(_ number: OptionNumber, string value: String) -> Bool {
        add(number, value.utf8)
    }

    /// Puts one number in place of all options of that kind; nil removes them.
    public mutating func set(_ number: OptionNumber, uint value: UInt64?) {
        remove(number)
        if let value { add(number, uint: value) }
    }

    /// Puts one value in place of all options of that kind; nil removes them.
    public mutating func set(_ number: OptionNumber, _ value: [UInt8]?) {
        remove(number)
        if let value { add(number, value) }
    }

    /// Puts these texts in place of all options of that kind.
    public mutating func set(_ number: OptionNumber, strings: [String]) {
        remove(number)
        for string in strings { add(number, string: string) }
    }
}
