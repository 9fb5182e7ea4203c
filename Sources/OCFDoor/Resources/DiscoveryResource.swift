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

    func properties() -> CBOR.Map { [:] }

    func retrieve(
        _ interface: Interface, _ request: ResourceRequest, by requester: Requester
    ) throws(ResourceError) -> CBOR.Value {
        let filter = LinkFilter(resourceTypes: request.resourceTypes)
        switch interface {
        case .batch: return batch(filter, by: requester)
        case .baseline:
            // An array of one map: the definition's form, though other resources answer with the map alone.
            return [.map(baseline(["links": links(filter, request)]))]
        default: return links(filter, request)
        }
    }

    /// The links; none when another security domain is asked for, for the device is in no domain.
    private func links(_ filter: LinkFilter, _ request: ResourceRequest) -> CBOR.Value {
        guard request[query: "sduuid"] == nil else { return [] }
        let anchor = device.anchor
        return .array(
            device.discoverable().filter { filter.passes(resourceTypes: $0.resourceTypes) }
                .map { $0.link(anchor: anchor).value })
    }

    /// The representations of all that the requester may read, each through its default interface; a resource without a
    /// value at the moment is left out, for an empty one would say that it is gone.
    func batch(_ filter: LinkFilter, by requester: Requester) -> CBOR.Value {
        var items: [CBOR.Value] = []
        for resource in device.discoverable() where filter.passes(resourceTypes: resource.resourceTypes) {
            if let item = item(resource, by: requester) { items.append(item) }
        }
        return .array(items)
    }

    /// The representations of these alone: what a notification holds. Those that are no more have an empty map.
    func batch(of hrefs: [String], _ filter: LinkFilter, by requester: Requester) -> CBOR.Value {
        var items: [CBOR.Value] = []
        for href in hrefs {
            guard let resource = device.resource(at: href), resource.policy.contains(.discoverable) else {
                items.append(BatchItem(href: href, representation: [:]).value)
                continue
            }
            guard filter.passes(resourceTypes: resource.resourceTypes) else { continue }
            if let item = item(resource, by: requester) { items.append(item) }
        }
        return .array(items)
    }

    private func item(_ resource: any DeviceResource, by requester: Requester) -> CBOR.Value? {
        guard resource.href != href, let interface = resource.interfaces.first,
            device.accessControl.permits(.retrieve, by: requester, on: resource.accessFacts),
            let representation = try? resource.representation(through: interface)
        else { return nil }
        return BatchItem(href: resource.href, representation: representation).value
    }
}
