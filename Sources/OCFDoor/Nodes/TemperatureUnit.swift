/// The units of `oic.r.temperature`.
enum TemperatureUnit: String, Sendable, Hashable {
    /// Degrees Celsius.
    case celsius = "C"
    /// Degrees Fahrenheit.
    case fahrenheit = "F"
    /// Kelvin.
    case kelvin = "K"

    /// The unit that a field or parameter writes so.
    init?(fieldUnit: String) {
        switch fieldUnit {
        case "°C", "C", "Cel": self = .celsius
        case "°F", "F": self = .fahrenheit
        case "K": self = .kelvin
        default: return nil
        }
    }

    /// The same temperature in this unit.
    func convert(_ number: Double, from other: TemperatureUnit) -> Double {
        guard self != other else { return number }
        let celsius =
            switch other {
            case .celsius: number
            case .fahrenheit: (number - 32) / 1.8
            case .kelvin: number - 273.15
            }
        return switch self {
        case .celsius: celsius
        case .fahrenheit: celsius * 1.8 + 32
        case .kelvin: celsius + 273.15
        }
    }
}
