import JOSE
import OneM2MPrimitives

/// The verification of tokens at a Hosting CSE, without state: what a token says once it is opened, and whether that counts
/// for this request. The nine steps are those of ``TokenRefusal/Step``.
public struct TokenVerifier: Sendable {
    /// The CSE.
    public var home: CSEIdentity
    /// The issuers that are trusted.
    public var issuers: [EntityID: TrustedIssuer]
    /// The CSE's own keys, which issuers encrypt for.
    public var hostKeys: [DecryptionKey]

    /// A verifier.
    public init(home: CSEIdentity, issuers: [TrustedIssuer], hostKeys: [DecryptionKey] = []) {
        self.home = home
        self.issuers = Dictionary(issuers.map { ($0.entity, $0) }) { first, _ in first }
        self.hostKeys = hostKeys
    }

    /// A token whose protection stands.
    public struct Opened: Sendable, Hashable {
        /// What it says.
        public let claims: TokenClaims
        /// How it was protected.
        public let protection: TokenProtection
    }

    /// Steps 1 to 3 and 5: shape, protection, claims, issuer. Nothing of it depends on the request or the hour, so that the
    /// outcome can be kept.
    ///
    /// - Throws: ``TokenRefusal``.
    public func open(_ token: String) throws(TokenRefusal) -> Opened {
        let outer: CompactObject
        do { outer = try CompactObject(parsing: token) } catch {
            throw TokenRefusal(error.code == .unsecured ? .protection : .shape, error.reason)
        }
        guard outer.header.type == "JWT" else {
            throw TokenRefusal(.shape, "typ is not JWT (TS-0003 7.3.2.6)")
        }
        switch outer {
        case .jws(let object):
            guard object.header.contentType == nil else {
                throw TokenRefusal(.shape, "a signed token has no cty (TS-0003 7.3.2.6)")
            }
            return try verify(object, protection: .signed)
        case .jwe(let object): return try decrypt(object)
        }
    }

    private func decrypt(_ object: JWE) throws(TokenRefusal) -> Opened {
        // Own keys first, then those shared with an issuer, which say who it must be from.
        var keys = hostKeys
        var owners: [EntityID?] = hostKeys.map { _ in nil }
        for issuer in issuers.values {
            keys += issuer.sharedKeys
            owners += issuer.sharedKeys.map { _ in issuer.entity }
        }
        let plaintext: [UInt8]
        let owner: EntityID?
        do {
            let opened = try object.decrypt(with: keys)
            plaintext = opened.plaintext
            owner = owners[opened.key]
        } catch { throw TokenRefusal(.protection, error.reason) }
        if object.header.contentType == "JWT" {
            guard case .jws(let inner)? = try? CompactObject(parsing: plaintext), inner.header.type == "JWT",
                inner.header.contentType == nil
            else { throw TokenRefusal(.shape, "cty is JWT, but inside is no signed token") }
            let opened = try verify(inner, protection: .nested)
            guard owner == nil || owner == opened.claims.issuer else {
                throw TokenRefusal(.issuer, "it is encrypted with the key of another issuer")
            }
            return opened
        }
        guard object.header.contentType == nil else { throw TokenRefusal(.shape, "cty is neither JWT nor absent") }
        // Anybody may encrypt for a public key: that alone says nothing about who did.
        guard let owner, let issuer = issuers[owner] else {
            throw TokenRefusal(.protection, "encrypted with a public key and not signed: nobody vouches for it")
        }
        guard issuer.protections.contains(.encrypted) else {
            throw TokenRefusal(.protection, "tokens of \(owner) are not taken when they are encrypted only")
        }
        return Opened(claims: try claims(plaintext, of: issuer), protection: .encrypted)
    }

    private func verify(_ object: JWS, protection: TokenProtection) throws(TokenRefusal) -> Opened {
        guard let claimed = TokenClaims.claimedIssuer(of: object.unverifiedPayload, at: home) else {
            throw TokenRefusal(.claims, "the token names no issuer by an absolute identifier")
        }
        guard let issuer = issuers[claimed] else {
            throw TokenRefusal(.protection, "nobody trusts the issuer \(claimed) here; see onem2m.issuers")
        }
        guard issuer.protections.contains(protection) else {
            throw TokenRefusal(.protection, "tokens of \(claimed) are not taken when they are \(protection.rawValue)")
        }
        let payload: [UInt8]
        do { payload = try object.payload(verifiedBy: issuer.keys) } catch {
            throw TokenRefusal(.protection, error.reason)
        }
        return Opened(claims: try claims(payload, of: issuer), protection: protection)
    }

    private func claims(_ payload: [UInt8], of issuer: TrustedIssuer) throws(TokenRefusal) -> TokenClaims {
        let claims: TokenClaims
        do { claims = try TokenClaims(payload: payload, form: issuer.claims, at: home) } catch {
            throw TokenRefusal(.claims, error.reason)
        }
        guard claims.issuer == issuer.entity else {
            throw TokenRefusal(.issuer, "it says to be from \(claims.issuer), its key is of \(issuer.entity)")
        }
        return claims
    }

    /// Steps 4 and 6 to 8: whether an opened token counts for this originator, now, here, and how far its issuer may go.
    ///
    /// - Throws: ``TokenRefusal``.
    public func check(_ claims: TokenClaims, originator: EntityID, now: OneM2MTime) throws(TokenRefusal) {
        guard claims.holder == originator else {
            throw TokenRefusal(.holder, "it is another's than \(originator)")
        }
        try check(claims, now: now)
    }

    /// The same without the holder: of a token that is no request's.
    public func check(_ claims: TokenClaims, now: OneM2MTime) throws(TokenRefusal) {
        guard let issuer = issuers[claims.issuer] else {
            throw TokenRefusal(.issuer, "nobody trusts the issuer \(claims.issuer) any more")
        }
        guard claims.notBefore <= now else {
            throw TokenRefusal(.time, "it is good from \(claims.notBefore), now is \(now)")
        }
        // The last second counts whole.
        guard now.seconds <= claims.notAfter.seconds else {
            throw TokenRefusal(.time, "it was good until \(claims.notAfter), now is \(now)")
        }
        guard claims.isMeant(for: home) else {
            throw TokenRefusal(
                .audience, "it is meant for \(claims.audience.joined(separator: ", ")), not for \(home.entity)")
        }
        if let excess = issuer.ceiling.excess(of: claims, at: home) { throw TokenRefusal(.ceiling, excess) }
    }
}
