import Advertising

/// Why a server refuses a request (Core Specification Vol 3 Part F 3.4.1.1, and the Supplement's Part B for 0xFC up).
public struct ATTError: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The code on the wire.
    public let rawValue: UInt8

    /// The error of this code; codes without a name are errors, too.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// No attribute has this handle.
    public static let invalidHandle = ATTError(rawValue: 0x01)
    /// It cannot be read.
    public static let readNotPermitted = ATTError(rawValue: 0x02)
    /// It cannot be written.
    public static let writeNotPermitted = ATTError(rawValue: 0x03)
    /// The request was malformed.
    public static let invalidPDU = ATTError(rawValue: 0x04)
    /// A bond with authentication is needed.
    public static let insufficientAuthentication = ATTError(rawValue: 0x05)
    /// The server does not know this request.
    public static let requestNotSupported = ATTError(rawValue: 0x06)
    /// Past the value's end.
    public static let invalidOffset = ATTError(rawValue: 0x07)
    /// The server does not let this client.
    public static let insufficientAuthorization = ATTError(rawValue: 0x08)
    /// Too many prepared writes.
    public static let prepareQueueFull = ATTError(rawValue: 0x09)
    /// Nothing of this type in this range.
    public static let attributeNotFound = ATTError(rawValue: 0x0A)
    /// It is short: blobs are not read of it.
    public static let attributeNotLong = ATTError(rawValue: 0x0B)
    /// The link's key is too short.
    public static let insufficientKeySize = ATTError(rawValue: 0x0C)
    /// The value has a length that it may not.
    public static let invalidValueLength = ATTError(rawValue: 0x0D)
    /// The server could not.
    public static let unlikelyError = ATTError(rawValue: 0x0E)
    /// The link must be encrypted.
    public static let insufficientEncryption = ATTError(rawValue: 0x0F)
    /// No grouping attribute.
    public static let unsupportedGroupType = ATTError(rawValue: 0x10)
    /// The server has too much to do.
    public static let insufficientResources = ATTError(rawValue: 0x11)
    /// What the server knew of this client no longer holds: discover anew.
    public static let databaseOutOfSync = ATTError(rawValue: 0x12)
    /// The value is one that it may not have.
    public static let valueNotAllowed = ATTError(rawValue: 0x13)

    /// Whether encrypting the link, or bonding, may help.
    public var asksForSecurity: Bool {
        switch self {
        case .insufficientAuthentication, .insufficientEncryption, .insufficientKeySize: true
        default: false
        }
    }

    /// The specification's name for it.
    public var description: String {
        let names = [
            "Invalid Handle", "Read Not Permitted", "Write Not Permitted", "Invalid PDU", "Insufficient Authentication",
            "Request Not Supported", "Invalid Offset", "Insufficient Authorization", "Prepare Queue Full",
            "Attribute Not Found", "Attribute Not Long", "Encryption Key Size Too Short",
            "Invalid Attribute Value Length", "Unlikely Error", "Insufficient Encryption", "Unsupported Group Type",
            "Insufficient Resources", "Database Out Of Sync", "Value Not Allowed",
        ]
        if (1...UInt8(names.count)).contains(rawValue) { return names[Int(rawValue) - 1] }
        return switch rawValue {
        case 0x80...0x9F: "application error 0x\(Hex.upper(UInt64(rawValue), digits: 2))"
        case 0xFC: "Write Request Rejected"
        case 0xFD: "Client Characteristic Configuration Descriptor Improperly Configured"
        case 0xFE: "Procedure Already in Progress"
        case 0xFF: "Out of Range"
        default: "error 0x\(Hex.upper(UInt64(rawValue), digits: 2))"
        }
    }
}
