/// A moment as oneM2M writes it: basic ISO 8601 in UTC, `20261126T151610,123456` (TS-0004 6.3.3, `m2m:timestamp`).
///
/// Microseconds since 1970, leap seconds not counted; years 1970 to 9999.
public struct OneM2MTime: Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public let microseconds: Int64

    /// The moment so many microseconds after the epoch; brought into the years 1970 to 9999.
    public init(microseconds: Int64) {
        self.microseconds = min(max(microseconds, 0), Self.latest)
    }

    /// 9999-12-31T23:59:59.999999, the last that four digits of a year can say.
    private static let latest: Int64 = 253_402_300_799_999_999

    /// The end of time.
    public static let distantFuture = OneM2MTime(microseconds: latest)

    /// The moment of a text: date and time of day, and up to six decimals of a second after a comma or a point; nil for
    /// anything else.
    public init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8.prefix(32))
        if bytes.last == UInt8(ascii: "Z") { bytes.removeLast() }
        guard bytes.count >= 15, bytes[8] == UInt8(ascii: "T") else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
            let minute = number(11..<13), let second = number(13..<15), year >= 1970, (1...12).contains(month),
            day >= 1, day <= Self.days(in: month, of: year), hour < 24, minute < 60, second < 61
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 15 {
            let digits = bytes.count - 16
            guard bytes[15] == UInt8(ascii: ",") || bytes[15] == UInt8(ascii: "."), (1...6).contains(digits),
                let value = number(16..<bytes.count)
            else { return nil }
            fraction = (digits..<6).reduce(value) { value, _ in value * 10 }
        }
        let days = Self.dayNumber(year, month, day)
        self.init(microseconds: ((days * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000) + fraction)
    }

    /// Earlier moments first.
    public static func < (left: OneM2MTime, right: OneM2MTime) -> Bool { left.microseconds < right.microseconds }

    /// The moment so many milliseconds later; stays within the years that can be written.
    public func adding(milliseconds: Int64) -> OneM2MTime {
        let (delta, tooMuch) = milliseconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflow) = microseconds.addingReportingOverflow(delta)
        return OneM2MTime(microseconds: tooMuch || overflow ? (milliseconds < 0 ? 0 : Self.latest) : sum)
    }

    /// Seconds since the epoch, rounded down.
    public var seconds: Int64 { microseconds / 1_000_000 }

    /// Year, month, day, hour, minute, second and the day of the week, 1 (Monday) to 7, in UTC.
    public var components: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, weekday: Int) {
        let days = seconds / 86_400
        let rest = Int(seconds % 86_400)
        let (year, month, day) = Self.civil(days)
        // 1970-01-01 was a Thursday, the fourth day.
        return (year, month, day, rest / 3600, rest / 60 % 60, rest % 60, Int((days + 3) % 7) + 1)
    }

    /// The number of a Gregorian day counted from 1970-01-01, by eras of 400 years that start in March.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int64) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0)), Int(month), Int(day))
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension OneM2MTime: CustomStringConvertible {
    /// `20261126T151610,123456`
    public var description: String {
        let parts = components
        var bytes: [UInt8] = []
        bytes.reserveCapacity(22)
        func append(_ number: Int, _ width: Int) {
            var divisor = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                bytes.append(UInt8(0x30 + number / divisor % 10))
                divisor /= 10
            }
        }
        append(parts.year, 4)
        append(parts.month, 2)
        append(parts.day, 2)
        bytes.append(UInt8(ascii: "T"))
        append(parts.hour, 2)
        append(parts.minute, 2)
        append(parts.second, 2)
        bytes.append(UInt8(ascii: ","))
        append(Int(microseconds % 1_000_000), 6)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A moment, or so long after the request came (`m2m:absRelTimestamp`).
public enum AbsoluteOrRelativeTime: Sendable, Hashable {
    /// At this moment.
    case at(OneM2MTime)
    /// So many milliseconds after the request came; TS-0004 6.3.3 counts relative times in milliseconds.
    case after(Int64)

    /// The time of a text: a timestamp, or a number of milliseconds; nil for anything else.
    public init?(_ text: String) {
        if let time = OneM2MTime(text) {
            self = .at(time)
        } else if let milliseconds = Int64(text) {
            self = .after(milliseconds)
        } else {
            return nil
        }
    }

    /// The moment, for a request that came at `now`.
    public func moment(from now: OneM2MTime) -> OneM2MTime {
        switch self {
        case .at(let time): time
        case .after(let milliseconds): now.adding(milliseconds: milliseconds)
        }
    }
}

extension AbsoluteOrRelativeTime: CustomStringConvertible {
    /// The timestamp, or the number of milliseconds.
    public var description: String {
        switch self {
        case .at(let time): "\(time)"
        case .after(let milliseconds): "\(milliseconds)"
        }
    }
}
