/// The decimal floating-point numbers of IEEE 11073-20601 (Annex F.8), which Bluetooth's health and air-quality
/// characteristics use.
enum MedicalFloat {
    /// An SFLOAT; `missing` for its five values that are no number.
    static func short(_ raw: UInt16) -> CharacteristicValue {
        // +INF, NaN, NRes, reserved, -INF: the mantissas next to the ends, whatever the exponent.
        let field = raw & 0x0FFF
        guard !(0x7FE...0x802).contains(field) else { return .missing }
        let mantissa = Int64(Int16(bitPattern: field << 4) >> 4)
        return number(mantissa, exponent: Int(Int16(bitPattern: raw) >> 12))
    }

    /// A FLOAT; `missing` for its five values that are no number.
    static func long(_ raw: UInt32) -> CharacteristicValue {
        let field = raw & 0x00FF_FFFF
        guard !(0x7F_FFFE...0x80_0002).contains(field) else { return .missing }
        let mantissa = Int64(Int32(bitPattern: field << 8) >> 8)
        return number(mantissa, exponent: Int(Int32(bitPattern: raw) >> 24))
    }

    /// The largest power of ten that a mantissa of 24 bits is multiplied with, and the most decimals: what an Int64 holds.
    private static let widest = 11

    private static func number(_ mantissa: Int64, exponent: Int) -> CharacteristicValue {
        if mantissa == 0 { return .number(mantissa: 0, decimals: 0) }
        if exponent >= 0, exponent <= widest {
            return .number(mantissa: mantissa * power(exponent), decimals: 0)
        }
        if exponent < 0, exponent >= -widest { return .number(mantissa: mantissa, decimals: UInt8(-exponent)) }
        return .real(Double("\(mantissa)e\(exponent)") ?? 0)
    }

    /// The nearest number with an exponent and a mantissa of so many bits; nil when it is too large.
    ///
    /// - Returns: exponent and mantissa put together, the exponent on top.
    static func encode(_ mantissa: Int64, decimals: UInt8, mantissaBits: Int, exponentBits: Int) -> UInt32? {
        // The mantissas beyond are those that are no number.
        let largest = Int64(1) << Int64(mantissaBits - 1) - 3
        let lowest = -(1 << (exponentBits - 1))
        var mantissa = mantissa
        var exponent = -Int(decimals)
        while mantissa.magnitude > largest.magnitude || exponent < lowest {
            let (quotient, remainder) = mantissa.quotientAndRemainder(dividingBy: 10)
            mantissa = remainder.magnitude >= 5 ? quotient + mantissa.signum() : quotient
            exponent += 1
        }
        guard exponent < -lowest else { return nil }
        let field = UInt32(truncatingIfNeeded: mantissa) & (1 << UInt32(mantissaBits) - 1)
        return UInt32(truncatingIfNeeded: exponent) << UInt32(mantissaBits) | field
    }

    /// 10^`exponent` for 0...18.
    static func power(_ exponent: Int) -> Int64 {
        (0..<max(0, min(exponent, 18))).reduce(1) { power, _ in power * 10 }
    }
}
