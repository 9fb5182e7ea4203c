import CMbedTLS

/// Elliptic curves of JOSE (RFC 7518 6.2.1.1).
public enum Curve: String, Sendable, Hashable, CaseIterable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    var number: gh_curve {
        switch self {
        case .p256: GH_P256
        case .p384: GH_P384
        case .p521: GH_P521
        }
    }

    /// Bytes of a coordinate.
    var width: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }
}
