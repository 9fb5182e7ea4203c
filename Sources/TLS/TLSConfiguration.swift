import CMbedTLS

/// Everything the connections of one kind share: role, identity, trust, checks, suites.
///
/// Built once, immutable, cheap to copy; connections on any number of event loops may share one. A client's
/// configuration also remembers the last session, so that the next connection resumes it.
public struct TLSConfiguration: Sendable {
    /// Which side of the handshake.
    public enum Role: Sendable, Hashable {
        /// Opens the handshake.
        case client
        /// Answers it.
        case server
    }

    /// Whom the peer's certificate has to name. The chain is checked in every case.
    public enum PeerName: Sendable, Hashable {
        /// A DNS name or an IP address, found in the subjectAltName; DNS names also go out as SNI.
        case hostName(String)
        /// An OCF identity: its extended key usage and CN "uuid:…"; that very uuid when one is given. No host name.
        case ocf(uuid: String?)
        /// Nobody in particular.
        case any
    }

    /// Whether a server asks its clients for certificates. One that comes has to be good in every case.
    public enum ClientCertificate: Sendable, Hashable {
        /// Not asked for.
        case none
        /// Asked for.
        case optional
        /// Asked for, and a client without one is refused.
        case required
    }

    /// How sessions are taken up again without a full handshake.
    public struct Resumption: Sendable, Hashable {
        /// Server: how long a ticket is good for, in seconds; 0 for no tickets. Client: 0 to resume nothing.
        public var ticketLifetime: UInt32
        /// Server: sessions kept in memory for clients without tickets, about 1 kB each.
        public var cachedSessions: UInt32

        /// Resumption with these bounds.
        public init(ticketLifetime: UInt32, cachedSessions: UInt32) {
            self.ticketLifetime = ticketLifetime
            self.cachedSessions = cachedSessions
        }

        /// A day is what RFC 5246 F.1.4 suggests as the upper bound of a session; 64 cached sessions cover the
        /// constrained clients of one house.
        public static let standard = Resumption(ticketLifetime: 86_400, cachedSessions: 64)
        /// Every connection makes a full handshake.
        public static let off = Resumption(ticketLifetime: 0, cachedSessions: 0)
    }

    /// Which side.
    public let role: Role
    /// Our own certificates and key.
    public let identity: Identity?
    /// Where the peer's chain has to end.
    public let trust: TrustAnchors
    /// Whom the peer's certificate has to name.
    public let peerName: PeerName
    /// Server: whether clients are asked for certificates.
    public let clientCertificate: ClientCertificate
    /// Suites, the preferred first.
    public let cipherSuites: [CipherSuite]
    /// ALPN names, the preferred first; empty for no ALPN.
    public let applicationProtocols: [String]
    /// What certificates are judged by.
    public let clock: ValidityClock

    let storage: ConfigurationStorage
    let sessions: ClientSession?

    /// A client. `serverName` overrides the SNI that a host name gives.
    public static func client(
        trust: TrustAnchors, peerName: PeerName, identity: Identity? = nil,
        cipherSuites: [CipherSuite] = CipherSuite.standard, applicationProtocols: [String] = [],
        resumption: Resumption = .standard, clock: ValidityClock = .system
    ) throws(TLSError) -> TLSConfiguration {
        try TLSConfiguration(
            role: .client, identity: identity, trust: trust, peerName: peerName, clientCertificate: .required,
            cipherSuites: cipherSuites, applicationProtocols: applicationProtocols, resumption: resumption,
            clock: clock)
    }

    /// A server. `peerName` is what client certificates have to name.
    public static func server(
        identity: Identity, clientCertificate: ClientCertificate = .none, trust: TrustAnchors = TrustAnchors([]),
        peerName: PeerName = .any, cipherSuites: [CipherSuite] = CipherSuite.standard,
        applicationProtocols: [String] = [], resumption: Resumption = .standard, clock: ValidityClock = .system
    ) throws(TLSError) -> TLSConfiguration {
        try TLSConfiguration(
            role: .server, identity: identity, trust: trust, peerName: peerName,
            clientCertificate: clientCertificate, cipherSuites: cipherSuites,
            applicationProtocols: applicationProtocols, resumption: resumption, clock: clock)
    }

    init(
        role: Role, identity: Identity?, trust: TrustAnchors, peerName: PeerName,
        clientCertificate: ClientCertificate, cipherSuites: [CipherSuite], applicationProtocols: [String],
        resumption: Resumption, clock: ValidityClock, datagram: DatagramSettings? = nil
    ) throws(TLSError) {
        guard !cipherSuites.isEmpty else {
            throw TLSError(.invalidConfiguration, "no cipher suite is given; expected at least one")
        }
        if clientCertificate != .none && trust.certificates.isEmpty {
            throw TLSError(
                .invalidConfiguration, "the peer's certificate is to be checked but no trust anchor is given")
        }
        // The peer would refuse it; here the reason can be told.
        if let identity, identity.isChecked, let usage = identity.chain.leaf.extendedKeyUsage,
            usage.isDisjoint(with: role == .server ? [.server, .any] : [.client, .any])
        {
            throw TLSError(
                .wrongUsage,
                "the certificate \(identity.chain.leaf.label) may not be used for a \(role): its extended key usage "
                    + "lacks \(role)Auth",
                certificate: identity.chain.leaf.subject)
        }
        if case .hostName(let name) = peerName, name.isEmpty || name.utf8.count > 253 || name.utf8.contains(0) {
            throw TLSError(.invalidConfiguration, "host name \"\(name)\": expected 1 to 253 bytes")
        }
        if case .ocf(let uuid?) = peerName, !OCFIdentity.isUUID(uuid) {
            throw TLSError(.invalidConfiguration, "OCF id \"\(uuid)\": expected a UUID in hex, 8-4-4-4-12")
        }
        // RFC 7301 3.1: a name has 1 to 255 bytes.
        for name in applicationProtocols where name.isEmpty || name.utf8.count > 255 || name.utf8.contains(0) {
            throw TLSError(.invalidConfiguration, "application protocol \"\(name)\": expected 1 to 255 bytes")
        }
        self.role = role
        self.identity = identity
        self.trust = trust
        self.peerName = peerName
        self.clientCertificate = clientCertificate
        self.cipherSuites = cipherSuites
        self.applicationProtocols = applicationProtocols
        self.clock = clock
        sessions = role == .client && resumption.ticketLifetime > 0 ? ClientSession() : nil
        storage = try ConfigurationStorage(
            role: role, identity: identity, trust: trust, clientCertificate: clientCertificate,
            cipherSuites: cipherSuites, applicationProtocols: applicationProtocols, resumption: resumption,
            datagram: datagram)
    }

    /// What goes out as SNI: a DNS name; never an address (RFC 6066 3), never for OCF.
    var serverName: String? {
        guard role == .client, case .hostName(let name) = peerName, DER.address(name) == nil else { return nil }
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}
