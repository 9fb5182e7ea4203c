import CBOR
import CoAPMessages
import OCFModel
import OneLoop

/// A node as a collection (`oic.wk.col`) of its fields and parameters.
struct NodeCollection: DeviceResource {
    unowned let device: OCFDevice
    let entry: NodeEntry

    var href: String { entry.href }
    let resourceTypes = ["oic.wk.col"]
    let interfaces: [Interface] = [.linkList, .batch, .baseline]
    let policy: Link.Policy = [.discoverable, .observable]
    var title: String? { entry.title.limited(to: 64) }
    var configuresDevice: Bool { false }
    var isPublished: Bool { true }
    var instance: Int? { entry.numbers?.instance("") }

    private var members: [NodeResource] {
        entry.values.map { NodeResource(device: device, entry: entry, value: $0) }
    }

    func properties() -> CBOR.Map { [:] }

    /// A batch holds what the caller may read, though it may read the collection.
    func retrieve(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) throws(ResourceError) -> CBOR.Value {
        guard interface == .batch else { return try representation(through: interface) }
        return batch(members.filter { device.permits(.retrieve, by: caller, on: $0) })
    }

    /// The default interface of a collection shows its links, so a batch of `/oic/res` shows them too.
    func representation(through interface: Interface) throws(ResourceError) -> CBOR.Value {
        let members = members
        let links = CBOR.Value.array(members.map { Self.short($0.link(anchor: device.anchor)).value })
        switch interface {
        case .baseline:
            var types: [String] = []
            for type in members.flatMap(\.resourceTypes) where !types.contains(type) { types.append(type) }
            var own: CBOR.Map = [:]
            if !types.isEmpty { own["rts"] = .texts(types) }
            own["links"] = links
            return .map(baseline(own))
        case .batch: return batch(members)
        default: return links
        }
    }

    /// A link without what the collection or `/oic/res` says already: a batch of `/oic/res` holds each link of a node again,
    /// and a hub takes 256 KiB a message.
    private static func short(_ link: Link) -> Link {
        var link = link
        link.anchor = nil
        link.title = nil
        return link
    }

    func update(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) async throws(ResourceError) -> CBOR.Value {
        guard interface == .batch else {
            throw ResourceError(.forbidden, "a collection is updated through \(Interface.batch)")
        }
        guard let body = request.body else { throw ResourceError(.badRequest, "a batch needs a payload") }
        let items = try BatchItem.list(body)
        let targets: [(NodeResource, NodeResource.Effect)]
        do throws(ResourceError) {
            targets = try effects(of: items, by: caller)
            try await device.perform(targets)
        } catch {
            // The definition of collections: 4.03 with the present state of all.
            throw ResourceError(.forbidden, error.reason, representation: batch(members))
        }
        let done = Set(targets.map { $0.0.href })
        return batch(members.filter { done.contains($0.href) })
    }

    /// What the items set; all are checked before anything is done.
    private func effects(
        of items: [BatchItem], by caller: Caller
    ) throws(ResourceError) -> [(NodeResource, NodeResource.Effect)] {
        var effects: [(NodeResource, NodeResource.Effect)] = []
        for item in items {
            if item.href.isEmpty {
                // For all: for those that have something to set and know the properties.
                for member in members where member.interfaces.allowUpdates {
                    guard let body = item.representation.entries,
                        body.contains(where: { key, _ in key.string.map { member.definition?[$0] != nil } ?? false })
                    else { continue }
                    try permit(member, caller)
                    effects.append((member, try member.effect(of: item.representation)))
                }
            } else {
                guard let member = members.first(where: { names($0, item.href) }) else {
                    throw ResourceError(.notFound, "\(item.href) is not in \(href)")
                }
                guard member.interfaces.allowUpdates else {
                    throw ResourceError(.methodNotAllowed, "\(item.href) is read-only")
                }
                try permit(member, caller)
                effects.append((member, try member.effect(of: item.representation)))
            }
        }
        guard !effects.isEmpty else { throw ResourceError(.badRequest, "nothing in \(href) takes these properties") }
        return effects
    }

    private func permit(_ member: NodeResource, _ caller: Caller) throws(ResourceError) {
        guard device.permits(.update, by: caller, on: member) else {
            throw ResourceError(.unauthorized, "\(member.href) may not be updated")
        }
    }

    private func names(_ member: NodeResource, _ href: String) -> Bool {
        href == member.href || href == member.value.segment || href == "\(device.anchor)\(member.href)"
    }

    private func batch(_ members: [NodeResource]) -> CBOR.Value {
        .array(
            members.compactMap { member in
                guard let interface = member.interfaces.first,
                    let representation = try? member.representation(through: interface)
                else { return nil }
                return BatchItem(href: member.href, representation: representation).value
            })
    }
}
