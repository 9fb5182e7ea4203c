import JSONText
import OneLoop
import OneM2MPrimitives

/// A walk over what is below a resource: what matches the filter and may be seen, a page of it.
@Loop
struct ResourceWalk {
    /// What was found.
    struct Match {
        let id: String
        let name: String
        let type: ResourceType
        let rootName: String
        let address: String
        /// IDs of the resources above it, from the one below the top.
        let ancestors: [String]
        let representation: @Loop () -> JSONObject
    }

    private let cse: CSE
    private let context: RequestContext
    private let filter: FilterCriteria
    private let operation: OperationSet
    private let limit: Int
    private let relative: [String]
    private var skip: Int
    /// What was found on this page.
    private(set) var matches: [Match] = []
    /// There is more than the page holds.
    private(set) var isPartial = false

    init(_ cse: CSE, _ context: RequestContext, operation: OperationSet) {
        self.cse = cse
        self.context = context
        self.operation = operation
        filter = context.request.filterCriteria
        limit = min(filter.limit ?? cse.settings.limits.results, cse.settings.limits.results)
        skip = max(0, (filter.offset ?? 1) - 1)
        relative = filter.applyRelativePath.flatMap { ResourceAddress($0)?.path } ?? []
    }

    /// Where the next page begins, counted from 1.
    var nextOffset: Int { (filter.offset ?? 1) + matches.count }

    /// How a match is named in the answer.
    func identifier(_ match: Match, _ context: RequestContext) -> String {
        context.request.discoveryResultType == .unstructured ? match.id : match.address
    }

    /// Looks at all below `top`, the nearest first.
    mutating func visit(_ top: Resource) {
        visit(below: top, address: top.address, ancestors: [], level: 1)
    }

    private mutating func visit(below parent: Resource, address: String, ancestors: [String], level: Int) {
        if let deepest = filter.level, level > deepest { return }
        if let instances = parent.instances, !instances.isEmpty, cse.permits(context, operation, parent),
            filter.types.isEmpty || filter.combination != .and || filter.types.contains(.contentInstance)
        {
            for instance in instances.all {
                guard !isPartial else { return }
                guard instance.expiration > context.now else { continue }
                let container = parent.id
                let subject = InstanceSubject(instance: instance, container: container)
                guard filter.accepts(subject) else { continue }
                take(
                    Match(
                        id: "\(container)-\(String(instance.number, radix: 36))", name: instance.resourceName,
                        type: .contentInstance, rootName: "m2m:cin", address: "\(address)/\(instance.resourceName)",
                        ancestors: ancestors, representation: { instance.representation(container: container) }))
            }
        }
        for child in parent.children {
            guard !isPartial else { return }
            guard child.expiration > context.now else { continue }
            let below = "\(address)/\(child.name)"
            if filter.accepts(ResourceSubject(resource: child)), cse.permits(context, operation, child) {
                take(child, address: below, ancestors: ancestors)
            }
            visit(below: child, address: below, ancestors: ancestors + [child.id], level: level + 1)
        }
    }

    /// Takes a resource, or what `arp` says to look at instead.
    private mutating func take(_ resource: Resource, address: String, ancestors: [String]) {
        guard !relative.isEmpty else {
            take(
                Match(
                    id: resource.id, name: resource.name, type: resource.type, rootName: resource.rootName,
                    address: address, ancestors: ancestors, representation: { resource.representation }))
            return
        }
        switch cse.tree.find([resource.id] + relative) {
        case .resource(let other)?:
            guard cse.permits(context, operation, other) else { return }
            take(
                Match(
                    id: other.id, name: other.name, type: other.type, rootName: other.rootName, address: other.address,
                    ancestors: ancestors, representation: { other.representation }))
        case .virtual(let name, let container, _)? where name == "la" || name == "ol":
            let found = name == "la" ? container.instances?.latest : container.instances?.oldest
            guard let found, cse.permits(context, operation, container) else { return }
            let id = container.id
            take(
                Match(
                    id: "\(id)-\(String(found.number, radix: 36))", name: found.resourceName, type: .contentInstance,
                    rootName: "m2m:cin", address: "\(container.address)/\(found.resourceName)", ancestors: ancestors,
                    representation: { found.representation(container: id) }))
        default: break
        }
    }

    private mutating func take(_ match: Match) {
        if skip > 0 {
            skip -= 1
        } else if matches.count < limit {
            matches.append(match)
        } else {
            isPartial = true
        }
    }
}

/// What a filter looks at.
@Loop
protocol FilterSubject {
    var type: ResourceType { get }
    var created: OneM2MTime { get }
    var modified: OneM2MTime { get }
    var expiration: OneM2MTime { get }
    var stateTag: Int { get }
    var size: Int? { get }
    func attribute(_ name: String) -> JSON?
}

struct ResourceSubject: FilterSubject {
    let resource: Resource
    var type: ResourceType { resource.type }
    var created: OneM2MTime { resource.created }
    var modified: OneM2MTime { resource.modified }
    var expiration: OneM2MTime { resource.expiration }
    var stateTag: Int { resource.stateTag }
    var size: Int? { resource.instances?.bytes }
    func attribute(_ name: String) -> JSON? {
        switch name {
        case "rn": .string(resource.name)
        case "ri": .string(resource.id)
        case "cni": resource.instances.map { .int($0.count) }
        case "cbs": resource.instances.map { .int($0.bytes) }
        default: resource.attributes[name]
        }
    }
}

struct InstanceSubject: FilterSubject {
    let instance: ContentInstances.Instance
    let container: String
    var type: ResourceType { .contentInstance }
    var created: OneM2MTime { instance.created }
    var modified: OneM2MTime { instance.created }
    var expiration: OneM2MTime { instance.expiration }
    var stateTag: Int { Int(instance.stateTag) }
    var size: Int? { Int(instance.size) }
    func attribute(_ name: String) -> JSON? { instance.representation(container: container)[name] }
}

extension FilterCriteria {
    /// Whether a resource fulfils the conditions, put together as `fo` says; several values of one condition are
    /// alternatives (TS-0004 7.3.3.17.9).
    @Loop
    func accepts(_ subject: some FilterSubject) -> Bool {
        var results: [Bool] = []
        func demand(_ condition: Bool?) { if let condition { results.append(condition) } }
        demand(createdBefore.map { subject.created < $0 })
        demand(createdAfter.map { subject.created > $0 })
        demand(modifiedSince.map { subject.modified > $0 })
        demand(unmodifiedSince.map { subject.modified < $0 })
        demand(stateTagSmaller.map { subject.stateTag < $0 })
        demand(stateTagBigger.map { subject.stateTag > $0 })
        demand(expireBefore.map { subject.expiration < $0 })
        demand(expireAfter.map { subject.expiration > $0 })
        if !types.isEmpty { demand(types.contains(subject.type)) }
        demand(sizeAbove.map { (subject.size ?? -1) >= $0 })
        demand(sizeBelow.map { wanted in subject.size.map { $0 < wanted } ?? false })
        // What needs the attributes is looked at last, and only when it still matters.
        if combination == .and, results.contains(false) { return false }
        if !labels.isEmpty {
            let own = subject.attribute("lbl")?.array?.compactMap(\.string) ?? []
            demand(labels.contains { own.contains($0) })
        }
        if !contentTypes.isEmpty {
            let own = subject.attribute("cnf")?.string
            demand(own.map { contentTypes.contains($0) } ?? false)
        }
        for condition in attributes {
            demand(
                subject.attribute(condition.name).map { value in
                    (value.array ?? [value]).contains {
                        Pattern.matches(condition.value, $0.string ?? $0.serialized())
                    }
                } ?? false)
        }
        guard !results.isEmpty else { return true }
        switch combination {
        case .and: return !results.contains(false)
        case .or: return results.contains(true)
        case .xor: return results.count { $0 } == 1
        }
    }
}
