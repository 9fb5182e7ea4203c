/// One key of the configuration file: what it may hold, what it is when absent, and what it is for.
///
/// The list of all keys (``ConfigurationSchema``) is the one source of validation, of `docs/configuration.md` and of the
/// commented example, so the three cannot differ.
public struct ConfigurationKey: Sendable {
    /// What a value must look like.
    public enum Kind: Sendable {
        /// Any text up to so many characters.
        case text(maximum: Int)
        /// A path of this machine.
        case path
        /// `true` or `false`.
        case boolean
        /// A whole number within bounds, with its unit for people (`""` for none).
        case integer(ClosedRange<Int>, unit: String)
        /// A number within bounds, with its unit for people.
        case number(ClosedRange<Double>, unit: String)
        /// One of the words given.
        case choice([String])
        /// A list of texts, each accepted by the check; the text says what is expected of an item.
        case list(of: String, check: @Sendable (String) -> Bool)
        /// A text accepted by the check; the text says what is expected.
        case form(String, check: @Sendable (String) -> Bool)
    }

    /// The dotted path, `[]` marking a repeated table: `pairing.window`, `gpio.lines[].name`.
    public let path: String
    /// What it may hold.
    public let kind: Kind
    /// The default as TOML text; `nil` when the key must be given in its table.
    public let fallback: String?
    /// What it is for, in a sentence or two.
    public let help: String

    init(_ path: String, _ kind: Kind, default fallback: String?, _ help: String) {
        self.path = path
        self.kind = kind
        self.fallback = fallback
        self.help = help
    }

    /// The table the key stands in: `pairing`, `gpio.lines[]`.
    public var table: String {
        guard let dot = path.lastIndex(of: ".") else { return "" }
        return String(path[..<dot])
    }

    /// The key's own name, the last part of its path.
    public var name: String {
        guard let dot = path.lastIndex(of: ".") else { return path }
        return String(path[path.index(after: dot)...])
    }

    /// What is expected, as a message and the reference say it.
    public var expectation: String {
        switch kind {
        case .text(let maximum): "a text of at most \(maximum) characters"
        case .path: "a path"
        case .boolean: "true or false"
        case .integer(let range, let unit):
            "a whole number from \(range.lowerBound) to \(range.upperBound)" + (unit.isEmpty ? "" : " (\(unit))")
        case .number(let range, let unit):
            "a number from \(range.lowerBound) to \(range.upperBound)" + (unit.isEmpty ? "" : " (\(unit))")
        case .choice(let words): "one of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
        case .list(let item, _): "a list of texts, each \(item)"
        case .form(let form, _): form
        }
    }

    /// What is wrong with `value`, or `nil` when it fits.
    func complaint(about value: ConfigurationValue) -> String? {
        switch (kind, value) {
        case (.text(let maximum), .text(let text)):
            return text.count <= maximum ? nil : "a text of \(text.count) characters"
        case (.path, .text(let text)):
            return text.utf8.contains(0) ? "a path with a NUL byte" : nil
        case (.boolean, .boolean): return nil
        case (.integer(let range, _), .integer(let number)):
            return range.contains(number) ? nil : "\(number)"
        case (.number(let range, _), .integer(let number)):
            return range.contains(Double(number)) ? nil : "\(number)"
        case (.number(let range, _), .number(let number)):
            return range.contains(number) ? nil : "\(number)"
        case (.choice(let words), .text(let text)):
            return words.contains(text) ? nil : "\"\(text)\""
        case (.list(_, let check), .list(let items)):
            guard let bad = items.first(where: { !check($0) }) else { return nil }
            return "\"\(bad)\""
        case (.form(_, let check), .text(let text)):
            return check(text) ? nil : "\"\(text)\""
        default:
            return value.description
        }
    }
}

/// A value as the file gives it.
public enum ConfigurationValue: Sendable, Equatable, CustomStringConvertible {
    /// A quoted text.
    case text(String)
    /// A whole number.
    case integer(Int)
    /// A number with a fraction.
    case number(Double)
    /// `true` or `false`.
    case boolean(Bool)
    /// A list of texts.
    case list([String])
    /// Something no key takes: a date, a list of other things.
    case other(String)

    /// The value as a complaint shows it.
    public var description: String {
        switch self {
        case .text(let text): "the text \"\(text.prefix(60))\""
        case .integer(let number): "the number \(number)"
        case .number(let number): "the number \(number)"
        case .boolean(let flag): "\(flag)"
        case .list: "a list"
        case .other(let what): what
        }
    }
}
