import TLS

/// What an authentication can be bound to: what only the two ends of this TLS connection have in common (RFC 5929).
public struct ChannelBindings: Sendable, Hashable {
    /// The kinds, by their registered names, the preferred first: that of the connection says more than that of the
    /// certificate. There is no `tls-exporter` (RFC 9266), for the connection is TLS 1.2.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The client's Finished message. Sound since every handshake here is a full one (RFC 7627 1).
        case unique = "tls-unique"
        /// A hash of the server's certificate.
        case serverEndPoint = "tls-server-end-point"
    }

    /// `tls-unique`.
    public var unique: [UInt8]?
    /// `tls-server-end-point`.
    public var serverEndPoint: [UInt8]?

    /// Bindings; without any, nothing can be bound.
    public init(unique: [UInt8]? = nil, serverEndPoint: [UInt8]? = nil) {
        self.unique = unique
        self.serverEndPoint = serverEndPoint
    }

    /// The bindings of a handshake.
    public init(_ handshake: TLSHandshakeCompleted) {
        self.init(
            unique: handshake.firstFinished, serverEndPoint: handshake.peer.flatMap { ServerEndPoint.hash(of: $0.leaf) }
        )
    }

    /// No bindings.
    public static let none = ChannelBindings()

    /// The value of a kind.
    public subscript(kind: Kind) -> [UInt8]? {
        switch kind {
        case .unique: unique
        case .serverEndPoint: serverEndPoint
        }
    }

    /// Whether there is none.
    public var isEmpty: Bool { unique == nil && serverEndPoint == nil }
}
