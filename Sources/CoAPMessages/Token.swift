/// The bytes that match a response to its request: 0 to 8 of them (RFC 7252 §5.3.1), held without an allocation.
///
/// RFC 8974's longer tokens are not taken: their length codes 9 to 14 are "reserved" to everyone who has not negotiated
/// them.
public struct Token: Sendable, Hashable, CustomStringConvertible {
    /// The longest token (RFC 7252 §3).
    public static let maximumLength = 8

    /// The token of no bytes.
    public static let empty = Token(bits: 0, count: 0)

    /// The bytes from the most significant end; those beyond `count` are zero, so that equality is bitwise.
    let bits: UInt64

    /// The length in bytes, 0 to 8.
    public let count: Int

    init(bits: UInt64, count: Int) {
        self.bits = bits
        self.count = count
    }

    /// The eight-byte token that is `value` in network order.
    public init(_ value: UInt64) {
        self.init(bits: value, count: 8)
    }

    /// The token of these bytes; nil when there are more than eight.
    public init?(_ bytes: some Collection<UInt8>) {
        var bits: UInt64 = 0
        var count = 0
        for byte in bytes {
            guard count < Token.maximumLength else { return nil }
            bits |= UInt64(byte) << UInt64(56 - 8 * count)
            count += 1
        }
        self.init(bits: bits, count: count)
    }

    /// The byte at `index`, which must be less than `count`.
    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "token index \(index) is outside 0..<\(count)")
        return UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * index))
    }

    /// The bytes as an array.
    public var bytes: [UInt8] {
        (0..<count).map { self[$0] }
    }

    /// Lower-case hexadecimal.
    public var description: String {
        hexadecimal(bytes)
    }
}

/// Two lower-case digits a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes {
        if byte < 16 { text += "0" }
        text += String(byte, radix: 16)
    }
    return text
}
