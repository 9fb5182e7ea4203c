import TLS

/// An authority and OCF identities under it.
struct Authority {
    static let cloud = "11111111-2222-3333-4444-555555555555"
    static let device = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

    let root: CertificateIssuer

    init() throws {
        root = try .root(commonName: "Test Root", key: .generateP256(), validity: .days(30))
    }

    var trust: TrustAnchors { TrustAnchors([root.certificate]) }

    func identity(_ uuid: String) throws -> Identity {
        let key = try PrivateKey.generateP256()
        let leaf = try root.issue(.ocfIdentity(uuid: uuid, publicKey: try key.publicKey(), validity: .days(30)))
        return try Identity(chain: CertificateChain([leaf]), key: key)
    }

    /// A server known by name, whose key and certificate other programs can read.
    func named(_ names: [String]) throws -> (identity: Identity, certificate: String, key: String) {
        let key = try PrivateKey.generateP256()
        let leaf = try root.issue(
            .init(commonName: names[0], publicKey: try key.publicKey(), validity: .days(30), names: names))
        return (try Identity(chain: CertificateChain([leaf]), key: key), leaf.pem, try key.pem())
    }
}
