import JOSE
import JSONText
import OneLoop
import OneM2MPrimitives
import TLS

/// The authority's resources and procedures (TR-0019 8.2.3, 8.2.4).
extension TokenService {
    /// Attributes of `<accessTokenAuthority>` beside the report's, named here since it leaves their form open.
    enum AuthorityAttribute {
        /// The issuing privileges.
        static let ceiling = "atip"
        /// The authorization policies.
        static let policies = "atpl"
        /// Those of them that count; the report's authorizationPolicyIDs.
        static let policyIDs = "aupi"
        /// Ids of tokens to revoke.
        static let revoke = "rvk"
        /// The public keys.
        static let keys = "jwks"
        /// The signed revocation list.
        static let list = "rvl"
    }

    // MARK: Issuing

    /// A CREATE of `<accessTokenIssuing>`, in the order of the report: parameters, the bound process, issuing privileges,
    /// policies, protection, the `<accessToken>`, the answer (8.2.4.2.2).
    public func issue(
        _ request: RequestPrimitive, at view: ResourceView, originator: EntityID, origin: RequestOrigin, now: OneM2MTime
    ) async throws(OneM2MError) -> JSON {
        let wanted = try TokenRequest(content: request.content)
        guard settings.issues, view.resourceID == authorityID, let ring else {
            throw OneM2MError(.notImplemented, "no issuance process is bound to \(view.address)")
        }
        guard !settings.requiresSecurity || origin.isSecure || origin.isLoopback else {
            throw OneM2MError(
                .securityAssociationRequired, "tokens are issued inside TLS or DTLS alone (onem2m.tokens.secure)")
        }
        let policyIDs = view.attributes[AuthorityAttribute.policyIDs]?.array.map { $0.compactMap(\.string) }
        return try await issue(wanted, by: authority, policyIDs: policyIDs, to: originator, at: view, ring, now: now)
    }

    /// The same for the command line: within the issuing privileges, whatever the policies say.
    public func issue(_ wanted: TokenRequest, to holder: EntityID) async throws(OneM2MError) -> JSON {
        guard settings.issues, let ring, let id = authorityID, let view = cse.resource(id) else {
            throw OneM2MError(.notImplemented, "no tokens are issued here; see onem2m.tokens.issue")
        }
        var authority = authority
        authority.policies = [
            TokenPolicy(name: "command-line", holders: [holder.absolute], grants: authority.ceiling.entries)
        ]
        return try await issue(wanted, by: authority, policyIDs: nil, to: holder, at: view, ring, now: clock())
    }

    private func issue(
        _ wanted: TokenRequest, by authority: TokenAuthority, policyIDs: [String]?, to holder: EntityID,
        at view: ResourceView, _ ring: SigningKeyRing, now: OneM2MTime
    ) async throws(OneM2MError) -> JSON {
        guard issuing < TokenLimits.issuances else {
            throw OneM2MError(.internalServerError, "\(issuing) tokens are being issued, ask again")
        }
        issuing += 1
        defer { issuing -= 1 }
        let issued = cse.resources(.accessToken)
        guard issued.count < TokenLimits.issued,
            issued.count(where: { $0.attributes["tkhd"]?.string == holder.absolute }) < TokenLimits.issuedPerHolder
        else {
            throw OneM2MError(
                .notAcceptable,
                "there are \(issued.count) tokens that have not expired (at most \(TokenLimits.issued), \(TokenLimits.issuedPerHolder) of one holder)"
            )
        }
        let name = Hexadecimal.text(Cryptography.random(10))
        let claims = try authority.grant(wanted, to: holder, policyIDs: policyIDs, name: name, now: now)
        let signer: SigningKey
        do { signer = try ring.signer(at: now) } catch { throw OneM2MError(.internalServerError, error.reason) }
        let token = try authority.protect(claims, with: signer)
        let answer = await ask(
            .create, view.address, type: .accessToken,
            [
                "gh:atok": [
                    "rn": .string(name), "et": .string("\(claims.notAfter.adding(milliseconds: 1000))"),
                    "tkis": .string(claims.issuer.absolute), "tkhd": .string(holder.absolute), "tkob": .string(token),
                    "tkid": .string("\(claims.tokenID)"), "tkau": .array(claims.audience.map { .string($0) }),
                ]
            ])
        guard answer.status == .created else {
            throw OneM2MError(answer.status, answer.debugText ?? "the accessToken could not be made")
        }
        counters.issued += 1
        log.info("issued \(claims.tokenID) to \(holder), until \(claims.notAfter)")
        return TokenGrant(
            claims: claims, token: wanted.delivery == .value ? token : nil,
            address: "/\(home.cseID)/\(view.address)/\(name)"
        ).content
    }

    // MARK: Resources

    /// Its holder, and a CSE that the token is meant for: it fetches tokens that come by id (TS-0003 7.3.2.3 step 7). Whom it
    /// is meant for stands beside the token (`tkau`, as `<token>` has it), since one that is encrypted for its host is closed
    /// to the authority too.
    public func permitsRetrieval(of resource: ResourceView, by originator: EntityID) -> Bool {
        guard resource.type == .accessToken else { return false }
        if resource.attributes["tkhd"]?.string.flatMap({ EntityID($0, at: home) }) == originator { return true }
        return originator.isCSE && audience(of: resource).contains { EntityID($0, at: home) == originator }
    }

    /// Of a resource that was made before audiences stood beside tokens, what the token itself says.
    private func audience(of resource: ResourceView) -> [String] {
        if let list = resource.attributes["tkau"]?.array { return list.compactMap(\.string) }
        return resource.attributes["tkob"]?.string.flatMap { try? verifier.open($0) }?.claims.audience ?? []
    }

    /// Checks what the resource table cannot: what attributes mean, and who may give them.
    public func check(
        _ operation: Operation, _ resource: ResourceView, originator: EntityID, origin: RequestOrigin
    ) throws(OneM2MError) {
        let attributes = resource.attributes
        func entity(_ name: String) throws(OneM2MError) {
            guard let text = attributes[name]?.string, EntityID(text, at: home) != nil else {
                throw OneM2MError(.badRequest, "\(name): an AE-ID or a CSE-ID was expected")
            }
        }
        switch resource.type {
        case .accessToken:
            guard operation != .create || origin.transport == .internal else {
                throw OneM2MError(.operationNotAllowed, "an accessToken is made by the issuance alone")
            }
        case .accessTokenAuthority:
            if let json = attributes[AuthorityAttribute.ceiling] { _ = try IssuingPrivileges(json: json) }
            if let json = attributes[AuthorityAttribute.policies] { _ = try Self.policies(json) }
            for item in attributes[AuthorityAttribute.revoke]?.array ?? [] {
                guard item.string.flatMap({ QualifiedName($0) }) != nil else {
                    throw OneM2MError(.badRequest, "rvk: ids of tokens were expected")
                }
            }
            guard origin.transport != .internal else { return }
            let current = cse.resource(resource.resourceID)?.attributes
            for name in [AuthorityAttribute.keys, AuthorityAttribute.list]
            where attributes[name] != published(name, current, resource.resourceID) {
                throw OneM2MError(.badRequest, "\(name) cannot be given on \(operation)")
            }
        case .token:
            guard let id = attributes["tkid"]?.string, QualifiedName(id) != nil else {
                throw OneM2MError(.badRequest, "tkid: a name and a domain, name@domain, were expected")
            }
            guard let token = attributes["tkob"]?.string, (try? CompactObject(parsing: token)) != nil else {
                throw OneM2MError(.badRequest, "tkob: a compact JWS or JWE was expected")
            }
        case .role:
            guard let id = attributes["rlid"]?.string, QualifiedName(id) != nil else {
                throw OneM2MError(.badRequest, "rlid: a name and a domain, name@domain, were expected")
            }
            try entity("tkis")
            try entity("tkhd")
            guard let start = attributes["tknb"]?.string.flatMap({ OneM2MTime($0) }),
                let end = attributes["tkna"]?.string.flatMap({ OneM2MTime($0) }), start <= end
            else { throw OneM2MError(.badRequest, "tknb and tkna: two times in their order were expected") }
        case .dynamicAuthorizationConsultation:
            guard attributes["dap"]?.array?.isEmpty == false else {
                throw OneM2MError(.badRequest, "dap: at least one address was expected")
            }
        default: break
        }
    }

    /// What nobody but the authority says: as it was last published, whatever the request made of the attributes.
    private func published(_ name: String, _ current: JSONObject?, _ id: String) -> JSON? {
        guard id == authorityID else { return nil }
        return name == AuthorityAttribute.keys ? signedList?.keys : signedList.map { .string($0.text) }
    }

    static func policies(_ json: JSON) throws(OneM2MError) -> [TokenPolicy] {
        guard let list = json["pol"]?.array, list.count <= TokenPolicy.mostPolicies, json.object?.count == 1 else {
            throw OneM2MError(
                .badRequest, "atpl: {\"pol\": […]} with at most \(TokenPolicy.mostPolicies) policies was expected")
        }
        return try list.map { item throws(OneM2MError) in try TokenPolicy(json: item) }
    }

    /// A resource was made, changed, or is gone.
    public func changed(_ operation: Operation, _ resource: ResourceView) {
        index(operation, resource)
        guard resource.type == .accessTokenAuthority, resource.resourceID == authorityID else { return }
        switch operation {
        case .delete:
            // Nobody can ask any more; what was issued stays good, or is revoked by the command line.
            authorityID = nil
            signedList = nil
            log.warning("the accessTokenAuthority was deleted: no tokens are issued until the next start")
        case .update:
            adopt(resource.attributes)
            let asked = (resource.attributes[AuthorityAttribute.revoke]?.array ?? []).compactMap(\.string)
                .compactMap { QualifiedName($0) }.filter { revocations.issued[$0] == nil }
            guard !asked.isEmpty else { return }
            Task { @Loop in
                do throws(OneM2MError) { for id in asked { try await revoke(id) } } catch {
                    log.error("tokens asked to be revoked were not: \(error)")
                }
            }
        default: break
        }
    }

    func index(_ operation: Operation, _ view: ResourceView) {
        switch view.type {
        case .token, .accessToken:
            guard let id = view.attributes["tkid"]?.string.flatMap({ QualifiedName($0) }) else { return }
            if operation != .delete {
                tokenResources[id] = view.resourceID
            } else if tokenResources[id] == view.resourceID {
                tokenResources[id] = nil
            }
        case .role:
            guard let id = view.attributes["rlid"]?.string.flatMap({ QualifiedName($0) }) else { return }
            if operation != .delete {
                roleResources[id, default: []].insert(view.resourceID)
            } else {
                roleResources[id]?.remove(view.resourceID)
                if roleResources[id]?.isEmpty == true { roleResources[id] = nil }
            }
        default: break
        }
    }

    /// What UPDATE has said, which was checked; null, or nothing, leaves it to the configuration.
    private func adopt(_ attributes: JSONObject) {
        updatedCeiling = attributes[AuthorityAttribute.ceiling].flatMap { try? IssuingPrivileges(json: $0) }
        updatedPolicies = attributes[AuthorityAttribute.policies].flatMap { try? Self.policies($0) }
        refreshVerifier()
    }

    /// The `<accessTokenAuthority>` and the policy it is under, made at the first start.
    func makeAuthority() async throws(OneM2MError) {
        let address = "\(home.baseName)/\(settings.authorityName)"
        let policy = "\(home.baseName)/\(settings.authorityName)-policy"
        let administrators = cse.settings.administrators.map { JSON.string($0) } + [.string(home.entity.absolute)]
        let rules: JSON = [
            "acr": [
                ["acor": ["all"], "acop": .int(OperationSet.retrieve.rawValue)],
                [
                    "acor": .array(settings.requesters.map { .string($0) }), "acop": .int(OperationSet.create.rawValue),
                    "acod": [["chty": [.int(ResourceType.accessTokenIssuing.rawValue)]]],
                ],
                ["acor": .array(administrators), "acop": .int(OperationSet.all.rawValue)],
            ]
        ]
        let itself: JSON = ["acr": [["acor": .array(administrators), "acop": 63]]]
        try await make(
            policy, .accessControlPolicy, "m2m:acp", ["rn": .string("\(settings.authorityName)-policy")],
            updated: ["pv": rules, "pvs": itself])
        try await make(
            address, .accessTokenAuthority, "gh:atau",
            ["rn": .string(settings.authorityName), "acpi": [.string("/\(home.cseID)/\(policy)")]], updated: [:])
        guard
            let view = cse.resources(.accessTokenAuthority).first(where: { $0.address == address })
        else { throw OneM2MError(.internalServerError, "\(address) is another resource than an accessTokenAuthority") }
        authorityID = view.resourceID
        adopt(view.attributes)
    }

    /// Creates a resource, or brings one that is there up to date; nothing is written when it says the same already.
    private func make(
        _ address: String, _ type: ResourceType, _ root: String, _ fixed: JSONObject, updated: JSONObject
    ) async throws(OneM2MError) {
        let found = await ask(.retrieve, address)
        if found.status == .ok {
            let current = found.content?[root]?.object
            guard updated.contains(where: { current?[$0.name] != $0.value }) else { return }
            let answer = await ask(.update, address, .object([root: .object(updated)]))
            guard answer.status == .updated else { throw OneM2MError(answer.status, answer.debugText ?? address) }
            return
        }
        var attributes = fixed
        for member in updated { attributes[member.name] = member.value }
        let answer = await ask(.create, home.baseName, type: type, .object([root: .object(attributes)]))
        guard answer.status == .created else { throw OneM2MError(answer.status, answer.debugText ?? address) }
    }

    // MARK: The list and the keys

    var publishedKeys: JSON {
        var keys = ring?.published ?? []
        if let host = hostKey?.publicKey { keys.append(host.json) }
        return ["keys": .array(keys)]
    }

    /// Signs the revocation list anew and shows it, and the keys, at the authority.
    func publish() async throws(OneM2MError) {
        guard settings.issues, let ring, authorityID != nil else { return }
        let now = clock()
        let keys = publishedKeys
        let list = RevocationList(
            issuer: home.entity, number: revocations.number, thisUpdate: now,
            nextUpdate: now.adding(milliseconds: settings.listLifetime * 1000), revoked: revocations.issued,
            keys: ring.published)
        let text: String
        do { text = try list.signed(with: try ring.listSigner) } catch {
            throw OneM2MError(.internalServerError, error.reason)
        }
        let answer = await ask(
            .update, "\(home.baseName)/\(settings.authorityName)",
            [
                "gh:atau": [
                    AuthorityAttribute.keys: keys, AuthorityAttribute.list: .string(text),
                    AuthorityAttribute.revoke: .array(
                        revocations.issued.keys.map(\.description).sorted().map { .string($0) }),
                ]
            ])
        guard answer.status == .updated else {
            throw OneM2MError(answer.status, answer.debugText ?? "the revocation list could not be shown")
        }
        signedList = (list, text, keys)
    }

    /// A request of this program's own.
    func ask(
        _ operation: Operation, _ address: String, type: ResourceType? = nil, _ content: JSON? = nil
    ) async -> ResponsePrimitive {
        await cse.receive(
            RequestPrimitive(
                operation, to: address, from: home.entity.absolute, requestIdentifier: newRequestIdentifier(),
                resourceType: type, content: content), from: .internal)
    }

    func newRequestIdentifier() -> String { "tokens-" + Hexadecimal.text(Cryptography.random(8)) }
}
