import JOSE
import JSONText
import OneLoop
import OneM2MPrimitives

/// The tokens, ids of tokens and roles of requests (TS-0003 7.3.2.3 step 7, TR-0019 8.2.2 step 9).
extension TokenService {
    /// Judges what a request brings: by value, by id, by local id, and roles. One that is bad makes the request bad.
    public func verify(
        _ request: RequestPrimitive, originator: EntityID, origin: RequestOrigin, now: OneM2MTime
    ) async -> TokenVerdict {
        guard request.bringsAuthorization else { return .none }
        do throws(OneM2MError) {
            return try await judge(request, originator: originator, now: now)
        } catch {
            counters.rejected += 1
            log.info("a request of \(originator) was refused: \(error.reason)")
            return .rejected(error.status, error.reason)
        }
    }

    private func judge(
        _ request: RequestPrimitive, originator: EntityID, now: OneM2MTime
    ) async throws(OneM2MError) -> TokenVerdict {
        let count =
            request.tokens.count + request.tokenIDs.count + request.localTokenIDs.count + request.roleIDs.count
        guard count <= TokenLimits.perRequest,
            request.tokens.reduce(0, { $0 + $1.utf8.count }) <= TokenLimits.bytesPerRequest
        else {
            throw OneM2MError(
                .originatorHasNoPrivilege,
                "at most \(TokenLimits.perRequest) tokens and roles of together \(TokenLimits.bytesPerRequest) bytes are looked at"
            )
        }
        var permissions: [TokenPermission] = []
        var assigned: [AssignedToken] = []
        func take(_ entry: VerifiedTokens.Entry, isAssigned: Bool) {
            permissions += entry.claims.permissions
            counters.accepted += 1
            if isAssigned {
                assigned.append(AssignedToken(localTokenID: entry.localID, tokenID: "\(entry.claims.tokenID)"))
            }
        }
        for token in request.tokens {
            take(try accept(token, originator: originator, now: now), isAssigned: true)
        }
        for text in request.tokenIDs {
            guard let id = QualifiedName(text) else {
                throw OneM2MError(.originatorHasNoPrivilege, "\(text.prefix(80)) is no id of a token")
            }
            take(try await accept(id, originator: originator, now: now), isAssigned: true)
        }
        for text in request.localTokenIDs {
            guard let entry = verified.find(localID: text) else {
                throw OneM2MError(
                    .originatorHasNoPrivilege,
                    "the local token id \(text.prefix(40)) stands for nothing any more; send the token itself again")
            }
            try check(entry.claims, originator: originator, now: now)
            take(entry, isAssigned: false)
        }
        for text in request.roleIDs {
            permissions.append(try role(text, originator: originator, now: now))
        }
        return .accepted(TokenPrivileges(permissions), assigned: assigned)
    }

    /// A token by value.
    func accept(_ token: String, originator: EntityID, now: OneM2MTime) throws(OneM2MError) -> VerifiedTokens.Entry {
        let hash = VerifiedTokens.hash(token)
        if let known = verified.find(hash) {
            try check(known.claims, originator: originator, now: now)
            return known
        }
        let opened: TokenVerifier.Opened
        do { opened = try verifier.open(token) } catch { throw error.error }
        // Remembered is only what somebody may use: a stranger's copies fill no table.
        try check(opened.claims, originator: originator, now: now)
        return verified.insert(opened.claims, hash)
    }

    private func check(_ claims: TokenClaims, originator: EntityID, now: OneM2MTime) throws(OneM2MError) {
        do throws(TokenRefusal) {
            try verifier.check(claims, originator: originator, now: now)
            try register.check(claims, of: verifier.issuers[claims.issuer], now: now)
        } catch { throw error.error }
    }

    /// A token by id: remembered, kept here, or fetched from its issuer.
    private func accept(
        _ id: QualifiedName, originator: EntityID, now: OneM2MTime
    ) async throws(OneM2MError) -> VerifiedTokens.Entry {
        if let known = verified.find(tokenID: id) {
            try check(known.entry.claims, originator: originator, now: now)
            return known.entry
        }
        let entry = try accept(try await token(of: id), originator: originator, now: now)
        guard entry.claims.tokenID == id else {
            throw OneM2MError(.originatorHasNoPrivilege, "what is kept as \(id) is the token \(entry.claims.tokenID)")
        }
        return entry
    }

    private func token(of id: QualifiedName) async throws(OneM2MError) -> String {
        if let resource = tokenResources[id], let text = cse.resource(resource)?.attributes["tkob"]?.string {
            return text
        }
        guard
            let issuer = verifier.issuers.values.first(where: {
                !$0.authority.isEmpty && ($0.tokenDomain ?? TokenSettings.domain(of: $0.entity)) == id.domain
            })
        else { throw OneM2MError(.originatorHasNoPrivilege, "no trusted issuer has tokens of \(id.domain)") }
        guard fetching < TokenLimits.fetches else {
            throw OneM2MError(.originatorHasNoPrivilege, "too many tokens are being fetched")
        }
        fetching += 1
        defer { fetching -= 1 }
        let content: JSON
        do { content = try await retrieve("\(issuer.authority)/\(id.name)", of: issuer.entity) } catch {
            throw OneM2MError(.originatorHasNoPrivilege, "the token \(id) could not be retrieved: \(error)")
        }
        for root in content.object?.members ?? [] {
            if let text = root.value["tkob"]?.string { return text }
        }
        throw OneM2MError(.originatorHasNoPrivilege, "\(issuer.entity) has no token \(id)")
    }

    /// A role of a `<role>` resource here (TS-0003 7.4.3): never believed for its name alone.
    private func role(
        _ text: String, originator: EntityID, now: OneM2MTime
    ) throws(OneM2MError) -> TokenPermission {
        guard let id = QualifiedName(text) else {
            throw OneM2MError(.originatorHasNoPrivilege, "\(text.prefix(80)) is no role")
        }
        for resource in roleResources[id] ?? [] {
            guard let attributes = cse.resource(resource)?.attributes,
                attributes["tkhd"]?.string.flatMap({ EntityID($0, at: home) }) == originator,
                let issuer = attributes["tkis"]?.string.flatMap({ EntityID($0, at: home) }),
                let start = attributes["tknb"]?.string.flatMap({ OneM2MTime($0) }),
                let end = attributes["tkna"]?.string.flatMap({ OneM2MTime($0) }), start <= now, now <= end,
                verifier.issuers[issuer]?.ceiling.allows(role: "\(id)", at: nil, home: home) ?? false
            else { continue }
            return TokenPermission(resources: nil, privileges: nil, roles: ["\(id)"])
        }
        throw OneM2MError(
            .originatorHasNoPrivilege,
            "no role resource here gives \(originator) the role \(id) now, from an issuer that may")
    }

    /// Where a token that would help can be had: the authorities that are known, with what to ask them.
    public func requestInformation(_ request: RequestPrimitive, originator: EntityID, target: String) -> JSON? {
        var addresses: [String] = []
        if settings.issues, authorityID != nil {
            addresses.append("/\(home.cseID)/\(home.baseName)/\(settings.authorityName)/atis")
        }
        for issuer in settings.issuers where !issuer.authority.isEmpty { addresses.append("\(issuer.authority)/atis") }
        guard !addresses.isEmpty else { return nil }
        let wanted = consultation(request, originator: originator, target: target, address: nil, now: clock())
        return ["dasi": .array(addresses.prefix(8).map { ["uri": .string($0), "dreq": wanted] })]
    }

    /// What an authorization server is asked (TS-0004 6.3.5.46).
    func consultation(
        _ request: RequestPrimitive, originator: EntityID, target: String, address: String?, now: OneM2MTime
    ) -> JSON {
        var asked: JSONObject = [
            "or": .string(originator.absolute), "op": .int(request.operation.rawValue), "trid": .string(target),
            "rts": .string("\(now)"),
        ]
        if let type = request.resourceType { asked["trt"] = .int(type.rawValue) }
        if !request.roleIDs.isEmpty { asked["orid"] = .array(request.roleIDs.map { .string($0) }) }
        if !request.tokenIDs.isEmpty { asked["tids"] = .array(request.tokenIDs.map { .string($0) }) }
        if let address {
            asked["oip"] = [address.utf8.contains(UInt8(ascii: ":")) ? "ip6" : "ip4": .string(address)]
        }
        return .object(asked)
    }
}
