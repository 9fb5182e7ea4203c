import JSONText

/// One permission of a token (TS-0004 6.3.5.42, `m2m:tokenPermission`): rules for resources, roles at resources, or both.
public struct TokenPermission: Sendable, Hashable {
    /// The resources it is about (`ris`), addresses in any form; nil for all.
    public var resources: [String]?
    /// Rules for these (`pv`).
    public var privileges: Privileges?
    /// Roles that the holder has at these (`rids`).
    public var roles: [String]

    /// A permission.
    public init(resources: [String]?, privileges: Privileges?, roles: [String] = []) {
        self.resources = resources
        self.privileges = privileges
        self.roles = roles
    }

    /// Permissions of one token: what fits a token of 16 KiB.
    public static let mostPermissions = 64
    /// Resources of one permission.
    public static let mostResources = 64
    /// Roles of one permission.
    public static let mostRoles = 32

    /// The permission of its JSON object.
    ///
    /// - Parameter isLenient: whether `pv` may be the bare list of rules, as some programs write it.
    /// - Throws: ``OneM2MError`` 4000, for unknown members too: one that is passed over might have been a restriction.
    public init(json: JSON, isLenient: Bool = false) throws(OneM2MError) {
        guard let object = json.object else {
            throw OneM2MError(.badRequest, "a permission is an object with ris, pv and rids, not \(json.kindName)")
        }
        if let unknown = object.names.first(where: { $0 != "ris" && $0 != "pv" && $0 != "rids" }) {
            throw OneM2MError(.badRequest, "a permission has no member \"\(unknown.prefix(40))\"")
        }
        resources = try object["ris"].map { list throws(OneM2MError) in
            try Self.texts("ris", list, most: Self.mostResources) { ResourcePattern($0) != nil }
        }
        privileges = try object["pv"].map { rules throws(OneM2MError) in
            try Privileges(json: isLenient && rules.array != nil ? ["acr": rules] : rules)
        }
        roles =
            try object["rids"].map { list throws(OneM2MError) in
                try Self.texts("rids", list, most: Self.mostRoles) { QualifiedName($0) != nil }
            } ?? []
        guard privileges != nil || !roles.isEmpty else {
            throw OneM2MError(.badRequest, "a permission has pv, rids or both")
        }
        guard privileges == nil || resources?.isEmpty == false else {
            throw OneM2MError(.badRequest, "a permission with pv names its resources in ris")
        }
    }

    private static func texts(
        _ name: String, _ json: JSON, most: Int, _ isGood: (String) -> Bool
    ) throws(OneM2MError) -> [String] {
        guard let list = json.array, list.count <= most else {
            throw OneM2MError(.badRequest, "\(name): a list of at most \(most) was expected")
        }
        var texts: [String] = []
        for item in list {
            guard let text = item.string, isGood(text) else {
                throw OneM2MError(
                    .badRequest, "\(name): \(item.string?.prefix(80).description ?? item.kindName) is none")
            }
            texts.append(text)
        }
        return texts
    }

    /// The JSON object.
    public var json: JSON {
        var object = JSONObject()
        if let resources { object["ris"] = .array(resources.map { .string($0) }) }
        object["pv"] = privileges?.json
        if !roles.isEmpty { object["rids"] = .array(roles.map { .string($0) }) }
        return .object(object)
    }

    /// The permissions of `{"pm": […]}`.
    ///
    /// - Throws: ``OneM2MError`` 4000.
    public static func list(json: JSON, isLenient: Bool = false) throws(OneM2MError) -> [TokenPermission] {
        guard let object = json.object, object.names == ["pm"], let list = object["pm"]?.array,
            list.count <= mostPermissions
        else {
            throw OneM2MError(.badRequest, "permissions are an object with pm, a list of at most \(mostPermissions)")
        }
        return try list.map { item throws(OneM2MError) in try TokenPermission(json: item, isLenient: isLenient) }
    }

    /// `{"pm": […]}`
    public static func json(_ permissions: [TokenPermission]) -> JSON { ["pm": .array(permissions.map(\.json))] }

    /// The same with its resources, and the entities that its rules name, in the absolute form: what is short for `home`
    /// means another elsewhere.
    public func normalised(at home: CSEIdentity) -> TokenPermission {
        var permission = self
        permission.resources = resources?.map { ResourcePattern($0)?.normalised(at: home).description ?? $0 }
        permission.privileges = privileges.map { privileges in
            Privileges(
                privileges.rules.map { rule in
                    var rule = rule
                    rule.originators = rule.originators.map { Self.absolute($0, home) }
                    return rule
                })
        }
        return permission
    }

    /// AE-ID-Stems begin with C or S; anything else without a slash is `all`, a provider's name, a group or a role.
    private static func absolute(_ originator: String, _ home: CSEIdentity) -> String {
        if originator.utf8.starts(with: "//".utf8) || originator.utf8.contains(UInt8(ascii: "@")) { return originator }
        switch originator.utf8.first {
        case UInt8(ascii: "/"): return "//\(home.spID)\(originator)"
        case UInt8(ascii: "C"), UInt8(ascii: "S"): return "//\(home.spID)/\(home.cseID)/\(originator)"
        default: return originator
        }
    }
}
