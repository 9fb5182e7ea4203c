extension Metric {
    /// The metrics of Govee's formats; nil for another's.
    var goveeDefinition: MetricDefinition? {
        switch self {
        case .temperatureProbe: .init("temperature_probe", "°C", "Temperature Probe")
        case .temperatureAlarmProbe: .init("temperature_alarm_probe", "°C", "Temperature Alarm Probe")
        case .lowTemperatureAlarmProbe: .init("low_temperature_alarm_probe", "°C", "Low Temperature Alarm Probe")
        case .humidityProbe: .init("humidity_probe", "%", "Humidity Probe")
        case .eventVibration: .init("vibration", nil, "Vibration Event", .event)
        default: nil
        }
    }
}
