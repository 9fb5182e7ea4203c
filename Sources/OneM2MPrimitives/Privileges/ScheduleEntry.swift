/// Moments that recur, in the seven fields of `m2m:scheduleEntry` (TS-0004 6.3.3): second, minute, hour, day of the month,
/// month, day of the week (0 Sunday to 6, 7 Sunday too), year; in UTC.
///
/// A field is `*`, a number, a range `8-17`, a step `*/5` or `0-30/10`, or a list of these joined with commas.
public struct ScheduleEntry: Sendable, Hashable {
    /// As it was written.
    public let text: String
    private let fields: [[Span]]

    private struct Span: Sendable, Hashable {
        let first: Int
        let last: Int
        let step: Int
    }

    private static let bounds: [ClosedRange<Int>] = [0...59, 0...59, 0...23, 1...31, 1...12, 0...7, 1970...9999]
    /// Items of one field.
    private static let mostItems = 64

    /// The entry that a text spells; nil when it is none.
    public init?(_ text: String) {
        guard text.utf8.count <= 512 else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == Self.bounds.count else { return nil }
        var fields: [[Span]] = []
        for (part, bounds) in zip(parts, Self.bounds) {
            let items = part.split(separator: ",", omittingEmptySubsequences: false)
            guard items.count <= Self.mostItems else { return nil }
            var spans: [Span] = []
            for item in items {
                guard let span = Self.span(item, bounds) else { return nil }
                spans.append(span)
            }
            fields.append(spans)
        }
        self.text = text
        self.fields = fields
    }

    private static func span(_ item: Substring, _ bounds: ClosedRange<Int>) -> Span? {
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let range = parts.first else { return nil }
        var step = 1
        if parts.count == 2 {
            guard let number = Int(parts[1]), number > 0 else { return nil }
            step = number
        }
        if range == "*" { return Span(first: bounds.lowerBound, last: bounds.upperBound, step: step) }
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2, let first = Int(ends[0]), bounds.contains(first) else { return nil }
        guard ends.count == 2 else { return Span(first: first, last: first, step: step) }
        guard let last = Int(ends[1]), bounds.contains(last), first <= last else { return nil }
        return Span(first: first, last: last, step: step)
    }

    /// Whether a moment is one of these.
    public func contains(_ time: OneM2MTime) -> Bool {
        let parts = time.components
        let values = [parts.second, parts.minute, parts.hour, parts.day, parts.month, parts.weekday % 7, parts.year]
        return zip(fields, values).enumerated().allSatisfy { index, field in
            let (spans, value) = field
            // Sunday is 0 and 7.
            let candidates = index == 5 && value == 0 ? [0, 7] : [value]
            return spans.contains { span in
                candidates.contains {
                    (span.first...span.last).contains($0) && ($0 - span.first).isMultiple(of: span.step)
                }
            }
        }
    }
}
