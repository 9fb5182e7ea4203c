/// Why a text is no JSON, or is more of it than the limits allow.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of fault.
    public enum Code: String, Sendable, Hashable {
        /// The text ends inside a value.
        case unexpectedEnd
        /// A character that cannot stand there.
        case unexpectedCharacter
        /// A number that is not of the grammar (RFC 8259 §6), such as `01` or `1.`.
        case badNumber
        /// An escape that JSON does not have, or half of a surrogate pair.
        case badEscape
        /// A raw control character inside a string (RFC 8259 §7).
        case controlCharacter
        /// Bytes that are no UTF-8.
        case badUTF8
        /// The same name twice in one object (RFC 8259 §4: "SHOULD be unique"; here it must be).
        case duplicateName
        /// Something after the value.
        case trailingText
        /// Longer than ``JSONLimits/bytes``.
        case tooLong
        /// Nested deeper than ``JSONLimits/depth``.
        case tooDeep
        /// More values than ``JSONLimits/values``.
        case tooManyValues
    }

    /// What kind of fault it is.
    public let code: Code
    /// Where it is, in bytes from the start.
    public let offset: Int
    /// What was found and what was expected, for people.
    public let reason: String

    /// An error.
    public init(_ code: Code, at offset: Int, _ reason: String) {
        self.code = code
        self.offset = offset
        self.reason = reason
    }

    /// The reason and the place.
    public var description: String { "\(reason) (at byte \(offset))" }
}

/// How much a reader takes before it refuses; each exists so that a peer cannot make us hold or recurse without end.
public struct JSONLimits: Sendable, Hashable {
    /// The longest text, in bytes.
    public var bytes: Int
    /// The deepest nesting of arrays and objects. Each level costs the reader one stack frame of some 300 bytes.
    public var depth: Int
    /// The most values, counting every array, object and leaf. A value costs some 50 bytes of memory.
    public var values: Int

    /// Limits; the defaults suit a control socket: 1 MiB carries the listing of 10,000 nodes' ids, 32 levels are four
    /// times what any message of ours nests, 100,000 values are 5 MB at most.
    public init(bytes: Int = 1 << 20, depth: Int = 32, values: Int = 100_000) {
        self.bytes = bytes
        self.depth = depth
        self.values = values
    }

    /// 1 MiB, 32 levels, 100,000 values.
    public static let `default` = JSONLimits()

    /// One line of a stream: 64 KiB, 16 levels, 4,096 values.
    public static let line = JSONLimits(bytes: 1 << 16, depth: 16, values: 4096)
}
