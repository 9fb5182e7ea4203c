/// Probes for meat: temperatures in hundredths of a degree, high byte first; below zero stands for none and is reported as
/// 0, as govee-ble does.
enum GoveeProbes {
    /// One number: which probe, counted from the first of its pair, and what of it.
    struct Field: Sendable {
        let metric: Metric
        let probe: UInt8
        let offset: Int
    }

    private static func field(_ metric: Metric, _ probe: UInt8, _ offset: Int) -> Field {
        Field(metric: metric, probe: probe, offset: offset)
    }

    static let one = [field(.temperatureProbe, 0, 8), field(.temperatureAlarmProbe, 0, 10)]
    static let two = one + [field(.temperatureProbe, 1, 13), field(.temperatureAlarmProbe, 1, 15)]
    static let twoWide = one + [field(.temperatureProbe, 1, 14), field(.temperatureAlarmProbe, 1, 16)]
    static let twoWithLow = [
        field(.temperatureProbe, 0, 8), field(.temperatureAlarmProbe, 0, 10), field(.lowTemperatureAlarmProbe, 0, 12),
        field(.temperatureProbe, 1, 14), field(.temperatureAlarmProbe, 1, 16), field(.lowTemperatureAlarmProbe, 1, 18),
    ]

    /// Reads the fields; probes are numbered from `first`.
    static func read(_ data: Span<UInt8>, _ fields: [Field], from first: UInt8 = 1, _ list: inout MeasurementList) {
        for field in fields {
            let hundredths = max(0, signed(data.big(field.offset, 2), 2))
            list.append(
                Measurement(
                    field.metric, .number(mantissa: hundredths, decimals: 2), instance: first + field.probe))
        }
    }

    /// The first of the pair of four probes that this byte selects; nil for none.
    static func firstOfPair(_ selector: UInt8) -> UInt8? {
        switch selector & 0x3F {
        case 1: 1
        case 2: 3
        default: nil
        }
    }

    /// H5055: byte 3 has the pair in its top bits and a bit for each probe that is plugged in; the numbers are whole
    /// degrees, low byte first, and negative alarms are none.
    ///
    /// - Returns: whether the pair exists.
    static func readSix(_ data: Span<UInt8>, _ list: inout MeasurementList) -> Bool {
        let pair = data[3] >> 6
        guard pair < 3 else { return false }
        for place in 0..<2 as Range<UInt8> {
            let number = 2 * pair + place
            guard data[3] >> number & 1 != 0 else { continue }
            let offset = place == 0 ? 5 : 12
            append(.temperatureProbe, number + 1, signed(data.little(offset, 2), 2), &list)
            for (metric, at) in [(Metric.temperatureAlarmProbe, offset + 4), (.lowTemperatureAlarmProbe, offset + 2)] {
                let alarm = signed(data.little(at, 2), 2)
                if alarm >= 0 { append(metric, number + 1, alarm, &list) }
            }
        }
        list.append(.battery, Int64(data[2] & 0x7F), decimals: 0)
        return true
    }

    private static func append(_ metric: Metric, _ probe: UInt8, _ degrees: Int64, _ list: inout MeasurementList) {
        list.append(Measurement(metric, .number(mantissa: degrees, decimals: 0), instance: probe))
    }
}
