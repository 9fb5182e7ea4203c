/// Everything the datagram sessions of one kind share: role, identity, trust, checks, keys, suites. DTLS 1.2 only.
///
/// Built once, immutable, cheap to copy. Handshakes are always full ones.
public struct DTLSConfiguration: Sendable {
    /// Which side.
    public var role: TLSConfiguration.Role { base.role }
    /// Our own certificates and key.
    public var identity: Identity? { base.identity }
    /// Suites, the preferred first.
    public var cipherSuites: [CipherSuite] { base.cipherSuites }
    /// Whether sessions keep their master secret for `DTLSSession.takeSecrets`.
    public let exportsSecrets: Bool

    let base: TLSConfiguration

    /// A client that knows its server by certificate. `peerName` as for streams, `.ocf` mostly.
    public static func client(
        trust: TrustAnchors, peerName: TLSConfiguration.PeerName, identity: Identity? = nil,
        cipherSuites: [CipherSuite] = CipherSuite.datagram, exportsSecrets: Bool = false,
        clock: ValidityClock = .system
    ) throws(TLSError) -> DTLSConfiguration {
        try refuseKeySuites(cipherSuites)
        return try DTLSConfiguration(
            .client, identity, trust, peerName, .required, cipherSuites, .certificates, exportsSecrets, clock)
    }

    /// A client that shares a key with its server (ECDHE-PSK-AES128-CBC-SHA256).
    public static func client(
        preSharedKey: PreSharedKey, exportsSecrets: Bool = false
    ) throws(TLSError) -> DTLSConfiguration {
        guard (PreSharedKey.minimumLength...PreSharedKey.maximumLength).contains(preSharedKey.key.count) else {
            throw TLSError(
                .invalidConfiguration,
                "the pre-shared key has \(preSharedKey.key.count) bytes; expected \(PreSharedKey.minimumLength) to "
                    + "\(PreSharedKey.maximumLength)")
        }
        guard (1...PreSharedKey.maximumIdentityLength).contains(preSharedKey.identity.count) else {
            throw TLSError(
                .invalidConfiguration,
                "the identity has \(preSharedKey.identity.count) bytes; expected 1 to "
                    + "\(PreSharedKey.maximumIdentityLength)")
        }
        return try DTLSConfiguration(
            .client, nil, TrustAnchors([]), .any, .none, [.pskAES128CBC], .key(preSharedKey), exportsSecrets, .system)
    }

    /// A server that shows a certificate. `peerName` is what client certificates have to name. With `preSharedKeys`
    /// clients may come by key as well; `identityHint` (up to 64 bytes, any bytes) tells them who asks, and needs
    /// `OCFHandshakes`: throws `.unavailable` without.
    public static func server(
        identity: Identity, clientCertificate: TLSConfiguration.ClientCertificate = .none,
        trust: TrustAnchors = TrustAnchors([]), peerName: TLSConfiguration.PeerName = .any,
        cipherSuites: [CipherSuite] = CipherSuite.datagram, preSharedKeys: PreSharedKeys? = nil,
        identityHint: [UInt8] = [], exportsSecrets: Bool = false, clock: ValidityClock = .system
    ) throws(TLSError) -> DTLSConfiguration {
        try refuseKeySuites(cipherSuites)
        try check(hint: identityHint)
        // A client that offers the suite has a key for us.
        return try DTLSConfiguration(
            .server, identity, trust, peerName, clientCertificate,
            (preSharedKeys == nil ? [] : [.pskAES128CBC]) + cipherSuites,
            preSharedKeys.map { .lookup($0, hint: identityHint) } ?? .certificates, exportsSecrets, clock)
    }

    /// A server for clients that share a key with it, and for nobody else. `identityHint` as above.
    public static func server(
        preSharedKeys: PreSharedKeys, identityHint: [UInt8] = [], exportsSecrets: Bool = false
    ) throws(TLSError) -> DTLSConfiguration {
        try check(hint: identityHint)
        return try DTLSConfiguration(
            .server, nil, TrustAnchors([]), .any, .none, [.pskAES128CBC],
            .lookup(preSharedKeys, hint: identityHint), exportsSecrets, .system)
    }

    /// A server for anybody, for "just works" alone: suite 0xFF00, by which neither side proves who it is. Needs
    /// `OCFHandshakes`: throws `.unavailable` without.
    public static func anonymousServer(exportsSecrets: Bool = true) throws(TLSError) -> DTLSConfiguration {
        try DTLSConfiguration(
            .server, nil, TrustAnchors([]), .any, .none, [.ocfAnonymous], .anonymous, exportsSecrets, .system)
    }

    private init(
        _ role: TLSConfiguration.Role, _ identity: Identity?, _ trust: TrustAnchors,
        _ peerName: TLSConfiguration.PeerName, _ clientCertificate: TLSConfiguration.ClientCertificate,
        _ cipherSuites: [CipherSuite], _ authentication: DatagramSettings.Authentication, _ exportsSecrets: Bool,
        _ clock: ValidityClock
    ) throws(TLSError) {
        self.exportsSecrets = exportsSecrets
        base = try TLSConfiguration(
            role: role, identity: identity, trust: trust, peerName: peerName, clientCertificate: clientCertificate,
            cipherSuites: cipherSuites, applicationProtocols: [], resumption: .off, clock: clock,
            datagram: DatagramSettings(
                authentication: authentication, firstTimeout: DTLSLimits.firstRetransmission,
                lastTimeout: DTLSLimits.lastRetransmission, exportsKeys: exportsSecrets))
    }

    /// These come with their keys, never by the list: a server without keys would offer what it cannot do, and
    /// 0xFF00 beside certificates would let anybody in.
    private static func refuseKeySuites(_ suites: [CipherSuite]) throws(TLSError) {
        if let suite = suites.first(where: { $0 == .pskAES128CBC || $0 == .ocfAnonymous }) {
            throw TLSError(
                .invalidConfiguration, "the suite \(suite) is given beside certificates; expected ECDHE-ECDSA suites")
        }
    }

    private static func check(hint: [UInt8]) throws(TLSError) {
        guard hint.count <= maximumHint else {
            throw TLSError(
                .invalidConfiguration, "the identity hint has \(hint.count) bytes; expected at most \(maximumHint)")
        }
    }

    /// What the shim takes; OCF's longest hint has 33 bytes.
    static let maximumHint = 64
}
