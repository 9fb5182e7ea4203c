import JSONText
import OneLoop
import OneM2MPrimitives

/// May the originator do this to the resource? (TS-0003 7.1, TS-0004 7.3.3.15)
extension CSE {
    /// Whether an operation is permitted: by policies, by the default where there is none, or by tokens. One yes is enough.
    ///
    /// - Parameter created: the type to be created, of a CREATE.
    func permits(
        _ context: RequestContext, _ operation: OperationSet, _ resource: Resource,
        creating created: ResourceType? = nil
    ) -> Bool {
        if context.isAdministrator { return true }
        // A token is shown to its holder alone, whatever the policies above it say.
        if resource.type == .accessToken {
            return operation == .retrieve
                && authority?.permitsRetrieval(of: view(resource), by: context.originator) == true
        }
        // TS-0001 9.6.26.1, 10.2.13.6: what is announced belongs to the CSE that announced it, whose policies may be elsewhere.
        if resource.type.isAnnounced, context.originator.isCSE, resource.creator == context.originator.absolute {
            return true
        }
        let governing = governing(resource)
        let key = created == nil ? cacheKey(governing, operation) : nil
        if let key, let decided = context.decided[key] {
            if decided { return true }
        } else {
            let allowed = policiesPermit(context, operation, governing, creating: created, roles: [])
            if let key { context.decided[key] = allowed }
            if allowed { return true }
        }
        return tokensPermit(context, operation, resource, creating: created)
    }

    /// Whether an operation is permitted by other policies than the resource's own, or by tokens for it.
    func permits(
        _ context: RequestContext, _ operation: OperationSet, _ resource: Resource, creating created: ResourceType?,
        under policies: [String]
    ) -> Bool {
        var asked = accessRequest(context, operation, resource, creating: created)
        return permit(policies, &asked, context)
            || tokensPermit(context, operation, resource, creating: created, under: policies)
    }

    /// Refuses with 4103 what is not permitted; with `tqi` the answer says where a token can be had.
    func demand(
        _ context: RequestContext, _ operation: OperationSet, _ resource: Resource,
        creating created: ResourceType? = nil
    ) throws(OneM2MError) {
        guard permits(context, operation, resource, creating: created) else {
            context.refusedAt = resource
            throw OneM2MError(
                .originatorHasNoPrivilege,
                "\(context.originator.text(at: identity)) has no privilege for this at \(resource.address)")
        }
    }

    /// The resource whose policies decide: itself, or the nearest above where its type has no policies of its own.
    private func governing(_ resource: Resource) -> Resource {
        var current = resource
        while current.type != .accessControlPolicy,
            !(ResourceTable.definition(current.type)?.common.contains(.policies) ?? false), let parent = current.parent
        {
            current = parent
        }
        // A subscription without policies of its own follows what it is about, besides its creator.
        return current
    }

    private func cacheKey(_ resource: Resource, _ operation: OperationSet) -> String? {
        // Without policies the creator decides, who is another at each resource; an empty list is none.
        guard resource.type != .accessControlPolicy, let list = resource.attributes["acpi"],
            !resource.texts("acpi").isEmpty
        else { return nil }
        return "\(operation.rawValue)\(list.serialized())\(resource.type.rawValue)"
    }

    private func policiesPermit(
        _ context: RequestContext, _ operation: OperationSet, _ resource: Resource, creating created: ResourceType?,
        roles: Set<String>
    ) -> Bool {
        var asked = accessRequest(context, operation, resource, creating: created)
        asked.roles = roles
        if resource.type == .accessControlPolicy {
            guard case .policy(_, let itself) = resource.detail else { return false }
            return permit(itself, &asked, context)
        }
        let policies = resource.texts("acpi")
        guard !policies.isEmpty else { return defaultPermits(context, operation, resource) }
        return permit(policies, &asked, context)
    }

    /// Whether one of these policies permits; one that is gone, or whose time has come, permits nobody.
    private func permit(_ policies: [String], _ asked: inout AccessRequest, _ context: RequestContext) -> Bool {
        policies.contains { text in
            guard let policy = tree.resource(text, at: identity), case .policy(let own, _) = policy.detail,
                !policy.hasExpired(by: context.now)
            else { return false }
            return permit(own, &asked, context)
        }
    }

    /// Without policies the creator may do everything, an AE at itself too (TS-0001 9.6.1.3.2). The base shows itself to
    /// whoever is registered; what is below it shows itself by its own policies.
    private func defaultPermits(_ context: RequestContext, _ operation: OperationSet, _ resource: Resource) -> Bool {
        if resource.type == .cseBase {
            return [.retrieve, .discovery].contains(operation) && isRegistered(context.originator)
        }
        if resource.creator == context.originator.absolute { return true }
        if resource.type == .ae, resource.attributes["aei"]?.string == context.originator.stem,
            context.originator.cse == identity.entity
        {
            return true
        }
        // A subscription, and what hangs on an AE without policies: whoever the thing above belongs to.
        if resource.type == .subscription, let parent = resource.parent, operation != .update, operation != .delete {
            return parent.creator == context.originator.absolute
        }
        return false
    }

    /// Whether tokens permit: by rules of their own, or by their roles under the policies given, or the resource's own.
    private func tokensPermit(
        _ context: RequestContext, _ operation: OperationSet, _ resource: Resource, creating created: ResourceType?,
        under policies: [String]? = nil
    ) -> Bool {
        guard !context.privileges.permissions.isEmpty else { return false }
        let governing = governing(resource)
        var roles: Set<String> = []
        for permission in context.privileges.permissions where covers(permission.resources, resource, governing) {
            roles.formUnion(permission.roles)
            guard let privileges = permission.privileges else { continue }
            var asked = accessRequest(context, operation, resource, creating: created)
            asked.roles = roles
            if permit(privileges, &asked, context) { return true }
        }
        // What the roles mean stands in the policies here (role-based access control).
        guard !roles.isEmpty else { return false }
        guard let policies else {
            return policiesPermit(context, operation, governing, creating: created, roles: roles)
        }
        var asked = accessRequest(context, operation, resource, creating: created)
        asked.roles = roles
        return permit(policies, &asked, context)
    }

    /// Whether a token's list of resources names this one, or the container of this instance; nil names all. An address may
    /// end in `/*` for all below it.
    private func covers(_ list: [String]?, _ resource: Resource, _ governing: Resource) -> Bool {
        guard let list else { return true }
        return list.contains { text in
            if text.hasSuffix("/*") {
                guard let top = tree.resource(String(text.dropLast(2)), at: identity) else { return false }
                var next = resource.parent
                while let above = next {
                    if above === top { return true }
                    next = above.parent
                }
                return false
            }
            guard let named = tree.resource(text, at: identity) else { return false }
            return named === resource || named === governing
        }
    }

    private func accessRequest(
        _ context: RequestContext, _ operation: OperationSet, _ resource: Resource, creating created: ResourceType?
    ) -> AccessRequest {
        var asked = AccessRequest(
            home: identity, originator: context.originator, operation: operation, time: context.now)
        asked.address = context.origin.address
        asked.isAuthenticated = context.origin.isSecure
        asked.createdType = created
        asked.targetType = resource.type
        asked.targetSpecialisation = resource.specialisation
        return asked
    }

    /// Whether the rules permit; groups that they name are looked up only when nothing else did.
    private func permit(_ privileges: Privileges, _ asked: inout AccessRequest, _ context: RequestContext) -> Bool {
        if privileges.permit(asked) { return true }
        var groups: Set<String> = []
        for entry in privileges.rules.flatMap(\.originators) {
            guard let group = tree.resource(entry, at: identity), group.type == .group,
                !group.hasExpired(by: context.now)
            else { continue }
            let isMember = group.texts("mid").contains { member in
                guard let member = tree.resource(member, at: identity), member.type == .ae else {
                    return EntityID(member, at: identity) == context.originator
                }
                return context.originator.cse == identity.entity
                    && member.attributes["aei"]?.string == context.originator.stem
            }
            if isMember { groups.insert(entry) }
        }
        guard !groups.isEmpty else { return false }
        var again = asked
        let memberOf = groups
        again.isMember = { memberOf.contains($0) }
        return privileges.permit(again)
    }

    /// Whether an AE is registered here, or a CSE is, itself or for its AE.
    func isRegistered(_ entity: EntityID) -> Bool {
        if entity.cse == identity.entity {
            guard let stem = entity.stem else { return true }
            guard let application = tree.byID[stem], application.type == .ae else { return false }
            return !application.hasExpired(by: clock())
        }
        return registeredCSE(entity) != nil
    }

    /// The `<remoteCSE>` of a CSE, or of the one where an AE is registered.
    func registeredCSE(_ entity: EntityID) -> Resource? {
        tree.base.children.first { child in
            child.type == .remoteCSE && !child.hasExpired(by: clock())
                && child.attributes["csi"]?.string.flatMap { EntityID($0, at: identity) } == entity.cse
        }
    }
}
