import JSONText
import OneLoop
import OneM2MPrimitives

/// UPDATE (TS-0004 7.3.3.3).
extension CSE {
    func update(_ context: RequestContext, _ resource: Resource) async throws(OneM2MError) -> ResponsePrimitive {
        guard let definition = ResourceTable.definition(resource.type), definition.operations.contains(.update) else {
            try demand(context, .update, resource)
            throw OneM2MError(.operationNotAllowed, "a \(resource.type) is not updated by a request")
        }
        guard let root = context.request.content?.object, root.count == 1, let member = root.members.first,
            let given = member.value.object
        else {
            try demand(context, .update, resource)
            throw OneM2MError(.badRequest, "the content is an object with one member, such as \(resource.rootName)")
        }
        // Who may change the policies of a resource is said by those it has (TS-0004 7.3.3.3): their pvs decides.
        if given["acpi"] != nil {
            guard given.count == 1 else {
                throw OneM2MError(.badRequest, "acpi is changed alone, not together with other attributes")
            }
            try demandPolicyChange(context, resource)
        } else {
            try demand(context, .update, resource)
        }
        guard member.name == resource.rootName else {
            throw OneM2MError(.badRequest, "the root of this is \(resource.rootName), not \(member.name.prefix(40))")
        }
        guard resource.keeper != .configuration else {
            throw OneM2MError(.operationNotAllowed, "\(resource.address) is made by the configuration")
        }
        let wanted = try resultContent(context, [.nothing, .attributes, .modifiedAttributes])
        let module = resource.specialisation.flatMap { ModuleClass.named(definition: $0) }
        let changes = try checked(given, definition, module, for: .update)
        if resource.keeper == .nodes {
            try await updateNode(context, resource, changes)
            return context.answer(.updated, wanted == .nothing ? Optional<JSON>.none : resource.json)
        }
        let before = (resource.attributes, resource.detail, resource.expiration, resource.modified, resource.stateTag)
        var isOnItsWay = false
        do throws(OneM2MError) {
            try await apply(changes, to: resource, context)
            guard tree.byID[resource.id] === resource else { throw OneM2MError(.notFound, "the resource is gone") }
            resource.modified = context.now
            resource.stateTag += 1
            isOnItsWay = true
            try await memory.keep(resource)
        } catch {
            (resource.attributes, resource.detail, resource.expiration, resource.modified, resource.stateTag) = before
            // What the device refused would be written later all the same.
            if isOnItsWay { memory.keepLazily(resource) }
            throw error
        }
        if resource.type == .container { memory.forget(trim(resource, now: context.now), of: resource) }
        var changed = JSONObject()
        for member in changes { changed[member.name] = resource.representation[member.name] ?? member.value }
        if isAuthorization(resource.type) { authority?.changed(.update, view(resource)) }
        notifier.happened(.updated, at: resource, changed: changed)
        noteExpiration(resource.expiration)
        announceChange(resource, before: before.0, changesTargets: changes["at"] != nil)
        return context.answer(.updated, result(wanted, resource, given: given))
    }

    private func demandPolicyChange(_ context: RequestContext, _ resource: Resource) throws(OneM2MError) {
        if context.isAdministrator { return }
        let policies = resource.texts("acpi").compactMap { tree.resource($0, at: identity) }
        guard !policies.isEmpty else { return try demand(context, .update, resource) }
        guard policies.contains(where: { permits(context, .update, $0) }) else {
            context.refusedAt = resource
            throw OneM2MError(.originatorHasNoPrivilege, "no policy of this resource lets the originator change them")
        }
    }

    private func apply(
        _ changes: JSONObject, to resource: Resource, _ context: RequestContext
    ) async throws(OneM2MError) {
        let announced = resource.texts("at")
        for change in changes where change.name != "et" {
            // Said in full: a bare nil would be JSON's null, which is a value.
            resource.attributes[change.name] = change.value.isNull ? Optional<JSON>.none : change.value
        }
        if let asked = changes["et"] {
            resource.expiration =
                asked.isNull
                ? resource.parent?.expiration ?? .distantFuture
                : try expiration(["et": asked], under: resource.parent, now: context.now)
        }
        try checkPolicies(changes, of: resource.type)
        try checkAnnouncement(resource, known: announced)
        switch resource.type {
        case .accessControlPolicy: try adoptPolicy(resource)
        case .container: try checkLimits(resource)
        case .group: if changes["mid"] != nil || changes["mnm"] != nil { try await validateGroup(resource, context) }
        case .subscription: try await revalidateSubscription(resource, changes, context)
        case .accessTokenAuthority, .accessToken, .token, .role, .dynamicAuthorizationConsultation:
            try authority?.check(.update, view(resource), originator: context.originator, origin: context.origin)
        default: break
        }
    }
}
