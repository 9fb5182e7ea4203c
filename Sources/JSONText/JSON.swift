/// A JSON value (RFC 8259) whose numbers keep the text they were written with and whose objects keep their order.
///
/// A reading of `25.10` stays `25.10`: nothing here goes through binary floating point unless the caller asks for it.
///
/// ```swift
/// let line = try JSON.parse(#"{"id":"a","value":25.10}"#)
/// line["value"]?.number?.literal            // "25.10"
/// JSON.object(["ok": true, "count": 3]).serialized()
/// ```
public indirect enum JSON: Sendable, Hashable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number, as text.
    case number(JSONNumber)
    /// A string of any Unicode text.
    case string(String)
    /// Values in order.
    case array([JSON])
    /// Members in order, each name once.
    case object(JSONObject)
}

extension JSON {
    /// A number from an integer.
    public static func int(_ value: some BinaryInteger) -> JSON {
        .number(JSONNumber(value))
    }

    /// A number in the shortest text that reads back as `value`; JSON has no infinities, so those are `null`.
    public static func double(_ value: Double) -> JSON {
        JSONNumber(value).map(JSON.number) ?? .null
    }

    /// A string, or `null`.
    public static func string(orNull value: String?) -> JSON {
        value.map(JSON.string) ?? .null
    }

    /// The value of a boolean, else nil.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number of a number, else nil.
    public var number: JSONNumber? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The number when it is written without fraction and fits, else nil.
    public var int: Int? {
        number?.int
    }

    /// The nearest binary number of a number, else nil.
    public var double: Double? {
        number?.double
    }

    /// The text of a string, else nil.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The values of an array, else nil.
    public var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members of an object, else nil.
    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether this is `null`.
    public var isNull: Bool {
        self == .null
    }

    /// The member `name` of an object; nil when there is none or this is no object.
    public subscript(name: String) -> JSON? {
        object?[name]
    }

    /// The value at `index` of an array; nil when there is none or this is no array.
    public subscript(index: Int) -> JSON? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// What kind of value this is, in the words of a message for people.
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `null`
    public init(nilLiteral: ()) { self = .null }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object; of a name given twice the last value stays.
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}

extension JSON: CustomStringConvertible {
    /// The compact text.
    public var description: String { serialized() }
}
