import CoAP
import OCFModel

/// Who asks, and by which way the request came.
public struct Caller: Sendable, Hashable {
    /// The way of a request.
    public enum Way: Sendable, Hashable {
        /// The connection that the gateway itself has made to its cloud.
        case cloud
        /// A DTLS session on the local network.
        case secured
        /// Plain CoAP on the local network.
        case clear
    }

    /// Who asks, as far as the transport has proved it.
    public let requester: Requester
    /// The way.
    public let way: Way
    /// The encrypted connection; nil for plain CoAP.
    public let session: SessionID?
    /// The `credid` of the pair-wise key that was used.
    public let credentialID: Int?
    /// Whether an identity certificate was shown.
    public let hasIdentityCertificate: Bool
    /// Where the request came in, on the local network.
    public var arrival: Arrival?

    /// A caller.
    public init(
        _ requester: Requester, way: Way, session: SessionID? = nil, credentialID: Int? = nil,
        hasIdentityCertificate: Bool = false, arrival: Arrival? = nil
    ) {
        self.requester = requester
        self.way = way
        self.session = session
        self.credentialID = credentialID
        self.hasIdentityCertificate = hasIdentityCertificate
        self.arrival = arrival
    }

    /// The cloud, or whoever stands behind it, as its TLS handshake has proved.
    public static func cloud(_ requester: Requester) -> Caller {
        // Roles are asserted per connection, and this stands for all connections of the cloud: none are.
        Caller(requester, way: .cloud, session: SessionID(rawValue: cloudSession))
    }

    /// Anybody on the local network.
    public static func clear(at arrival: Arrival?) -> Caller {
        Caller(.anonymous, way: .clear, arrival: arrival)
    }

    /// The number of the cloud's connection among sessions; those of the local network begin behind it.
    static let cloudSession: UInt64 = 0

    /// Whether the request was sent to a group.
    var isMulticast: Bool { arrival?.isMulticast ?? false }
}
