/// The certificate the peer has shown and that has passed all checks.
public struct PeerCertificate: Sendable, Hashable {
    /// Leaf first. After a resumption the leaf alone.
    public let chain: [Certificate]

    init?(_ chain: [Certificate]) {
        guard !chain.isEmpty else { return nil }
        self.chain = chain
    }

    /// The peer's own certificate.
    public var leaf: Certificate { chain[0] }
    /// The first CN of its subject.
    public var subjectCommonName: String? { leaf.commonName }
    /// The device or cloud id of "CN=uuid:…", in lower case.
    public var ocfUUID: String? { leaf.ocfUUID }
    /// SHA-256 of the leaf.
    public var fingerprint: [UInt8] { leaf.fingerprint }
}

/// Fired once as a user inbound event when the handshake is done, before any data.
public struct TLSHandshakeCompleted: Sendable, Hashable {
    /// The peer's certificate; nil when it was not asked for or an optional one did not come.
    public let peer: PeerCertificate?
    /// The suite in use.
    public let cipherSuite: CipherSuite
    /// The ALPN protocol agreed on.
    public let applicationProtocol: String?
    /// Whether an earlier session was taken up.
    public let isResumed: Bool
    /// The client's Finished message of a full handshake, at the client: what `tls-unique` is (RFC 5929 3.1).
    public let firstFinished: [UInt8]?
}
