/// A part of a device that its format names: a button by its place or its sign, a probe by its cable.
public enum DevicePart: UInt8, Sendable, Hashable, CaseIterable {
    /// The device as a whole, or its only such part.
    case whole
    // Xiaomi's switches and remote controls.
    case left, middle, right, midLeft, midRight, on, off, brightness, plus, min, m, fan, light, windSpeed
    case colorTemperature, windMode, swing, power, timer60Minutes, timer30Minutes, increaseWindSpeed, decreaseWindSpeed
    case stop, airExchange, increaseSpeed, decreaseSpeed, dry, heat
    /// The near field of a presence sensor.
    case closeRange
    /// Govee's first button; the others are numbered as instances.
    case zero
    // The two sensors of Govee H5178.
    case primary, remote

    /// What a report's name ends with.
    public var suffix: String {
        switch self {
        case .whole: ""
        case .left: "_left"
        case .middle: "_middle"
        case .right: "_right"
        case .midLeft: "_mid_left"
        case .midRight: "_mid_right"
        case .on: "_on"
        case .off: "_off"
        case .brightness: "_brightness"
        case .plus: "_plus"
        case .min: "_min"
        case .m: "_M"
        case .fan: "_fan"
        case .light: "_light"
        case .windSpeed: "_wind_speed"
        case .colorTemperature: "_color_temperature"
        case .windMode: "_wind_mode"
        case .swing: "_swing"
        case .power: "_power"
        case .timer60Minutes: "_timer_60_minutes"
        case .timer30Minutes: "_timer_30_minutes"
        case .increaseWindSpeed: "_increase_wind_speed"
        case .decreaseWindSpeed: "_decrease_wind_speed"
        case .stop: "_stop"
        case .airExchange: "_air_exchange"
        case .increaseSpeed: "_increase_speed"
        case .decreaseSpeed: "_decrease_speed"
        case .dry: "_dry"
        case .heat: "_heat"
        case .closeRange: "_close_range"
        case .zero: "_0"
        case .primary: "@primary"
        case .remote: "@remote"
        }
    }
}
