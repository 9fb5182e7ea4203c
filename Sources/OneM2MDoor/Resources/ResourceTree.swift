import JSONText
import OneLoop
import OneM2MPrimitives

/// The resources of a CSE: the tree, the index of their IDs, and the numbers that IDs are made of.
@Loop
final class ResourceTree {
    /// What an address leads to.
    enum Found {
        case resource(Resource)
        case instance(ContentInstances.Instance, of: Resource)
        /// A virtual resource and what stands behind it in the address.
        case virtual(String, of: Resource, rest: [String])
    }

    let base: Resource
    private(set) var byID: [String: Resource] = [:]
    /// Content instances of all containers, and the bytes of their attributes.
    private(set) var instanceCount = 0
    private(set) var instanceBytes = 0
    /// Resources that requests made.
    private(set) var requested = 0
    private(set) var subscriptions = 0
    /// Numbers for IDs that were not given yet and, as flash knows, never will be again after a restart.
    var nextNumber: UInt64 = 1

    init(base: Resource) {
        self.base = base
        byID[base.id] = base
    }

    var count: Int { byID.count }

    func insert(_ resource: Resource, under parent: Resource) {
        parent.adopt(resource)
        byID[resource.id] = resource
        if resource.keeper == .requests { requested += 1 }
        if resource.type == .subscription { subscriptions += 1 }
    }

    /// Takes a resource and all below it out; returns them, the lowest first.
    func remove(_ resource: Resource) -> [Resource] {
        var gone: [Resource] = []
        for child in resource.children { gone += remove(child) }
        if let instances = resource.instances {
            instanceCount -= instances.count
            instanceBytes -= instances.weight
            resource.instances = ContentInstances()
        }
        byID[resource.id] = nil
        if resource.keeper == .requests { requested -= 1 }
        if resource.type == .subscription { subscriptions -= 1 }
        resource.parent?.abandon(resource)
        return gone + [resource]
    }

    func append(_ instance: ContentInstances.Instance, to container: Resource) {
        container.instances?.append(instance)
        instanceCount += 1
        instanceBytes += instance.weight
    }

    func removeOldest(of container: Resource) -> ContentInstances.Instance? {
        let gone = container.instances?.removeOldest()
        if let gone { count(gone) }
        return gone
    }

    func remove(number: UInt64, of container: Resource) -> ContentInstances.Instance? {
        let gone = container.instances?.remove(number: number)
        if let gone { count(gone) }
        return gone
    }

    /// Puts back the oldest instances, which had gone for one that did not come after all.
    func giveBack(_ oldest: [ContentInstances.Instance], to container: Resource) {
        guard byID[container.id] === container else { return }
        container.instances?.giveBack(oldest)
        instanceCount += oldest.count
        instanceBytes += oldest.reduce(0) { $0 + $1.weight }
    }

    private func count(_ gone: ContentInstances.Instance) {
        instanceCount -= 1
        instanceBytes -= gone.weight
    }

    /// A number that was never given before.
    func takeNumber() -> UInt64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    /// What a path leads to: a resource's ID or the base's name, then names.
    func find(_ path: [String]) -> Found? {
        guard let head = path.first else { return .resource(base) }
        var current: Resource
        if head == "-" || head == base.name {
            current = base
        } else if let known = byID[head] {
            current = known
        } else {
            guard path.count == 1 else { return nil }
            return instance(id: head)
        }
        for (place, name) in path.enumerated().dropFirst() {
            if let child = current.child(named: name) {
                current = child
                continue
            }
            let rest = Array(path[(place + 1)...])
            if ResourceTable.definition(current.type)?.virtualChildren.contains(name) ?? false {
                guard rest.isEmpty || name == "fopt" else { return nil }
                return .virtual(name, of: current, rest: rest)
            }
            guard rest.isEmpty, let instance = current.instances?.instance(named: name) else { return nil }
            return .instance(instance, of: current)
        }
        return .resource(current)
    }

    /// The resource of an address of any form; nil when it is not here, or is none.
    func resource(_ text: String, at home: CSEIdentity) -> Resource? {
        guard let address = ResourceAddress(text), address.isLocal(to: home),
            case .resource(let resource)? = find(address.path)
        else { return nil }
        return resource
    }

    private func instance(id: String) -> Found? {
        guard let dash = id.lastIndex(of: "-"), let container = byID[String(id[..<dash])],
            let number = UInt64(id[id.index(after: dash)...], radix: 36),
            let instance = container.instances?.instance(number: number)
        else { return nil }
        return .instance(instance, of: container)
    }
}
