import CBOR
import CoAPMessages
import OCFModel
import OneLoop

/// `/oic/res`: every discoverable resource, as links or with their representations.
struct DiscoveryResource: DeviceResource {
    unowned let device: OCFDevice

    static let path = "/oic/res"

    let href = DiscoveryResource.path
    let resourceTypes = ["oic.wk.res"]
    let interfaces: [Interface] = [.linkList, .batch, .baseline]
    /// Observable: a hub that finds `oic.if.b` and this bit observes the device once instead of each resource.
    let policy: Link.Policy = [.discoverable, .observable]
    let instance: Int? = CoreInstance.discovery
    let isReachableInClear = true

    func properties() -> CBOR.Map { [:] }

    func retrieve(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) throws(ResourceError) -> CBOR.Value {
        let filter = LinkFilter(resourceTypes: request.resourceTypes)
        switch interface {
        case .batch: return batch(filter, by: caller)
        case .baseline:
            // An array of one map: the definition's form, though other resources answer with the map alone.
            var own: CBOR.Map = [:]
            if let domain = device.security?.state.sdi, !domain.isPrivate, domain.id != .none {
                own["sduuid"] = .text(domain.id.description)
                own["sdname"] = .text(domain.name)
            }
            own["links"] = try links(filter, request, caller)
            return [.map(baseline(own))]
        default: return try links(filter, request, caller)
        }
    }

    /// The answer to a RETRIEVE.
    ///
    /// All links of a gateway of 10,000 nodes are 12 MB, whose making keeps the loop from everything else for 0.3 s. So
    /// those of nodes are kept as bytes until they change; to be asked for all of them is the one request that grows with
    /// the nodes and is made again and again, by every client that looks around.
    func answer(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) throws(ResourceError) -> Message {
        guard interface == .linkList, request.resourceTypes.isEmpty, isMeant(request) else {
            return .ocfResponse(
                .content, try retrieve(interface, request, by: caller), format: request.responseFormat)
        }
        let own = links(to: device.ownDiscoverable(), for: caller)
        let nodes = device.encodedLinks()
        var bytes: [UInt8] = []
        CBOR.encodeArrayHead(count: nodes.reduce(own.count) { $0 + $1.count }, into: &bytes)
        for link in own { CBOR.encode(link, .asWritten, into: &bytes) }
        let member = EncodedLinks.member(device.endpoints?(caller, false) ?? [])
        for links in nodes { links.append(to: &bytes, with: member) }
        var message = Message(code: .content)
        message.setRepresentation(encoded: bytes, format: request.responseFormat)
        return message
    }

    /// The links that the filters leave.
    ///
    /// - Throws: ``ResourceError`` 4.00 when that is none, which a group is not told (core, "Resource discovery using
    ///   /oic/res"). To a cloud an empty list is the answer: it asks for types that may come later.
    private func links(
        _ filter: LinkFilter, _ request: ResourceRequest, _ caller: Caller
    ) throws(ResourceError) -> CBOR.Value {
        var links: [CBOR.Value] = []
        if isMeant(request) {
            let wanted = device.discoverable().filter { filter.passes(resourceTypes: $0.resourceTypes) }
            links = self.links(to: wanted, for: caller)
        }
        if links.isEmpty, caller.way != .cloud {
            throw ResourceError(.badRequest, "nothing here matches the query")
        }
        return .array(links)
    }

    /// Links with the endpoints on the caller's network. Those to nodes and what they have are secure ones alone.
    private func links(to resources: [any DeviceResource], for caller: Caller) -> [CBOR.Value] {
        let anchor = device.anchor
        let clear = device.endpoints?(caller, true) ?? []
        let secure = device.endpoints?(caller, false) ?? []
        return resources.map { resource in
            var link = resource.link(anchor: anchor)
            link.endpoints = resource.isReachableInClear ? secure + clear : secure
            return link.value
        }
    }

    /// Whether this device is the one asked for, by its id or its security domain (`di`, `sduuid`, `sdname`).
    private func isMeant(_ request: ResourceRequest) -> Bool {
        if let id = request[query: "di"], Identifier(id) != device.identity.deviceID { return false }
        let (uuid, name) = (request[query: "sduuid"], request[query: "sdname"])
        guard uuid != nil || name != nil else { return true }
        // A device that keeps its domain to itself does not answer to it either.
        guard let domain = device.security?.state.sdi, !domain.isPrivate, domain.id != .none else { return false }
        if let uuid, Identifier(uuid) != domain.id { return false }
        return name == nil || name == domain.name
    }

    /// The representations of all that the caller may read, each through its default interface; a resource without a
    /// value at the moment is left out, for an empty one would say that it is gone.
    func batch(_ filter: LinkFilter, by caller: Caller) -> CBOR.Value {
        var items: [CBOR.Value] = []
        for resource in device.discoverable() where filter.passes(resourceTypes: resource.resourceTypes) {
            if let item = item(resource, by: caller) { items.append(item) }
        }
        return .array(items)
    }

    /// The representations of these alone: what a notification holds. Those that are no more have an empty map.
    func batch(of hrefs: [String], _ filter: LinkFilter, by caller: Caller) -> CBOR.Value {
        var items: [CBOR.Value] = []
        for href in hrefs {
            guard let resource = device.resource(at: href), resource.policy.contains(.discoverable) else {
                items.append(BatchItem(href: href, representation: [:]).value)
                continue
            }
            guard filter.passes(resourceTypes: resource.resourceTypes) else { continue }
            if let item = item(resource, by: caller) { items.append(item) }
        }
        return .array(items)
    }

    private func item(_ resource: any DeviceResource, by caller: Caller) -> CBOR.Value? {
        guard resource.href != href, let interface = resource.interfaces.first,
            device.permits(.retrieve, by: caller, on: resource),
            let representation = try? resource.representation(through: interface)
        else { return nil }
        return BatchItem(href: resource.href, representation: representation).value
    }
}
