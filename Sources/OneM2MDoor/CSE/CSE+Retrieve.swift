import JSONText
import OneLoop
import OneM2MPrimitives

/// RETRIEVE and discovery (TS-0004 7.3.3.2, 7.3.3.9, 7.5.2).
extension CSE {
    func retrieve(_ context: RequestContext, _ found: ResourceTree.Found) throws(OneM2MError) -> ResponsePrimitive {
        if context.request.filterCriteria.usage == .discovery { return try discover(context, found) }
        guard context.request.filterCriteria.usage == nil || context.request.filterCriteria.usage == .conditional else {
            throw OneM2MError(.notImplemented, "fu: only discovery (1) and conditional retrieval (2) are implemented")
        }
        switch found {
        case .instance(let instance, let container):
            try demand(context, .retrieve, container)
            return try show(context, instance, of: container)
        case .virtual(let name, let container, _):
            try demand(context, .retrieve, container)
            return try show(context, try instance(name, of: container, now: context.now), of: container)
        case .resource(let resource):
            try demand(context, .retrieve, resource)
            return try show(context, resource)
        }
    }

    /// What an announced resource stands for, as the CSE that has it shows it to the originator (TS-0001 9.6.26, `lnk`;
    /// TS-0004 6.3.4.2.8). The announced resource must let the originator see it as well.
    func retrieveOriginal(
        _ context: RequestContext, _ found: ResourceTree.Found
    ) async throws(OneM2MError) -> ResponsePrimitive {
        guard case .resource(let resource) = found, resource.type.isAnnounced,
            context.request.filterCriteria.usage != .discovery
        else { return try retrieve(context, found) }
        try demand(context, .retrieve, resource)
        guard let link = resource.attributes["lnk"]?.string, let address = ResourceAddress(link) else {
            throw OneM2MError(.notFound, "\(resource.address) links to nothing")
        }
        // Tokens were for this CSE.
        var request = context.request.withoutAuthorization
        request.to = link
        request.resultContent = nil
        let asked = context.with(request)
        var answer =
            address.isLocal(to: identity) ? try await perform(asked, address) : try await forward(asked, address)
        answer.assignedTokens = context.assigned
        return answer
    }

    private func show(
        _ context: RequestContext, _ instance: ContentInstances.Instance, of container: Resource
    ) throws(OneM2MError) -> ResponsePrimitive {
        let wanted = try resultContent(
            context,
            [
                .attributes, .attributesAndChildResources, .attributesAndChildResourceReferences,
                .childResourceReferences, .childResources,
            ])
        switch wanted {
        case .childResourceReferences: return context.answer(.ok, ["m2m:rrl": ["rrf": []]])
        case .childResources: return context.answer(.ok, ["m2m:cin": [:]])
        default:
            let all = instance.representation(container: container.id)
            return context.answer(.ok, .object(["m2m:cin": .object(try selected(all, context))]))
        }
    }

    /// The attributes that `atrl` asks for, or all.
    private func selected(_ all: JSONObject, _ context: RequestContext) throws(OneM2MError) -> JSONObject {
        guard let wanted = context.request.attributeList else { return all }
        var some = JSONObject()
        for name in wanted {
            guard let value = all[name] else {
                throw OneM2MError(.badRequest, "there is no attribute \"\(name.prefix(40))\"")
            }
            some[name] = value
        }
        return some
    }

    private func show(_ context: RequestContext, _ resource: Resource) throws(OneM2MError) -> ResponsePrimitive {
        let wanted = try resultContent(
            context,
            [
                .attributes, .attributesAndChildResources, .attributesAndChildResourceReferences,
                .childResourceReferences, .originalResource, .childResources,
            ])
        switch wanted {
        case .attributes:
            return context.answer(
                .ok, .object([resource.rootName: .object(try selected(resource.representation, context))]))
        case .originalResource:
            throw OneM2MError(.badRequest, "only an announced resource has an original")
        default: break
        }
        var walk = ResourceWalk(self, context, operation: .retrieve)
        walk.visit(resource)
        let references: [JSON] = walk.matches.map { match in
            [
                "nm": .string(match.name), "typ": .int(match.type.rawValue),
                "val": .string(walk.identifier(match, context)),
            ]
        }
        var answer = context.answer(.ok)
        switch wanted {
        case .childResourceReferences: answer.content = ["m2m:rrl": ["rrf": .array(references)]]
        case .attributesAndChildResourceReferences:
            var all = resource.representation
            all["ch"] = .array(references)
            answer.content = .object([resource.rootName: .object(all)])
        case .attributesAndChildResources:
            var all = resource.representation
            nest(walk.matches, under: resource.id, into: &all)
            answer.content = .object([resource.rootName: .object(all)])
        default:
            var all = JSONObject()
            nest(walk.matches, under: resource.id, into: &all)
            answer.content = .object([resource.rootName: .object(all)])
        }
        if walk.isPartial {
            answer.contentStatus = .partial
            answer.contentOffset = walk.nextOffset
        }
        return answer
    }

    /// Puts resources into their parent's representation, by root name; whose parent did not match goes to the nearest above
    /// that did.
    private func nest(_ matches: [ResourceWalk.Match], under top: String, into all: inout JSONObject) {
        let shown = Set(matches.map(\.id))
        var byParent: [String: [ResourceWalk.Match]] = [:]
        for match in matches {
            let parent = match.ancestors.last { shown.contains($0) } ?? top
            byParent[parent, default: []].append(match)
        }
        func put(_ parent: String, _ object: inout JSONObject) {
            var lists: [(String, [JSON])] = []
            for match in byParent[parent] ?? [] {
                var own = match.representation()
                put(match.id, &own)
                if let place = lists.firstIndex(where: { $0.0 == match.rootName }) {
                    lists[place].1.append(.object(own))
                } else {
                    lists.append((match.rootName, [.object(own)]))
                }
            }
            for (name, items) in lists { object[name] = .array(items) }
        }
        put(top, &all)
    }

    private func discover(_ context: RequestContext, _ found: ResourceTree.Found) throws(OneM2MError)
        -> ResponsePrimitive
    {
        guard case .resource(let resource) = found else {
            throw OneM2MError(.badRequest, "nothing is below this, so nothing can be discovered")
        }
        try demand(context, .discovery, resource)
        let wanted = context.request.resultContent ?? .discoveryResultReferences
        guard [.attributes, .childResourceReferences, .discoveryResultReferences].contains(wanted) else {
            throw OneM2MError(.badRequest, "rcn \(wanted.rawValue) is not possible on a discovery")
        }
        var walk = ResourceWalk(self, context, operation: .discovery)
        walk.visit(resource)
        let addresses = walk.matches.map { JSON.string(walk.identifier($0, context)) }
        var answer = context.answer(.ok, ["m2m:uril": .array(addresses)])
        if walk.isPartial {
            answer.contentStatus = .partial
            answer.contentOffset = walk.nextOffset
        }
        return answer
    }
}
