/// The value that exactly these bytes encode.
///
/// Takes everything RFC 8949 calls well-formed, indefinite lengths and longer-than-needed forms included, and of the
/// validity rules holds UTF-8 and unique keys.
///
/// - Throws: ``DecodingError`` with the offset of the item at fault.
public func decode(_ bytes: some Collection<UInt8>, limits: Limits = .default) throws(DecodingError) -> Value {
    var offset = 0
    let array = bytes as? [UInt8] ?? Array(bytes)
    let value = try decodeItem(of: array, at: &offset, limits: limits)
    guard offset == array.count else { throw DecodingError(code: .trailingBytes, offset: offset) }
    return value
}

/// The value that starts at `offset`, which moves behind it: for CBOR sequences (RFC 8742).
///
/// - Throws: ``DecodingError`` with the offset of the item at fault; `offset` then stays where it was.
public func decodeItem(
    of bytes: [UInt8], at offset: inout Int, limits: Limits = .default
) throws(DecodingError) -> Value {
    guard (0...bytes.count).contains(offset) else { throw DecodingError(code: .truncated, offset: offset) }
    let (end, overflow) = offset.addingReportingOverflow(limits.length)
    var decoder = Decoder(
        bytes: bytes, offset: offset, end: overflow ? bytes.count : min(end, bytes.count), limits: limits)
    let value = try decoder.item(depth: 0)
    offset = decoder.offset
    return value
}

/// The walk over the bytes. It recurses, to ``Limits/depth`` at most.
private struct Decoder {
    let bytes: [UInt8]
    var offset: Int
    /// Where the bytes end, or the accepted length does.
    let end: Int
    let limits: Limits
    var itemsLeft: Int

    init(bytes: [UInt8], offset: Int, end: Int, limits: Limits) {
        self.bytes = bytes
        self.offset = offset
        self.end = end
        self.limits = limits
        itemsLeft = limits.items
    }

    /// An initial byte and its argument; `argument` is nil for additional information 31.
    struct Head {
        let start: Int
        let major: UInt8
        let information: UInt8
        let argument: UInt64?
    }

    mutating func item(depth: Int) throws(DecodingError) -> Value {
        let head = try head()
        guard let value = try item(head, depth: depth) else {
            throw DecodingError(code: .unexpectedBreak, offset: head.start)
        }
        return value
    }

    /// The item behind a head; nil for a break.
    mutating func item(_ head: Head, depth: Int) throws(DecodingError) -> Value? {
        switch head.major {
        case 0: return .unsigned(try definite(head))
        case 1: return .negative(try definite(head))
        case 2:
            guard head.argument == nil else { return .bytes(Array(try string(head))) }
            var whole: [UInt8] = []
            while let chunk = try chunk(of: head) { whole += try string(chunk) }
            return .bytes(whole)
        case 3:
            guard head.argument == nil else { return .text(try text(head)) }
            var whole = ""
            while let chunk = try chunk(of: head) { whole += try text(chunk) }
            return .text(whole)
        case 4: return .array(try array(head, depth: depth))
        case 5: return .map(try map(head, depth: depth))
        case 6:
            let tag = try definite(head)
            try descend(head, depth)
            return .tagged(tag, try item(depth: depth + 1))
        default: return try simple(head)
        }
    }

    // MARK: Heads

    mutating func head() throws(DecodingError) -> Head {
        let start = offset
        guard start < end else { throw outOfBytes(start) }
        guard itemsLeft > 0 else { throw DecodingError(code: .tooManyItems, offset: start) }
        itemsLeft -= 1
        let initial = bytes[start]
        offset += 1
        let information = initial & 0x1F
        let argument: UInt64?
        switch information {
        case 0..<24: argument = UInt64(information)
        case 24: argument = try bigEndian(1, start)
        case 25: argument = try bigEndian(2, start)
        case 26: argument = try bigEndian(4, start)
        case 27: argument = try bigEndian(8, start)
        case 31: argument = nil
        default: throw DecodingError(code: .reservedInformation, offset: start)
        }
        return Head(start: start, major: initial >> 5, information: information, argument: argument)
    }

    mutating func bigEndian(_ count: Int, _ start: Int) throws(DecodingError) -> UInt64 {
        guard end - offset >= count else { throw outOfBytes(start) }
        var number: UInt64 = 0
        for _ in 0..<count {
            number = number << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return number
    }

    func definite(_ head: Head) throws(DecodingError) -> UInt64 {
        guard let argument = head.argument else {
            throw DecodingError(code: .reservedInformation, offset: head.start)
        }
        return argument
    }

    func outOfBytes(_ start: Int) -> DecodingError {
        DecodingError(code: end < bytes.count ? .tooLong : .truncated, offset: start)
    }

    func descend(_ head: Head, _ depth: Int) throws(DecodingError) {
        guard depth < limits.depth else { throw DecodingError(code: .tooDeep, offset: head.start) }
    }

    // MARK: Strings

    mutating func string(_ head: Head) throws(DecodingError) -> ArraySlice<UInt8> {
        let length = try definite(head)
        guard length <= UInt64(end - offset) else { throw outOfBytes(head.start) }
        let slice = bytes[offset..<offset + Int(length)]
        offset += Int(length)
        return slice
    }

    mutating func text(_ head: Head) throws(DecodingError) -> String {
        guard let text = String(validating: try string(head), as: UTF8.self) else {
            throw DecodingError(code: .invalidUTF8, offset: head.start)
        }
        return text
    }

    /// The next chunk of an indefinite string; nil at its break.
    mutating func chunk(of whole: Head) throws(DecodingError) -> Head? {
        let head = try head()
        if head.major == 7, head.argument == nil { return nil }
        guard head.major == whole.major, head.argument != nil else {
            throw DecodingError(code: .wrongChunk, offset: head.start)
        }
        return head
    }

    // MARK: Containers

    mutating func array(_ head: Head, depth: Int) throws(DecodingError) -> [Value] {
        try descend(head, depth)
        var items: [Value] = []
        guard let count = head.argument else {
            while true {
                let next = try self.head()
                guard let item = try item(next, depth: depth + 1) else { return items }
                items.append(item)
            }
        }
        let room = try reservation(count, each: 1, head)
        items.reserveCapacity(room)
        for _ in 0..<room { items.append(try item(depth: depth + 1)) }
        return items
    }

    mutating func map(_ head: Head, depth: Int) throws(DecodingError) -> Map {
        try descend(head, depth)
        var entries = UniqueEntries()
        guard let count = head.argument else {
            while true {
                let next = try self.head()
                guard let key = try item(next, depth: depth + 1) else { return Map(unchecked: entries.list) }
                try entries.append(key, try item(depth: depth + 1), next.start)
            }
        }
        let room = try reservation(count, each: 2, head)
        entries.list.reserveCapacity(room)
        for _ in 0..<room {
            let start = offset
            let key = try item(depth: depth + 1)
            try entries.append(key, try item(depth: depth + 1), start)
        }
        return Map(unchecked: entries.list)
    }

    /// A count that the bytes and items left can fill, each element taking a byte at least: a head that promises
    /// 2^64 elements must not reserve memory for them.
    func reservation(_ count: UInt64, each items: Int, _ head: Head) throws(DecodingError) -> Int {
        guard count <= UInt64((end - offset) / items) else { throw outOfBytes(head.start) }
        guard count <= UInt64(itemsLeft / items) else { throw DecodingError(code: .tooManyItems, offset: head.start) }
        return Int(count)
    }

    // MARK: Major type 7

    mutating func simple(_ head: Head) throws(DecodingError) -> Value? {
        guard let argument = head.argument else { return nil }
        switch head.information {
        case 20: return .boolean(false)
        case 21: return .boolean(true)
        case 22: return .null
        case 23: return .undefined
        case 25: return .double(FloatWidths.double(half: UInt16(argument)))
        case 26: return .double(FloatWidths.double(single: UInt32(argument)))
        case 27: return .double(Double(bitPattern: argument))
        default:
            guard head.information < 24 || argument >= 32, let simple = SimpleValue(UInt8(argument)) else {
                throw DecodingError(code: .reservedSimple, offset: head.start)
            }
            return .simple(simple)
        }
    }
}

/// Entries while a map is read, refusing a second entry with one key: by a walk while they are few, by hash when not.
private struct UniqueEntries {
    /// Below this many comparing beats hashing.
    static let few = 16

    var list: [Map.Element] = []
    private var seen: Set<Value> = []

    mutating func append(_ key: Value, _ value: Value, _ offset: Int) throws(DecodingError) {
        if list.count == Self.few { seen = Set(list.map(\.key)) }
        let isNew = list.count < Self.few ? !list.contains { $0.key == key } : seen.insert(key).inserted
        guard isNew else { throw DecodingError(code: .duplicateKey, offset: offset) }
        list.append((key, value))
    }
}
