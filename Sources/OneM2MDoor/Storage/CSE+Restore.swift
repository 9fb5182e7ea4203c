import JSONText
import OneLoop
import OneM2MPrimitives

/// The tree again, from what flash remembers.
extension CSE {
    func restore() {
        let remembered = memory.remembered()
        tree.nextNumber = remembered.firstNumber
        counters.unreadable += UInt64(remembered.unreadable)
        orphans = Dictionary(grouping: remembered.resources, by: \.parentID)
        orphanInstances = remembered.instances
        attachOrphans(of: tree.base)
        notifier.restore(remembered.notifications)
    }

    /// Puts what was remembered below a resource in its place: at the start, or when a node has come.
    func attachOrphans(of parent: Resource) {
        if let instances = orphanInstances.removeValue(forKey: parent.id) {
            for instance in instances where parent.instances != nil { tree.append(instance, to: parent) }
        }
        guard let records = orphans.removeValue(forKey: parent.id) else { return }
        for record in records.sorted(by: { $0.created < $1.created }) {
            guard tree.byID[record.id] == nil, parent.child(named: record.name) == nil,
                ResourceTable.definition(record.type) != nil
            else {
                counters.unreadable += 1
                continue
            }
            let resource = record.resource
            tree.insert(resource, under: parent)
            adoptDetail(resource)
            if let remaining = record.remaining, case .subscription(var state) = resource.detail {
                state.remaining = remaining
                resource.detail = .subscription(state)
                // It has had its last; only its end did not reach flash.
                if remaining <= 0 { resource.expiration = resource.created }
            }
            noteExpiration(resource.expiration)
            attachOrphans(of: resource)
        }
    }

    /// Works out what the attributes of a remembered resource mean.
    func adoptDetail(_ resource: Resource) {
        switch resource.type {
        case .accessControlPolicy where resource.keeper == .requests: try? adoptPolicy(resource)
        case .subscription:
            resource.detail = (try? SubscriptionState(resource.attributes)).map { .subscription($0) } ?? .none
        default: break
        }
    }
}
