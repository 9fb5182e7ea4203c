/// One AD structure of an advertising payload: its type and where its data lies (Core Specification Vol 3 Part C 11).
public struct ADStructure: Sendable, Hashable {
    /// The assigned type.
    public let type: ADType
    /// Where the data starts, in bytes from the start of the payload.
    public let offset: Int
    /// How many bytes of data there are, the type not counted. 254 at most, for a length byte covers both.
    public let count: Int

    /// A structure.
    @inlinable
    public init(type: ADType, offset: Int, count: Int) {
        self.type = type
        self.offset = offset
        self.count = count
    }

    /// Where the data lies in the payload.
    @inlinable
    public var range: Range<Int> { offset..<offset + count }
}

/// The assigned AD types that Gatehouse looks at (Assigned Numbers 2.3).
public struct ADType: RawRepresentable, Sendable, Hashable {
    /// The number.
    public let rawValue: UInt8

    /// A type by number.
    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// 0x01, what the device can do.
    public static let flags = ADType(rawValue: 0x01)
    /// 0x02, some of the services by 16-bit UUID.
    public static let incompleteServices16 = ADType(rawValue: 0x02)
    /// 0x03, all services by 16-bit UUID.
    public static let completeServices16 = ADType(rawValue: 0x03)
    /// 0x08, the name's beginning.
    public static let shortenedLocalName = ADType(rawValue: 0x08)
    /// 0x09, the name.
    public static let completeLocalName = ADType(rawValue: 0x09)
    /// 0x0A, transmit power in dBm.
    public static let transmitPower = ADType(rawValue: 0x0A)
    /// 0x16, data of a service with a 16-bit UUID, which comes first.
    public static let serviceData16 = ADType(rawValue: 0x16)
    /// 0x21, data of a service with a 128-bit UUID, which comes first.
    public static let serviceData128 = ADType(rawValue: 0x21)
    /// 0xFF, a maker's data, its company identifier first.
    public static let manufacturerData = ADType(rawValue: 0xFF)
}

/// Walks the AD structures of a payload without allocating.
///
/// The cursor holds a position and no bytes; hand it the same payload each time:
/// ```swift
/// var cursor = ADCursor()
/// while let structure = cursor.next(in: payload.span) { … }
/// ```
/// A length of zero ends the payload early (the rest is padding), and so does a structure that claims more bytes than
/// there are; ``isTruncated`` tells the two apart.
public struct ADCursor: Sendable {
    /// Where the next structure's length byte lies.
    public private(set) var position = 0
    /// Whether the walk ended at a structure that is cut short.
    public private(set) var isTruncated = false

    /// A cursor at the payload's start.
    @inlinable
    public init() {}

    /// The next structure; nil at the end.
    public mutating func next(in payload: Span<UInt8>) -> ADStructure? {
        guard position < payload.count else { return nil }
        let length = Int(payload[position])
        guard length > 0 else {
            position = payload.count
            return nil
        }
        guard length < payload.count - position else {
            isTruncated = true
            position = payload.count
            return nil
        }
        let start = position
        position += length + 1
        return ADStructure(type: ADType(rawValue: payload[start + 1]), offset: start + 2, count: length - 1)
    }
}

/// Convenient looks into a payload; each walks it anew and allocates its answer.
public enum ADStructures {
    /// All structures.
    public static func all(in payload: [UInt8]) -> [ADStructure] {
        var cursor = ADCursor()
        var structures: [ADStructure] = []
        while let structure = cursor.next(in: payload.span) { structures.append(structure) }
        return structures
    }

    /// The complete local name, else the shortened one; nil when there is none or it is no UTF-8.
    public static func localName(in payload: [UInt8]) -> String? {
        let structures = all(in: payload)
        let name =
            structures.first { $0.type == .completeLocalName } ?? structures.first { $0.type == .shortenedLocalName }
        return name.flatMap { String(validating: payload[$0.range], as: UTF8.self) }
    }

    /// The 16-bit services that it says it offers, from complete and incomplete lists (types 0x02 and 0x03).
    public static func services16(in payload: [UInt8]) -> [UInt16] {
        all(in: payload).filter { $0.type.rawValue == 0x02 || $0.type.rawValue == 0x03 }.flatMap { structure in
            stride(from: structure.range.lowerBound, to: structure.range.upperBound - 1, by: 2).map {
                UInt16(payload[$0]) | UInt16(payload[$0 + 1]) << 8
            }
        }
    }
}
