import JSONText
import OneLoop
import OneM2MPrimitives

/// DELETE (TS-0004 7.3.3.4): the resource and all below it.
extension CSE {
    func delete(_ context: RequestContext, _ found: ResourceTree.Found) async throws(OneM2MError) -> ResponsePrimitive {
        switch found {
        case .instance(let instance, let container):
            return try await delete(context, instance, of: container)
        case .virtual(let name, let container, _):
            try demand(context, .delete, container)
            return try await delete(context, try instance(name, of: container, now: context.now), of: container)
        case .resource(let resource): return try await delete(context, resource)
        }
    }

    private func delete(
        _ context: RequestContext, _ instance: ContentInstances.Instance, of container: Resource
    ) async throws(OneM2MError) -> ResponsePrimitive {
        try demand(context, .delete, container)
        let wanted = try resultContent(context, [.nothing, .attributes])
        guard let gone = tree.remove(number: instance.number, of: container) else {
            throw OneM2MError(.notFound, "the content instance is gone already")
        }
        container.stateTag += 1
        notifier.happened(.deletedChild, at: container, instance: gone)
        try await memory.remove(gone, of: container)
        return context.answer(
            .deleted,
            wanted == .nothing
                ? Optional<JSON>.none : ["m2m:cin": .object(gone.representation(container: container.id))])
    }

    private func delete(_ context: RequestContext, _ resource: Resource) async throws(OneM2MError) -> ResponsePrimitive
    {
        try demand(context, .delete, resource)
        guard resource.type != .cseBase, let definition = ResourceTable.definition(resource.type),
            definition.operations.contains(.delete)
        else { throw OneM2MError(.operationNotAllowed, "a \(resource.type) is not deleted by a request") }
        guard resource.keeper == .requests || resource.keeper == .passing else {
            throw OneM2MError(.operationNotAllowed, "\(resource.address) is the gateway's own and stays")
        }
        if isAuthorization(resource.type) {
            try authority?.check(.delete, view(resource), originator: context.originator, origin: context.origin)
        }
        let wanted = try resultContent(context, [.nothing, .attributes])
        // Said in full: a bare nil would be JSON's null, which is a value.
        let content = wanted == .nothing ? Optional<JSON>.none : resource.json
        try await memory.remove(remove(resource))
        return context.answer(.deleted, content)
    }

    /// Takes a resource and all below it away and tells who wants to know; returns what went, for flash to forget.
    @discardableResult
    func remove(_ resource: Resource) -> [Resource] {
        let parent = resource.parent
        if let parent { notifier.happened(.deletedChild, at: parent, child: resource) }
        tellDeletion(resource)
        withdraw(resource)
        if isAuthorization(resource.type) { authority?.changed(.delete, view(resource)) }
        let gone = tree.remove(resource)
        for one in gone {
            if one.type == .pollingChannel { polling.close(one.id) }
            if one.type == .subscription { notifier.forget(subscription: one.id) }
        }
        if let parent, parent.type == .container || parent.type == .flexContainer { parent.stateTag += 1 }
        return gone
    }

    /// Subscriptions at a resource, and at all below it, hear of its end.
    private func tellDeletion(_ resource: Resource) {
        for child in resource.children where child.type != .subscription { tellDeletion(child) }
        notifier.happened(.deleted, at: resource)
        for child in resource.children where child.type == .subscription { notifier.ended(child) }
        if resource.type == .subscription { notifier.ended(resource) }
    }
}
