/// What a decoder accepts at most; a value past a limit is an error, never a crash.
public struct Limits: Sendable, Hashable {
    /// Levels of arrays, maps and tags inside one another, 1 to ``deepest``.
    public var depth: Int
    /// Bytes of one encoded item with all it holds.
    public var length: Int
    /// Items altogether: every key, value, element and chunk counts.
    public var items: Int

    /// The deepest nesting that can be asked for: decoding, comparing and freeing a value recurse, and the smallest stack
    /// they run on, a NIO thread's 8 MB (512 KB on other platforms), holds a thousand frames of theirs with room.
    public static let deepest = 256

    /// Limits; the depth is brought into 1 to ``deepest``, the others to 1 at least.
    public init(depth: Int, length: Int, items: Int) {
        self.depth = min(max(depth, 1), Self.deepest)
        self.length = max(length, 1)
        self.items = max(items, 1)
    }

    /// 32 levels: the deepest OCF payload, an introspection document, has about 15. 1 MiB: a `/oic/res` of 3,000 links,
    /// and above what CoAP lets through. 131,072 items: such an answer has 60,000; at 24 bytes each they take 3 MB.
    public static let `default` = Limits(depth: 32, length: 1 << 20, items: 1 << 17)
}

/// Why bytes are not a CBOR item this decoder takes.
public struct DecodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of error.
    public enum Code: Sendable, Hashable {
        /// The bytes end inside an item.
        case truncated
        /// Bytes follow the item.
        case trailingBytes
        /// Additional information 28 to 30, or 31 where no indefinite length exists (RFC 8949 §3.2.1, appendix F).
        case reservedInformation
        /// A break where none may stand.
        case unexpectedBreak
        /// A chunk of an indefinite string that is not a definite string of the same type (§3.2.3).
        case wrongChunk
        /// A simple value below 32 in two bytes (§3.3).
        case reservedSimple
        /// Text that is not UTF-8 (§5.3.1).
        case invalidUTF8
        /// A key that stands twice in one map (§5.6).
        case duplicateKey
        /// Nesting beyond ``Limits/depth``.
        case tooDeep
        /// Beyond ``Limits/length``.
        case tooLong
        /// Beyond ``Limits/items``.
        case tooManyItems
    }

    /// What kind of error.
    public let code: Code
    /// Where: the offset of the first byte of the item at fault.
    public let offset: Int

    /// A sentence for people.
    public var description: String {
        "CBOR, byte \(offset): \(reason)"
    }

    private var reason: String {
        switch code {
        case .truncated: "the bytes end inside this item; more were expected"
        case .trailingBytes: "the item has ended here, but bytes follow; exactly one item was expected"
        case .reservedInformation:
            "additional information that RFC 8949 reserves; 0 to 27, or 31 for strings and containers"
        case .unexpectedBreak: "a break outside an indefinite item, or between a key and its value"
        case .wrongChunk: "a chunk of an indefinite string must be a definite string of the same type"
        case .reservedSimple: "a simple value below 32 must be written in one byte"
        case .invalidUTF8: "text that is not UTF-8"
        case .duplicateKey: "this key stands twice in its map"
        case .tooDeep: "nested more deeply than is accepted"
        case .tooLong: "longer than is accepted"
        case .tooManyItems: "more items than are accepted"
        }
    }
}
