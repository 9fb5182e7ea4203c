import JOSE
import OneM2MPrimitives

/// What the configuration says about tokens.
public struct TokenSettings: Sendable {
    /// Whether an issuance process is bound to the authority here; without one its `<accessTokenIssuing>` answers 5001.
    public var issues = false
    /// The name of the `<accessTokenAuthority>` below the CSEBase.
    public var authorityName = "authority"
    /// The domain of token ids; nil for the CSE's name and the provider's, `gw1.sp.example.com`.
    public var domain: String?
    /// The most that the authority here delegates, and the most that its own tokens give here.
    public var ceiling = IssuingPrivileges(entries: [])
    /// Who may get what of that.
    public var policies: [TokenPolicy] = []
    /// Who may ask at all, by the notation of access control policies: CREATE on `<accessTokenIssuing>`.
    public var requesters: [String] = ["all"]
    /// Whether tokens are issued only inside TLS or DTLS, or over this machine's loopback.
    public var requiresSecurity = true
    /// How issued tokens are protected.
    public var protection = TokenProtection.signed
    /// The keys of CSEs that tokens are encrypted for.
    public var recipients: [EntityID: EncryptionKey] = [:]
    /// Seconds after which a new signing key is made.
    public var rotation: Int64 = 90 * 86_400
    /// Seconds for which a new key is announced before it signs.
    public var overlap: Int64 = 86_400
    /// Seconds for which a revocation list can be relied on. It is signed anew after half of them.
    public var listLifetime: Int64 = 86_400
    /// The authorities elsewhere that are trusted.
    public var issuers: [TrustedIssuer] = []
    /// Seconds between two fetches of an issuer's revocation list.
    public var refresh: Int64 = 300

    /// Nothing is issued and nobody trusted.
    public init() {}

    /// The domain of token ids of a CSE that has none configured.
    public static func domain(of entity: EntityID) -> String {
        let text = "\(entity.cseID).\(entity.spID)"
        return String(
            decoding: text.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 == 95 ? 45 : $0 }, as: UTF8.self)
    }
}
