import JSONText
import OneLoop
import OneM2MPrimitives

/// A resource as the tree keeps it. Content instances are no objects of this kind: their container packs them.
@Loop
final class Resource {
    /// Whose it is, which decides whether flash remembers it.
    enum Keeper: UInt8, Sendable {
        /// Of a request: remembered.
        case requests
        /// Of a request, but not for long: never on flash.
        case passing
        /// Of the configuration: made anew at each start.
        case configuration
        /// Of the nodes: made anew when they come.
        case nodes
    }

    /// What attributes mean, worked out once.
    enum Detail {
        case none
        case policy(own: Privileges, itself: Privileges)
        case subscription(SubscriptionState)
    }

    let id: String
    let type: ResourceType
    let name: String
    /// The root of its representation: the type's short name, or its specialisation's.
    let rootName: String
    let keeper: Keeper
    /// The entity that made it, absolute: whom the default policy lets in.
    let creator: String
    let created: OneM2MTime
    private(set) weak var parent: Resource?
    var modified: OneM2MTime
    var expiration: OneM2MTime
    var stateTag = 0
    /// Everything that is not in a property of its own.
    var attributes: JSONObject
    var detail = Detail.none
    private(set) var children: [Resource] = []
    /// Children by name, once they are too many to walk.
    private var index: [String: Resource]?
    /// Those of a container.
    var instances: ContentInstances?

    init(
        id: String, type: ResourceType, name: String, rootName: String, keeper: Keeper, creator: String,
        created: OneM2MTime, expiration: OneM2MTime = .distantFuture, attributes: JSONObject = JSONObject()
    ) {
        self.id = id
        self.type = type
        self.name = name
        self.rootName = rootName
        self.keeper = keeper
        self.creator = creator
        self.created = created
        modified = created
        self.expiration = expiration
        self.attributes = attributes
        if type == .container { instances = ContentInstances() }
    }

    /// Children that are walked rather than looked up.
    private static let walked = 12

    func child(named name: String) -> Resource? {
        if let index { return index[name] }
        return children.first { $0.name == name }
    }

    func adopt(_ child: Resource) {
        children.append(child)
        child.parent = self
        if index != nil {
            index?[child.name] = child
        } else if children.count > Self.walked {
            index = Dictionary(children.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    func abandon(_ child: Resource) {
        children.removeAll { $0 === child }
        index?[child.name] = nil
        child.parent = nil
    }

    /// Levels above it.
    var depth: Int {
        var depth = 0
        var next = parent
        while let resource = next {
            depth += 1
            next = resource.parent
        }
        return depth
    }

    /// Whether its time has come, or that of what it is below.
    func hasExpired(by now: OneM2MTime) -> Bool {
        var next: Resource? = self
        while let resource = next {
            if resource.expiration <= now { return true }
            next = resource.parent
        }
        return false
    }

    /// Its structured address, CSE-relative.
    var address: String {
        var names = [name]
        var next = parent
        while let resource = next {
            names.append(resource.name)
            next = resource.parent
        }
        return names.reversed().joined(separator: "/")
    }

    /// Texts of an attribute that is a list of them.
    func texts(_ name: String) -> [String] { attributes[name]?.array?.compactMap(\.string) ?? [] }

    /// What specialises it: the container definition of a flexible container.
    var specialisation: String? { attributes["cnd"]?.string }

    /// All attributes, those that every type has first.
    var representation: JSONObject {
        var all: JSONObject = [
            "rn": .string(name), "ty": .int(type.rawValue), "ri": .string(id), "pi": .string(parent?.id ?? ""),
            "ct": .string("\(created)"), "lt": .string("\(modified)"),
        ]
        let definition = ResourceTable.definition(type)
        if definition?.common.contains(.expiration) ?? false { all["et"] = .string("\(expiration)") }
        if definition?.common.contains(.stateTag) ?? false { all["st"] = .int(stateTag) }
        for member in attributes { all[member.name] = member.value }
        if let instances {
            all["cni"] = .int(instances.count)
            all["cbs"] = .int(instances.bytes)
        }
        return all
    }

    /// The representation under its root name.
    var json: JSON { .object([rootName: .object(representation)]) }
}
