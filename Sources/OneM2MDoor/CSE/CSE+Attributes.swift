import JSONText
import OneLoop
import OneM2MPrimitives

/// The attributes that a request brings: read, and held against what the type allows (TS-0004 7.3.3.1 to 7.3.3.3).
extension CSE {
    /// The members of the one root of a content, the root's name, and the module class of a flexible container.
    func content(
        _ request: RequestPrimitive, _ definition: ResourceDefinition, of type: ResourceType
    ) throws(OneM2MError) -> (JSONObject, String, ModuleClass?) {
        guard let root = request.content?.object, root.count == 1, let member = root.members.first,
            let object = member.value.object
        else {
            throw OneM2MError(.badRequest, "the content is an object with one member, such as m2m:cnt")
        }
        if type.original == .flexContainer {
            guard let text = object["cnd"]?.string else {
                throw OneM2MError(.badRequest, "a flexContainer names its container definition, in cnd")
            }
            guard let module = ModuleClass.named(definition: text) else {
                throw OneM2MError(
                    .specializationSchemaNotFound, "the container definition \(text.prefix(100)) is not known")
            }
            let wanted = module.shortName + (type.isAnnounced ? "Annc" : "")
            guard member.name == wanted else {
                throw OneM2MError(.badRequest, "the root of a \(text) is \(wanted), not \(member.name.prefix(40))")
            }
            return (object, wanted, module)
        }
        guard member.name == type.shortName else {
            throw OneM2MError(
                .badRequest,
                "the root of a \(definition.title) is \(type.shortName ?? ""), not \(member.name.prefix(40))")
        }
        return (object, member.name, nil)
    }

    /// The attributes, checked against the definition; `rn` and `cr` are left out.
    func checked(
        _ given: JSONObject, _ definition: ResourceDefinition, _ module: ModuleClass?,
        for operation: OneM2MPrimitives.Operation
    ) throws(OneM2MError) -> JSONObject {
        func known(_ name: String) -> AttributeDefinition? {
            definition.attribute(name) ?? module?.attributes.first { $0.name == name }
        }
        var taken = JSONObject()
        for (name, value) in given.map({ ($0.name, $0.value) }) {
            if name == "rn" {
                if operation == .update { throw OneM2MError(.badRequest, "rn cannot be changed") }
                continue
            }
            if name == "cr", definition.common.contains(.creator) {
                guard operation == .create, value.isNull else {
                    throw OneM2MError(.badRequest, "cr is given as null, and the CSE fills it in")
                }
                continue
            }
            guard let attribute = known(name) else {
                let isAssigned = ResourceDefinition.assigned.contains(name)
                throw OneM2MError(
                    .badRequest,
                    isAssigned
                        ? "\(name) is set by the CSE alone"
                        : "a \(definition.title) has no attribute \"\(name.prefix(40))\"")
            }
            let presence = operation == .create ? attribute.create : attribute.update
            guard presence != .notPresent else {
                throw OneM2MError(.badRequest, "\(name) cannot be given on \(operation)")
            }
            if value.isNull, operation == .update {
                guard attribute.create != .mandatory else {
                    throw OneM2MError(.badRequest, "\(name) cannot be taken away")
                }
                taken[name] = value
                continue
            }
            if let objection = attribute.objection(to: value) {
                throw OneM2MError(.badRequest, "\(name): \(objection)")
            }
            taken[name] = value
        }
        if operation == .create {
            let all = definition.attributes + (module?.attributes ?? [])
            if let missing = all.first(where: { $0.create == .mandatory && given[$0.name] == nil }) {
                throw OneM2MError(.badRequest, "\(missing.name) is missing")
            }
        }
        let size = taken.reduce(0) { $0 + $1.value.weight }
        guard size <= settings.limits.attributeBytes else {
            throw OneM2MError(
                .notAcceptable, "\(size) bytes, at most \(settings.limits.attributeBytes) fit in a resource")
        }
        return taken
    }

    func name(
        _ given: JSONObject, under parent: Resource, now: OneM2MTime
    ) throws(OneM2MError) -> String? {
        guard let value = given["rn"] else { return nil }
        guard let name = value.string, ResourceAddress.isResourceName(name) else {
            throw OneM2MError(
                .badRequest, "rn: 1 to 80 letters, digits and - . _ ~ : @ were expected, and no reserved word")
        }
        sweep(name, under: parent, now: now)
        guard parent.child(named: name) == nil, parent.instances?.instance(named: name) == nil else {
            throw OneM2MError(.conflict, "the name \"\(name)\" is taken")
        }
        return name
    }

    /// When it expires: as asked for, no later than what it is below.
    func expiration(_ given: JSONObject, under parent: Resource?, now: OneM2MTime) throws(OneM2MError) -> OneM2MTime {
        let ceiling = parent?.expiration ?? .distantFuture
        guard let text = given["et"]?.string, let asked = OneM2MTime(text) else { return ceiling }
        guard asked > now else { throw OneM2MError(.badRequest, "et: \(text) is in the past") }
        return min(asked, ceiling)
    }

    /// Works out what a policy says.
    func adoptPolicy(_ resource: Resource) throws(OneM2MError) {
        let own = try Privileges(json: resource.attributes["pv"] ?? [:])
        let itself = try Privileges(json: resource.attributes["pvs"] ?? [:])
        guard !itself.rules.isEmpty else {
            throw OneM2MError(.badRequest, "pvs: nobody could change this policy; at least one rule was expected")
        }
        resource.detail = .policy(own: own, itself: itself)
    }

    /// Policies that are named must be there, else nobody but by default gets in. Of an announced resource's only those of
    /// this CSE: its original's are elsewhere, and permit nobody here (TS-0001 10.2.13.5 has them kept as they were sent).
    func checkPolicies(_ attributes: JSONObject, of type: ResourceType) throws(OneM2MError) {
        for name in ["acpi", "macp"] {
            for text in attributes[name]?.array?.compactMap(\.string) ?? [] {
                if type.isAnnounced, ResourceAddress(text)?.isLocal(to: identity) == false { continue }
                guard let policy = tree.resource(text, at: identity), policy.type == .accessControlPolicy else {
                    throw OneM2MError(.badRequest, "\(name): \"\(text.prefix(80))\" is no accessControlPolicy here")
                }
            }
        }
    }

    /// A container may ask for no more than fits.
    func checkLimits(_ resource: Resource) throws(OneM2MError) {
        let limits = settings.limits
        if let wanted = resource.attributes["mni"]?.int, wanted > limits.instancesPerContainer {
            resource.attributes["mni"] = .int(limits.instancesPerContainer)
        }
        if let wanted = resource.attributes["mbs"]?.int, wanted > limits.contentBytes {
            resource.attributes["mbs"] = .int(limits.contentBytes)
        }
    }
}

extension JSON {
    /// How many bytes its text has, escapes not counted.
    var weight: Int {
        switch self {
        case .null: 4
        case .bool(let flag): flag ? 4 : 5
        case .number(let number): number.literal.utf8.count
        case .string(let text): text.utf8.count + 2
        case .array(let items): items.reduce(2 + max(0, items.count - 1)) { $0 + $1.weight }
        case .object(let object):
            object.reduce(2 + max(0, object.count - 1)) { $0 + $1.name.utf8.count + 3 + $1.value.weight }
        }
    }
}
