/// One CBOR data item (RFC 8949 §2) as a value.
///
/// Widths and indefinite lengths are matters of encoding and not kept: `1.5` read from eight bytes and from two are equal,
/// and are written in the shortest form that keeps the value (§4.2.1). Equality is that of the data model: text is
/// compared byte by byte (Swift's own `String ==` equates canonical forms, which are different CBOR keys), floats by their
/// bits (so that NaN equals itself and -0.0 is not 0.0), maps whatever their order, and `1` is not `1.0`.
public enum Value: Sendable {
    /// Major type 0: the value itself.
    case unsigned(UInt64)
    /// Major type 1: the value is -1 - n, so the whole range down to -2^64 fits.
    case negative(UInt64)
    /// Major type 2.
    case bytes([UInt8])
    /// Major type 3, UTF-8.
    case text(String)
    /// Major type 4.
    case array([Value])
    /// Major type 5, in insertion order, keys unique.
    case map(Map)
    /// Major type 6: a tag number and the item it stands before.
    indirect case tagged(UInt64, Value)
    /// Major type 7: a simple value without a meaning of its own.
    case simple(SimpleValue)
    /// Simple values 20 and 21.
    case boolean(Bool)
    /// Simple value 22.
    case null
    /// Simple value 23.
    case undefined
    /// Half, single or double precision, whichever was written.
    case double(Double)
}

/// A simple value (RFC 8949 §3.3) that is neither `false`, `true`, `null`, `undefined` nor one of the reserved 24 to 31.
public struct SimpleValue: Sendable, Hashable {
    /// The number: 0 to 19 or 32 to 255.
    public let number: UInt8

    /// The simple value with this number, or nil for 20 to 31, which have cases of their own or are reserved.
    public init?(_ number: UInt8) {
        if (20...31).contains(number) { return nil }
        self.number = number
    }
}

extension Value: Hashable {
    /// Equality of the data model, see the type.
    public static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.unsigned(let a), .unsigned(let b)): a == b
        case (.negative(let a), .negative(let b)): a == b
        case (.bytes(let a), .bytes(let b)): a == b
        case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.map(let a), .map(let b)): a == b
        case (.tagged(let a, let x), .tagged(let b, let y)): a == b && x == y
        case (.simple(let a), .simple(let b)): a == b
        case (.boolean(let a), .boolean(let b)): a == b
        case (.null, .null), (.undefined, .undefined): true
        case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
        default: false
        }
    }

    /// Feeds the parts that `==` compares.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .unsigned(let number):
            hasher.combine(0 as UInt8)
            hasher.combine(number)
        case .negative(let number):
            hasher.combine(1 as UInt8)
            hasher.combine(number)
        case .bytes(let bytes):
            hasher.combine(2 as UInt8)
            hasher.combine(bytes)
        case .text(let text):
            hasher.combine(3 as UInt8)
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(0xFF as UInt8)
        case .array(let items):
            hasher.combine(4 as UInt8)
            hasher.combine(items)
        case .map(let map):
            hasher.combine(5 as UInt8)
            hasher.combine(map)
        case .tagged(let tag, let item):
            hasher.combine(6 as UInt8)
            hasher.combine(tag)
            hasher.combine(item)
        case .simple(let simple):
            hasher.combine(7 as UInt8)
            hasher.combine(simple)
        case .boolean(let flag):
            hasher.combine(8 as UInt8)
            hasher.combine(flag)
        case .null: hasher.combine(9 as UInt8)
        case .undefined: hasher.combine(10 as UInt8)
        case .double(let double):
            hasher.combine(11 as UInt8)
            hasher.combine(double.bitPattern)
        }
    }
}
