/// A JSON number as the text it was written with (RFC 8259 §6).
///
/// Equality is equality of the text: `1.0` and `1` differ, for the first one says how precise it is.
public struct JSONNumber: Sendable, Hashable {
    /// The text, always of the grammar `-? int frac? exp?`.
    public let literal: String

    /// Takes a text that the caller has checked against the grammar.
    init(checked literal: String) {
        self.literal = literal
    }

    /// A number of this text; nil when it is not of JSON's grammar.
    public init?(literal: String) {
        let bytes = Array(literal.utf8)
        guard JSONNumber.length(in: bytes, from: 0) == bytes.count, !bytes.isEmpty else { return nil }
        self.literal = literal
    }

    /// An integer.
    public init(_ value: some BinaryInteger) {
        literal = String(value)
    }

    /// The shortest text that reads back as `value`; nil for infinities and not-a-number, which JSON lacks.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        literal = "\(value)"
    }

    /// `mantissa` × 10^-`decimals`, with exactly so many decimals: (2506, 2) is `25.06`, (-7, 1) is `-0.7`.
    public init(mantissa: Int64, decimals: UInt8) {
        guard decimals > 0 else {
            literal = String(mantissa)
            return
        }
        let digits = String(mantissa.magnitude)
        let missing = max(0, Int(decimals) + 1 - digits.utf8.count)
        let padded = String(repeating: "0", count: missing) + digits
        literal = (mantissa < 0 ? "-" : "") + padded.dropLast(Int(decimals)) + "." + padded.suffix(Int(decimals))
    }

    /// The integer when the text has neither fraction nor exponent and the value fits.
    public var int: Int? { Int(literal) }

    /// The integer when the text has neither fraction nor exponent and the value fits in 64 unsigned bits.
    public var uint64: UInt64? { UInt64(literal) }

    /// The nearest binary number; a text beyond its range is infinite.
    public var double: Double { Double(literal) ?? .nan }

    /// How many bytes from `start` are a number by the grammar; 0 when none is.
    static func length(in bytes: [UInt8], from start: Int) -> Int {
        var index = start
        func digit() -> Bool { index < bytes.count && bytes[index] >= 0x30 && bytes[index] <= 0x39 }
        func digits() -> Bool {
            let first = index
            while digit() { index += 1 }
            return index > first
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
        if digit(), bytes[index] == UInt8(ascii: "0") {
            index += 1
        } else if !digits() {
            return 0
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits() else { return 0 }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            guard digits() else { return 0 }
        }
        return index - start
    }
}

extension JSONNumber: ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// An integer.
    public init(integerLiteral value: Int) {
        self.init(value)
    }

    /// The text.
    public var description: String { literal }
}
