/// The value of one field of a GATT characteristic.
public enum CharacteristicValue: Sendable, Hashable {
    /// `mantissa` × 10^-`decimals`.
    case number(mantissa: Int64, decimals: UInt8)
    /// A binary floating-point number, or a decimal one too far out for ``number(mantissa:decimals:)``.
    case real(Double)
    /// Yes or no.
    case boolean(Bool)
    /// Text.
    case text(String)
    /// Bytes of no known meaning.
    case bytes([UInt8])
    /// Two bits for each line of an Automation IO Digital, the first line first: 0 inactive, 1 active, 2 tri-state, 3
    /// unknown; in a write 3 leaves the line as it is (Automation IO Service 3.1).
    case digitals([UInt8])
    /// The device has this quantity and says that it does not know it now.
    case missing
}

/// One field of a characteristic's value, with its name and unit.
public struct CharacteristicReading: Sendable, Hashable {
    /// The name in a report: the characteristic's own, or with the field's behind a point where there are several.
    public let name: String
    /// The value.
    public let value: CharacteristicValue
    /// The unit; nil for none.
    public let unit: String?
}

/// Why bytes are no value of a characteristic, or a value cannot be put into bytes.
public struct CharacteristicError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of fault.
    public enum Code: String, Sendable, Hashable {
        /// Fewer bytes than the fields take, or, in writing, another count of values than there are fields.
        case wrongLength
        /// A number outside what the field holds or its specification allows.
        case outOfRange
        /// Text that is no UTF-8.
        case notText
        /// A value of another kind than the field's, in writing.
        case wrongKind
    }

    /// What kind of fault it is.
    public let code: Code
    /// What was found and what was expected, for people.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
