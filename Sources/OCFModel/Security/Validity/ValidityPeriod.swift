/// When an access control entry holds: an item of `validity` (security, `oic.sec.ace2`; RFC 5545).
///
/// The texts are kept as they came, since other devices' lists hold what we cannot evaluate; such a period never holds.
public struct ValidityPeriod: Sendable, Hashable {
    /// `period`: "start/end" or "start/duration" in UTC.
    public let period: String
    /// `recurrence`: "RRULE:…", and "DTSTART:…" where the first occurrence is not the period's own.
    public let recurrence: [String]

    private let span: CalendarPeriod?
    private let rules: [RecurrenceRule]
    private let first: Int64

    /// How long an occurrence that recurs may last: longer ones would make each look-up walk more days.
    static let longestRecurring: Int64 = 31 * 86_400

    /// A period.
    public init(period: String, recurrence: [String] = []) {
        self.period = period
        self.recurrence = recurrence
        var span = CalendarPeriod(period)
        var rules: [RecurrenceRule] = []
        var first = span?.start ?? 0
        for text in recurrence {
            if text.uppercased().hasPrefix("DTSTART:"), let time = CalendarText.time(text.dropFirst(8)) {
                first = time
            } else if let rule = RecurrenceRule(text.uppercased().hasPrefix("RRULE:") ? text.dropFirst(6) : text[...]) {
                rules.append(rule)
            } else {
                span = nil
            }
        }
        if let known = span, !rules.isEmpty, known.end - known.start > Self.longestRecurring { span = nil }
        self.span = span
        self.rules = rules
        self.first = first
    }

    /// Whether we can tell when it holds.
    public var isUnderstood: Bool { span != nil }

    /// Whether it holds at a second, since 1970.
    public func contains(_ now: Int64) -> Bool {
        guard let span else { return false }
        guard !rules.isEmpty else { return span.contains(now) }
        let length = span.end - span.start
        let day = Int64(CalendarText.day)
        let firstDay = Int(first).floorDivided(by: CalendarText.day)
        let timeOfDay = first - Int64(firstDay) * day
        // Only an occurrence that began no longer ago than it lasts can hold now.
        var candidate = Int(now).floorDivided(by: CalendarText.day)
        while true {
            let start = Int64(candidate) * day + timeOfDay
            if start + length <= now || candidate < firstDay { return false }
            if start <= now,
                rules.contains(where: {
                    start <= $0.until ?? .max && $0.occurs(onDay: candidate, first: firstDay)
                })
            {
                return true
            }
            candidate -= 1
        }
    }
}
