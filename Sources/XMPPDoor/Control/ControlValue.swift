import Concentrator
import XMPP

/// A typed parameter of XEP-0325, as it was written.
public struct ControlValue: Sendable, Hashable {
    /// The types by their elements.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// `true`, `false`, `1`, `0`.
        case boolean
        /// `RRGGBB` or `RRGGBBAA` in hex.
        case color
        /// A day.
        case date
        /// A moment.
        case dateTime
        /// A number.
        case double
        /// A length of time.
        case duration
        /// A whole number of 32 bits.
        case int
        /// A whole number of 64 bits.
        case long
        /// Text.
        case string
        /// A time of day.
        case time
    }

    /// The parameter.
    public var name: String
    /// The type.
    public var kind: Kind
    /// The value, as XML Schema writes it.
    public var text: String

    /// A typed parameter.
    public init(name: String, kind: Kind, text: String) {
        self.name = name
        self.kind = kind
        self.text = text
    }

    /// Reads a typed parameter; nil when the element is none. Some peers write `bool` for `boolean`.
    init?(_ element: XMLElement) throws(PayloadError) {
        let name = element.name == "bool" ? "boolean" : element.name
        guard element.namespace == IoTNamespace.control, let kind = Kind(rawValue: name) else { return nil }
        self.init(name: try element.required("name"), kind: kind, text: try element.required("value"))
        guard isWellFormed else {
            throw PayloadError(.badValue, "\(self.name) is \"\(text.prefix(40))\"; a \(kind.rawValue) was expected")
        }
    }

    /// The element.
    public var element: XMLElement {
        XMLElement(kind.rawValue, IoTNamespace.control, ["name": name, "value": text])
    }

    private var isWellFormed: Bool {
        switch kind {
        case .boolean: XMLElement.boolean(text) != nil
        case .color:
            [6, 8].contains(text.utf8.count) && text.utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
        case .date: XMLTime.isDate(text)
        case .dateTime: XMLTime.moment(text) != nil
        case .double: NumberText.quantity(text) != nil
        case .duration: XMLTime.isDuration(text)
        case .int: Int32(text) != nil
        case .long: Int64(text) != nil
        case .string: true
        case .time: XMLTime.isTime(text)
        }
    }

    /// The value for a parameter of this kind; nil when the types do not go together (XEP-0325 3.2: a number can be given
    /// as any number, everything as text).
    func value(for kind: ParameterKind) -> FieldValue? {
        switch (kind, self.kind) {
        case (.boolean, .boolean), (.boolean, .string): XMLElement.boolean(text).map { .boolean($0) }
        case (.boolean, .int), (.boolean, .long), (.boolean, .double):
            NumberText.quantity(text).map { .boolean($0.mantissa != 0) }
        case (.boolean, _): nil
        case (.number, .double), (.number, .int), (.number, .long), (.number, .string):
            NumberText.quantity(text).map { .number($0) }
        case (.number, _): nil
        case (.text, _), (.choice, _): .text(text)
        }
    }
}

/// Numbers as people and XML Schema write them.
enum NumberText {
    /// Decimals beyond these of a number written with an exponent mean nothing for a thing.
    private static let decimals: UInt8 = 6

    /// The number: with its decimals where it is written plainly, else rounded to 6.
    static func quantity(_ text: String) -> Quantity? {
        if let plain = Quantity(text) { return plain }
        // `xs:double` may have a plus, an exponent, or no digit on one side of the point; not NaN and not infinity here.
        guard text.utf8.allSatisfy({ (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }),
            let number = Double(text)
        else { return nil }
        return Quantity(rounding: number, decimals: decimals)
    }
}
