import CBOR

/// Why a value is not of a property's kind.
public struct KindMismatch: Error, Sendable, Hashable, CustomStringConvertible {
    /// Whether the type is right and the value lies outside its bounds.
    public let isOutOfRange: Bool
    /// What was expected, for people.
    public let expected: String

    /// A sentence for people.
    public var description: String { "expected \(expected)" }
}

extension PropertyKind {
    /// Checks a value against the kind.
    ///
    /// A whole number written as a float (`40.0`) is an integer too, since JSON does not tell them apart and values reach
    /// us through clouds that speak it.
    public func check(_ value: CBOR.Value) throws(KindMismatch) {
        switch self {
        case .boolean:
            guard value.bool != nil else { throw KindMismatch(isOutOfRange: false, expected: "true or false") }
        case .integer(let range):
            guard let number = value.wholeNumber else {
                throw KindMismatch(isOutOfRange: false, expected: "an integer")
            }
            if let range, !range.contains(number) {
                throw KindMismatch(
                    isOutOfRange: true, expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
            }
        case .number(let minimum, let maximum):
            guard let number = value.number, number.isFinite else {
                throw KindMismatch(isOutOfRange: false, expected: "a number")
            }
            if let minimum, number < minimum {
                throw KindMismatch(isOutOfRange: true, expected: "a number from \(minimum)")
            }
            if let maximum, number > maximum {
                throw KindMismatch(isOutOfRange: true, expected: "a number up to \(maximum)")
            }
        case .text(let maximumLength, let format):
            guard let text = value.string else { throw KindMismatch(isOutOfRange: false, expected: "text") }
            if let maximumLength, text.unicodeScalars.count > maximumLength {
                throw KindMismatch(isOutOfRange: true, expected: "text of at most \(maximumLength) characters")
            }
            if let format, !format.matches(text) {
                throw KindMismatch(isOutOfRange: false, expected: format.name)
            }
        case .choice(let choices):
            guard let text = value.string, choices.contains(text) else {
                throw KindMismatch(
                    isOutOfRange: value.string != nil, expected: "one of \(choices.joined(separator: ", "))")
            }
        case .integerChoice(let choices):
            guard let number = value.wholeNumber, choices.contains(number) else {
                throw KindMismatch(
                    isOutOfRange: value.wholeNumber != nil,
                    expected: "one of \(choices.map(String.init).joined(separator: ", "))")
            }
        case .array(let kind, let count):
            guard let items = value.items else { throw KindMismatch(isOutOfRange: false, expected: "an array") }
            guard count.contains(items.count) else {
                throw KindMismatch(
                    isOutOfRange: true, expected: "an array of \(count.lowerBound) to \(count.upperBound) items")
            }
            for item in items { try kind.check(item) }
        case .object(let properties):
            guard let map = value.entries else { throw KindMismatch(isOutOfRange: false, expected: "a map") }
            for property in properties {
                if let item = map[property.name] { try property.kind.check(item) }
            }
        }
    }
}

extension CBOR.Value {
    /// The whole number: an integer, or a float without a fraction that an `Int` holds.
    public var wholeNumber: Int? {
        if let int { return int }
        if case .double(let double) = self { return Int(exactly: double) }
        return nil
    }
}
