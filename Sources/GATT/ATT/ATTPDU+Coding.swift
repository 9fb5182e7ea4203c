/// Why bytes are no message.
public enum ATTDecodeError: Error, Sendable, Hashable {
    /// There are none.
    case empty
    /// This first byte is not read here.
    case unknownOpcode(UInt8)
    /// The rest has a length or a content that this message cannot have.
    case malformed(opcode: UInt8)
}

extension ATTPDU {
    /// The message's bytes.
    ///
    /// The members of a list must be of one length, as the protocol wants it; those that are not are left out.
    public var encoded: [UInt8] {
        var bytes = [opcode]
        switch self {
        case .errorResponse(let request, let handle, let error):
            bytes.append(request)
            bytes.append(little: handle)
            bytes.append(error.rawValue)
        case .exchangeMTURequest(let mtu), .exchangeMTUResponse(let mtu): bytes.append(little: mtu)
        case .findInformationRequest(let first, let last):
            bytes.append(little: first)
            bytes.append(little: last)
        case .findInformationResponse(let list):
            let size = list.first?.type.wire.count ?? 2
            bytes.append(size == 2 ? 1 : 2)
            for entry in list where entry.type.wire.count == size {
                bytes.append(little: entry.handle)
                bytes += entry.type.wire
            }
        case .readByTypeRequest(let first, let last, let type), .readByGroupTypeRequest(let first, let last, let type):
            bytes.append(little: first)
            bytes.append(little: last)
            bytes += type.wire
        case .readByTypeResponse(let list):
            let size = min(253, list.first?.value.count ?? 0)
            bytes.append(UInt8(size + 2))
            for entry in list where entry.value.count == size {
                bytes.append(little: entry.handle)
                bytes += entry.value
            }
        case .readByGroupTypeResponse(let list):
            let size = min(251, list.first?.value.count ?? 0)
            bytes.append(UInt8(size + 4))
            for entry in list where entry.value.count == size {
                bytes.append(little: entry.first)
                bytes.append(little: entry.last)
                bytes += entry.value
            }
        case .readRequest(let handle): bytes.append(little: handle)
        case .readBlobRequest(let handle, let offset):
            bytes.append(little: handle)
            bytes.append(little: offset)
        case .readResponse(let value), .readBlobResponse(let value): bytes += value
        case .writeRequest(let handle, let value), .writeCommand(let handle, let value),
            .notification(let handle, let value), .indication(let handle, let value):
            bytes.append(little: handle)
            bytes += value
        case .prepareWriteRequest(let handle, let offset, let value),
            .prepareWriteResponse(let handle, let offset, let value):
            bytes.append(little: handle)
            bytes.append(little: offset)
            bytes += value
        case .executeWriteRequest(let write): bytes.append(write ? 1 : 0)
        case .writeResponse, .executeWriteResponse, .confirmation: break
        case .multipleNotification(let list):
            for entry in list {
                bytes.append(little: entry.handle)
                bytes.append(little: UInt16(clamping: entry.value.count))
                bytes += entry.value.prefix(Int(UInt16.max))
            }
        }
        return bytes
    }

    /// Reads a message.
    ///
    /// - Throws: ``ATTDecodeError``.
    public init(_ bytes: [UInt8]) throws(ATTDecodeError) {
        guard let opcode = bytes.first else { throw .empty }
        var reader = ATTReader(bytes)
        guard let pdu = try ATTPDU.read(opcode, &reader), reader.isAtEnd else { throw .malformed(opcode: opcode) }
        self = pdu
    }

    /// The message of this first byte; nil when the rest does not fit it.
    private static func read(_ opcode: UInt8, _ reader: inout ATTReader) throws(ATTDecodeError) -> ATTPDU? {
        switch opcode {
        case 0x01:
            guard let request = reader.byte(), let handle = reader.number(), let error = reader.byte() else {
                return nil
            }
            return .errorResponse(request: request, handle: handle, error: ATTError(rawValue: error))
        case 0x02: return reader.number().map { .exchangeMTURequest($0) }
        case 0x03: return reader.number().map { .exchangeMTUResponse($0) }
        case 0x04:
            guard let range = reader.range() else { return nil }
            return .findInformationRequest(first: range.first, last: range.last)
        case 0x05: return findInformation(&reader)
        case 0x08:
            guard let range = reader.range(), let type = AttributeType(wire: reader.rest()) else { return nil }
            return .readByTypeRequest(first: range.first, last: range.last, type: type)
        case 0x09:
            return list(&reader, fixed: 2) { reader, size in
                reader.number().map { HandleValue(handle: $0, value: reader.bytes(size)) }
            }.map { .readByTypeResponse($0) }
        case 0x0A: return reader.number().map { .readRequest($0) }
        case 0x0B: return .readResponse(reader.rest())
        case 0x0C:
            guard let handle = reader.number(), let offset = reader.number() else { return nil }
            return .readBlobRequest(handle, offset: offset)
        case 0x0D: return .readBlobResponse(reader.rest())
        case 0x10:
            guard let range = reader.range(), let type = AttributeType(wire: reader.rest()) else { return nil }
            return .readByGroupTypeRequest(first: range.first, last: range.last, type: type)
        case 0x11:
            return list(&reader, fixed: 4) { reader, size in
                reader.range().map { Group(first: $0.first, last: $0.last, value: reader.bytes(size)) }
            }.map { .readByGroupTypeResponse($0) }
        case 0x12: return reader.number().map { .writeRequest($0, reader.rest()) }
        case 0x13: return .writeResponse
        case 0x52: return reader.number().map { .writeCommand($0, reader.rest()) }
        case 0x16, 0x17:
            guard let handle = reader.number(), let offset = reader.number() else { return nil }
            let value = reader.rest()
            return opcode == 0x16
                ? .prepareWriteRequest(handle, offset: offset, value)
                : .prepareWriteResponse(handle, offset: offset, value)
        case 0x18:
            guard let flags = reader.byte(), flags <= 1 else { return nil }
            return .executeWriteRequest(flags == 1)
        case 0x19: return .executeWriteResponse
        case 0x1B: return reader.number().map { .notification($0, reader.rest()) }
        case 0x1D: return reader.number().map { .indication($0, reader.rest()) }
        case 0x1E: return .confirmation
        case 0x23: return multiple(&reader)
        default: throw .unknownOpcode(opcode)
        }
    }

    private static func findInformation(_ reader: inout ATTReader) -> ATTPDU? {
        guard let format = reader.byte(), format == 1 || format == 2 else { return nil }
        let size = format == 1 ? 2 : 16
        guard reader.remaining > 0, reader.remaining.isMultiple(of: size + 2) else { return nil }
        var list: [Information] = []
        while !reader.isAtEnd {
            guard let handle = reader.number(), let type = AttributeType(wire: reader.bytes(size)) else { return nil }
            // A numbered type in the long format would not be written so again; it is the same type.
            list.append(Information(handle: handle, type: type))
        }
        return .findInformationResponse(list)
    }

    /// Entries of one length that stands in front, `fixed` bytes of it being handles.
    private static func list<Entry>(
        _ reader: inout ATTReader, fixed: Int, _ entry: (inout ATTReader, Int) -> Entry?
    ) -> [Entry]? {
        guard let length = reader.byte(), Int(length) >= fixed, reader.remaining > 0,
            reader.remaining.isMultiple(of: Int(length))
        else { return nil }
        var list: [Entry] = []
        while !reader.isAtEnd {
            guard let next = entry(&reader, Int(length) - fixed) else { return nil }
            list.append(next)
        }
        return list
    }

    private static func multiple(_ reader: inout ATTReader) -> ATTPDU? {
        var list: [HandleValue] = []
        while !reader.isAtEnd {
            guard let handle = reader.number(), let length = reader.number(), Int(length) <= reader.remaining else {
                return nil
            }
            list.append(HandleValue(handle: handle, value: reader.bytes(Int(length))))
        }
        return .multipleNotification(list)
    }
}

/// A walk over a message's bytes after the first; answers nil, or what is left, past the end.
private struct ATTReader {
    private let bytes: [UInt8]
    private var position = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }
    var isAtEnd: Bool { remaining == 0 }

    mutating func byte() -> UInt8? {
        guard remaining >= 1 else { return nil }
        position += 1
        return bytes[position - 1]
    }

    mutating func number() -> UInt16? {
        guard remaining >= 2 else { return nil }
        position += 2
        return UInt16(bytes[position - 2]) | UInt16(bytes[position - 1]) << 8
    }

    mutating func range() -> (first: AttributeHandle, last: AttributeHandle)? {
        guard remaining >= 4, let first = number(), let last = number() else { return nil }
        return (first, last)
    }

    /// So many bytes; the caller has checked that they are there, or takes fewer.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let end = position + min(max(0, count), remaining)
        defer { position = end }
        return Array(bytes[position..<end])
    }

    mutating func rest() -> [UInt8] { bytes(remaining) }
}

extension [UInt8] {
    fileprivate mutating func append(little number: UInt16) {
        append(UInt8(truncatingIfNeeded: number))
        append(UInt8(number >> 8))
    }
}
