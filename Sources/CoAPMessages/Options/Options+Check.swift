/// Why an option makes its message one that must not be acted upon.
public struct OptionFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The rule it breaks.
    public enum Kind: Sendable, Hashable {
        /// Critical and not understood (RFC 7252 §5.4.1).
        case unknown
        /// Critical, of a length the option may not have (RFC 7252 §5.4.3).
        case length
        /// Critical, given more often than it may be (RFC 7252 §5.4.5).
        case repeated
        /// A text that is not UTF-8 (RFC 7252 §3.2).
        case text
    }

    /// The rule it breaks.
    public let kind: Kind
    /// The option.
    public let number: OptionNumber

    /// A fault of that option.
    public init(kind: Kind, number: OptionNumber) {
        self.kind = kind
        self.number = number
    }

    /// 4.00 for a text that is none, 4.02 for the rest: all the others count as not known.
    public var responseCode: Code {
        kind == .text ? .badRequest : .badOption
    }

    /// One sentence, fit for a diagnostic payload.
    public var description: String {
        switch kind {
        case .unknown: "critical option \(number.rawValue) is not understood"
        case .length: "\(number) has a length it may not have"
        case .repeated: "\(number) may be given only once"
        case .text: "\(number) is not UTF-8"
        }
    }
}

extension Options {
    /// The first option that forbids acting on the message, if any.
    ///
    /// Elective options that are wrong in the same ways are not reported: they are to be ignored, which the accessors
    /// do by taking the first of each and only lengths that may be.
    ///
    /// - Parameter understood: says of a critical option whether its meaning is honoured.
    public func firstFault(understood: (OptionNumber) -> Bool) -> OptionFault? {
        let bytes = storage.span
        var cursor = OptionCursor()
        var previous: OptionNumber?
        while cursor.advance(bytes) {
            let number = OptionNumber(rawValue: cursor.number)
            defer { previous = number }
            guard number.isCritical else { continue }
            guard understood(number) else { return OptionFault(kind: .unknown, number: number) }
            guard let definition = number.definition else { continue }
            if !definition.length.contains(cursor.value.count) { return OptionFault(kind: .length, number: number) }
            if previous == number && !definition.isRepeatable { return OptionFault(kind: .repeated, number: number) }
            if definition.format == .string, !isUTF8(cursor.value) {
                return OptionFault(kind: .text, number: number)
            }
        }
        return nil
    }

    private func isUTF8(_ range: Range<Int>) -> Bool {
        let bytes = storage.span
        if range.allSatisfy({ bytes[$0] < 0x80 }) { return true }
        return String(validating: storage[range], as: UTF8.self) != nil
    }
}
