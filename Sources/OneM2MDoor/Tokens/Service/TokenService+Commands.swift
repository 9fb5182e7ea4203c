import JOSE
import JSONText
import OneLoop
import OneM2MPrimitives

/// What the command line asks.
extension TokenService {
    /// The tokens issued here that have not expired, without the tokens themselves.
    public func list() -> JSON {
        let tokens: [JSON] = cse.resources(.accessToken).compactMap { view in
            guard let token = view.attributes["tkob"]?.string, let claims = issuedClaims(token, view) else {
                return nil
            }
            var shown = claims.attributes
            shown["address"] = .string("/\(home.cseID)/\(view.address)")
            shown["revoked"] = .bool(revocations.issued[claims.tokenID] != nil)
            return .object(shown)
        }
        return [
            "tokens": .array(tokens),
            "revoked": .array(
                revocations.issued.sorted { "\($0.key)" < "\($1.key)" }
                    .map { ["tkid": .string("\($0.key)"), "until": .string("\($0.value)")] }),
            "revokedHere": .array(
                register.local.filter { $0.key.domain != domain }.sorted { "\($0.key)" < "\($1.key)" }
                    .map { ["tkid": .string("\($0.key)"), "until": .string("\($0.value)")] }),
        ]
    }

    /// The claims of a token of ours. One that is encrypted for another host is known by its resource alone.
    private func issuedClaims(_ token: String, _ view: ResourceView) -> TokenClaims? {
        if let claims = (try? verifier.open(token))?.claims { return claims }
        guard let id = view.attributes["tkid"]?.string.flatMap({ QualifiedName($0) }),
            let holder = view.attributes["tkhd"]?.string.flatMap({ EntityID($0, at: home) }),
            let start = view.attributes["ct"]?.string.flatMap({ OneM2MTime($0) }),
            let end = view.attributes["et"]?.string.flatMap({ OneM2MTime($0) })
        else { return nil }
        var claims = TokenClaims(tokenID: id, holder: holder, issuer: home.entity, notBefore: start, notAfter: end)
        claims.audience = view.attributes["tkau"]?.array?.compactMap(\.string) ?? []
        return claims
    }

    /// What a token says and what this CSE thinks of it, step by step up to the first that fails. The holder is taken for
    /// granted: nobody has sent it.
    public func inspect(_ token: String) -> JSON {
        var result = JSONObject()
        do throws(TokenRefusal) {
            let opened = try verifier.open(token)
            result["protection"] = .string(opened.protection.rawValue)
            result["claims"] = .object(opened.claims.attributes)
            try verifier.check(opened.claims, now: clock())
            try register.check(opened.claims, of: verifier.issuers[opened.claims.issuer], now: clock())
            result["good"] = true
        } catch {
            result["good"] = false
            result["step"] = .int(error.step.rawValue)
            result["refused"] = .string("\(error.step)")
            result["reason"] = .string(error.reason)
        }
        return .object(result)
    }

    /// The public keys: those that issue, and the one that tokens for this CSE are encrypted with.
    public func keys() -> JSON {
        let now = clock()
        let active = ring.map { $0.active(at: now).key.id }
        return [
            "issuer": .string(home.entity.absolute), "jwks": publishedKeys, "active": .string(orNull: active ?? nil),
            "coming": .array(
                (ring?.entries ?? []).filter { $0.activeFrom > now }
                    .map { ["kid": .string(orNull: $0.key.id), "from": .string("\($0.activeFrom)")] }),
        ]
    }

    /// Makes a new signing key, which signs after the overlap, or at once.
    ///
    /// - Throws: ``OneM2MError`` 5000.
    public func rotate(atOnce: Bool) async throws(OneM2MError) -> JSON {
        guard settings.issues, var changed = ring else {
            throw OneM2MError(.notImplemented, "no tokens are issued here; see onem2m.tokens.issue")
        }
        do { _ = try changed.rotate(now: clock(), overlap: atOnce ? 0 : settings.overlap) } catch {
            throw OneM2MError(.internalServerError, error.reason)
        }
        try await take(changed)
        // The number grows, so that whoever fetches sees the keys.
        try await setRevoked { _ in }
        return keys()
    }

    /// At a glance: for the status.
    public var status: JSON {
        [
            "issues": .bool(settings.issues && authorityID != nil), "issued": .int(counters.issued),
            "accepted": .int(counters.accepted), "rejected": .int(counters.rejected),
            "revoked": .int(revocations.issued.count), "cached": .int(verified.entries.count),
            "issuers": .array(
                settings.issuers.map { issuer in
                    [
                        "issuer": .string(issuer.entity.absolute),
                        "list": .string(orNull: register.lists[issuer.entity].map { "\($0.thisUpdate)" }),
                        "problem": .string(orNull: unreachable[issuer.entity]),
                    ]
                }),
        ]
    }
}
