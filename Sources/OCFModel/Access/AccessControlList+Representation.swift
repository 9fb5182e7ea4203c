import CBOR
import CoAPMessages

/// `oic.r.acl2`.
extension AccessControlList {
    /// The properties, the common ones aside.
    ///
    /// - Parameter id: the query `aceid`; nil for all entries.
    public func representation(id: Int? = nil) -> CBOR.Map {
        [
            "aclist2": .array(entries.filter { id == nil || $0.id == id }.map(\.representation)),
            "rowneruuid": .text(owner.description),
        ]
    }

    /// Reads a RETRIEVE's answer, or what the store kept.
    public init(representation value: CBOR.Value?) throws(ResourceError) {
        let reader = try PropertyReader(value, of: "acl2")
        self.init(
            try reader.require("aclist2", Self.entries(reader)),
            owner: try reader.require("rowneruuid", reader.uuid("rowneruuid")))
        if let unnumbered = entries.firstIndex(where: { $0.id == 0 }) {
            throw ResourceError(.badRequest, "aclist2[\(unnumbered)].aceid is missing")
        }
    }

    /// What a client asks to change.
    public enum Change: Sendable, Hashable {
        /// POST.
        case update(Update)
        /// DELETE, of the entry with this `aceid` or (nil) of all.
        case delete(Int?)
    }

    /// An UPDATE.
    public struct Update: Sendable, Hashable {
        /// `aclist2`: an entry whose id is in the list replaces that one whole; others are added.
        public var entries: [AccessControlEntry]?
        /// `rowneruuid`.
        public var owner: Identifier?

        /// An update.
        public init(entries: [AccessControlEntry]? = nil, owner: Identifier? = nil) {
            self.entries = entries
            self.owner = owner
        }

        /// Reads a payload; 4.00 for wrong types and more entries than fit.
        public init(_ body: CBOR.Value?) throws(ResourceError) {
            let reader = try PropertyReader(body, of: "acl2")
            try reader.requireAny("aclist2", "rowneruuid")
            entries = try AccessControlList.entries(reader)
            owner = try reader.uuid("rowneruuid")
        }

        /// The payload.
        public var representation: CBOR.Map {
            var map: CBOR.Map = [:]
            if let entries { map["aclist2"] = .array(entries.map(\.representation)) }
            if let owner { map["rowneruuid"] = .text(owner.description) }
            return map
        }
    }

    private static func entries(_ reader: PropertyReader) throws(ResourceError) -> [AccessControlEntry]? {
        guard let items = try reader.array("aclist2", maximumCount: SecurityLimits.accessControlEntries) else {
            return nil
        }
        var entries: [AccessControlEntry] = []
        for (place, item) in items.enumerated() {
            entries.append(try AccessControlEntry(item, named: "aclist2[\(place)]"))
        }
        return entries
    }
}

extension AccessControlEntry {
    /// The entry as it stands in `aclist2`.
    public var representation: CBOR.Value {
        var map: CBOR.Map = [:]
        if id > 0 { map["aceid"] = .int(id) }
        switch subject {
        case .device(let id): map["subject"] = ["uuid": .text(id.description)]
        case .role(let role): map["subject"] = .map(role.representation)
        case .encrypted: map["subject"] = ["conntype": "auth-crypt"]
        case .everybody: map["subject"] = ["conntype": "anon-clear"]
        }
        map["resources"] = .array(
            resources.map { selector in
                switch selector {
                case .href(let href): ["href": .text(href)]
                case .discoverableEncrypted: ["wc": "+"]
                case .discoverablePlain: ["wc": "-"]
                case .allApplication: ["wc": "*"]
                }
            })
        map["permission"] = .int(permissions.rawValue)
        if !validity.isEmpty {
            map["validity"] = .array(
                validity.map { period in
                    var item: CBOR.Map = ["period": .text(period.period)]
                    if !period.recurrence.isEmpty { item["recurrence"] = .array(period.recurrence.map { .text($0) }) }
                    return .map(item)
                })
        }
        if let tag { map["tag"] = .text(tag) }
        return .map(map)
    }

    /// Reads an entry; 4.00 for what its definition does not allow.
    ///
    /// - Parameters:
    ///   - value: a map.
    ///   - name: where it stands, for messages.
    public init(_ value: CBOR.Value, named name: String = "ace") throws(ResourceError) {
        let reader = try PropertyReader(value, of: name)
        self.init(
            id: try reader.integer("aceid", 1...SecurityLimits.largestID) ?? 0,
            subject: try Self.subject(reader.require("subject", reader.inner("subject"))),
            resources: try Self.resources(reader),
            permissions: Permissions(rawValue: try reader.require("permission", reader.integer("permission", 0...31))),
            validity: try Self.validity(reader), tag: try reader.text("tag"))
    }

    private static func subject(_ reader: PropertyReader) throws(ResourceError) -> Subject {
        let kinds = ["uuid", "role", "conntype"].filter(reader.contains)
        guard kinds.count == 1 else {
            throw ResourceError(.badRequest, "\(reader.name): expected one of uuid, role and conntype")
        }
        if let id = try reader.uuid("uuid") { return .device(id) }
        if reader.contains("role") { return .role(try Requester.Role(reader)) }
        switch try reader.text("conntype") {
        case "auth-crypt": return .encrypted
        case "anon-clear": return .everybody
        default: throw reader.fail("conntype", "auth-crypt or anon-clear")
        }
    }

    private static func resources(_ reader: PropertyReader) throws(ResourceError) -> [Selector] {
        var resources: [Selector] = []
        let items = try reader.array("resources", maximumCount: SecurityLimits.resourcesPerEntry)
        for (place, item) in try reader.require("resources", items).enumerated() {
            let item = try PropertyReader(item, of: "\(reader.name).resources[\(place)]")
            switch (try item.text("href", maximumLength: SecurityLimits.hrefLength), try item.text("wc")) {
            case (let href?, nil) where !href.isEmpty && TextFormat.uri.matches(href): resources.append(.href(href))
            case (nil, let wildcard?):
                // To pass over the types that a wildcard is narrowed to would be to widen it.
                for property in ["rt", "if"] where !item.isAny(property) {
                    throw item.fail(property, "none beside a wildcard, or \"*\"")
                }
                switch wildcard {
                case "+": resources.append(.discoverableEncrypted)
                case "-": resources.append(.discoverablePlain)
                case "*": resources.append(.allApplication)
                default: throw item.fail("wc", "+, - or *")
                }
            default: throw ResourceError(.badRequest, "\(item.name): expected either href or wc")
            }
        }
        return resources
    }

    private static func validity(_ reader: PropertyReader) throws(ResourceError) -> [ValidityPeriod] {
        var periods: [ValidityPeriod] = []
        let items = try reader.array("validity", maximumCount: SecurityLimits.periodsPerEntry) ?? []
        for (place, item) in items.enumerated() {
            let item = try PropertyReader(item, of: "\(reader.name).validity[\(place)]")
            var rules: [String] = []
            for rule in try item.array("recurrence", maximumCount: SecurityLimits.recurrencesPerPeriod) ?? [] {
                guard let text = rule.string, text.utf8.count <= SecurityLimits.textLength else {
                    throw item.fail("recurrence", "texts of at most \(SecurityLimits.textLength) octets")
                }
                rules.append(text)
            }
            periods.append(
                ValidityPeriod(period: try item.require("period", item.text("period")), recurrence: rules))
        }
        return periods
    }
}

extension PropertyReader {
    /// Whether a property is absent or says "any".
    fileprivate func isAny(_ property: String) -> Bool {
        guard let value = map[property] else { return true }
        return value == "*" || value.items?.allSatisfy { $0 == "*" } == true
    }
}
