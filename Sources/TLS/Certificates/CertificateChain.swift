/// Our own certificates, leaf first, as they are shown to the peer.
public struct CertificateChain: Sendable, Hashable {
    /// Leaf first, then its issuer, and so on; never empty.
    public let certificates: [Certificate]

    /// A chain; throws `.malformedPEM` when empty.
    public init(_ certificates: [Certificate]) throws(TLSError) {
        guard !certificates.isEmpty else {
            throw TLSError(.malformedPEM, "a certificate chain needs a certificate; found none")
        }
        self.certificates = certificates
    }

    /// The CERTIFICATE blocks of a PEM text, in order. Other blocks (a key beside its chain) are passed over.
    public init(pem: String, origin: String = "PEM text") throws(TLSError) {
        try self.init(Certificates.parse(Array(pem.utf8), origin: origin))
    }

    /// The CERTIFICATE blocks of a PEM file.
    public init(file: String) throws(TLSError) {
        try self.init(Certificates.parse(try PEM.read(file: file), origin: file))
    }

    /// The first certificate.
    public var leaf: Certificate { certificates[0] }

    /// All blocks, leaf first.
    public var pem: String { certificates.map(\.pem).joined() }
}

/// The certificates a peer's chain has to end at.
public struct TrustAnchors: Sendable, Hashable {
    /// Roots, or intermediates that are trusted on their own.
    public let certificates: [Certificate]

    /// Anchors; an empty list trusts nobody.
    public init(_ certificates: [Certificate]) { self.certificates = certificates }

    /// The CERTIFICATE blocks of a PEM text.
    public init(pem: String, origin: String = "PEM text") throws(TLSError) {
        certificates = try Certificates.parse(Array(pem.utf8), origin: origin)
    }

    /// The CERTIFICATE blocks of a PEM file.
    public init(file: String) throws(TLSError) {
        certificates = try Certificates.parse(try PEM.read(file: file), origin: file)
    }

    /// All blocks.
    public var pem: String { certificates.map(\.pem).joined() }
}

enum Certificates {
    static func parse(_ text: [UInt8], origin: String) throws(TLSError) -> [Certificate] {
        var certificates: [Certificate] = []
        for block in try PEM.blocks(in: text, origin: origin)
        where block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE" {
            certificates.append(try Certificate(der: block.bytes, origin: "\(origin):\(block.line)"))
        }
        guard !certificates.isEmpty else {
            throw TLSError(.malformedPEM, "\(origin): found no CERTIFICATE block; expected at least one")
        }
        return certificates
    }
}

/// A certificate chain and the private key of its leaf.
public struct Identity: Sendable {
    /// The chain that is shown.
    public let chain: CertificateChain
    /// The leaf's key.
    public let key: PrivateKey
    /// False only for tests that play a peer without the right key.
    let isChecked: Bool

    /// An identity; throws `.keyMismatch`, naming the certificate, when the key belongs to another one.
    public init(chain: CertificateChain, key: PrivateKey) throws(TLSError) {
        guard key.fits(chain.leaf) else {
            throw TLSError(
                .keyMismatch,
                "the private key \(key.origin.map { "\($0) " } ?? "")does not belong to the certificate "
                    + "\(chain.leaf.label); expected the key it was issued for",
                certificate: chain.leaf.subject)
        }
        self.chain = chain
        self.key = key
        isChecked = true
    }

    /// From PEM files; both may be the same file.
    public init(certificateFile: String, keyFile: String) throws(TLSError) {
        try self.init(chain: CertificateChain(file: certificateFile), key: PrivateKey(file: keyFile))
    }

    init(unchecked chain: CertificateChain, key: PrivateKey) {
        self.chain = chain
        self.key = key
        isChecked = false
    }
}
