import Glibc

/// A moment of the wall clock in milliseconds, for timestamps only: deadlines use the monotonic clock.
public struct WallTime: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    public var millisecondsSince1970: Int64

    /// The moment this many milliseconds after the epoch.
    public init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = millisecondsSince1970
    }

    /// What the system's clock shows; wrong at boot on a board without a clock of its own.
    public static func now() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(millisecondsSince1970: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Earlier moments first.
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.millisecondsSince1970 < right.millisecondsSince1970
    }

    /// The moment this much later.
    public func advanced(by seconds: Double) -> WallTime {
        WallTime(millisecondsSince1970: millisecondsSince1970 + Int64(seconds * 1000))
    }
}

extension WallTime: CustomStringConvertible {
    /// ISO 8601 in UTC, always with `Z`, since readers of XEP-0323 break on a time without a zone:
    /// `2026-11-21T08:01:02.345Z`.
    public var description: String { iso8601 }

    /// See ``description``.
    public var iso8601: String {
        let (seconds, milliseconds) = Self.divide(millisecondsSince1970, 1000)
        let (days, second) = Self.divide(seconds, 86400)
        let (year, month, day) = Self.civil(days)
        let date = "\(Self.pad(year, 4))-\(Self.pad(month, 2))-\(Self.pad(day, 2))"
        let time = "\(Self.pad(second / 3600, 2)):\(Self.pad(second / 60 % 60, 2)):\(Self.pad(second % 60, 2))"
        return "\(date)T\(time).\(Self.pad(milliseconds, 3))Z"
    }

    /// Quotient rounded down, and the remainder that is never negative.
    private static func divide(_ number: Int64, _ by: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: by)
        return remainder < 0 ? (quotient - 1, remainder + by) : (quotient, remainder)
    }

    /// The Gregorian date of a day count since 1970-01-01, by eras of 400 years that start in March.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = divide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func pad(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
