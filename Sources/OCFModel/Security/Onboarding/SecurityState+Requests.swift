import CBOR
import CoAPMessages

/// What is answered to a request for a security resource.
public struct SecurityAnswer: Sendable, Hashable {
    /// 2.01, 2.02, 2.04 or 2.05.
    public let code: Code
    /// The body.
    public let representation: CBOR.Value?
    /// What there is to do, in order; ``SecurityEffect/store`` before the answer goes out.
    public let effects: [SecurityEffect]
}

/// The queries of a multicast for doxm: `owned` and `deviceuuid`.
public struct OwnershipFilter: Sendable, Hashable {
    /// `owned=`.
    public let isOwned: Bool?
    /// `deviceuuid=`.
    public let deviceID: Identifier?

    /// The filter of a request; 4.00 for values that are none.
    public init(_ request: ResourceRequest) throws(ResourceError) {
        switch request[query: "owned"]?.lowercased() {
        case "true"?: isOwned = true
        case "false"?: isOwned = false
        case nil: isOwned = nil
        case let text?: throw ResourceError(.badRequest, "owned=\(text); expected TRUE or FALSE")
        }
        if let text = request[query: "deviceuuid"] {
            guard let id = Identifier(text) else {
                throw ResourceError(.badRequest, "deviceuuid=\(text); expected a UUID")
            }
            deviceID = id
        } else {
            deviceID = nil
        }
    }

    /// Whether a device is meant.
    public func matches(_ doxm: OwnerTransferMethods) -> Bool {
        (isOwned == nil || isOwned == doxm.isOwned) && (deviceID == nil || deviceID == doxm.deviceID)
    }
}

extension SecurityState {
    /// Serves a request that ``decide(_:on:_:credentialID:)`` has permitted.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - resource: what it is for.
    ///   - context: who asks, and how.
    ///   - signingRequest: what csr shows; nil when there is none yet.
    /// - Throws: ``ResourceError``, with nothing changed. A doxm that does not match the query is 4.00; to a multicast the
    ///   caller then says nothing.
    public mutating func serve(
        _ request: ResourceRequest, on resource: SecurityResource, _ context: SecurityContext,
        signingRequest: SigningRequest? = nil
    ) throws(ResourceError) -> SecurityAnswer {
        switch request.operation {
        case .retrieve:
            let interface = try request.selectInterface(of: resource.interfaces)
            var map = try retrieve(request, resource, context, signingRequest)
            if interface == .baseline {
                map["rt"] = [.text(resource.resourceType)]
                map["if"] = .array(resource.interfaces.map { .text($0.rawValue) })
            }
            return SecurityAnswer(code: .content, representation: .map(map), effects: [])
        case .update:
            if resource == .csr { throw ResourceError(.methodNotAllowed, "csr is read-only") }
            _ = try request.selectInterface(of: resource.interfaces)
            return answer(try update(request, resource, context))
        case .delete:
            return answer(try delete(request, resource, context))
        case .create:
            throw ResourceError(.methodNotAllowed, "security resources are not created")
        }
    }

    private func answer(_ outcome: SecurityOutcome) -> SecurityAnswer {
        let code: Code =
            switch outcome.kind {
            case .created: .created
            case .changed: .changed
            case .deleted: .deleted
            }
        return SecurityAnswer(code: code, representation: nil, effects: outcome.effects)
    }

    private func retrieve(
        _ request: ResourceRequest, _ resource: SecurityResource, _ context: SecurityContext,
        _ signingRequest: SigningRequest?
    ) throws(ResourceError) -> CBOR.Map {
        switch resource {
        case .doxm:
            guard try OwnershipFilter(request).matches(doxm) else {
                throw ResourceError(.badRequest, "this device does not match the query")
            }
            return doxm.representation
        case .pstat: return pstat.representation
        case .cred: return cred.representation(try selection(request, hasSubjects: true))
        case .acl2: return acl2.representation(id: try entryID(request))
        case .sp: return sp.representation
        case .csr:
            guard let signingRequest else {
                throw ResourceError(.serviceUnavailable, "the device has no key pair yet")
            }
            return signingRequest.representation
        case .roles: return assertions(on: context.session).representation(try selection(request, hasSubjects: false))
        case .sdi: return sdi.representation
        }
    }

    private mutating func update(
        _ request: ResourceRequest, _ resource: SecurityResource, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        switch resource {
        case .doxm: return try apply(OwnerTransferMethods.Update(request.body), context)
        case .pstat: return try apply(ProvisioningStatus.Update(request.body), context)
        case .cred: return try apply(.update(CredentialList.Update(request.body)), context)
        case .acl2: return try apply(.update(AccessControlList.Update(request.body)), context)
        case .sp: return try apply(SecurityProfiles.Update(request.body), context)
        case .roles: return try apply(.update(RoleAssertions.Update(request.body)), context)
        case .sdi: return try apply(SecurityDomain.Update(request.body), context)
        case .csr: throw ResourceError(.methodNotAllowed, "csr is read-only")
        }
    }

    private mutating func delete(
        _ request: ResourceRequest, _ resource: SecurityResource, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        // A misspelt query must not delete everything.
        let known: Set<String> =
            switch resource {
            case .cred: ["credid", "subjectuuid"]
            case .acl2: ["aceid"]
            case .roles: ["credid"]
            default: throw ResourceError(.methodNotAllowed, "\(resource.rawValue) is not deleted from")
            }
        guard request.query.count <= 1, request.query.allSatisfy({ known.contains($0.name) }),
            request.resourceTypes.isEmpty
        else {
            throw ResourceError(.badRequest, "expected no query, or one of \(known.sorted().joined(separator: ", "))")
        }
        switch resource {
        case .acl2: return try apply(AccessControlList.Change.delete(entryID(request)), context)
        case .roles: return try apply(RoleAssertions.Change.delete(selection(request, hasSubjects: false)), context)
        default: return try apply(CredentialList.Change.delete(selection(request, hasSubjects: true)), context)
        }
    }

    private func entryID(_ request: ResourceRequest) throws(ResourceError) -> Int? {
        guard let text = request[query: "aceid"] else { return nil }
        guard let id = Int(text) else { throw ResourceError(.badRequest, "aceid=\(text); expected a number") }
        return id
    }

    private func selection(
        _ request: ResourceRequest, hasSubjects: Bool
    ) throws(ResourceError) -> CredentialList.Selection {
        if let text = request[query: "credid"] {
            guard let id = Int(text) else { throw ResourceError(.badRequest, "credid=\(text); expected a number") }
            return .id(id)
        }
        if hasSubjects, let text = request[query: "subjectuuid"] {
            guard let subject = Credential.Subject(text) else {
                throw ResourceError(.badRequest, "subjectuuid=\(text); expected a UUID or *")
            }
            return .subject(subject)
        }
        return .all
    }
}
