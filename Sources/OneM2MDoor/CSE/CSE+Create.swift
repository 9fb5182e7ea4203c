import JSONText
import OneLoop
import OneM2MPrimitives

/// CREATE (TS-0004 7.3.3.1): is the parent one, may the originator, is the type a child, are the attributes right, is the
/// name free, is there room; then what the type itself demands.
extension CSE {
    func create(_ context: RequestContext, under parent: Resource) async throws(OneM2MError) -> ResponsePrimitive {
        guard let type = context.request.resourceType else {
            throw OneM2MError(.badRequest, "a CREATE says which type, in ty")
        }
        guard let definition = ResourceTable.definition(type) else {
            // A type that the receiver does not have is 5001, one that only an infrastructure node has 4005 (TS-0004 7.3.2.1).
            throw OneM2MError(
                ResourceTable.infrastructureOnly.contains(type.rawValue) ? .operationNotAllowed : .notImplemented,
                "this CSE has no resources of \(type)")
        }
        try mayCreate(context, type, under: parent)
        // What the authority has issued it puts there itself.
        let isIssued = type == .accessToken && context.origin.transport == .internal
        guard definition.operations.contains(.create) || isIssued else {
            throw OneM2MError(.operationNotAllowed, "a \(definition.title) is not created by a request")
        }
        guard let parentDefinition = ResourceTable.definition(parent.type), parentDefinition.children.contains(type)
        else {
            throw OneM2MError(
                type == .subscription ? .targetNotSubscribable : .invalidChildResourceType,
                "a \(definition.title) cannot be below a \(parent.type)")
        }
        let resultContent = try resultContent(
            context,
            [.nothing, .attributes, .hierarchicalAddress, .hierarchicalAddressAndAttributes, .modifiedAttributes])
        var (given, rootName, module) = try content(context.request, definition, of: type)
        // ACME announces what an original does not have as null. TS-0004 8.4.2 has null in an UPDATE alone; what is announced
        // is no worse for it.
        if type.isAnnounced { given = JSONObject(given.filter { !$0.value.isNull }.map { ($0.name, $0.value) }) }
        var attributes = try checked(given, definition, module, for: .create)
        let name = try name(given, under: parent, now: context.now)
        let expiration = try expiration(given, under: parent, now: context.now)
        attributes["et"] = nil
        if type == .contentInstance {
            return try await createInstance(context, attributes, name, expiration, in: parent, resultContent)
        }
        if definition.common.contains(.creator), given["cr"] != nil {
            attributes["cr"] = .string(context.originator.text(at: identity))
        }
        try haveRoom(for: type, under: parent)
        let (id, finalName, creator) = try identify(context, type, name, &attributes)
        let resource = Resource(
            id: id, type: type, name: finalName, rootName: rootName, keeper: .requests, creator: creator.absolute,
            created: context.now, expiration: expiration, attributes: attributes)
        try await prepare(resource, under: parent, context)
        // While a subscriber or a member was asked, somebody else may have taken the name or the parent away.
        guard tree.byID[parent.id] === parent else { throw OneM2MError(.notFound, "the parent is gone") }
        sweep(finalName, under: parent, now: context.now)
        guard parent.child(named: finalName) == nil, tree.byID[id] == nil else {
            throw OneM2MError(.conflict, "the name \"\(finalName)\" is taken")
        }
        try await put(resource, under: parent)
        return context.answer(.created, result(resultContent, resource, given: given))
    }

    /// The permission to create. Who registers needs none but to be among those who may.
    private func mayCreate(
        _ context: RequestContext, _ type: ResourceType, under parent: Resource
    ) throws(OneM2MError) {
        switch type {
        case .ae:
            guard !NodeResources.isReserved(context.originator.stem ?? "") else {
                throw OneM2MError(
                    .appRuleValidationFailed, "AE-IDs that begin with a bus, such as Cgpio-, are those of nodes")
            }
            guard !context.isAdministrator else { return }
            guard context.originator.cse == identity.entity, !context.originator.isCSE else {
                throw OneM2MError(.operationNotAllowed, "an AE registers itself")
            }
            guard mayRegister(context.originator) else {
                throw OneM2MError(
                    .appRuleValidationFailed,
                    "\(context.originator.text(at: identity)) is not among those that may register")
            }
        case .remoteCSE:
            guard settings.kind != .applicationServiceNode else {
                throw OneM2MError(.operationNotAllowed, "an ASN-CSE takes no registrations of CSEs")
            }
            guard context.originator.isCSE || context.isAdministrator else {
                throw OneM2MError(.operationNotAllowed, "a CSE registers itself")
            }
            guard context.isAdministrator || mayRegister(context.originator) else {
                throw OneM2MError(
                    .originatorHasNoPrivilege, "\(context.originator.spRelative) is not among those that may register")
            }
        case ResourceType.cseBase.announced:
            // Who is registered here may announce here, below a resource of its own (TS-0001 9.6.26.1).
            guard context.originator.isCSE, registeredCSE(context.originator) != nil else {
                return try demand(context, .create, parent, creating: type)
            }
            guard !parent.children.contains(where: { $0.type == type && $0.creator == context.originator.absolute })
            else {
                throw OneM2MError(.conflict, "\(context.originator.spRelative) is announced here already")
            }
        default: try demand(context, .create, parent, creating: type)
        }
    }

    private func mayRegister(_ entity: EntityID) -> Bool {
        let request = AccessRequest(home: identity, originator: entity, operation: .create, time: clock())
        return settings.registrants.contains { request.isMeant(by: $0) }
    }

    private func haveRoom(for type: ResourceType, under parent: Resource) throws(OneM2MError) {
        let limits = settings.limits
        guard tree.requested < limits.resources else {
            throw OneM2MError(.notAcceptable, "there are \(limits.resources) resources, no more fit")
        }
        guard parent.children.count < limits.children else {
            throw OneM2MError(.notAcceptable, "there are \(limits.children) resources below this one, no more fit")
        }
        guard parent.depth + 1 < limits.depth else {
            throw OneM2MError(.notAcceptable, "the tree would be deeper than \(limits.depth) levels")
        }
        guard type != .subscription || tree.subscriptions < limits.subscriptions else {
            throw OneM2MError(.notAcceptable, "there are \(limits.subscriptions) subscriptions, no more fit")
        }
    }

    /// The ID, the name and the creator. An AE's ID is its AE-ID-Stem; a CSE's name is its CSE-ID.
    private func identify(
        _ context: RequestContext, _ type: ResourceType, _ name: String?, _ attributes: inout JSONObject
    ) throws(OneM2MError) -> (String, String, EntityID) {
        switch type {
        case .ae:
            let api = attributes["api"]?.string ?? ""
            guard let letter = api.utf8.first, "RNr".utf8.contains(letter) else {
                throw OneM2MError(.badRequest, "api: an App-ID begins with R or N, not \"\(api.prefix(20))\"")
            }
            var stem = context.originator.stem ?? "C"
            if stem == "C" {
                stem = "C" + newID()
            }
            guard stem.utf8.first == UInt8(ascii: "C") else {
                throw OneM2MError(
                    .notImplemented, "an AE-ID-Stem begins with C here; those with S are the service provider's to give"
                )
            }
            if tree.byID[stem]?.hasExpired(by: context.now) == true { removeExpired() }
            guard tree.byID[stem] == nil else {
                throw OneM2MError(.originatorHasAlreadyRegistered, "\(stem) is registered")
            }
            attributes["aei"] = .string(stem)
            return (stem, name ?? stem, EntityID(spID: identity.spID, cseID: identity.cseID, stem: stem))
        case .remoteCSE:
            let entity =
                context.isAdministrator
                ? attributes["csi"]?.string.flatMap { EntityID($0, at: identity) } ?? context.originator
                : context.originator
            guard entity.isCSE, entity != identity.entity else {
                throw OneM2MError(.badRequest, "csi: the CSE-ID of another CSE was expected")
            }
            guard registeredCSE(entity) == nil else {
                throw OneM2MError(.originatorHasAlreadyRegistered, "\(entity.spRelative) is registered")
            }
            attributes["csi"] = .string(entity.text(at: identity))
            return (newID(), name ?? entity.cseID, entity)
        default:
            let id = newID()
            let short = String(type.shortName?.split(separator: ":").last ?? "r")
            return (id, name ?? "\(short)-\(id)", context.originator)
        }
    }

    /// What the type itself demands before the resource is there.
    private func prepare(
        _ resource: Resource, under parent: Resource, _ context: RequestContext
    ) async throws(OneM2MError) {
        switch resource.type {
        case .accessControlPolicy: try adoptPolicy(resource)
        case .container: try checkLimits(resource)
        case .group: try await validateGroup(resource, context)
        case .subscription: try await validateSubscription(resource, about: parent, context)
        case .pollingChannel:
            guard parent.creator == context.originator.absolute || context.isAdministrator else {
                throw OneM2MError(.originatorHasNoPrivilege, "a polling channel is made by the one it is for")
            }
            guard !parent.children.contains(where: { $0.type == .pollingChannel }) else {
                throw OneM2MError(.conflict, "there is a polling channel already")
            }
        case .accessTokenAuthority, .accessToken, .token, .role, .dynamicAuthorizationConsultation:
            try authority?.check(
                .create, view(resource, under: parent), originator: context.originator, origin: context.origin)
        default: break
        }
        try checkPolicies(resource.attributes, of: resource.type)
        try checkAnnouncement(resource)
    }

    /// Puts a resource in; returns once it is durable, where that is wanted. What flash does not take goes again, and with it
    /// what has come below it meanwhile.
    func put(_ resource: Resource, under parent: Resource) async throws(OneM2MError) {
        tree.insert(resource, under: parent)
        do throws(OneM2MError) {
            try await memory.keep(resource)
        } catch {
            if tree.byID[resource.id] === resource { memory.forgetLazily(tree.remove(resource)) }
            throw error
        }
        created(resource, under: parent)
    }

    /// What follows from a resource's being there.
    private func created(_ resource: Resource, under parent: Resource) {
        if parent.type == .container || parent.type == .flexContainer {
            parent.stateTag += 1
        }
        if isAuthorization(resource.type) { authority?.changed(.create, view(resource, under: parent)) }
        notifier.happened(.createdChild, at: parent, child: resource)
        noteExpiration(resource.expiration)
        announce(resource)
    }
}
