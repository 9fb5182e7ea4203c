import JSONText

/// The rules of an access control policy's `pv` or `pvs`, or of a token's permission (TS-0004 6.3.5.26,
/// `m2m:setOfAcrs`). Rules add up: one that permits is enough.
public struct Privileges: Sendable, Hashable {
    /// The rules.
    public var rules: [AccessControlRule]

    /// These rules.
    public init(_ rules: [AccessControlRule] = []) {
        self.rules = rules
    }

    /// Rules of one policy: more is a list nobody can oversee.
    public static let mostRules = 64

    /// The rules of `{"acr": […]}`; an empty object has none.
    ///
    /// - Throws: ``OneM2MError`` 4000 for a rule of the wrong form.
    public init(json: JSON) throws(OneM2MError) {
        guard let object = json.object, object.names.allSatisfy({ $0 == "acr" }) else {
            throw OneM2MError(.badRequest, "privileges are an object with acr, a list of rules")
        }
        let list = object["acr"]?.array ?? []
        guard object["acr"] == nil || object["acr"]?.array != nil, list.count <= Self.mostRules else {
            throw OneM2MError(.badRequest, "acr: a list of at most \(Self.mostRules) rules was expected")
        }
        rules = try list.map { item throws(OneM2MError) in try AccessControlRule(json: item) }
    }

    /// `{"acr": […]}`
    public var json: JSON { ["acr": .array(rules.map(\.json))] }

    /// Whether one of the rules permits (TS-0003 7.1.3).
    public func permit(_ request: AccessRequest) -> Bool { rules.contains { $0.permits(request) } }
}

/// One rule: who may do what, in which circumstances, to which types (TS-0003 7.1.3).
public struct AccessControlRule: Sendable, Hashable {
    /// Who (`acor`): `all`, identifiers of AEs and CSEs with `*` for the rest of a part, service providers' names, groups'
    /// addresses, roles.
    public var originators: [String]
    /// What (`acop`).
    public var operations: OperationSet
    /// In one of these circumstances (`acco`); empty for any.
    public var contexts: [AccessContext]
    /// Of a CREATE: children of these types (`acod`); empty for any.
    public var objectDetails: [ObjectDetail]
    /// Only who has proved to be who it says it is (`acaf`).
    public var requiresAuthentication: Bool

    /// A rule.
    public init(
        originators: [String], operations: OperationSet, contexts: [AccessContext] = [],
        objectDetails: [ObjectDetail] = [], requiresAuthentication: Bool = false
    ) {
        self.originators = originators
        self.operations = operations
        self.contexts = contexts
        self.objectDetails = objectDetails
        self.requiresAuthentication = requiresAuthentication
    }

    /// Originators of one rule.
    public static let mostOriginators = 128
    /// Contexts of one rule, and details.
    public static let mostContexts = 16

    /// A rule of its JSON object.
    ///
    /// - Throws: ``OneM2MError`` 4000.
    public init(json: JSON) throws(OneM2MError) {
        guard let object = json.object, let operations = object["acop"] else {
            throw OneM2MError(.badRequest, "a rule is an object with acor and acop")
        }
        let known: Set<String> = ["acor", "acop", "acco", "acod", "acaf"]
        if let unknown = object.names.first(where: { !known.contains($0) }) {
            throw OneM2MError(.badRequest, "a rule has no member \"\(unknown.prefix(40))\"")
        }
        let sum = try ParameterReader.number("acop", operations)
        guard (0...63).contains(sum) else { throw OneM2MError(.badRequest, "acop: 0 to 63 was expected, not \(sum)") }
        guard let who = object["acor"] else { throw OneM2MError(.badRequest, "a rule names who, in acor") }
        originators = try ParameterReader.texts("acor", who, most: Self.mostOriginators)
        self.operations = OperationSet(rawValue: sum)
        contexts = try Self.list("acco", object["acco"]).map { item throws(OneM2MError) in try AccessContext(json: item)
        }
        // One detail without a list is what some programs write.
        let details = object["acod"]?.object != nil ? [object["acod"] ?? .null] : try Self.list("acod", object["acod"])
        objectDetails = try details.map { item throws(OneM2MError) in try ObjectDetail(json: item) }
        requiresAuthentication =
            try object["acaf"].map { flag throws(OneM2MError) in
                try ParameterReader.flag("acaf", flag)
            } ?? false
    }

    private static func list(_ name: String, _ value: JSON?) throws(OneM2MError) -> [JSON] {
        guard let value else { return [] }
        guard let items = value.array, items.count <= mostContexts else {
            throw OneM2MError(.badRequest, "\(name): a list of at most \(mostContexts) was expected")
        }
        return items
    }

    /// The JSON object.
    public var json: JSON {
        var object: JSONObject = [
            "acor": .array(originators.map { .string($0) }), "acop": .int(operations.rawValue),
        ]
        if !contexts.isEmpty { object["acco"] = .array(contexts.map(\.json)) }
        if !objectDetails.isEmpty { object["acod"] = .array(objectDetails.map(\.json)) }
        if requiresAuthentication { object["acaf"] = true }
        return .object(object)
    }

    /// Whether the rule permits: all of authentication, originator, operation, context and details must (TS-0003 7.1.3).
    public func permits(_ request: AccessRequest) -> Bool {
        operations.isSuperset(of: request.operation)
            && (!requiresAuthentication || request.isAuthenticated)
            && originators.contains { request.isMeant(by: $0) }
            && (contexts.isEmpty || contexts.contains { $0.holds(for: request) })
            && (request.operation != .create || objectDetails.isEmpty
                || objectDetails.contains { $0.allows(request) })
    }
}

/// Which types of children may be created (`m2m:accessControlObjectDetails`): only the parent type `ty`, with the
/// specialisation `spty`, and only the types `chty`.
public struct ObjectDetail: Sendable, Hashable {
    /// The type that gets the child; nil for any.
    public var resourceType: ResourceType?
    /// Its specialisation (a container definition or a management object's kind); nil for any.
    public var specialisation: String?
    /// What may be created.
    public var childTypes: [ResourceType]

    /// A detail.
    public init(resourceType: ResourceType? = nil, specialisation: String? = nil, childTypes: [ResourceType]) {
        self.resourceType = resourceType
        self.specialisation = specialisation
        self.childTypes = childTypes
    }

    init(json: JSON) throws(OneM2MError) {
        guard let object = json.object, let types = object["chty"]?.array, types.count <= 64 else {
            throw OneM2MError(.badRequest, "acod: objects with chty, a list of types, were expected")
        }
        childTypes = try types.map { item throws(OneM2MError) in
            ResourceType(rawValue: try ParameterReader.number("chty", item))
        }
        resourceType = try object["ty"].map { item throws(OneM2MError) in
            ResourceType(rawValue: try ParameterReader.number("ty", item))
        }
        specialisation = object["spty"].flatMap { $0.string ?? $0.number?.literal }
    }

    var json: JSON {
        var object = JSONObject()
        object["ty"] = resourceType.map { .int($0.rawValue) }
        object["spty"] = specialisation.map { .string($0) }
        object["chty"] = .array(childTypes.map { .int($0.rawValue) })
        return .object(object)
    }

    func allows(_ request: AccessRequest) -> Bool {
        guard let created = request.createdType, childTypes.contains(created) else { return false }
        if let resourceType, resourceType != request.targetType { return false }
        if let specialisation, specialisation != request.targetSpecialisation { return false }
        return true
    }
}
