import JOSE
import JSONText
import OneM2MPrimitives

/// How a token is protected (TS-0003 8.4, the classes of ESData).
public enum TokenProtection: String, Sendable, Hashable, CaseIterable {
    /// Signed: authentic, and readable by who carries it.
    case signed
    /// Encrypted with a key that issuer and host share: authentic, since nobody else has the key.
    case encrypted
    /// Signed, then encrypted for the host.
    case nested
}

/// A Token Authority whose tokens this CSE honours, and how far.
public struct TrustedIssuer: Sendable {
    /// Who it is.
    public var entity: EntityID
    /// The keys that its signatures are verified with, each with its one algorithm.
    public var keys: [VerificationKey]
    /// The thumbprints of the public keys that ``setKeys(_:)`` was given: what trust in its later ones began with.
    public internal(set) var anchors: [String] = []
    /// The keys that it shares with this CSE for encryption.
    public var sharedKeys: [DecryptionKey] = []
    /// How its tokens may be protected; others are discarded.
    public var protections: Set<TokenProtection> = [.signed, .nested]
    /// How its claims are named.
    public var claims = ClaimForm.standard
    /// The most that its tokens may give here (step 9.2 of TR-0019 8.2.2).
    public var ceiling: IssuingPrivileges
    /// Its `<accessTokenAuthority>`, where its revocation list and its coming keys are, and tokens by id; empty for none.
    public var authority = ""
    /// The domain of its token ids; nil for the one that its names make.
    public var tokenDomain: String?
    /// Whether its tokens are refused while no current revocation list of it is known.
    public var requiresRevocationList = false

    /// An issuer.
    public init(entity: EntityID, keys: [VerificationKey], ceiling: IssuingPrivileges) {
        self.entity = entity
        self.keys = keys
        self.ceiling = ceiling
    }
}

extension TrustedIssuer {
    /// The algorithms that an issuer's keys are used with when nothing else is said: of an elliptic key the one of its
    /// curve, of a shared key HS256 and its ways of encryption.
    ///
    /// - Parameter set: a JWK, or a set of them (`{"keys": […]}`).
    /// - Throws: ``JOSEError`` `badKey`.
    public mutating func setKeys(_ set: JSON) throws(JOSEError) {
        let list = set["keys"]?.array ?? [set]
        guard list.count <= TokenLimits.keysPerIssuer else {
            throw JOSEError(.badKey, "more than \(TokenLimits.keysPerIssuer) keys")
        }
        keys = []
        anchors = []
        sharedKeys = []
        for item in list {
            let key = try JSONWebKey(item)
            if key.publicKey != nil { anchors.append(key.thumbprint) }
            if let verification = try Self.verificationKey(key) { keys.append(verification) }
            if case .secret = key.material, key.use != .signature {
                for way in [KeyManagement.direct, .a128KW, .a192KW, .a256KW] {
                    if let shared = try? DecryptionKey(key, algorithm: way) { sharedKeys.append(shared) }
                }
            }
        }
        guard !keys.isEmpty || !sharedKeys.isEmpty else {
            throw JOSEError(.badKey, "none of the keys verifies a signature or decrypts")
        }
    }

    /// The key with the one algorithm that fits it; nil for a key of encryption.
    static func verificationKey(_ key: JSONWebKey) throws(JOSEError) -> VerificationKey? {
        guard key.use != .encryption else { return nil }
        let usual: SignatureAlgorithm
        switch key.material {
        case .secret(let secret):
            // A key for AES alone is no key of HMAC.
            guard key.use == .signature || key.algorithm?.utf8.first == UInt8(ascii: "H") || secret.count >= 32,
                key.algorithm == nil || SignatureAlgorithm(rawValue: key.algorithm ?? "") != nil
            else { return nil }
            usual = .hs256
        case .ellipticPublic(let point): usual = Self.algorithm(of: point.curve)
        case .ellipticPrivate(let scalar): usual = Self.algorithm(of: scalar.curve)
        case .rsaPublic: usual = .rs256
        }
        if let named = key.algorithm {
            guard let algorithm = SignatureAlgorithm(rawValue: named) else { return nil }
            return try VerificationKey(key, algorithm: algorithm)
        }
        return try VerificationKey(key, algorithm: usual)
    }

    private static func algorithm(of curve: Curve) -> SignatureAlgorithm {
        switch curve {
        case .p256: .es256
        case .p384: .es384
        case .p521: .es512
        }
    }
}
