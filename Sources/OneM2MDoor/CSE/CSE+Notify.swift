import JSONText
import OneLoop
import OneM2MPrimitives

/// NOTIFY (TS-0004 7.3.3.5, 7.5.1), and the way to whoever is to be told.
extension CSE {
    func notify(_ context: RequestContext, _ found: ResourceTree.Found) async throws(OneM2MError) -> ResponsePrimitive {
        guard case .resource(let resource) = found else {
            throw OneM2MError(.operationNotAllowed, "a content instance takes no notifications")
        }
        switch resource.type {
        case .ae:
            try demand(context, .notify, resource)
            return await deliver(context.request.withoutAuthorization, to: resource.id)
        case .cseBase:
            if let onNotification,
                let answer = await onNotification(context.request, context.originator, context.origin)
            {
                return answer
            }
            throw OneM2MError(.operationNotAllowed, "the CSE itself waits for no notification of this kind")
        default: throw OneM2MError(.operationNotAllowed, "a \(resource.type) takes no notifications")
        }
    }

    /// Brings a request to a URL, to an AE here (over its polling channel or points of access), or to another CSE.
    func deliver(_ request: RequestPrimitive, to target: String) async -> ResponsePrimitive {
        func refuse(_ status: ResponseStatus, _ reason: String) -> ResponsePrimitive {
            ResponsePrimitive(OneM2MError(status, reason), to: request)
        }
        guard
            !target.utf8.contains(UInt8(ascii: ":"))
                || ResourceAddress(target)?.isLocal(to: identity) == true
                    && tree.resource(target, at: identity) != nil
        else {
            guard let remote else { return refuse(.targetNotReachable, "there is no way to \(target.prefix(80))") }
            return await remote.send(request, to: .pointOfAccess(target))
        }
        guard let address = ResourceAddress(target) else {
            return refuse(.badRequest, "\"\(target.prefix(80))\" is no target")
        }
        guard address.isLocal(to: identity) else {
            guard let remote else { return refuse(.targetNotReachable, "there is no way to \(target)") }
            return await remote.send(request, to: .entity(address.cse(seenFrom: identity)))
        }
        guard case .resource(let resource)? = tree.find(address.path) else {
            return refuse(.notFound, "there is no resource \"\(target)\"")
        }
        if let channel = resource.children.first(where: { $0.type == .pollingChannel }) {
            return await polling.send(request, over: channel.id, at: clock())
        }
        guard resource.attributes["rr"]?.bool ?? true else {
            return refuse(.targetNotReachable, "\(resource.address) takes no requests")
        }
        var answer = refuse(.targetNotReachable, "\(resource.address) has no point of access and no polling channel")
        guard let remote else { return answer }
        for point in resource.texts("poa").prefix(8) {
            answer = await remote.send(request, to: .pointOfAccess(point))
            if answer.status != .targetNotReachable { break }
        }
        return answer
    }

    /// A CREATE at the virtual `<accessTokenIssuing>`; nothing else can be asked of it.
    func issueToken(_ context: RequestContext, _ resource: Resource) async throws(OneM2MError) -> ResponsePrimitive {
        guard context.request.operation == .create else {
            throw OneM2MError(.operationNotAllowed, "an accessTokenIssuing takes CREATE alone")
        }
        try demand(context, .create, resource, creating: .accessTokenIssuing)
        guard let authority else {
            throw OneM2MError(.notImplemented, "no issuance process is bound to this authority; see onem2m.tokens")
        }
        let content = try await authority.issue(
            context.request, at: view(resource), originator: context.originator, origin: context.origin,
            now: context.now)
        return context.answer(.created, content)
    }
}
