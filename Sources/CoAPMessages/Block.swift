/// One part of a body: the value of Block1 and Block2 (RFC 7959 §2.2).
public struct Block: Sendable, Hashable, CustomStringConvertible {
    /// The size exponent that means BERT: several blocks of 1,024 bytes in one message (RFC 8323 §6).
    public static let bertExponent: UInt8 = 7

    /// The exponent of the largest block, 1,024 bytes.
    public static let largestExponent: UInt8 = 6

    /// The highest number: 20 bits.
    public static let maximumNumber: UInt32 = 0xF_FFFF

    /// Which block, counted in blocks of ``size``.
    public let number: UInt32
    /// Whether more follow.
    public let more: Bool
    /// The size exponent: 0 to 6, or 7 for BERT.
    public let exponent: UInt8

    /// A block; only the low 20 bits of the number and the low three of the exponent count.
    public init(number: UInt32, more: Bool, exponent: UInt8) {
        self.number = number & Block.maximumNumber
        self.more = more
        self.exponent = exponent & 0x7
    }

    /// The block of an option's value; only the low 24 bits count.
    public init(value: UInt32) {
        self.init(number: value >> 4, more: value & 0x8 != 0, exponent: UInt8(truncatingIfNeeded: value))
    }

    /// The value of the option.
    public var value: UInt32 { number << 4 | (more ? 0x8 : 0) | UInt32(exponent) }

    /// Whether this is BERT, whose payload is any multiple of 1,024 bytes.
    public var isBERT: Bool { exponent == Block.bertExponent }

    /// The size of a block in bytes: 16 to 1,024; 1,024 for BERT.
    public var size: Int { Block.size(exponent: exponent) }

    /// Where in the body it begins, in bytes.
    public var offset: Int { Int(number) * size }

    /// The bytes of a block of that exponent.
    public static func size(exponent: UInt8) -> Int {
        16 << Int(min(exponent, largestExponent))
    }

    /// The exponent of the largest block of at most `size` bytes, 0 to 6; nil below 16.
    public static func exponent(fitting size: Int) -> UInt8? {
        guard size >= 16 else { return nil }
        return UInt8(truncatingIfNeeded: min(6, Int.bitWidth - 1 - size.leadingZeroBitCount - 4))
    }

    /// Whether a payload of `count` bytes may come with this block (RFC 7959 §2.2, RFC 8323 §6).
    public func admits(payloadOf count: Int) -> Bool {
        if isBERT { return more ? count > 0 && count.isMultiple(of: 1024) : true }
        return more ? count == size : count <= size
    }

    /// Number, "+" when more follow, and size, such as "3+/1024".
    public var description: String {
        "\(number)\(more ? "+" : "")/\(isBERT ? "BERT" : String(size))"
    }
}
