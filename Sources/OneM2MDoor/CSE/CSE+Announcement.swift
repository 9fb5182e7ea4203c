import JSONText
import OneLoop
import OneM2MPrimitives

/// Announcement: resources of other CSEs that link to those here (TS-0001 10.2.18).
///
/// `at` names CSEs; for each the announced resource is made there, and its address takes the CSE's place in `at`.
extension CSE {
    /// CSEs that a resource is announced to.
    private static let mostTargets = 8

    func isAnnounceable(_ resource: Resource) -> Bool {
        [.ae, .container, .flexContainer].contains(resource.type) && resource.keeper == .requests
    }

    /// Refuses a list of more CSEs than are told: each costs a request at every change.
    func checkAnnouncement(_ resource: Resource) throws(OneM2MError) {
        let count = resource.texts("at").count
        guard count <= Self.mostTargets else {
            throw OneM2MError(.notAcceptable, "at: \(count) CSEs, at most \(Self.mostTargets) are told of a resource")
        }
    }

    private func targets(of attributes: JSONObject) -> [String] {
        Array((attributes["at"]?.array ?? []).compactMap(\.string).prefix(Self.mostTargets))
    }

    /// Announces a resource that has just come, where it says so.
    func announce(_ resource: Resource) {
        let targets = targets(of: resource.attributes)
        guard isAnnounceable(resource), !targets.isEmpty else { return }
        Task { [weak self] in
            for target in targets { await self?.announce(resource, to: target) }
        }
    }

    private func announce(_ resource: Resource, to target: String) async {
        guard let remote, let address = ResourceAddress(target), !address.isLocal(to: identity), address.path.count <= 1
        else { return }
        let cse = address.cse(seenFrom: identity)
        let rootName =
            resource.type == .flexContainer
            ? resource.rootName + "Annc" : resource.type.announced.shortName ?? "m2m:cntA"
        var content = announced(resource)
        content["lnk"] = .string("/\(identity.cseID)/\(resource.id)")
        lastRequest += 1
        let request = RequestPrimitive(
            .create, to: address.path.isEmpty ? cse.spRelative : target, from: identity.entity.spRelative,
            requestIdentifier: "a\(lastRequest)", resourceType: resource.type.announced,
            content: .object([rootName: .object(content)]))
        let answer = await remote.send(request, to: .entity(cse))
        guard answer.status == .created, let root = answer.content?.object?.members.first,
            let id = root.value["ri"]?.string, tree.byID[resource.id] === resource
        else { return }
        let remoteAddress = id.utf8.first == UInt8(ascii: "/") ? id : "\(cse.spRelative)/\(id)"
        let list = resource.texts("at").map { $0 == target ? remoteAddress : $0 }
        resource.attributes["at"] = .array(list.map { .string($0) })
        try? await memory.keep(resource)
    }

    /// What an announced resource shows: what is mandatory, and what `aa` names.
    private func announced(_ resource: Resource) -> JSONObject {
        let module = resource.specialisation.flatMap { ModuleClass.named(definition: $0) }
        let definitions =
            (ResourceTable.definition(resource.type)?.attributes ?? []) + (module?.attributes ?? [])
        let named = Set(resource.texts("aa"))
        var content = JSONObject()
        for definition in definitions {
            guard let value = resource.attributes[definition.name] else { continue }
            if definition.announcement == .mandatory
                || definition.announcement == .optional && named.contains(definition.name)
            {
                content[definition.name] = value
            }
        }
        content["lbl"] = resource.attributes["lbl"]
        if resource.expiration < .distantFuture { content["et"] = .string("\(resource.expiration)") }
        return content
    }

    /// A resource has changed: those that it is announced to hear of it, and new ones get it.
    func announceChange(_ resource: Resource, before: JSONObject) {
        guard isAnnounceable(resource) else { return }
        let old = targets(of: before)
        let now = targets(of: resource.attributes)
        let added = now.filter { !old.contains($0) }
        let removed = old.filter { !now.contains($0) }
        let kept = now.filter { old.contains($0) && isAnnouncedAddress($0) }
        guard !(added.isEmpty && removed.isEmpty && kept.isEmpty) else { return }
        let content = announced(resource)
        Task { [weak self] in
            for target in added { await self?.announce(resource, to: target) }
            for target in removed { await self?.tell(.delete, target, content: nil) }
            var changes = content
            changes["cnd"] = nil
            let rootName =
                resource.type == .flexContainer
                ? resource.rootName + "Annc" : resource.type.announced.shortName ?? "m2m:cntA"
            for target in kept { await self?.tell(.update, target, content: .object([rootName: .object(changes)])) }
        }
    }

    /// A resource goes, and what announces it goes too.
    func withdraw(_ resource: Resource) {
        for child in resource.children { withdraw(child) }
        guard isAnnounceable(resource) else { return }
        let targets = targets(of: resource.attributes).filter(isAnnouncedAddress)
        guard !targets.isEmpty else { return }
        Task { [weak self] in
            for target in targets { await self?.tell(.delete, target, content: nil) }
        }
    }

    /// An entry of `at` that names an announced resource, not yet a CSE.
    private func isAnnouncedAddress(_ text: String) -> Bool {
        ResourceAddress(text).map { !$0.path.isEmpty && !$0.isLocal(to: identity) } ?? false
    }

    private func tell(_ operation: OneM2MPrimitives.Operation, _ target: String, content: JSON?) async {
        guard let remote, let address = ResourceAddress(target), isAnnouncedAddress(target) else { return }
        lastRequest += 1
        let request = RequestPrimitive(
            operation, to: target, from: identity.entity.spRelative, requestIdentifier: "a\(lastRequest)",
            content: content)
        _ = await remote.send(request, to: .entity(address.cse(seenFrom: identity)))
    }
}
