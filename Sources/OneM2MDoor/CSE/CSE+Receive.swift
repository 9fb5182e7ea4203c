import JSONText
import OneLoop
import OneM2MPrimitives

/// The way of a request through the CSE (TS-0004 7.3.2.1, 7.3.3): first what is wrong with it whoever is asked, then who
/// asks, then what it is about.
extension CSE {
    /// Does what a request asks; whatever stands in the way is an answer.
    public func receive(_ request: RequestPrimitive, from origin: RequestOrigin) async -> ResponsePrimitive {
        counters.requests += 1
        guard !isStopped else {
            return ResponsePrimitive(OneM2MError(.internalServerError, "the CSE ends"), to: request)
        }
        guard inWork < settings.limits.requests else {
            counters.refused += 1
            return ResponsePrimitive(
                OneM2MError(.internalServerError, "\(inWork) requests are in work, no more are taken"), to: request)
        }
        inWork += 1
        defer { inWork -= 1 }
        var context: RequestContext?
        do throws(OneM2MError) {
            let checked = try check(request, origin)
            context = checked
            guard let address = ResourceAddress(request.to) else {
                throw OneM2MError(.badRequest, "\"\(request.to.prefix(80))\" is no address")
            }
            guard address.isLocal(to: identity) else { return try await forward(checked, address) }
            try await verifyTokens(checked)
            if request.responseType != .blocking, request.responseType != .flexBlocking {
                return try await accept(checked, address)
            }
            let due = try await untilDue(checked, try takeDelay(checked))
            context = due
            return try await performConsulting(due, address)
        } catch {
            counters.refused += 1
            var answer = ResponsePrimitive(error, to: request)
            if let context {
                answer.assignedTokens = context.assigned
                if error.status == .originatorHasNoPrivilege, request.tokenRequestIndicator == true,
                    let information = tokens?.requestInformation(
                        request, originator: context.originator,
                        target: "/\(identity.cseID)/\((context.refusedAt ?? tree.base).address)")
                {
                    answer.tokenRequestInformation = information
                    answer.content = nil
                }
            }
            return answer
        }
    }

    /// What is wrong with a request whatever it asks for, and who asks.
    func check(_ request: RequestPrimitive, _ origin: RequestOrigin) throws(OneM2MError) -> RequestContext {
        let now = clock()
        guard !request.requestIdentifier.isEmpty,
            request.requestIdentifier.utf8.count <= RequestPrimitive.longestRequestIdentifier
        else {
            throw OneM2MError(
                .badRequest,
                "a request identifier of 1 to \(RequestPrimitive.longestRequestIdentifier) bytes was expected")
        }
        guard RequestPrimitive.supportedReleases.contains(request.releaseVersion ?? "1") else {
            throw OneM2MError(
                .releaseVersionNotSupported,
                "release \(request.releaseVersion ?? "1") is not spoken here; 2a, 3 and 4 are")
        }
        if let expiration = request.requestExpiration, expiration.moment(from: now) <= now {
            throw OneM2MError(.requestTimeout, "the time for this request is over")
        }
        if request.operation == .create, !request.filterCriteria.isEmpty {
            throw OneM2MError(.badRequest, "a CREATE has no filter criteria")
        }
        let originator = try originator(of: request)
        let isAdministrator = try authenticate(originator, request, origin)
        return RequestContext(
            request, origin: origin, originator: originator, now: now, isAdministrator: isAdministrator)
    }

    /// An AE that registers may leave it to the CSE what it is called: `C`, or nothing.
    private func isRegistration(_ request: RequestPrimitive) -> Bool {
        request.operation == .create && (request.resourceType == .ae || request.resourceType == .remoteCSE)
    }

    private func originator(of request: RequestPrimitive) throws(OneM2MError) -> EntityID {
        guard let from = request.from, !from.isEmpty else {
            guard request.operation == .create, request.resourceType == .ae else {
                throw OneM2MError(.badRequest, "the originator is missing")
            }
            return EntityID(spID: identity.spID, cseID: identity.cseID, stem: "C")
        }
        guard let entity = EntityID(from, at: identity) else {
            throw OneM2MError(.badRequest, "\"\(from.prefix(80))\" is no identifier of an AE or a CSE")
        }
        return entity
    }

    /// Whether the originator is who the connection is known to be, and registered; returns whether it is an administrator.
    private func authenticate(
        _ originator: EntityID, _ request: RequestPrimitive, _ origin: RequestOrigin
    ) throws(OneM2MError) -> Bool {
        if origin.transport == .internal { return originator == identity.entity || isAdministrator(originator) }
        let isTrustworthy = origin.isSecure || origin.isLoopback
        if origin.isSecure, !origin.identities.isEmpty {
            // Only who registers may have no name yet.
            let isNewcomer = isRegistration(request) && (originator.stem == "C" || originator.stem == "S")
            guard isNewcomer || origin.identities.contains(where: { speaks($0, for: originator) }) else {
                throw OneM2MError(
                    .originatorNotAuthenticated,
                    "the connection belongs to another than \(originator.text(at: identity))")
            }
        }
        // Nobody else may say to be this CSE.
        guard originator != identity.entity else {
            throw OneM2MError(.originatorNotAuthenticated, "\(originator.spRelative) is this CSE itself")
        }
        if !isTrustworthy {
            // Not merely without the rights: what an impostor registers or creates under this name would count as the
            // administrator's afterwards, when it is told of events or reached at its points of access.
            guard !isAdministrator(originator) else {
                throw OneM2MError(
                    .originatorNotAuthenticated,
                    "\(originator.text(at: identity)) administers this CSE, and is only taken inside TLS or DTLS or on this machine"
                )
            }
            if originator.isCSE, !settings.allowsInsecureCSEs {
                throw OneM2MError(
                    .securityAssociationRequired, "a CSE is only taken inside TLS or DTLS; see onem2m.insecure")
            }
            if !settings.allowsInsecureAEs {
                throw OneM2MError(
                    .securityAssociationRequired, "nobody is taken outside TLS or DTLS; see onem2m.insecure")
            }
        }
        if isTrustworthy, isAdministrator(originator) { return true }
        if isRegistration(request) { return false }
        guard isRegistered(originator) || origin.isSecure && !origin.identities.isEmpty else {
            throw OneM2MError(
                .originatorNotAuthenticated, "\(originator.text(at: identity)) is not registered here")
        }
        return false
    }

    func isAdministrator(_ originator: EntityID) -> Bool {
        settings.administrators.contains { EntityID($0, at: identity) == originator }
    }

    /// Whether an identity of a connection speaks for an originator: it is itself, or the CSE where the AE is registered, or
    /// a CSE through which others are reached.
    private func speaks(_ text: String, for originator: EntityID) -> Bool {
        guard let entity = EntityID(text, at: identity) else { return false }
        if entity == originator { return true }
        guard entity.isCSE else { return false }
        if entity == originator.cse { return true }
        return originator.cse != identity.entity
            && registeredCSE(entity)?.texts("dcse").contains {
                EntityID($0, at: identity) == originator.cse
            } ?? false
            || originator.cse != identity.entity && settings.registrar.flatMap { EntityID($0, at: identity) } == entity
    }

    func verifyTokens(_ context: RequestContext) async throws(OneM2MError) {
        guard context.request.bringsAuthorization else { return }
        guard let tokens else {
            throw OneM2MError(.notImplemented, "tokens and roles are not looked at here; see onem2m.tokens")
        }
        let verdict = await tokens.verify(
            context.request, originator: context.originator, origin: context.origin, now: context.now)
        switch verdict {
        case .none: break
        case .rejected(let status, let reason): throw OneM2MError(status, reason)
        case .accepted(let privileges, let assigned):
            context.privileges = privileges
            context.assigned = assigned
        }
    }

    /// Does a request; what is refused for want of a privilege is put to the authorization servers that the resource names,
    /// and done if one of them permits it (TS-0004 7.3.3.15: dynamic authorization comes after the policies).
    func performConsulting(
        _ context: RequestContext, _ address: ResourceAddress
    ) async throws(OneM2MError) -> ResponsePrimitive {
        do throws(OneM2MError) { return try await perform(context, address) } catch {
            guard error.status == .originatorHasNoPrivilege, let target = context.refusedAt, let tokens else {
                throw error
            }
            let consultations = target.texts("daci").compactMap { tree.resource($0, at: identity) }.map { view($0) }
            guard !consultations.isEmpty,
                let granted = await tokens.consult(
                    consultations, about: context.request, originator: context.originator, origin: context.origin,
                    target: "/\(identity.cseID)/\(target.address)", now: context.now)
            else { throw error }
            context.privileges = TokenPrivileges(context.privileges.permissions + granted.permissions)
            context.refusedAt = nil
            return try await perform(context, address)
        }
    }

    /// Does a request about a resource here.
    func perform(_ context: RequestContext, _ address: ResourceAddress) async throws(OneM2MError) -> ResponsePrimitive {
        guard let found = find(address.path, now: context.now) else {
            throw OneM2MError(.notFound, "there is no resource \"\(address)\"")
        }
        if case .virtual(let name, let resource, let rest) = found {
            switch name {
            case "fopt": return try await fanOut(context, resource, rest)
            case "pcu": return try await poll(context, resource)
            case "atis": return try await issueToken(context, resource)
            default: break
            }
        }
        switch context.request.operation {
        case .create:
            switch found {
            case .resource(let parent): return try await create(context, under: parent)
            case .instance(_, let container):
                try demand(context, .create, container)
                throw OneM2MError(
                    context.request.resourceType == .subscription ? .targetNotSubscribable : .invalidChildResourceType,
                    "a content instance has nothing below it")
            case .virtual: throw OneM2MError(.operationNotAllowed, "nothing can be created at \"\(address)\"")
            }
        case .retrieve:
            if context.request.resultContent == .originalResource { return try await retrieveOriginal(context, found) }
            return try retrieve(context, found)
        case .update:
            guard case .resource(let resource) = found else {
                throw OneM2MError(.operationNotAllowed, "\"\(address)\" cannot be updated")
            }
            return try await update(context, resource)
        case .delete: return try await delete(context, found)
        case .notify: return try await notify(context, found)
        }
    }

    /// Passes a request on to the CSE that has the resource.
    func forward(
        _ context: RequestContext, _ address: ResourceAddress
    ) async throws(OneM2MError) -> ResponsePrimitive {
        let target = address.cse(seenFrom: identity)
        guard let remote else {
            throw OneM2MError(.targetNotReachable, "\(target.spRelative) is another CSE, and none is connected")
        }
        // A request that came over a CSE and goes back to it would run in a circle.
        guard target != context.originator.cse || context.originator.cse == identity.entity else {
            throw OneM2MError(.targetNotReachable, "\(target.spRelative) sent this itself")
        }
        var request = context.request
        // Elsewhere a stem alone says nothing.
        request.from = context.originator.text(for: target)
        return await remote.send(request, to: .entity(target))
    }
}
