/// A compact serialization (RFC 7515 7.1, RFC 7516 7.1), read but not yet believed.
public enum CompactObject: Sendable {
    /// Three parts.
    case jws(JWS)
    /// Five parts.
    case jwe(JWE)

    /// Reads an object of either kind.
    ///
    /// - Throws: ``JOSEError`` `tooLong`, `malformed`, `unsecured`, `criticalHeader`, `compressed`, `badKey`.
    public init(parsing text: String) throws(JOSEError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads an object of either kind.
    public init(parsing bytes: [UInt8]) throws(JOSEError) {
        guard bytes.count <= JOSELimits.compact else {
            throw JOSEError(.tooLong, "an object of \(bytes.count) bytes; at most \(JOSELimits.compact) are read")
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 5, omittingEmptySubsequences: false)
        switch parts.count {
        case 3: self = .jws(try JWS(parts: parts, in: bytes))
        case 5: self = .jwe(try JWE(parts: parts))
        default:
            throw JOSEError(
                .malformed, "expected three parts (signed) or five (encrypted) between dots, found \(parts.count)")
        }
    }

    /// The header, which nobody vouches for yet.
    public var header: JOSEHeader {
        switch self {
        case .jws(let object): object.header
        case .jwe(let object): object.header
        }
    }

    static func decode(_ part: ArraySlice<UInt8>, _ name: String) throws(JOSEError) -> [UInt8] {
        guard let bytes = Base64URL.decode(part) else {
            throw JOSEError(.malformed, "the \(name) is no base64url without padding")
        }
        return bytes
    }
}
