import JSONText
import OneLoop
import OneM2MPrimitives

/// What the other parts of the door do with resources, past the access decision: the registrar's `<remoteCSE>`, the tokens
/// that an authority issues.
extension CSE {
    /// A resource by its address or ID; nil when it is not here.
    public func resource(_ address: String) -> ResourceView? {
        tree.resource(address, at: identity).flatMap { $0.hasExpired(by: clock()) ? nil : view($0) }
    }

    /// The children of a resource of a type, or all resources of it.
    public func resources(_ type: ResourceType, under parent: String? = nil) -> [ResourceView] {
        guard let parent else { return tree.byID.values.filter { $0.type == type }.map { view($0) } }
        return tree.resource(parent, at: identity)?.children.filter { $0.type == type }.map { view($0) } ?? []
    }

    /// Puts a resource in; returns once it is durable, where that is wanted.
    ///
    /// - Parameters:
    ///   - parent: an address; `-` for the base.
    ///   - isKept: whether flash remembers it; what is made anew at each start is not.
    public func add(
        _ type: ResourceType, under parent: String, name: String? = nil, id: String? = nil, attributes: JSONObject,
        creator: EntityID? = nil, expiration: OneM2MTime = .distantFuture, isKept: Bool = true
    ) async throws(OneM2MError) -> ResourceView {
        guard let above = tree.resource(parent, at: identity) else {
            throw OneM2MError(.notFound, "there is no resource \"\(parent)\"")
        }
        let id = id ?? newID()
        let name = name ?? id
        guard tree.byID[id] == nil, above.child(named: name) == nil else {
            throw OneM2MError(.conflict, "the name \"\(name)\" is taken")
        }
        guard tree.requested < settings.limits.resources else {
            throw OneM2MError(.notAcceptable, "there are \(settings.limits.resources) resources, no more fit")
        }
        let resource = Resource(
            id: id, type: type, name: name, rootName: type.shortName ?? "m2m:\(type.rawValue)",
            keeper: isKept ? .requests : .passing, creator: (creator ?? identity.entity).absolute, created: clock(),
            expiration: min(expiration, above.expiration), attributes: attributes)
        adoptDetail(resource)
        try await put(resource, under: above)
        return view(resource)
    }

    /// Changes attributes of a resource; `null` takes one away.
    public func change(_ address: String, _ changes: JSONObject) async throws(OneM2MError) {
        guard let resource = tree.resource(address, at: identity) else {
            throw OneM2MError(.notFound, "there is no resource \"\(address)\"")
        }
        // Said in full: a bare nil would be JSON's null, which is a value.
        for change in changes {
            resource.attributes[change.name] = change.value.isNull ? Optional<JSON>.none : change.value
        }
        adoptDetail(resource)
        resource.modified = clock()
        try await memory.keep(resource)
        notifier.happened(.updated, at: resource, changed: changes)
    }

    /// Removes a resource and all below it; does nothing when it is not here.
    public func removeResource(_ address: String) async throws(OneM2MError) {
        guard let resource = tree.resource(address, at: identity), resource !== tree.base else { return }
        try await memory.remove(remove(resource))
    }

    /// Sets the URLs that the base shows.
    public func setPointsOfAccess(_ points: [String]) {
        tree.base.attributes["poa"] = .array(points.map { .string($0) })
        tree.base.attributes["rr"] = .bool(!points.isEmpty)
    }
}

/// How entities that are registered here are reached, for the way to others.
extension CSE {
    /// The points of access of an AE or CSE that is registered here, and whether it takes requests; nil for one that is not.
    public func reachability(of entity: EntityID) -> (points: [String], isReachable: Bool)? {
        registration(of: entity).map { ($0.texts("poa"), $0.attributes["rr"]?.bool ?? false) }
    }

    /// Leaves a request at the polling channel of an AE or CSE and waits for its answer; nil where it has none.
    public func poll(_ request: RequestPrimitive, of entity: EntityID) async -> ResponsePrimitive? {
        guard let channel = registration(of: entity)?.children.first(where: { $0.type == .pollingChannel }) else {
            return nil
        }
        return await polling.send(request, over: channel.id, at: clock())
    }

    private func registration(of entity: EntityID) -> Resource? {
        if entity.cse == identity.entity {
            return entity.stem.flatMap { tree.byID[$0] }.flatMap { $0.type == .ae ? $0 : nil }
        }
        return registeredCSE(entity)
    }
}
