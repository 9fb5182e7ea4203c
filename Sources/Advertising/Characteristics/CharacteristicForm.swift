/// How a field lies in the bytes of a characteristic's value. All numbers go low byte first (Core Specification Vol 3 Part
/// F 2.4).
public enum CharacteristicForm: Sendable, Hashable {
    /// So many bytes (1...8), unsigned.
    case unsigned(Int)
    /// So many bytes (1...8), two's complement.
    case signed(Int)
    /// One byte; anything but 0 is yes.
    case boolean
    /// IEEE 11073 SFLOAT, "medfloat16": four bits of exponent and twelve of mantissa, both two's complement.
    case shortFloat
    /// IEEE 11073 FLOAT, "medfloat32": eight bits of exponent and 24 of mantissa, both two's complement.
    case float
    /// IEEE 754 binary32.
    case float32
    /// IEEE 754 binary64.
    case float64
    /// UTF-8 to the end of the value.
    case text
    /// Two bits a line to the end of the value, from the low end of each byte.
    case digitals
    /// So many bytes as they are.
    case bytes(Int)
    /// All bytes to the end of the value.
    case rest

    /// How many bytes it takes; nil for one that goes to the end of the value.
    public var size: Int? {
        switch self {
        case .unsigned(let size), .signed(let size), .bytes(let size): size
        case .boolean: 1
        case .shortFloat: 2
        case .float, .float32: 4
        case .float64: 8
        case .text, .digitals, .rest: nil
        }
    }

    /// The names that a configuration may give: `u8` … `u64`, `s8` … `s64`, `bool`, `sfloat`, `float`, `float32`,
    /// `float64`, `utf8`, `digital`, `bytes`.
    public static let names =
        ["u8", "u16", "u24", "u32", "u40", "u48", "u56", "u64"]
        + ["s8", "s16", "s24", "s32", "s40", "s48", "s56", "s64"] + other.map(\.name)

    private static let other: [(name: String, form: CharacteristicForm)] = [
        ("bool", .boolean), ("sfloat", .shortFloat), ("float", .float), ("float32", .float32), ("float64", .float64),
        ("utf8", .text), ("digital", .digitals), ("bytes", .rest),
    ]

    /// The form with one of ``names``; nil for another name.
    public init?(_ name: String) {
        if let form = CharacteristicForm.other.first(where: { $0.name == name })?.form {
            self = form
            return
        }
        guard let kind = name.first, kind == "u" || kind == "s", let bits = Int(name.dropFirst()),
            (8...64).contains(bits), bits.isMultiple(of: 8)
        else { return nil }
        self = kind == "u" ? .unsigned(bits / 8) : .signed(bits / 8)
    }
}
