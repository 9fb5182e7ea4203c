import CMbedTLS
import NIOCore

/// What a session wants done, or tells.
public enum DTLSEvent: Sendable, Equatable {
    /// A datagram to send to the peer.
    case send(ByteBuffer)
    /// The handshake is done; data follows.
    case completed(DTLSHandshakeCompleted)
    /// One record's plaintext, as the peer sent it.
    case received(ByteBuffer)
    /// The session is over, the last event of it; nil after the peer's close_notify, or `close` here.
    case closed(TLSError?)

    var isReceived: Bool {
        if case .received = self { true } else { false }
    }
}

/// Told once when a handshake is done.
public struct DTLSHandshakeCompleted: Sendable, Hashable {
    /// The peer's certificate, checked; nil when there is none.
    public let peer: PeerCertificate?
    /// Server: the identity of the pre-shared key the client has proven; nil without one.
    public let preSharedIdentity: [UInt8]?
    /// The suite in use.
    public let cipherSuite: CipherSuite
}

/// What a session's keys are derived from (RFC 5246 6.3): for owner credentials. Keep it short, and never log it.
public struct DTLSSecrets: Sendable {
    /// 48 bytes.
    public let masterSecret: [UInt8]
    /// 32 bytes.
    public let clientRandom: [UInt8]
    /// 32 bytes.
    public let serverRandom: [UInt8]

    init(_ secrets: gh_dtls_secrets) {
        masterSecret = withUnsafeBytes(of: secrets.master) { Array($0) }
        clientRandom = withUnsafeBytes(of: secrets.client_random) { Array($0) }
        serverRandom = withUnsafeBytes(of: secrets.server_random) { Array($0) }
    }
}

extension DTLSSecrets: CustomStringConvertible, CustomReflectable {
    /// Nothing of the secrets.
    public var description: String { "secrets of a DTLS session" }
    /// Nothing of the secrets, for dumps.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
