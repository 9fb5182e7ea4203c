import JSONText

/// Which resources are meant, and how many of them (TS-0004 6.3.5.8, `m2m:filterCriteria`).
public struct FilterCriteria: Sendable, Hashable {
    /// What the filter is for (`fu`).
    public enum Usage: Int, Sendable, Hashable {
        /// To find resources.
        case discovery = 1
        /// To act on those that match.
        case conditional = 2
        /// For a discovery by a CSE's drivers.
        case ipeOnDemandDiscovery = 3
        /// To discover by the links of a semantic graph.
        case discoveryBasedOperation = 4
    }

    /// How conditions of different kinds go together (`fo`).
    public enum Combination: Int, Sendable, Hashable {
        /// All must hold.
        case and = 1
        /// One is enough.
        case or = 2
        /// Exactly one.
        case xor = 3
    }

    /// A condition on an attribute (`atr`); a `*` in the value stands for any text.
    public struct AttributeCondition: Sendable, Hashable {
        /// The attribute's short name.
        public var name: String
        /// Its value, or a pattern of it.
        public var value: String

        /// A condition.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Created before (`crb`).
    public var createdBefore: OneM2MTime?
    /// Created after (`cra`).
    public var createdAfter: OneM2MTime?
    /// Modified since (`ms`).
    public var modifiedSince: OneM2MTime?
    /// Unmodified since (`us`).
    public var unmodifiedSince: OneM2MTime?
    /// State tag smaller than (`sts`).
    public var stateTagSmaller: Int?
    /// State tag bigger than (`stb`).
    public var stateTagBigger: Int?
    /// Expires before (`exb`).
    public var expireBefore: OneM2MTime?
    /// Expires after (`exa`).
    public var expireAfter: OneM2MTime?
    /// Has one of these labels (`lbl`).
    public var labels: [String] = []
    /// Is of one of these types (`ty`).
    public var types: [ResourceType] = []
    /// Holds at least so many bytes (`sza`).
    public var sizeAbove: Int?
    /// Holds fewer bytes than (`szb`).
    public var sizeBelow: Int?
    /// Content of one of these types (`cty`).
    public var contentTypes: [String] = []
    /// Attributes with these values (`atr`).
    public var attributes: [AttributeCondition] = []
    /// At most so many (`lim`).
    public var limit: Int?
    /// What the filter is for (`fu`).
    public var usage: Usage?
    /// How conditions go together (`fo`); all must hold unless told otherwise.
    public var combination = Combination.and
    /// So many levels down (`lvl`).
    public var level: Int?
    /// From the so-manieth result on, counted from 1 (`ofst`).
    public var offset: Int?
    /// What to look at of each match: a path below it (`arp`).
    public var applyRelativePath: String?

    /// No condition at all.
    public init() {}

    /// Values of a list that are looked at: nobody asks for more types or labels than a screen holds.
    public static let mostValues = 64

    /// Whether nothing is said at all.
    public var isEmpty: Bool { self == FilterCriteria() }
}

extension FilterCriteria {
    /// The short names that ``add(_:_:)`` takes as conditions of its own; any other name is one of an attribute.
    public static let names: Set<String> = [
        "crb", "cra", "ms", "us", "sts", "stb", "exb", "exa", "lbl", "ty", "sza", "szb", "cty", "lim", "fu", "fo",
        "lvl",
        "ofst", "arp",
    ]

    /// Names that the standard has and this program does not: they are refused rather than taken for attributes. They ask for
    /// semantics (`smf`), for a query inside of content (`cfs`, `cfq`), for the attributes and labels of parents and children
    /// (`catr`, `patr`, `clbl`, `plbl`, `lbq`) or for places (`gsf`, `geom`); a gateway's tree is small enough to be listed and
    /// looked through.
    public static let unsupportedNames: Set<String> = [
        "smf", "cfs", "cfq", "catr", "patr", "clbl", "plbl", "lbq", "gsf", "geom",
    ]

    /// Whether a query reads a name as a criterion of its own, one that this program has or one that it has not; any other
    /// is an attribute's.
    public static func isCriterion(_ name: String) -> Bool { names.contains(name) || isUnsupported(name) }

    /// TS-0009 6.2.2.2 puts `c.` and `p.` before attributes of children and parents.
    private static func isUnsupported(_ name: String) -> Bool {
        unsupportedNames.contains(name) || name.hasPrefix("c.") || name.hasPrefix("p.")
    }

    /// Takes in a condition as a query carries it, its text unescaped: values of a list may be joined with `+` or a space,
    /// or the name repeated. A name that is none of the filter's own is an attribute's.
    ///
    /// - Throws: ``OneM2MError`` 4000 for a value of the wrong form, 5001 for one of ``unsupportedNames``.
    public mutating func add(_ name: String, _ value: String) throws(OneM2MError) {
        if Self.isUnsupported(name) { throw Self.unsupported(name) }
        guard Self.names.contains(name) else {
            guard !name.isEmpty, name.utf8.count <= 64, attributes.count < Self.mostValues else {
                throw OneM2MError(
                    .badRequest, "more than \(Self.mostValues) attribute conditions, or one without a name")
            }
            attributes.append(AttributeCondition(name: name, value: value))
            return
        }
        let items = value.split { $0 == "+" || $0 == " " }.map(String.init)
        switch name {
        case "ty":
            types += try items.map { text throws(OneM2MError) in ResourceType(rawValue: try Self.number(name, text)) }
        // A label may hold spaces, so a list of them is a repeated name or joined with `+` alone.
        case "lbl": labels += value.split(separator: "+").map(String.init)
        case "cty": contentTypes.append(value)
        case "arp": applyRelativePath = value
        default: try set(name, .string(value))
        }
        try checkCounts()
    }

    /// The criteria of a JSON object.
    ///
    /// - Throws: ``OneM2MError`` 4000 for a value of the wrong form, 5001 for one of ``unsupportedNames``.
    public init(json: JSON) throws(OneM2MError) {
        self.init()
        guard let object = json.object else {
            throw OneM2MError(.badRequest, "fc: an object was expected, not \(json.kindName)")
        }
        for member in object { try set(member.name, member.value) }
        try checkCounts()
    }

    /// 5001, as for every parameter that is not supported (TS-0004 7.3.2.1).
    private static func unsupported(_ name: String) -> OneM2MError {
        OneM2MError(
            .notImplemented,
            "the filter condition \"\(name)\" is none of this program's: \(names.sorted().joined(separator: " "))")
    }

    private func checkCounts() throws(OneM2MError) {
        guard max(labels.count, types.count, contentTypes.count, attributes.count) <= Self.mostValues else {
            throw OneM2MError(.badRequest, "a filter condition has more than \(Self.mostValues) values")
        }
    }

    private mutating func set(_ name: String, _ value: JSON) throws(OneM2MError) {
        switch name {
        case "crb": createdBefore = try Self.time(name, value)
        case "cra": createdAfter = try Self.time(name, value)
        case "ms": modifiedSince = try Self.time(name, value)
        case "us": unmodifiedSince = try Self.time(name, value)
        case "exb": expireBefore = try Self.time(name, value)
        case "exa": expireAfter = try Self.time(name, value)
        case "sts": stateTagSmaller = try Self.count(name, value)
        case "stb": stateTagBigger = try Self.count(name, value)
        case "sza": sizeAbove = try Self.count(name, value)
        case "szb": sizeBelow = try Self.count(name, value)
        case "lim": limit = try Self.count(name, value)
        case "lvl": level = try Self.count(name, value)
        case "ofst":
            offset = try Self.count(name, value)
            if offset == 0 { throw OneM2MError(.badRequest, "ofst: results are counted from 1") }
        case "fu":
            usage = Usage(rawValue: try Self.count(name, value))
            if usage == nil { throw OneM2MError(.badRequest, "fu: 1 to 4 was expected") }
        case "fo":
            guard let known = Combination(rawValue: try Self.count(name, value)) else {
                throw OneM2MError(.badRequest, "fo: 1 (and), 2 (or) or 3 (xor) was expected")
            }
            combination = known
        case "ty":
            let list = value.array ?? [value]
            types = try list.map { item throws(OneM2MError) in ResourceType(rawValue: try Self.count(name, item)) }
        case "lbl": labels = try Self.texts(name, value)
        case "cty": contentTypes = try Self.texts(name, value)
        case "arp":
            guard let path = value.string else { throw OneM2MError(.badRequest, "arp: a text was expected") }
            applyRelativePath = path
        case "atr":
            attributes = try (value.array ?? [value]).map { item throws(OneM2MError) in
                guard let name = item["nm"]?.string, let wanted = item["val"] else {
                    throw OneM2MError(.badRequest, "atr: objects of nm and val were expected")
                }
                return AttributeCondition(name: name, value: wanted.string ?? wanted.serialized())
            }
        default:
            if Self.isUnsupported(name) { throw Self.unsupported(name) }
            throw OneM2MError(.badRequest, "\"\(name)\" is no filter condition")
        }
    }

    private static func number(_ name: String, _ text: String) throws(OneM2MError) -> Int {
        guard let number = Int(text), number >= 0 else {
            throw OneM2MError(.badRequest, "\(name): a number was expected, not \"\(text.prefix(40))\"")
        }
        return number
    }

    private static func count(_ name: String, _ value: JSON) throws(OneM2MError) -> Int {
        if let number = value.int, number >= 0 { return number }
        return try self.number(name, value.string ?? value.kindName)
    }

    private static func time(_ name: String, _ value: JSON) throws(OneM2MError) -> OneM2MTime {
        guard let time = value.string.flatMap({ OneM2MTime($0) }) else {
            throw OneM2MError(.badRequest, "\(name): a time such as 20261126T151610 was expected")
        }
        return time
    }

    private static func texts(_ name: String, _ value: JSON) throws(OneM2MError) -> [String] {
        try (value.array ?? [value]).map { item throws(OneM2MError) in
            guard let text = item.string else { throw OneM2MError(.badRequest, "\(name): texts were expected") }
            return text
        }
    }

    /// The criteria as a JSON object.
    public var json: JSON {
        var object = JSONObject()
        func put(_ name: String, _ time: OneM2MTime?) { object[name] = time.map { .string("\($0)") } }
        func put(_ name: String, _ number: Int?) { object[name] = number.map { .int($0) } }
        put("crb", createdBefore)
        put("cra", createdAfter)
        put("ms", modifiedSince)
        put("us", unmodifiedSince)
        put("sts", stateTagSmaller)
        put("stb", stateTagBigger)
        put("exb", expireBefore)
        put("exa", expireAfter)
        if !labels.isEmpty { object["lbl"] = .array(labels.map { .string($0) }) }
        if !types.isEmpty { object["ty"] = .array(types.map { .int($0.rawValue) }) }
        put("sza", sizeAbove)
        put("szb", sizeBelow)
        if !contentTypes.isEmpty { object["cty"] = .array(contentTypes.map { .string($0) }) }
        if !attributes.isEmpty {
            object["atr"] = .array(attributes.map { ["nm": .string($0.name), "val": .string($0.value)] })
        }
        put("lim", limit)
        put("fu", usage?.rawValue)
        if combination != .and { object["fo"] = .int(combination.rawValue) }
        put("lvl", level)
        put("ofst", offset)
        object["arp"] = applyRelativePath.map { .string($0) }
        return .object(object)
    }
}
