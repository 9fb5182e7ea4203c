/// How a JWE's content key reaches the recipient (RFC 7518 4.1).
public enum KeyManagement: String, Sendable, Hashable, CaseIterable {
    /// The shared key is the content key.
    case direct = "dir"
    /// The content key is wrapped with a shared key.
    case a128KW = "A128KW"
    case a192KW = "A192KW"
    case a256KW = "A256KW"
    /// The content key is wrapped with a key agreed on with the recipient's public key.
    case agreementA128KW = "ECDH-ES+A128KW"
    case agreementA192KW = "ECDH-ES+A192KW"
    case agreementA256KW = "ECDH-ES+A256KW"

    /// Bytes of the wrapping key; nil for ``direct``.
    var wrappingKeyLength: Int? {
        switch self {
        case .direct: nil
        case .a128KW, .agreementA128KW: 16
        case .a192KW, .agreementA192KW: 24
        case .a256KW, .agreementA256KW: 32
        }
    }

    /// Whether a key is agreed on with an elliptic key.
    public var isAgreement: Bool {
        switch self {
        case .agreementA128KW, .agreementA192KW, .agreementA256KW: true
        case .direct, .a128KW, .a192KW, .a256KW: false
        }
    }
}

/// How a JWE's content is encrypted and authenticated (RFC 7518 5.1). TS-0003 names these three.
public enum ContentEncryption: String, Sendable, Hashable, CaseIterable {
    /// AES-GCM with a nonce of 12 bytes and a tag of 16.
    case a128GCM = "A128GCM"
    case a192GCM = "A192GCM"
    case a256GCM = "A256GCM"

    /// Bytes of the key.
    var keyLength: Int {
        switch self {
        case .a128GCM: 16
        case .a192GCM: 24
        case .a256GCM: 32
        }
    }
}
