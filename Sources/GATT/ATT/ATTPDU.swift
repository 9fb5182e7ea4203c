/// A message of the Attribute Protocol (Core Specification Vol 3 Part F 3.4), as a value.
public enum ATTPDU: Sendable, Hashable {
    /// A handle with the type of its attribute.
    public struct Information: Sendable, Hashable {
        /// The attribute.
        public var handle: AttributeHandle
        /// What it is.
        public var type: AttributeType

        /// A handle with its type.
        public init(handle: AttributeHandle, type: AttributeType) {
            self.handle = handle
            self.type = type
        }
    }

    /// A handle with its attribute's value.
    public struct HandleValue: Sendable, Hashable {
        /// The attribute.
        public var handle: AttributeHandle
        /// Its value, or the beginning of it.
        public var value: [UInt8]

        /// A handle with its value.
        public init(handle: AttributeHandle, value: [UInt8]) {
            self.handle = handle
            self.value = value
        }
    }

    /// A group of attributes with the value of the first.
    public struct Group: Sendable, Hashable {
        /// The first and the last of the group.
        public var first: AttributeHandle
        /// See ``first``.
        public var last: AttributeHandle
        /// The first one's value.
        public var value: [UInt8]

        /// A group.
        public init(first: AttributeHandle, last: AttributeHandle, value: [UInt8]) {
            self.first = first
            self.last = last
            self.value = value
        }
    }

    /// 0x01: a request was refused.
    case errorResponse(request: UInt8, handle: AttributeHandle, error: ATTError)
    /// 0x02 and 0x03: how long messages may be.
    case exchangeMTURequest(UInt16)
    /// See ``exchangeMTURequest(_:)``.
    case exchangeMTUResponse(UInt16)
    /// 0x04: which attributes are in this range.
    case findInformationRequest(first: AttributeHandle, last: AttributeHandle)
    /// 0x05: all of one format, never empty.
    case findInformationResponse([Information])
    /// 0x08: the values of one type in this range.
    case readByTypeRequest(first: AttributeHandle, last: AttributeHandle, type: AttributeType)
    /// 0x09: all of one length, never empty.
    case readByTypeResponse([HandleValue])
    /// 0x0A: a value.
    case readRequest(AttributeHandle)
    /// 0x0B: its beginning.
    case readResponse([UInt8])
    /// 0x0C: a value from an offset.
    case readBlobRequest(AttributeHandle, offset: UInt16)
    /// 0x0D: that part.
    case readBlobResponse([UInt8])
    /// 0x10: the groups of one type in this range.
    case readByGroupTypeRequest(first: AttributeHandle, last: AttributeHandle, type: AttributeType)
    /// 0x11: all of one length, never empty.
    case readByGroupTypeResponse([Group])
    /// 0x12: set a value, and say so.
    case writeRequest(AttributeHandle, [UInt8])
    /// 0x13: it is set.
    case writeResponse
    /// 0x52: set a value.
    case writeCommand(AttributeHandle, [UInt8])
    /// 0x16: a part of a long value to be set.
    case prepareWriteRequest(AttributeHandle, offset: UInt16, [UInt8])
    /// 0x17: the part, as it came.
    case prepareWriteResponse(AttributeHandle, offset: UInt16, [UInt8])
    /// 0x18: set what was prepared (true), or drop it.
    case executeWriteRequest(Bool)
    /// 0x19: done.
    case executeWriteResponse
    /// 0x1B: a value, unasked.
    case notification(AttributeHandle, [UInt8])
    /// 0x1D: a value, unasked, to be confirmed.
    case indication(AttributeHandle, [UInt8])
    /// 0x1E: an indication was taken.
    case confirmation
    /// 0x23: several values, unasked.
    case multipleNotification([HandleValue])

    /// The first byte.
    public var opcode: UInt8 {
        switch self {
        case .errorResponse: 0x01
        case .exchangeMTURequest: 0x02
        case .exchangeMTUResponse: 0x03
        case .findInformationRequest: 0x04
        case .findInformationResponse: 0x05
        case .readByTypeRequest: 0x08
        case .readByTypeResponse: 0x09
        case .readRequest: 0x0A
        case .readResponse: 0x0B
        case .readBlobRequest: 0x0C
        case .readBlobResponse: 0x0D
        case .readByGroupTypeRequest: 0x10
        case .readByGroupTypeResponse: 0x11
        case .writeRequest: 0x12
        case .writeResponse: 0x13
        case .writeCommand: 0x52
        case .prepareWriteRequest: 0x16
        case .prepareWriteResponse: 0x17
        case .executeWriteRequest: 0x18
        case .executeWriteResponse: 0x19
        case .notification: 0x1B
        case .indication: 0x1D
        case .confirmation: 0x1E
        case .multipleNotification: 0x23
        }
    }
}

/// What a first byte says (Vol 3 Part F 3.3.1).
enum ATTOpcode {
    /// A request that must be answered.
    static func isRequest(_ opcode: UInt8) -> Bool {
        switch opcode {
        case 0x02, 0x04, 0x06, 0x08, 0x0A, 0x0C, 0x0E, 0x10, 0x12, 0x16, 0x18, 0x20: true
        // Requests of versions to come look like those of today: even, no command, neither indication nor confirmation.
        default: opcode & 0x40 == 0 && opcode > 0x23 && opcode.isMultiple(of: 2)
        }
    }

    /// An answer to a request.
    static func isResponse(_ opcode: UInt8) -> Bool {
        switch opcode {
        case 0x01, 0x03, 0x05, 0x07, 0x09, 0x0B, 0x0D, 0x0F, 0x11, 0x13, 0x17, 0x19, 0x21: true
        default: false
        }
    }
}
