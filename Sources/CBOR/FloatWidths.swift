/// Conversions between the three float widths of CBOR (RFC 8949 §3.3 and appendix D), by bits: the hardware's conversions
/// quieten signalling NaNs, and half precision is not a type everywhere.
enum FloatWidths {
    static func double(half bits: UInt16) -> Double {
        let sign = UInt64(bits >> 15) << 63
        let exponent = UInt64(bits >> 10) & 0x1F
        let fraction = UInt64(bits) & 0x3FF
        switch exponent {
        case 0:
            // Zero or subnormal: a multiple of 2^-24, exact in a double.
            let magnitude = Double(fraction) * 0x1p-24
            return Double(bitPattern: magnitude.bitPattern | sign)
        case 31: return Double(bitPattern: sign | 0x7FF << 52 | fraction << 42)
        // The biases are 15 and 1023.
        default: return Double(bitPattern: sign | (exponent + 1008) << 52 | fraction << 42)
        }
    }

    static func double(single bits: UInt32) -> Double {
        let float = Float(bitPattern: bits)
        guard float.isNaN else { return Double(float) }
        return Double(bitPattern: UInt64(bits >> 31) << 63 | 0x7FF << 52 | UInt64(bits & 0x7F_FFFF) << 29)
    }

    /// The half with exactly this value (and NaN payload), if there is one.
    static func half(_ double: Double) -> UInt16? {
        let bits = double.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 48) & 0x8000
        let exponent = Int(bits >> 52 & 0x7FF) - 1023
        let fraction = bits & 0xF_FFFF_FFFF_FFFF
        let lowBits: UInt64 = 0x3FF_FFFF_FFFF
        switch exponent {
        case -1023: return fraction == 0 ? sign : nil
        case -24 ... -15:
            // Subnormal: the significand with its leading one, as a multiple of 2^-24.
            let shift = UInt64(28 - exponent)
            let significand = fraction | 1 << 52
            guard significand & ((1 << shift) - 1) == 0 else { return nil }
            return sign | UInt16(truncatingIfNeeded: significand >> shift)
        case -14...15:
            guard fraction & lowBits == 0 else { return nil }
            return sign | UInt16(exponent + 15) << 10 | UInt16(truncatingIfNeeded: fraction >> 42)
        case 1024:
            guard fraction & lowBits == 0 else { return nil }
            return sign | 0x7C00 | UInt16(truncatingIfNeeded: fraction >> 42)
        default: return nil
        }
    }

    /// The single with exactly this value (and NaN payload), if there is one.
    static func single(_ double: Double) -> UInt32? {
        guard double.isNaN else { return Float(exactly: double)?.bitPattern }
        let bits = double.bitPattern
        guard bits & 0x1FFF_FFFF == 0 else { return nil }
        return UInt32(truncatingIfNeeded: bits >> 63) << 31 | 0x7F80_0000
            | UInt32(truncatingIfNeeded: bits >> 29 & 0x7F_FFFF)
    }
}
