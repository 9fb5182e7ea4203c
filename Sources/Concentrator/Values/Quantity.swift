/// A decimal number that keeps the decimals it was measured with: 25.06 is (2506, 2), and 10.0 is not 10.
///
/// XEP-0323 asks that a reading's decimals survive, since they say how precise it is; a binary double would lose them.
public struct Quantity: Sendable, Hashable {
    /// The digits, as an integer.
    public var mantissa: Int64
    /// How many of the digits stand behind the point.
    public var decimals: UInt8

    /// `mantissa` / 10^`decimals`.
    public init(mantissa: Int64, decimals: UInt8 = 0) {
        self.mantissa = mantissa
        self.decimals = decimals
    }

    /// A whole number, without decimals.
    public init(_ integer: some BinaryInteger) {
        self.init(mantissa: Int64(clamping: integer))
    }

    /// `double`, rounded half away from zero to this many decimals; nil when it is not finite or does not fit.
    public init?(rounding double: Double, decimals: UInt8) {
        guard let mantissa = Int64(exactly: (double * Self.power(decimals)).rounded()) else { return nil }
        self.init(mantissa: mantissa, decimals: decimals)
    }

    /// The number that text such as `-0.50` spells; nil when it is anything else, or has more than 18 digits.
    public init?(_ text: some StringProtocol) {
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        var mantissa: Int64 = 0
        var decimals: UInt8?
        var count = 0
        for byte in digits {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                count += 1
                // 18 digits always fit an Int64.
                guard count <= 18 else { return nil }
                mantissa = mantissa * 10 + Int64(byte - UInt8(ascii: "0"))
                decimals = decimals.map { $0 + 1 }
            case UInt8(ascii: ".") where decimals == nil && count > 0: decimals = 0
            default: return nil
            }
        }
        guard count > 0, decimals != 0 else { return nil }
        self.init(mantissa: isNegative ? -mantissa : mantissa, decimals: decimals ?? 0)
    }

    /// The nearest double.
    public var doubleValue: Double { Double(mantissa) / Self.power(decimals) }

    /// The nearest integer towards zero.
    public var integerValue: Int64 {
        decimals > 18 ? 0 : mantissa / Int64(Self.power(decimals))
    }

    /// Whether this is the smaller number, whatever the decimals. (No `Comparable`: 10 and 10.0 are neither equal nor one
    /// before the other.)
    public func isLess(than other: Quantity) -> Bool {
        guard let (left, right) = Self.scaled(self, other) else { return doubleValue < other.doubleValue }
        return left < right
    }

    /// Whether both are the same number, whatever the decimals.
    public func isSame(as other: Quantity) -> Bool {
        guard let (left, right) = Self.scaled(self, other) else { return doubleValue == other.doubleValue }
        return left == right
    }

    /// The same number with exactly this many decimals; nil when digits other than zero would go, or it does not fit.
    public func with(decimals wanted: UInt8) -> Quantity? {
        var mantissa = mantissa
        var decimals = decimals
        while decimals > wanted {
            guard mantissa % 10 == 0 else { return nil }
            mantissa /= 10
            decimals -= 1
        }
        while decimals < wanted {
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            mantissa = product
            decimals += 1
        }
        return Quantity(mantissa: mantissa, decimals: decimals)
    }

    /// 10^n, exact up to 22.
    private static func power(_ decimals: UInt8) -> Double {
        (0..<decimals).reduce(1.0) { power, _ in power * 10 }
    }

    /// Both mantissas at the larger number of decimals; nil when that passes 128 bits.
    private static func scaled(_ left: Quantity, _ right: Quantity) -> (Int128, Int128)? {
        let decimals = max(left.decimals, right.decimals)
        // 2^63 x 10^18 fits 128 bits, 10^19 does not.
        guard decimals - min(left.decimals, right.decimals) <= 18 else { return nil }
        func scale(_ quantity: Quantity) -> Int128 {
            (quantity.decimals..<decimals).reduce(Int128(quantity.mantissa)) { number, _ in number * 10 }
        }
        return (scale(left), scale(right))
    }
}

extension Quantity: CustomStringConvertible {
    /// All digits and all decimals: `25.06`, `-0.50`.
    public var description: String {
        guard decimals > 0 else { return "\(mantissa)" }
        let digits = String(mantissa.magnitude)
        let padding = max(0, Int(decimals) + 1 - digits.count)
        let padded = String(repeating: "0", count: padding) + digits
        let point = padded.index(padded.endIndex, offsetBy: -Int(decimals))
        return "\(mantissa < 0 ? "-" : "")\(padded[..<point]).\(padded[point...])"
    }
}

extension Quantity: ExpressibleByIntegerLiteral {
    /// `3`: no decimals.
    public init(integerLiteral value: Int64) {
        self.init(mantissa: value)
    }
}
