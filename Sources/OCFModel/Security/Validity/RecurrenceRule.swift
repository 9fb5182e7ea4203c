/// A recurrence rule: the part of RFC 5545 §3.3.10 that recurs by days or longer.
///
/// Understood are FREQ=DAILY, WEEKLY, MONTHLY and YEARLY; INTERVAL; UNTIL; BYMONTH; BYMONTHDAY; BYDAY (with a number only
/// in MONTHLY, not in YEARLY); WKST. A rule with anything else is refused: to guess at access would be to give it. COUNT
/// is among what is refused, since finding the last of many occurrences takes as many steps at each request; UNTIL says
/// the same.
struct RecurrenceRule: Sendable, Hashable {
    enum Frequency: String, Sendable { case daily = "DAILY", weekly = "WEEKLY", monthly = "MONTHLY", yearly = "YEARLY" }

    struct Weekday: Sendable, Hashable {
        /// 0 for Monday.
        let day: Int
        /// "2" of "2TU", "-1" of "-1SU"; 0 for each.
        let ordinal: Int
    }

    private(set) var frequency: Frequency
    private(set) var interval = 1
    private(set) var until: Int64?
    private(set) var months: Set<Int> = []
    private(set) var monthDays: Set<Int> = []
    private(set) var weekdays: Set<Weekday> = []
    private(set) var weekStart = 0

    /// The rule of "FREQ=…;…"; nil for other text and for what is not understood.
    init?(_ text: some StringProtocol) {
        var parts: [String: String] = [:]
        for part in text.split(separator: ";", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[1].isEmpty,
                parts.updateValue(String(sides[1]), forKey: sides[0].uppercased()) == nil
            else { return nil }
        }
        guard let frequency = parts.removeValue(forKey: "FREQ").flatMap({ Frequency(rawValue: $0.uppercased()) })
        else { return nil }
        self.frequency = frequency
        for (name, value) in parts {
            guard read(name, value) else { return nil }
        }
        if frequency == .yearly, !weekdays.isEmpty { return nil }
        if frequency == .weekly, !monthDays.isEmpty { return nil }
        if frequency != .monthly, weekdays.contains(where: { $0.ordinal != 0 }) { return nil }
    }

    private mutating func read(_ name: String, _ value: String) -> Bool {
        let items = value.split(separator: ",", omittingEmptySubsequences: false)
        switch name {
        case "INTERVAL":
            guard let number = Int(value), (1...1000).contains(number) else { return false }
            interval = number
        case "UNTIL":
            guard let time = CalendarText.time(value) else { return false }
            until = time
        case "BYMONTH":
            for item in items {
                guard let month = Int(item), (1...12).contains(month) else { return false }
                months.insert(month)
            }
        case "BYMONTHDAY":
            for item in items {
                guard let day = Int(item), (1...31).contains(abs(day)) else { return false }
                monthDays.insert(day)
            }
        case "BYDAY":
            for item in items {
                guard let day = Self.weekday(item.suffix(2)) else { return false }
                let number = item.dropLast(2)
                guard number.isEmpty || Int(number).map({ (1...5).contains(abs($0)) }) == true else { return false }
                weekdays.insert(Weekday(day: day, ordinal: Int(number) ?? 0))
            }
        case "WKST":
            guard let day = Self.weekday(value[...]) else { return false }
            weekStart = day
        default: return false
        }
        return true
    }

    private static func weekday(_ text: some StringProtocol) -> Int? {
        ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].firstIndex(of: text.uppercased())
    }

    /// Whether an occurrence begins on a day.
    ///
    /// - Parameters:
    ///   - day: days since 1970.
    ///   - first: the day of the first occurrence.
    func occurs(onDay day: Int, first: Int) -> Bool {
        guard day >= first else { return false }
        let date = CalendarDay(number: day)
        let start = CalendarDay(number: first)
        if !months.isEmpty, !months.contains(date.month) { return false }
        switch frequency {
        case .daily:
            return (day - first) % interval == 0 && matchesMonthDay(date) && matchesWeekday(day, date)
        case .weekly:
            let steps = (week(day) - week(first)) % interval
            guard steps == 0 else { return false }
            return weekdays.isEmpty
                ? CalendarDay.weekday(ofDay: day) == CalendarDay.weekday(ofDay: first) : matchesWeekday(day, date)
        case .monthly:
            let steps = (date.year - start.year) * 12 + date.month - start.month
            guard steps % interval == 0 else { return false }
            if weekdays.isEmpty, monthDays.isEmpty { return date.day == start.day }
            return matchesMonthDay(date) && matchesWeekday(day, date)
        case .yearly:
            guard (date.year - start.year) % interval == 0 else { return false }
            if months.isEmpty, monthDays.isEmpty, date.month != start.month { return false }
            return monthDays.isEmpty ? date.day == start.day : matchesMonthDay(date)
        }
    }

    /// The number of the week that a day lies in, weeks beginning on ``weekStart``.
    private func week(_ day: Int) -> Int {
        let sinceStart = (CalendarDay.weekday(ofDay: day) - weekStart + 7) % 7
        return (day - sinceStart).floorDivided(by: 7)
    }

    private func matchesMonthDay(_ date: CalendarDay) -> Bool {
        let fromEnd = date.day - CalendarDay.length(ofMonth: date.month, in: date.year) - 1
        return monthDays.isEmpty || monthDays.contains(date.day) || monthDays.contains(fromEnd)
    }

    private func matchesWeekday(_ day: Int, _ date: CalendarDay) -> Bool {
        guard !weekdays.isEmpty else { return true }
        let name = CalendarDay.weekday(ofDay: day)
        let fromStart = (date.day - 1) / 7 + 1
        let fromEnd = -((CalendarDay.length(ofMonth: date.month, in: date.year) - date.day) / 7 + 1)
        return weekdays.contains {
            $0.day == name && ($0.ordinal == 0 || $0.ordinal == fromStart || $0.ordinal == fromEnd)
        }
    }
}

extension Int {
    /// The quotient, rounded down.
    func floorDivided(by divisor: Int) -> Int {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
