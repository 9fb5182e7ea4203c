import JSONText
import OneLoop
import OneM2MPrimitives

/// Announcement: resources of other CSEs that link to those here (TS-0001 9.6.26, 10.2.13).
///
/// `at` names CSEs; for each the announced resource is made there, and its address takes the CSE's place in `at`. Where it
/// is made says clause 9.6.26.1: below what announces the original's parent, else below the `<CSEBaseAnnc>` of this CSE,
/// which is made there first. A CSE that cannot be reached keeps its place in `at`, and hears of it when the way is open
/// again.
extension CSE {
    /// CSEs that a resource is announced to.
    private static let mostTargets = 8

    func isAnnounceable(_ resource: Resource) -> Bool {
        [.ae, .container, .flexContainer].contains(resource.type) && resource.keeper == .requests
    }

    /// Refuses a list of more CSEs than are told, for each costs a request at every change; and what is no CSE, unless this
    /// CSE has put it there. What stands in the list is changed and deleted in this CSE's name: an address that a client
    /// writes may be that of somebody else's resource.
    ///
    /// - Parameter known: the list before.
    func checkAnnouncement(_ resource: Resource, known: [String] = []) throws(OneM2MError) {
        let targets = resource.texts("at")
        guard targets.count <= Self.mostTargets else {
            throw OneM2MError(
                .notAcceptable, "at: \(targets.count) CSEs, at most \(Self.mostTargets) are told of a resource")
        }
        for target in targets where !known.contains(target) && ResourceAddress(target)?.path.isEmpty != true {
            throw OneM2MError(
                .badRequest,
                "at: \"\(target.prefix(80))\" is no CSE; name it by its ID, such as /id-in, whose place the announced resource takes"
            )
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

    /// Announces what could not be announced when it came.
    public func announceWhatWaits() {
        Task { [weak self] in
            guard let self else { return }
            // The nearer the base the earlier: what is below goes below.
            let waiting = tree.byID.values.filter {
                isAnnounceable($0) && !$0.texts("at").allSatisfy(isAnnouncedAddress)
            }
            .sorted { ($0.depth, $0.id) < ($1.depth, $1.id) }
            for resource in waiting {
                for target in targets(of: resource.attributes) where !isAnnouncedAddress(target) {
                    await announce(resource, to: target)
                }
            }
        }
    }

    private func announce(_ resource: Resource, to target: String, isSecondTry: Bool = false) async {
        guard let remote, let entry = ResourceAddress(target), !entry.isLocal(to: identity), entry.path.isEmpty,
            tree.byID[resource.id] === resource, resource.texts("at").contains(target)
        else { return }
        let cse = entry.cse(seenFrom: identity)
        guard let above = await place(of: resource, at: cse), tree.byID[resource.id] === resource else { return }
        let attributes = resource.attributes
        let shown = announced(resource, attributes, at: cse)
        var content = shown
        content["lnk"] = .string(link(to: resource.id, for: cse))
        let answer = await remote.send(
            announcement(
                .create, above, for: cse, type: resource.type.announced,
                content: .object([announcedRootName(resource): .object(content)])), to: .entity(cse))
        if answer.status == .notFound, !isSecondTry, let parent = resource.parent, parent.texts("at").contains(above) {
            // The other has lost what announces the parent: that first, and then this.
            if await announceAnew(parent, instead: above, at: cse) {
                await announce(resource, to: target, isSecondTry: true)
            }
            return
        }
        guard answer.status == .created, let root = answer.content?.object?.members.first,
            let id = root.value["ri"]?.string
        else { return }
        let made = address(id, at: cse)
        guard tree.byID[resource.id] === resource, resource.texts("at").contains(target) else {
            // Its original went while it came.
            await tell(.delete, made, content: nil)
            return
        }
        await replace(target, by: made, at: resource)
        // What changed while it was on its way was told nobody: its place in `at` was the CSE's still.
        guard announced(resource, resource.attributes, at: cse) != shown else { return }
        await tellChange(of: resource, from: attributes, to: resource.attributes, made)
    }

    /// Announces what the other has lost; returns whether it has it again.
    @discardableResult
    private func announceAnew(_ resource: Resource, instead lost: String, at cse: EntityID) async -> Bool {
        let target = cse.text(at: identity)
        await replace(lost, by: target, at: resource)
        await announce(resource, to: target)
        return !resource.texts("at").contains(target)
    }

    /// Where a resource is announced at a CSE: below its parent's announcement, else below that of this CSE.
    private func place(of resource: Resource, at cse: EntityID) async -> String? {
        if let parent = resource.parent,
            let above = parent.texts("at").first(where: {
                isAnnouncedAddress($0) && ResourceAddress($0)?.cse(seenFrom: identity) == cse
            })
        {
            return above
        }
        if let known = await findBase(at: cse) { return known }
        guard let remote else { return nil }
        var content: JSONObject = ["lnk": .string(link(to: tree.base.id, for: cse))]
        content["srv"] = tree.base.attributes["srv"]
        let answer = await remote.send(
            announcement(
                .create, baseAddress(of: cse), for: cse, type: ResourceType.cseBase.announced,
                content: ["m2m:cbA": .object(content)]),
            to: .entity(cse))
        if answer.status == .created, let id = answer.content?.object?.members.first?.value["ri"]?.string {
            return address(id, at: cse)
        }
        // Another announcement of ours has made it meanwhile.
        return answer.status == .conflict ? await findBase(at: cse) : nil
    }

    /// The `<CSEBaseAnnc>` of this CSE at another. It is asked for each time: the other may have lost it.
    private func findBase(at cse: EntityID) async -> String? {
        guard let remote else { return nil }
        var request = announcement(.retrieve, baseAddress(of: cse), for: cse)
        request.filterCriteria.usage = .discovery
        request.filterCriteria.types = [ResourceType.cseBase.announced]
        request.filterCriteria.attributes = [.init(name: "lnk", value: link(to: tree.base.id, for: cse))]
        let answer = await remote.send(request, to: .entity(cse))
        guard answer.status == .ok else { return nil }
        return answer.content?["m2m:uril"]?[0]?.string.map { address($0, at: cse) }
    }

    /// A request of this CSE for an announced resource, in the form that the other takes (9.6.26.1: the identifier of another
    /// provider's CSE is absolute).
    private func announcement(
        _ operation: OneM2MPrimitives.Operation, _ to: String, for cse: EntityID, type: ResourceType? = nil,
        content: JSON? = nil
    ) -> RequestPrimitive {
        lastRequest += 1
        return RequestPrimitive(
            operation, to: to, from: identity.entity.text(for: cse), requestIdentifier: "a\(lastRequest)",
            resourceType: type, content: content)
    }

    private func baseAddress(of cse: EntityID) -> String { cse.text(at: identity) + "/-" }

    /// An address that another CSE gave, as it reads from here.
    private func address(_ text: String, at cse: EntityID) -> String {
        if text.utf8.first == UInt8(ascii: "/") { return text }
        return "\(cse.text(at: identity))/\(text)"
    }

    /// An address here, as it reads at another CSE.
    private func link(to address: String, for cse: EntityID) -> String {
        if address.utf8.first == UInt8(ascii: "/") { return address }
        return "\(identity.entity.text(for: cse))/\(address)"
    }

    private func announcedRootName(_ resource: Resource) -> String {
        resource.type == .flexContainer
            ? resource.rootName + "Annc" : resource.type.announced.shortName ?? "m2m:cntA"
    }

    /// What an announced resource shows of its original's attributes: what is mandatory, and what `aa` names; its labels, and
    /// its policies by addresses that count there.
    private func announced(_ resource: Resource, _ attributes: JSONObject, at cse: EntityID) -> JSONObject {
        let module = resource.specialisation.flatMap { ModuleClass.named(definition: $0) }
        let definitions =
            (ResourceTable.definition(resource.type)?.attributes ?? []) + (module?.attributes ?? [])
        let named = Set(attributes["aa"]?.array?.compactMap(\.string) ?? [])
        var content = JSONObject()
        for definition in definitions {
            guard let value = attributes[definition.name] else { continue }
            if definition.announcement == .mandatory
                || definition.announcement == .optional && named.contains(definition.name)
            {
                content[definition.name] = value
            }
        }
        content["lbl"] = attributes["lbl"]
        var policies = attributes["acpi"]?.array
        var above = resource.parent
        // 10.2.13.5: without policies of its own it shows its parent's.
        while policies?.isEmpty ?? true, let parent = above {
            policies = parent.attributes["acpi"]?.array
            above = parent.parent
        }
        if let policies, !policies.isEmpty {
            content["acpi"] = .array(
                policies.compactMap(\.string).map { text in
                    .string(link(to: tree.resource(text, at: identity)?.id ?? text, for: cse))
                })
        }
        if resource.expiration < .distantFuture { content["et"] = .string("\(resource.expiration)") }
        return content
    }

    /// A resource has changed: those that it is announced to hear of what they show of it, and new ones get it.
    ///
    /// - Parameter changesTargets: whether the change is one of `at`, too. What else is new there is the address of what has
    ///   just been made, which this CSE itself put into the list while the change was being kept.
    func announceChange(_ resource: Resource, before: JSONObject, changesTargets: Bool) {
        guard isAnnounceable(resource) else { return }
        let now = targets(of: resource.attributes)
        let old = changesTargets ? targets(of: before) : now
        let added = now.filter { !old.contains($0) }
        let removed = old.filter { !now.contains($0) }
        let kept = now.filter { old.contains($0) && isAnnouncedAddress($0) }
        guard !(added.isEmpty && removed.isEmpty && kept.isEmpty) else { return }
        let attributes = resource.attributes
        Task { [weak self] in
            for target in added { await self?.announce(resource, to: target) }
            for target in removed { await self?.tell(.delete, target, content: nil) }
            for target in kept { await self?.tellChange(of: resource, from: before, to: attributes, target) }
        }
    }

    private func tellChange(
        of resource: Resource, from before: JSONObject, to attributes: JSONObject, _ target: String
    ) async {
        guard let cse = ResourceAddress(target)?.cse(seenFrom: identity) else { return }
        let shown = announced(resource, before, at: cse)
        var changes = announced(resource, attributes, at: cse)
        for member in shown {
            if changes[member.name] == nil { changes[member.name] = .null }
        }
        for member in Array(changes) where shown[member.name] == member.value && member.name != "et" {
            changes[member.name] = nil
        }
        // What it is a kind of stands for ever.
        changes["cnd"] = nil
        guard !changes.isEmpty else { return }
        let status = await tell(.update, target, content: .object([announcedRootName(resource): .object(changes)]))
        // The other has lost it: it is announced anew.
        guard status == .notFound, tree.byID[resource.id] === resource, resource.texts("at").contains(target) else {
            return
        }
        await announceAnew(resource, instead: target, at: cse)
    }

    private func replace(_ target: String, by other: String, at resource: Resource) async {
        resource.attributes["at"] = .array(resource.texts("at").map { .string($0 == target ? other : $0) })
        try? await memory.keep(resource)
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

    @discardableResult
    private func tell(
        _ operation: OneM2MPrimitives.Operation, _ target: String, content: JSON?
    ) async -> ResponseStatus? {
        guard let remote, let address = ResourceAddress(target), isAnnouncedAddress(target) else { return nil }
        let cse = address.cse(seenFrom: identity)
        return await remote.send(announcement(operation, target, for: cse, content: content), to: .entity(cse)).status
    }
}
