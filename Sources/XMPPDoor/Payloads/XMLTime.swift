import Concentrator
import Glibc
import XMPP

/// Moments and times as XML Schema writes them.
public enum XMLTime {
    /// An `xs:dateTime`: `2026-11-21T08:01:02.345Z`, with any zone or none. Without one the reader's own zone is meant
    /// (XEP-0323), which here is the system's. Nil when it is none.
    public static func moment(_ text: String) -> WallTime? {
        var scan = Scan(text)
        guard let year = scan.number(4), scan.take("-"), let month = scan.number(2), scan.take("-"),
            let day = scan.number(2), scan.take("T"), let hour = scan.number(2), scan.take(":"),
            let minute = scan.number(2), scan.take(":"), let second = scan.number(2),
            isDate(year, month, day), hour < 24 || (hour == 24 && minute == 0 && second == 0), minute < 60, second < 60
        else { return nil }
        guard let milliseconds = scan.fraction(), let offset = scan.zone() else { return nil }
        guard scan.isAtEnd else { return nil }
        var seconds = Int64(days(year, month, day)) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
        switch offset {
        case .minutes(let minutes): seconds -= Int64(minutes) * 60
        case .unknown: seconds -= localOffset(at: seconds)
        }
        return WallTime(millisecondsSince1970: seconds * 1000 + Int64(milliseconds))
    }

    /// Whether text is an `xs:date`: `2026-11-21`, with a zone or none.
    public static func isDate(_ text: String) -> Bool {
        var scan = Scan(text)
        guard let year = scan.number(4), scan.take("-"), let month = scan.number(2), scan.take("-"),
            let day = scan.number(2), isDate(year, month, day), scan.zone() != nil
        else { return false }
        return scan.isAtEnd
    }

    /// Whether text is an `xs:time`: `08:01:02.345`, with a zone or none.
    public static func isTime(_ text: String) -> Bool {
        var scan = Scan(text)
        guard let hour = scan.number(2), scan.take(":"), let minute = scan.number(2), scan.take(":"),
            let second = scan.number(2), hour < 24, minute < 60, second < 60, scan.fraction() != nil, scan.zone() != nil
        else { return false }
        return scan.isAtEnd
    }

    /// Whether text is an `xs:duration`: `-P1Y2M3DT4H5M6.7S`.
    public static func isDuration(_ text: String) -> Bool {
        var scan = Scan(text)
        _ = scan.take("-")
        guard scan.take("P") else { return false }
        var parts = 0
        var hasTime = false
        var last = -1
        while !scan.isAtEnd {
            if !hasTime, scan.take("T") {
                hasTime = true
                last = -1
                guard !scan.isAtEnd else { return false }
                continue
            }
            guard scan.digits() > 0 else { return false }
            let before = scan.position
            guard scan.fraction() != nil else { return false }
            let isFraction = scan.position != before
            let units: [Character] = hasTime ? ["H", "M", "S"] : ["Y", "M", "D"]
            guard let unit = units.firstIndex(where: { scan.take($0) }), unit > last,
                !isFraction || (hasTime && unit == 2)
            else { return false }
            last = unit
            parts += 1
        }
        return parts > 0
    }

    // MARK: Calendar

    private static func isDate(_ year: Int, _ month: Int, _ day: Int) -> Bool {
        guard year > 0, (1...12).contains(month), day >= 1 else { return false }
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= lengths[month - 1]
    }

    /// Days since 1970-01-01, by eras of 400 years that start in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The system zone's offset from UTC in seconds at a local time.
    private static func localOffset(at local: Int64) -> Int64 {
        var time = time_t(local)
        var parts = tm()
        guard localtime_r(&time, &parts) != nil else { return 0 }
        return Int64(parts.tm_gmtoff)
    }

    private enum Zone { case minutes(Int), unknown }

    /// Reads a text of ASCII from left to right.
    private struct Scan {
        private let bytes: [UInt8]
        private(set) var position = 0

        init(_ text: String) {
            // No such value is longer; the rest would be refused anyway.
            bytes = Array(text.utf8.prefix(64))
        }

        var isAtEnd: Bool { position == bytes.count }

        mutating func take(_ character: Character) -> Bool {
            guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
            position += 1
            return true
        }

        private var digit: Int? {
            guard position < bytes.count, (48...57).contains(bytes[position]) else { return nil }
            return Int(bytes[position]) - 48
        }

        mutating func number(_ count: Int) -> Int? {
            var number = 0
            for _ in 0..<count {
                guard let digit else { return nil }
                number = number * 10 + digit
                position += 1
            }
            return number
        }

        mutating func digits() -> Int {
            let start = position
            while digit != nil { position += 1 }
            return position - start
        }

        /// `.345` as milliseconds; 0 without one; nil for a point without digits.
        mutating func fraction() -> Int? {
            guard take(".") else { return 0 }
            var number = 0
            var count = 0
            while let digit {
                if count < 3 { number = number * 10 + digit }
                count += 1
                position += 1
            }
            guard count > 0 else { return nil }
            return (count..<max(3, count)).reduce(number) { number, _ in number * 10 }
        }

        mutating func zone() -> Zone? {
            if isAtEnd { return .unknown }
            if take("Z") { return .minutes(0) }
            let sign: Int
            if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
            guard let hours = number(2), take(":"), let minutes = number(2), hours <= 14, minutes < 60 else {
                return nil
            }
            return .minutes(sign * (hours * 60 + minutes))
        }
    }
}

extension XMLElement {
    /// An `xs:dateTime` attribute; nil when it is not there.
    func moment(_ name: String) throws(PayloadError) -> WallTime? {
        guard let text = self[name] else { return nil }
        guard let value = XMLTime.moment(text) else {
            throw PayloadError(
                .badValue, "\(name) is \"\(text.prefix(40))\"; a moment such as 2026-11-21T08:00:00Z was expected")
        }
        return value
    }
}
