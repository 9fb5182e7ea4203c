/// What went wrong with a key, a certificate or a connection.
///
/// Two errors are equal when their codes are: tests and callers compare codes, people read `reason`, which says what
/// was found, what was expected, and what to do.
public struct TLSError: Error, Sendable {
    /// What kind of failure it is.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        // Files, keys, certificates.
        case unreadableFile
        case malformedPEM
        case malformedCertificate
        case malformedKey
        case encryptedKey
        case unsupportedKey
        case keyMismatch
        case malformedRequest
        case invalidConfiguration
        // A peer's certificate was refused.
        case certificateExpired
        case certificateNotYetValid
        case unknownIssuer
        case wrongName
        case wrongIdentity
        case notAnIdentity
        case wrongUsage
        case weakCertificate
        case certificateRevoked
        case certificateRefused
        case noPeerCertificate
        case badSignature
        // The connection.
        case peerAlert
        case negotiationFailed
        case badRecord
        case protocolViolation
        case truncated
        case handshakeTimeout
        case handshakeTooLong
        case writeBufferFull
        case connectionClosed
        // Datagrams.
        case unknownIdentity
        case messageTooLong
        case idleTimeout
        case sessionEvicted
        case unavailable
        // The machine.
        case outOfMemory
        case internalError
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence for people.
    public var reason: String
    /// The number of the alert, when `code` is `.peerAlert` (RFC 5246 7.2).
    public var alert: UInt8?
    /// The subject of the certificate concerned.
    public var certificate: String?

    /// An error.
    public init(_ code: Code, _ reason: String, alert: UInt8? = nil, certificate: String? = nil) {
        self.code = code
        self.reason = reason
        self.alert = alert
        self.certificate = certificate
    }
}

extension TLSError: Equatable {
    /// Whether both are of the same kind.
    public static func == (left: TLSError, right: TLSError) -> Bool { left.code == right.code }
}

extension TLSError: CustomStringConvertible {
    /// "code: reason".
    public var description: String { "\(code.rawValue): \(reason)" }
}
