/// How to write what the data model leaves open.
///
/// Numbers and lengths are always written in their shortest form and lengths always definite; the order of keys is the one
/// choice.
public struct EncodingOptions: Sendable, Hashable {
    /// Whether keys are sorted by the bytes of their encodings (RFC 8949 §4.2.1).
    public var sortsKeys: Bool

    /// Core deterministic encoding, RFC 8949 §4.2.1: equal values give equal bytes.
    public static let deterministic = EncodingOptions(sortsKeys: true)

    /// Keys in the order of the map.
    public static let asWritten = EncodingOptions(sortsKeys: false)
}

/// The bytes of a value.
public func encode(_ value: Value, _ options: EncodingOptions = .deterministic) -> [UInt8] {
    var bytes: [UInt8] = []
    encode(value, options, into: &bytes)
    return bytes
}

/// Appends the bytes of a value.
public func encode(_ value: Value, _ options: EncodingOptions = .deterministic, into bytes: inout [UInt8]) {
    switch value {
    case .unsigned(let number): appendHead(0, number, to: &bytes)
    case .negative(let number): appendHead(1, number, to: &bytes)
    case .bytes(let string):
        appendHead(2, UInt64(string.count), to: &bytes)
        bytes += string
    case .text(let text):
        appendHead(3, UInt64(text.utf8.count), to: &bytes)
        bytes += text.utf8
    case .array(let items):
        appendHead(4, UInt64(items.count), to: &bytes)
        for item in items { encode(item, options, into: &bytes) }
    case .map(let map):
        appendHead(5, UInt64(map.count), to: &bytes)
        append(map, options, to: &bytes)
    case .tagged(let tag, let item):
        appendHead(6, tag, to: &bytes)
        encode(item, options, into: &bytes)
    case .simple(let simple): appendHead(7, UInt64(simple.number), to: &bytes)
    case .boolean(let flag): bytes.append(flag ? 0xF5 : 0xF4)
    case .null: bytes.append(0xF6)
    case .undefined: bytes.append(0xF7)
    case .double(let double): append(double, to: &bytes)
    }
}

/// Appends the head of an array whose items, so many, are appended by the caller.
public func encodeArrayHead(count: Int, into bytes: inout [UInt8]) { appendHead(4, UInt64(count), to: &bytes) }

private func append(_ map: Map, _ options: EncodingOptions, to bytes: inout [UInt8]) {
    guard options.sortsKeys else {
        for (key, value) in map {
            encode(key, options, into: &bytes)
            encode(value, options, into: &bytes)
        }
        return
    }
    let sorted = map.map { (key: encode($0.key, options), value: $0.value) }
        .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    for (key, value) in sorted {
        bytes += key
        encode(value, options, into: &bytes)
    }
}

private func append(_ double: Double, to bytes: inout [UInt8]) {
    if let half = FloatWidths.half(double) {
        bytes.append(0xF9)
        appendBigEndian(UInt64(half), bytes: 2, to: &bytes)
    } else if let single = FloatWidths.single(double) {
        bytes.append(0xFA)
        appendBigEndian(UInt64(single), bytes: 4, to: &bytes)
    } else {
        bytes.append(0xFB)
        appendBigEndian(double.bitPattern, bytes: 8, to: &bytes)
    }
}

/// The initial byte and its argument, in the shortest form (RFC 8949 §3).
private func appendHead(_ major: UInt8, _ argument: UInt64, to bytes: inout [UInt8]) {
    let type = major << 5
    switch argument {
    case 0..<24: bytes.append(type | UInt8(argument))
    case 24...0xFF:
        bytes.append(type | 24)
        bytes.append(UInt8(argument))
    case 0x100...0xFFFF:
        bytes.append(type | 25)
        appendBigEndian(argument, bytes: 2, to: &bytes)
    case 0x1_0000...0xFFFF_FFFF:
        bytes.append(type | 26)
        appendBigEndian(argument, bytes: 4, to: &bytes)
    default:
        bytes.append(type | 27)
        appendBigEndian(argument, bytes: 8, to: &bytes)
    }
}

private func appendBigEndian(_ number: UInt64, bytes count: Int, to bytes: inout [UInt8]) {
    for place in stride(from: (count - 1) * 8, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(place)))
    }
}
