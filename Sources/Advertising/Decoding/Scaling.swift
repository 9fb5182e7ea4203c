/// How a raw integer becomes a decimal number: (raw + `offset`) × `multiplier`, less `dropped` decimals, with `decimals`
/// left.
///
/// A raw unit of 0.0025 % reported with two decimals is multiplier 25, dropped 2, decimals 2.
///
/// Where decimals are dropped, halves are the question: a raw 1 of that unit lies between 0.00 and 0.01. The formats'
/// reference readers compute in binary floating point and round what comes out, so a half goes to the side on which the
/// nearest binary number lies. `binaryFactor` is the factor they multiply with, 0 when they divide by its reciprocal.
struct Scaling: Sendable, Hashable {
    var offset: Int64 = 0
    var multiplier: Int64 = 1
    var dropped: UInt8 = 0
    var decimals: UInt8 = 0
    var binaryFactor: Double = 0

    /// The raw integer as it is.
    static let one = Scaling()

    /// The raw integer with so many of its digits behind the point.
    static func decimals(_ decimals: UInt8) -> Scaling {
        Scaling(decimals: decimals)
    }

    /// The mantissa for `raw`.
    @inline(__always)
    func mantissa(_ raw: Int64) -> Int64 {
        let scaled = (raw + offset) * multiplier
        return dropped == 0 ? scaled : rounded(scaled, raw: raw)
    }

    private func rounded(_ scaled: Int64, raw: Int64) -> Int64 {
        let power: Int64 = dropped == 1 ? 10 : 100
        let (quotient, remainder) = scaled.quotientAndRemainder(dividingBy: power)
        let away: Bool
        if remainder.magnitude * 2 == power.magnitude {
            let unit = Scaling.powers[Int(dropped + decimals) & 7]
            let binary = binaryFactor == 0 ? Double(scaled) / unit : Double(raw) * binaryFactor
            // The sign of (binary - scaled / unit), exact because the product is not rounded before the subtraction.
            let error = (-Double(scaled)).addingProduct(binary, unit)
            away = error == 0 ? !quotient.isMultiple(of: 2) : (error > 0) == (scaled > 0)
        } else {
            away = remainder.magnitude * 2 > power.magnitude
        }
        return away ? quotient + scaled.signum() : quotient
    }

    /// What a multiplied raw integer is divided by to lose the dropped decimals.
    var droppedUnit: Double { Scaling.powers[Int(dropped) & 7] }

    private static let powers: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7]
}
