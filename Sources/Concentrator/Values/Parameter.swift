/// What a control parameter takes (XEP-0325's typed parameters, with their ranges).
public enum ParameterKind: Sendable, Hashable {
    /// On or off.
    case boolean
    /// A number from `minimum` to `maximum` (open where nil) with at most `decimals` decimals.
    case number(minimum: Quantity?, maximum: Quantity?, decimals: UInt8, unit: String?)
    /// Text of at most this many bytes of UTF-8.
    case text(maximumLength: Int)
    /// One of these texts.
    case choice([String])
}

/// Something about a node that can be set.
public struct Parameter: Sendable, Hashable {
    /// Its name, `Output`; one of a name per node.
    public var name: String
    /// What people call it.
    public var title: String
    /// What it takes.
    public var kind: ParameterKind
    /// What it is now; nil when that is not known.
    public var value: FieldValue?
    /// When `value` took effect.
    public var timestamp: WallTime?

    /// A parameter; its title is its name unless told otherwise.
    public init(name: String, title: String? = nil, kind: ParameterKind, value: FieldValue? = nil) {
        self.name = name
        self.title = title ?? name
        self.kind = kind
        self.value = value
    }
}

extension ParameterKind {
    /// Why this value cannot be set, as a sentence that names what was expected; nil when it can.
    func objection(to value: FieldValue) -> String? {
        switch (self, value) {
        case (.boolean, .boolean): return nil
        case (.boolean, _): return "true or false was expected, not \(value)"
        case (.number(let minimum, let maximum, let decimals, let unit), .number(let quantity)):
            let unit = unit.map { " \($0)" } ?? ""
            if let minimum, quantity.isLess(than: minimum) {
                return "\(quantity) is below the smallest value, \(minimum)\(unit)"
            }
            if let maximum, maximum.isLess(than: quantity) {
                return "\(quantity) is above the largest value, \(maximum)\(unit)"
            }
            if quantity.decimals > decimals, quantity.with(decimals: decimals) == nil {
                return "\(quantity) has more than \(decimals) decimals"
            }
            return nil
        case (.number, _): return "a number was expected, not \(value)"
        case (.text(let maximum), .text(let text)):
            let length = text.utf8.count
            return length <= maximum ? nil : "the text has \(length) bytes, at most \(maximum) fit"
        case (.text, _): return "text was expected, not \(value)"
        case (.choice(let choices), .text(let text)):
            return choices.contains(text) ? nil : "one of \(choices.joined(separator: ", ")) was expected, not \(text)"
        case (.choice(let choices), _):
            return "one of \(choices.joined(separator: ", ")) was expected, not \(value)"
        }
    }
}
