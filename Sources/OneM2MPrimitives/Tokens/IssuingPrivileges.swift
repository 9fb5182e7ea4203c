import JSONText

/// The ceiling of what a Token Authority may delegate: the Access Token Issuing Privileges of TR-0019, which Authority and
/// Hosting CSE both hold (steps 4.2 and 9.2). A token that exceeds it anywhere is refused whole.
public struct IssuingPrivileges: Sendable, Hashable {
    /// Operations on resources, and roles at them.
    public struct Entry: Sendable, Hashable {
        /// The resources; empty for all.
        public var resources: [ResourcePattern]
        /// What tokens may permit there.
        public var operations: OperationSet
        /// Roles that tokens may give there, `*` for any text within the name or the domain.
        public var roles: [String]

        /// An entry.
        public init(resources: [ResourcePattern], operations: OperationSet = [], roles: [String] = []) {
            self.resources = resources
            self.operations = operations
            self.roles = roles
        }

        /// Whether everything the pattern stands for belongs to the entry.
        func covers(_ pattern: ResourcePattern, at home: CSEIdentity) -> Bool {
            resources.isEmpty || resources.contains { $0.covers(pattern, at: home) }
        }
    }

    /// What may be permitted: entries add up.
    public var entries: [Entry]
    /// The CSEs that tokens may be meant for, with `*` for the rest of a part; empty for any, and for none named.
    public var audience: [String]
    /// Seconds from the first to the last moment of a token.
    public var longestLifetime: Int64

    /// Entries of one ceiling, and entries of their lists.
    public static let mostEntries = 64
    /// A day: long enough for a night at a hotel, short enough to need few revocations.
    public static let defaultLifetime: Int64 = 86_400
    /// A year.
    public static let mostLifetime: Int64 = 31_622_400

    /// A ceiling.
    public init(entries: [Entry], audience: [String] = [], longestLifetime: Int64 = defaultLifetime) {
        self.entries = entries
        self.audience = audience
        self.longestLifetime = longestLifetime
    }

    /// The operations that may be permitted on everything the pattern stands for.
    public func operations(on pattern: ResourcePattern, at home: CSEIdentity) -> OperationSet {
        entries.reduce(into: []) { set, entry in
            if entry.covers(pattern, at: home) { set.formUnion(entry.operations) }
        }
    }

    /// Whether a role may be given at resources; nil for all.
    public func allows(role: String, at resources: [ResourcePattern]?, home: CSEIdentity) -> Bool {
        func hasRole(_ entry: Entry) -> Bool {
            entry.roles.contains { Pattern.matches($0, role, within: UInt8(ascii: "@")) }
        }
        guard let resources else { return entries.contains { $0.resources.isEmpty && hasRole($0) } }
        return resources.allSatisfy { resource in entries.contains { hasRole($0) && $0.covers(resource, at: home) } }
    }

    /// What of the claims exceeds the ceiling, as a sentence; nil when nothing does.
    public func excess(of claims: TokenClaims, at home: CSEIdentity) -> String? {
        let lifetime = claims.notAfter.seconds - claims.notBefore.seconds
        if lifetime > longestLifetime {
            return "it is good for \(lifetime) s; at most \(longestLifetime) s may be given"
        }
        if !audience.isEmpty {
            guard !claims.audience.isEmpty else { return "it is meant for every CSE; only some may be" }
            for name in claims.audience where !audience.contains(where: { Self.names($0, name, home) }) {
                return "it is meant for \(name), which may not be"
            }
        }
        for permission in claims.permissions {
            if let excess = excess(of: permission, at: home) { return excess }
        }
        return nil
    }

    /// What of a permission exceeds the ceiling, as a sentence; nil when nothing does.
    public func excess(of permission: TokenPermission, at home: CSEIdentity) -> String? {
        let patterns = permission.resources?.map { ResourcePattern($0) }
        if let patterns, patterns.contains(where: { $0 == nil }) { return "it names what is no resource" }
        let resources = patterns?.compactMap { $0 }
        for rule in permission.privileges?.rules ?? [] {
            for resource in resources ?? [] {
                let missing = rule.operations.subtracting(operations(on: resource, at: home))
                if !missing.isEmpty {
                    return "it permits \(missing.words) on \(resource), which is beyond the issuing privileges"
                }
            }
        }
        for role in permission.roles where !allows(role: role, at: resources, home: home) {
            return
                "it gives the role \(role)\(resources == nil ? " everywhere" : ""), which is beyond the issuing privileges"
        }
        return nil
    }

    /// Whether a pattern of a CSE-ID is the other's; a name with `*` of its own is covered by the same text alone.
    static func names(_ pattern: String, _ name: String, _ home: CSEIdentity) -> Bool {
        if pattern == "*" || pattern == name { return true }
        guard !name.utf8.contains(UInt8(ascii: "*")), let entity = EntityID(name, at: home) else { return false }
        return Pattern.matches(AccessRequest.absolute(pattern, home), entity.absolute, within: UInt8(ascii: "/"))
    }
}

extension IssuingPrivileges {
    /// The ceiling of `{"ent": [{"ris", "acop", "rids"}], "tkau": […], "mlt": seconds}`; names beside oneM2M's own are this
    /// program's.
    ///
    /// - Throws: ``OneM2MError`` 4000.
    public init(json: JSON) throws(OneM2MError) {
        guard let object = json.object, let list = object["ent"]?.array, list.count <= Self.mostEntries,
            object.names.allSatisfy({ ["ent", "tkau", "mlt"].contains($0) })
        else {
            throw OneM2MError(.badRequest, "issuing privileges are an object with ent, tkau and mlt")
        }
        entries = try list.map { item throws(OneM2MError) in try Entry(json: item) }
        audience = try Self.texts("tkau", object["tkau"])
        longestLifetime = Self.defaultLifetime
        if let value = object["mlt"] {
            guard let seconds = value.int, (1...Self.mostLifetime).contains(Int64(seconds)) else {
                throw OneM2MError(.badRequest, "mlt: 1 to \(Self.mostLifetime) seconds were expected")
            }
            longestLifetime = Int64(seconds)
        }
    }

    /// The JSON object.
    public var json: JSON {
        var object: JSONObject = ["ent": .array(entries.map(\.json)), "mlt": .int(longestLifetime)]
        if !audience.isEmpty { object["tkau"] = .array(audience.map { .string($0) }) }
        return .object(object)
    }

    static func texts(_ name: String, _ json: JSON?) throws(OneM2MError) -> [String] {
        guard let json else { return [] }
        guard let list = json.array, list.count <= mostEntries else {
            throw OneM2MError(.badRequest, "\(name): a list of at most \(mostEntries) texts was expected")
        }
        return try list.map { item throws(OneM2MError) in
            guard let text = item.string, !text.isEmpty, text.utf8.count <= 256 else {
                throw OneM2MError(.badRequest, "\(name): a list of texts was expected")
            }
            return text
        }
    }
}

extension IssuingPrivileges.Entry {
    /// The entry of its JSON object.
    ///
    /// - Throws: ``OneM2MError`` 4000.
    public init(json: JSON) throws(OneM2MError) {
        guard let object = json.object, object.names.allSatisfy({ ["ris", "acop", "rids"].contains($0) }) else {
            throw OneM2MError(.badRequest, "an entry of issuing privileges is an object with ris, acop and rids")
        }
        resources = try IssuingPrivileges.texts("ris", object["ris"]).map { text throws(OneM2MError) in
            guard let pattern = ResourcePattern(text) else {
                throw OneM2MError(.badRequest, "ris: \(text.prefix(80)) is no address")
            }
            return pattern
        }
        let sum = object["acop"].map(\.int) ?? 0
        guard let sum, (0...63).contains(sum) else { throw OneM2MError(.badRequest, "acop: 0 to 63 was expected") }
        operations = OperationSet(rawValue: sum)
        roles = try IssuingPrivileges.texts("rids", object["rids"])
    }

    /// The JSON object.
    public var json: JSON {
        var object = JSONObject()
        if !resources.isEmpty { object["ris"] = .array(resources.map { .string("\($0)") }) }
        object["acop"] = .int(operations.rawValue)
        if !roles.isEmpty { object["rids"] = .array(roles.map { .string($0) }) }
        return .object(object)
    }
}

extension OperationSet {
    private static let named: [(set: OperationSet, word: String)] = [
        (.create, "create"), (.retrieve, "retrieve"), (.update, "update"), (.delete, "delete"), (.notify, "notify"),
        (.discovery, "discover"),
    ]

    /// The operations by name: `retrieve and update`.
    public var words: String {
        Self.named.filter { contains($0.set) }.map(\.word).joined(separator: " and ")
    }

    /// The operation of a word: `create`, `retrieve`, `update`, `delete`, `notify`, `discover`; nil for another.
    public init?(word: String) {
        guard let known = Self.named.first(where: { $0.word == word }) else { return nil }
        self = known.set
    }
}
