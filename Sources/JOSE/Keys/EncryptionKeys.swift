/// A key with the one way its holder gets content keys by.
public struct DecryptionKey: Sendable {
    /// How the content key comes.
    public let algorithm: KeyManagement
    /// `kid`.
    public let id: String?
    let material: JSONWebKey.Material

    /// A key for an algorithm.
    ///
    /// - Throws: ``JOSEError`` `badKey` when the key is of another kind or length, public, or meant for something else.
    public init(_ key: JSONWebKey, algorithm: KeyManagement) throws(JOSEError) {
        try key.admit(algorithm, privately: true)
        self.algorithm = algorithm
        id = key.id
        material = key.material
    }
}

/// A recipient's key with the way content keys reach it.
public struct EncryptionKey: Sendable {
    /// How the content key goes.
    public let algorithm: KeyManagement
    /// How the content is encrypted.
    public let encryption: ContentEncryption
    /// `kid`.
    public let id: String?
    let material: JSONWebKey.Material

    /// A key for an algorithm; of a private key the public half.
    ///
    /// - Throws: ``JOSEError`` `badKey` when the key is of another kind or length, or meant for something else.
    public init(
        _ key: JSONWebKey, algorithm: KeyManagement, encryption: ContentEncryption = .a256GCM
    ) throws(JOSEError) {
        try key.admit(algorithm, privately: false)
        if algorithm == .direct, case .secret(let secret) = key.material, secret.count != encryption.keyLength {
            throw JOSEError(
                .badKey, "\(encryption.rawValue) takes a key of \(encryption.keyLength) bytes, found \(secret.count)")
        }
        self.algorithm = algorithm
        self.encryption = encryption
        id = key.id
        material = key.publicKey?.material ?? key.material
    }
}

extension JSONWebKey {
    fileprivate func admit(_ algorithm: KeyManagement, privately: Bool) throws(JOSEError) {
        guard use != .signature else {
            throw JOSEError(.badKey, "the key is for signatures (\"use\"), not for encryption")
        }
        // A shared key may also name the content encryption it is for, with `dir`.
        guard
            self.algorithm == nil || self.algorithm == algorithm.rawValue
                || (algorithm == .direct && self.algorithm.flatMap(ContentEncryption.init(rawValue:)) != nil)
        else {
            throw JOSEError(.badKey, "the key is for another algorithm (\"alg\") than \(algorithm.rawValue)")
        }
        switch material {
        case .secret(let secret) where !algorithm.isAgreement:
            let lengths = algorithm.wrappingKeyLength.map { [$0] } ?? ContentEncryption.allCases.map(\.keyLength)
            guard lengths.contains(secret.count) else {
                throw JOSEError(
                    .badKey,
                    "\(algorithm.rawValue) takes a key of \(lengths.map(String.init).joined(separator: " or ")) bytes, found \(secret.count)"
                )
            }
        case .ellipticPrivate where algorithm.isAgreement: break
        case .ellipticPublic where algorithm.isAgreement:
            guard !privately else { throw JOSEError(.badKey, "decrypting takes a private key; this one is public") }
        case .secret, .ellipticPublic, .ellipticPrivate, .rsaPublic:
            throw JOSEError(.badKey, "a key of another kind than \(algorithm.rawValue) takes")
        }
    }
}
