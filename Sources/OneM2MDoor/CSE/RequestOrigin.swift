import OneM2MPrimitives

/// Who brought a request, as the transport knows it; the request itself only says who it claims to be from.
public struct RequestOrigin: Sendable, Hashable {
    /// The way it came.
    public enum Transport: Sendable, Hashable {
        /// HTTP without TLS.
        case http
        /// HTTP inside TLS.
        case https
        /// CoAP without DTLS.
        case coap
        /// CoAP inside DTLS.
        case coaps
        /// From within this program: trusted.
        case `internal`
    }

    /// The way it came.
    public var transport: Transport
    /// The peer's IP address, for access contexts.
    public var address: String?
    /// Inside TLS or DTLS with an authenticated peer.
    public var isSecure: Bool
    /// AE-IDs and CSE-IDs that the certificate's or the key's identity speaks for; empty when there is none.
    public var identities: [String]

    /// An origin.
    public init(transport: Transport, address: String? = nil, isSecure: Bool = false, identities: [String] = []) {
        self.transport = transport
        self.address = address
        self.isSecure = isSecure
        self.identities = identities
    }

    /// This program.
    public static let `internal` = RequestOrigin(transport: .internal, isSecure: true)

    /// Whether it came over this machine's loopback.
    public var isLoopback: Bool {
        guard let network = address.flatMap({ Network($0) }) else { return false }
        return network.bytes.count == 4
            ? network.bytes[0] == 127 : network.bytes == [UInt8](repeating: 0, count: 15) + [1]
    }
}
