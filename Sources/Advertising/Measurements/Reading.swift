/// A measurement for people and reports, detached from the list it came in. Making one allocates.
public struct Reading: Sendable, Hashable {
    /// The value of a ``Reading``.
    public enum Value: Sendable, Hashable {
        /// A decimal number.
        case number(mantissa: Int64, decimals: UInt8)
        /// A computed number.
        case real(Double)
        /// Yes or no.
        case boolean(Bool)
        /// Text, hexadecimal bytes, an address, a time as ISO 8601, or the name of an action.
        case text(String)
        /// No value now.
        case missing
        /// The probe is broken; reported as the text `error`, as the reference readers do.
        case broken
    }

    /// The name in reports, with prefix and instance number.
    public let name: String
    /// What is measured.
    public let metric: Metric
    /// The value.
    public let value: Value
    /// A number that came with an event, such as a dimmer's steps.
    public let amount: UInt8?
    /// What ``amount`` counts.
    public let amountUnit: SensorEvent.Amount
    /// A command's arguments in hexadecimal.
    public let arguments: String?

    /// The unit, as the format's reference reader writes it.
    public var unit: String? { metric.definition.unit }
}

extension MeasurementList {
    /// The measurements as readings, each name once: of two that share a name (a distance in mm and one in m) the later
    /// one stays, as in the formats' reference readers.
    public var readings: [Reading] {
        var readings: [Reading] = []
        for measurement in measurements {
            let reading = reading(measurement)
            if let index = readings.firstIndex(where: { $0.name == reading.name }) {
                readings[index] = reading
            } else {
                readings.append(reading)
            }
        }
        return readings
    }

    /// One measurement as a reading.
    public func reading(_ measurement: Measurement) -> Reading {
        var amount: UInt8?
        var amountUnit = SensorEvent.Amount.steps
        var arguments: String?
        let value: Reading.Value
        switch measurement.value {
        case .number(let mantissa, let decimals): value = .number(mantissa: mantissa, decimals: decimals)
        case .real(let number): value = .real(number)
        case .boolean(let flag): value = .boolean(flag)
        case .text(let range): value = .text(text(range))
        case .raw(let range): value = .text(hex(range))
        case .address(let address, let withColons):
            value = .text(withColons ? address.description : address.hex.lowercased())
        case .addressEnding(let ending): value = .text(Hex.upper(UInt64(ending), digits: 6).lowercased())
        case .timestamp(let seconds): value = .text(CivilTime(secondsSince1970: seconds).description)
        case .event(let event):
            value = .text(event.action.rawValue)
            amount = event.amount
            amountUnit = event.unit
            arguments = event.arguments.map(hex)
        case .missing: value = .missing
        case .broken: value = .broken
        }
        return Reading(
            name: measurement.reportName, metric: measurement.metric, value: value, amount: amount,
            amountUnit: amountUnit, arguments: arguments)
    }
}

extension Reading: CustomStringConvertible {
    /// `temperature 25.06 °C`
    public var description: String {
        "\(name) \(valueText)" + (metric.definition.houseUnit.map { " \($0)" } ?? "")
    }

    /// The value for people, without unit.
    public var valueText: String {
        switch value {
        case .number(let mantissa, let decimals): Decimals.text(mantissa, decimals)
        case .real(let number): Decimals.text(Int64((number * 10).rounded()), 1)
        case .boolean(let flag): flag ? "true" : "false"
        case .text(let text):
            text + (amount.map { " (\($0) \(amountUnit.rawValue))" } ?? "")
                + (arguments.map { $0.isEmpty ? "" : " (\($0))" } ?? "")
        case .missing: "-"
        case .broken: "error"
        }
    }
}

/// Decimal text.
enum Decimals {
    /// `mantissa` × 10^-`decimals` with all its decimals.
    static func text(_ mantissa: Int64, _ decimals: UInt8) -> String {
        guard decimals > 0 else { return String(mantissa) }
        let digits = String(mantissa.magnitude)
        let padded = String(repeating: "0", count: max(0, Int(decimals) + 1 - digits.utf8.count)) + digits
        return (mantissa < 0 ? "-" : "") + padded.dropLast(Int(decimals)) + "." + padded.suffix(Int(decimals))
    }
}

/// A moment of the Gregorian calendar from 1970 to 2106, UTC.
struct CivilTime: CustomStringConvertible {
    let year: Int64, month: Int64, day: Int64, second: Int64

    /// Years are counted from 1 March, so that a leap day ends its year and the months before it have fixed lengths; 153
    /// days are five months of 31, 30, 31, 30, 31.
    init(secondsSince1970: UInt32) {
        second = Int64(secondsSince1970 % 86_400)
        let days = Int64(secondsSince1970 / 86_400) + 719_468  // from 0000-03-01
        let era = days / 146_097  // of 400 years
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `2023-05-14T19:41:17+00:00`
    var description: String {
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return
            "\(year)-\(two(month))-\(two(day))T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))+00:00"
    }
}
