import TLS

/// The algorithms of a JWS that are spoken (RFC 7518 3.1). `none` is not among them and cannot be made one.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// HMAC with SHA-256, and so on.
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    /// ECDSA on P-256 with SHA-256, and so on: the curve belongs to the algorithm.
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    /// RSA PKCS #1 v1.5 with SHA-256; verified, never made.
    case rs256 = "RS256"

    /// What the signing input is hashed with.
    var hash: HashFunction {
        switch self {
        case .hs256, .es256, .rs256: .sha256
        case .hs384, .es384: .sha384
        case .hs512, .es512: .sha512
        }
    }

    /// The curve of an ECDSA algorithm; nil for the others.
    var curve: Curve? {
        switch self {
        case .es256: .p256
        case .es384: .p384
        case .es512: .p521
        case .hs256, .hs384, .hs512, .rs256: nil
        }
    }

    /// Whether both sides have the same key: who can verify can then sign.
    public var isSymmetric: Bool {
        switch self {
        case .hs256, .hs384, .hs512: true
        case .es256, .es384, .es512, .rs256: false
        }
    }
}
