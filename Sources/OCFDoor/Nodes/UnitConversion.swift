import Concentrator

/// How a reading in a field's unit becomes a number in the unit of an OCF property.
struct UnitConversion: Sendable, Hashable {
    /// Multiplied with the digits.
    let factor: Int64
    /// Then the point moves left by so many places.
    let decimals: UInt8
    /// Then divided by this, for units that are no power of ten apart.
    let divisor: Double

    /// Digits are multiplied as integers, so that 1013.25 hPa from 101325 Pa has no crumbs of binary fractions.
    init(times factor: Int64 = 1, decimals: UInt8 = 0, dividedBy divisor: Double = 1) {
        self.factor = factor
        self.decimals = decimals
        self.divisor = divisor
    }

    /// The unit is the property's.
    static let same = UnitConversion()

    /// The number in the property's unit.
    func apply(_ quantity: Quantity) -> Double {
        let (mantissa, overflow) = quantity.mantissa.multipliedReportingOverflow(by: factor)
        guard !overflow, quantity.decimals <= .max - decimals else {
            return quantity.doubleValue * Double(factor) / divisor
        }
        let value = Quantity(mantissa: mantissa, decimals: quantity.decimals + decimals).doubleValue
        return divisor == 1 ? value : value / divisor
    }
}

/// Units of fields as SenML writes them (RFC 8428 §12.1, RFC 8798 §3).
enum SenMLUnit {
    private static let units: [String: (unit: String, conversion: UnitConversion)] = [
        "m": ("m", .same), "cm": ("m", UnitConversion(decimals: 2)), "mm": ("mm", .same), "km": ("km", .same),
        "kg": ("kg", .same), "g": ("g", .same), "s": ("s", .same), "ms": ("ms", .same), "min": ("min", .same),
        "h": ("h", .same), "A": ("A", .same), "mA": ("mA", .same), "V": ("V", .same), "mV": ("mV", .same),
        "W": ("W", .same), "kW": ("kW", .same), "VA": ("VA", .same), "Wh": ("Wh", .same), "kWh": ("kWh", .same),
        "Hz": ("Hz", .same), "Pa": ("Pa", .same), "hPa": ("hPa", .same), "mbar": ("hPa", .same),
        "kPa": ("Pa", UnitConversion(times: 1000)), "°C": ("Cel", .same), "K": ("K", .same), "lx": ("lx", .same),
        "dB": ("dB", .same), "dBm": ("dBm", .same), "ppm": ("ppm", .same), "%": ("/100", .same),
        "µg/m³": ("ug/m3", .same), "μg/m³": ("ug/m3", .same), "mg/m³": ("ug/m3", UnitConversion(times: 1000)),
        "m/s": ("m/s", .same), "m/s²": ("m/s2", .same), "mm/h": ("mm/h", .same), "m³": ("m3", .same), "L": ("l", .same),
        "mL": ("l", UnitConversion(decimals: 3)), "m³/h": ("m3/h", .same), "W/m²": ("W/m2", .same),
        "°": ("deg", .same), "Ω": ("Ohm", .same), "ohm": ("Ohm", .same), "pH": ("pH", .same),
        "µS/cm": ("S/m", UnitConversion(decimals: 4)), "bpm": ("beat/min", .same), "frames": ("count", .same),
    ]

    /// The unit and how to get there; a unit nobody knows stays as it is, and no unit is "/", SenML's 1.
    static func of(_ unit: String?) -> (unit: String, conversion: UnitConversion) {
        guard let unit, !unit.isEmpty else { return ("/", .same) }
        return units[unit] ?? (unit, .same)
    }
}
