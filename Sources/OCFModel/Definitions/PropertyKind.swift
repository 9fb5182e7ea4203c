/// The type of a property's value, as far as the resource type definitions use JSON Schema.
public indirect enum PropertyKind: Sendable, Hashable {
    /// `true` or `false`.
    case boolean
    /// A whole number, with its bounds.
    case integer(ClosedRange<Int>? = nil)
    /// A number, with its bounds.
    case number(minimum: Double? = nil, maximum: Double? = nil)
    /// Text of at most so many characters.
    case text(maximumLength: Int? = nil, format: TextFormat? = nil)
    /// One of these texts.
    case choice([String])
    /// One of these whole numbers.
    case integerChoice([Int])
    /// An array of values of one type, with the bounds of its count.
    case array(PropertyKind, count: ClosedRange<Int>)
    /// A map with these properties.
    case object([PropertyDefinition])
}

/// The formats of text that definitions name.
public enum TextFormat: Sendable, Hashable {
    /// 8-4-4-4-12 hexadecimal digits.
    case uuid
    /// An address; empty is taken, for `cis` uses it to say "none".
    case uri
    /// RFC 3339 date and time.
    case dateTime
    /// RFC 3339 full date.
    case date
    /// RFC 5646.
    case languageTag
}

/// Who may do what with a property.
public enum PropertyAccess: Sendable, Hashable {
    /// In a RETRIEVE only.
    case readOnly
    /// In both.
    case readWrite
    /// In an UPDATE only, such as an access token.
    case writeOnly
}

/// One property of a resource type.
public struct PropertyDefinition: Sendable, Hashable {
    /// Its name, case-sensitive.
    public let name: String
    /// The type of its value.
    public let kind: PropertyKind
    /// Who may do what with it.
    public let access: PropertyAccess
    /// Whether every RETRIEVE shows it.
    public let isMandatory: Bool
    /// Whether every UPDATE must hold it.
    public let isMandatoryInUpdate: Bool

    /// A property.
    public init(
        _ name: String, _ kind: PropertyKind, _ access: PropertyAccess = .readOnly, mandatory: Bool = false,
        mandatoryInUpdate: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.access = access
        isMandatory = mandatory
        isMandatoryInUpdate = mandatoryInUpdate
    }
}
