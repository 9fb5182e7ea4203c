extension Metric {
    /// The metrics of Beacons's formats; nil for another's.
    var beaconsDefinition: MetricDefinition? {
        switch self {
        case .beaconUUID: .init("uuid", nil, "UUID", .bookkeeping)
        case .beaconMajor: .init("major", nil, "Major")
        case .beaconMinor: .init("minor", nil, "Minor")
        case .beaconPower: .init("measured_power", "dBm at 1 m", "Measured Power", .bookkeeping)
        case .eddystonePower: .init("tx_power", "dBm at 0 m", "Transmit Power", .bookkeeping)
        case .eddystoneNamespace: .init("namespace", nil, "Namespace")
        case .eddystoneInstance: .init("instance", nil, "Instance")
        case .eddystoneURL: .init("url", nil, "URL")
        case .eddystoneVoltage: .init("voltage", "mV", "Battery Voltage")
        case .advertisingCount: .init("advertising_count", "frames", "Advertising Count")
        case .uptime:
            .init(
                "seconds_since_boot", "as the package returns it; the wire unit is 0.1 s", "Uptime", .bookkeeping,
                house: "× 0.1 s")
        default: nil
        }
    }
}
