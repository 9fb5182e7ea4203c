import TLS

/// A key with the one algorithm it signs with.
public struct SigningKey: Sendable {
    /// The algorithm.
    public let algorithm: SignatureAlgorithm
    /// `kid`.
    public let id: String?
    private let material: JSONWebKey.Material

    /// A key for an algorithm.
    ///
    /// - Throws: ``JOSEError`` `badKey` when the key is of another kind, another curve, too short, or meant for something
    ///   else.
    public init(_ key: JSONWebKey, algorithm: SignatureAlgorithm) throws(JOSEError) {
        try key.admit(algorithm)
        switch key.material {
        case .secret, .ellipticPrivate: break
        case .ellipticPublic, .rsaPublic:
            throw JOSEError(.badKey, "signing takes a private or a shared key; this one is public")
        }
        self.algorithm = algorithm
        id = key.id
        material = key.material
    }

    func signature(for input: [UInt8]) throws(JOSEError) -> [UInt8] {
        switch material {
        case .secret(let secret): return Cryptography.hmac(algorithm.hash, key: secret, input)
        case .ellipticPrivate(let key):
            return try key.signature(hash: Cryptography.hash(algorithm.hash, input), function: algorithm.hash)
        case .ellipticPublic, .rsaPublic: throw JOSEError(.badKey, "signing takes a private or a shared key")
        }
    }
}

/// A key with the one algorithm it verifies. Since the algorithm belongs to the key and not to the object, a public key
/// is never taken for a shared one.
public struct VerificationKey: Sendable {
    /// The algorithm.
    public let algorithm: SignatureAlgorithm
    /// `kid`.
    public let id: String?
    private let material: JSONWebKey.Material

    /// A key for an algorithm; of a private key the public half.
    ///
    /// - Throws: ``JOSEError`` `badKey` when the key is of another kind, another curve, too short, or meant for something
    ///   else.
    public init(_ key: JSONWebKey, algorithm: SignatureAlgorithm) throws(JOSEError) {
        try key.admit(algorithm)
        self.algorithm = algorithm
        id = key.id
        material = key.publicKey?.material ?? key.material
    }

    func isValid(signature: [UInt8], for input: [UInt8]) -> Bool {
        switch material {
        case .secret(let secret):
            Cryptography.constantTimeEquals(signature, Cryptography.hmac(algorithm.hash, key: secret, input))
        case .ellipticPublic(let key):
            key.isValid(signature: signature, hash: Cryptography.hash(algorithm.hash, input))
        case .rsaPublic(let key): key.isValid(signature: signature, for: input)
        case .ellipticPrivate: false
        }
    }
}

extension JSONWebKey {
    /// Checks that the key fits the algorithm.
    fileprivate func admit(_ algorithm: SignatureAlgorithm) throws(JOSEError) {
        guard use != .encryption else {
            throw JOSEError(.badKey, "the key is for encryption (\"use\"), not for signatures")
        }
        guard self.algorithm == nil || self.algorithm == algorithm.rawValue else {
            throw JOSEError(.badKey, "the key is for another algorithm (\"alg\") than \(algorithm.rawValue)")
        }
        let curve: Curve
        switch (material, algorithm) {
        case (.secret(let secret), .hs256), (.secret(let secret), .hs384), (.secret(let secret), .hs512):
            // RFC 7518 3.2: a key at least as long as the hash.
            guard secret.count >= algorithm.hash.rawValue else {
                throw JOSEError(
                    .badKey,
                    "\(algorithm.rawValue) takes a key of at least \(algorithm.hash.rawValue) bytes, found \(secret.count)"
                )
            }
            return
        case (.rsaPublic, .rs256): return
        case (.ellipticPublic(let key), _): curve = key.curve
        case (.ellipticPrivate(let key), _): curve = key.curve
        default: throw JOSEError(.badKey, "a key of another kind than \(algorithm.rawValue) takes")
        }
        guard algorithm.curve == curve else {
            throw JOSEError(.badKey, "a key of \(curve.rawValue) is not for \(algorithm.rawValue)")
        }
    }
}
