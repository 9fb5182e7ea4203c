import JOSE
import JSONText
import OneLoop
import OneM2MPrimitives

/// Revoking, and the revocations of others.
extension TokenService {
    /// Revokes a token: one issued here goes on the published list, and any counts here no more.
    ///
    /// - Throws: ``OneM2MError`` 5207 when a list is full, 5000 when flash does not take it; it is then revoked here, in
    ///   memory, all the same.
    public func revoke(_ id: QualifiedName) async throws(OneM2MError) {
        let now = clock()
        let end = end(of: id) ?? now.adding(milliseconds: IssuingPrivileges.mostLifetime * 1000)
        let isOwn = settings.issues && id.domain == domain
        let others = register.local.count { $0.key.domain != domain && $0.key != id }
        guard isOwn || others < TokenLimits.revoked, register.revoke(id, until: end) else {
            throw OneM2MError(.notAcceptable, "\(others) tokens are revoked here; no more can be until some expire")
        }
        verified.removeAll { $0.tokenID == id }
        guard isOwn else {
            try await keepRevocations { changed in changed.here = register.local }
            log.info("\(id) is revoked here")
            return
        }
        guard revocations.issued[id] == nil else { return }
        try await setRevoked { issued throws(OneM2MError) in
            guard issued[id] != nil || issued.count < TokenLimits.revoked else {
                throw OneM2MError(
                    .notAcceptable,
                    "\(TokenLimits.revoked) tokens are on the list; no more can be until some expire"
                )
            }
            issued[id] = end
        }
        log.info("\(id) is revoked")
    }

    /// The last moment of a token that is known here.
    private func end(of id: QualifiedName) -> OneM2MTime? {
        if let known = verified.find(tokenID: id) { return known.entry.claims.notAfter }
        guard let view = tokenResources[id].flatMap({ cse.resource($0) }), let token = view.attributes["tkob"]?.string
        else { return nil }
        if let opened = try? verifier.open(token) { return opened.claims.notAfter }
        // Encrypted for another host. What the issuance has made goes a second after the token; who made a `<token>` may
        // have given it any end.
        guard view.type == .accessToken else { return nil }
        return view.attributes["et"]?.string.flatMap { OneM2MTime($0) }
    }

    /// Another table of revoked tokens of ours: on flash first, then published.
    func setRevoked(
        _ change: (inout [QualifiedName: OneM2MTime]) throws(OneM2MError) -> Void
    ) async throws(OneM2MError) {
        try await keepRevocations { changed throws(OneM2MError) in
            try change(&changed.issued)
            changed.here = register.local.filter { $0.key.domain != domain }
            changed.number += 1
        }
        try await publish()
    }

    /// Changes what is revoked, on flash first. One change after another: of two at once, the later would write what it
    /// had read before the earlier.
    private func keepRevocations(
        _ change: (inout TokenMemory.Revocations) throws(OneM2MError) -> Void
    ) async throws(OneM2MError) {
        while isKeepingRevocations { await withCheckedContinuation { revocationTurns.append($0) } }
        isKeepingRevocations = true
        defer {
            isKeepingRevocations = false
            if !revocationTurns.isEmpty { revocationTurns.removeFirst().resume() }
        }
        var changed = revocations
        try change(&changed)
        try await memory.keep(changed)
        revocations = changed
    }

    // MARK: Lists of other issuers

    /// Asks every issuer for its list: from time to time, and when the way to others is open again.
    public func fetchLists() async {
        for issuer in settings.issuers where !issuer.authority.isEmpty { await fetchList(of: issuer) }
    }

    private func fetchList(of issuer: TrustedIssuer) async {
        let problem: String?
        do throws(OneM2MError) {
            let content = try await retrieve(issuer.authority, of: issuer.entity)
            guard let text = content["gh:atau"]?["rvl"]?.string else {
                throw OneM2MError(.notFound, "its authority shows no revocation list")
            }
            problem = adopt(list: text, of: issuer.entity)
        } catch { problem = error.description }
        if let problem, unreachable[issuer.entity] != problem {
            log.warning("no revocation list of \(issuer.entity): \(problem)")
        } else if problem == nil, unreachable[issuer.entity] != nil {
            log.info("the revocation list of \(issuer.entity) is here again")
        }
        unreachable[issuer.entity] = problem
    }

    /// Takes a signed list: its revocations count at once, and keys that it names verify from now on.
    ///
    /// - Returns: what was wrong with it; nil when it is good, whether or not it says anything new.
    func adopt(list text: String, of entity: EntityID) -> String? {
        guard let issuer = verifier.issuers[entity] else { return "\(entity) is not trusted" }
        let list: RevocationList
        do { list = try RevocationList(verifying: text, of: issuer, at: home) } catch { return error.description }
        let before = register.lists[entity]?.keys ?? []
        switch register.take(list) {
        case .old: return "it is older than the one that is known (number \(list.number))"
        case .same: return nil
        case .taken: break
        }
        learn(list.keys, of: entity)
        // Which key a remembered token was opened with is not remembered: once one is dropped all are opened again.
        let hasDropped = before.contains { !list.keys.contains($0) }
        verified.removeAll { $0.issuer == entity && (hasDropped || list.revoked[$0.tokenID] != nil) }
        memory.keep(list: text, of: entity, anchors: issuer.anchors)
        return nil
    }

    /// Takes the keys of an issuer's list for its own. Configured keys stay, so that the daemon can begin anew with them;
    /// those learned are the list's, so that a key that the issuer has dropped verifies nothing any more.
    func learn(_ list: [JSON], of entity: EntityID) {
        var keys: [VerificationKey] = []
        for json in list {
            guard let key = try? JSONWebKey(json), key.publicKey != nil,
                let verification = try? TrustedIssuer.verificationKey(key), verification.algorithm == .es256
            else { continue }
            keys.append(verification)
        }
        let configured = settings.issuers.first { $0.entity == entity }?.keys ?? []
        verifier.issuers[entity]?.keys =
            configured + keys.filter { key in !configured.contains { $0.id != nil && $0.id == key.id } }
    }

    /// A resource of another CSE.
    ///
    /// - Throws: ``OneM2MError`` of what stands in the way.
    func retrieve(_ address: String, of entity: EntityID) async throws(OneM2MError) -> JSON {
        guard let remote = cse.remote else {
            throw OneM2MError(.targetNotReachable, "\(entity) is elsewhere, and nothing connects to it")
        }
        var request = RequestPrimitive(
            .retrieve, to: address, from: home.entity.absolute, requestIdentifier: newRequestIdentifier())
        request.requestExpiration = .after(10_000)
        let answer = await remote.send(request, to: .entity(entity))
        guard answer.status == .ok, let content = answer.content else {
            throw OneM2MError(answer.status, answer.debugText ?? "\(address): \(answer.status)")
        }
        return content
    }
}
