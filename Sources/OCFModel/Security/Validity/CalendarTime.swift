/// A day of the proleptic Gregorian calendar in UTC.
struct CalendarDay: Sendable, Hashable {
    let year: Int
    /// 1 to 12.
    let month: Int
    /// 1 to 31.
    let day: Int

    /// The day so many days after 1 January 1970. The year is counted from 1 March, in cycles of 400 years.
    init(number: Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// A day that exists; nil for 30 February.
    init?(year: Int, month: Int, day: Int) {
        guard (1...12).contains(month), (1...Self.length(ofMonth: month, in: year)).contains(day) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Days since 1 January 1970.
    var number: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// 0 for Monday to 6 for Sunday; 1 January 1970 was a Thursday.
    static func weekday(ofDay number: Int) -> Int {
        let remainder = (number + 3) % 7
        return remainder < 0 ? remainder + 7 : remainder
    }

    /// 28 to 31.
    static func length(ofMonth month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Times and durations as RFC 5545 writes them.
enum CalendarText {
    /// Seconds in a day.
    static let day = 86_400

    /// "20160101T180000Z" as seconds since 1970; nil for other text, and for times of no zone, which mean something else
    /// on every device.
    static func time(_ text: some StringProtocol) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let year = number(bytes[0..<4]), let month = number(bytes[4..<6]), let monthDay = number(bytes[6..<8]),
            let hour = number(bytes[9..<11]), let minute = number(bytes[11..<13]), let second = number(bytes[13..<15]),
            hour < 24, minute < 60, second <= 60,
            let date = CalendarDay(year: year, month: month, day: monthDay)
        else { return nil }
        return Int64(date.number * day + hour * 3600 + minute * 60 + second)
    }

    /// "PT5H30M", "P1W", "P15DT5H0M20S" as seconds; nil for other text, for none and for negative durations, and for more
    /// than a century.
    static func duration(_ text: some StringProtocol) -> Int64? {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard rest.popFirst() == UInt8(ascii: "P"), !rest.isEmpty else { return nil }
        var total = 0
        var isTime = false
        // Each unit once, in this order.
        var units: [(UInt8, Int)] = [(UInt8(ascii: "W"), 7 * day), (UInt8(ascii: "D"), day)]
        while !rest.isEmpty {
            if !isTime, rest.first == UInt8(ascii: "T") {
                isTime = true
                units = [(UInt8(ascii: "H"), 3600), (UInt8(ascii: "M"), 60), (UInt8(ascii: "S"), 1)]
                rest.removeFirst()
                guard !rest.isEmpty else { return nil }
                continue
            }
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(digits.count)
            guard (1...9).contains(digits.count), let amount = number(digits), let unit = rest.popFirst(),
                let place = units.firstIndex(where: { $0.0 == unit })
            else { return nil }
            total += amount * units[place].1
            units.removeSubrange(...place)
        }
        return total > 0 && total <= 36_525 * day ? Int64(total) : nil
    }

    static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count <= 9 else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }
}

/// A PERIOD of RFC 5545 §3.3.9: "start/end" or "start/duration", times in UTC.
public struct CalendarPeriod: Sendable, Hashable {
    /// Its first second, since 1970.
    public let start: Int64
    /// The second it is over, since 1970.
    public let end: Int64

    /// The period of this text; nil for other text, local times, and an end that is not after the start.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = CalendarText.time(parts[0]),
            let end = CalendarText.time(parts[1]) ?? CalendarText.duration(parts[1]).map({ start + $0 }), end > start
        else { return nil }
        self.start = start
        self.end = end
    }

    /// Whether a second, since 1970, lies in it.
    public func contains(_ now: Int64) -> Bool { (start..<end).contains(now) }
}
