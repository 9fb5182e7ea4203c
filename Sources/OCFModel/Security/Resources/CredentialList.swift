import CBOR
import CoAPMessages

/// `oic.r.cred`: the device's credentials.
public struct CredentialList: Sendable, Hashable {
    /// `creds`, in the order they came.
    public internal(set) var entries: [Credential]
    /// `rowneruuid`: the service that owns this resource, by CR the CMS.
    public internal(set) var owner: Identifier

    /// A list.
    public init(_ entries: [Credential] = [], owner: Identifier = .none) {
        self.entries = entries
        self.owner = owner
    }

    /// Which entries a RETRIEVE or DELETE is about: the queries `credid` and `subjectuuid`.
    public enum Selection: Sendable, Hashable {
        /// Without a query.
        case all
        /// `credid=`.
        case id(Int)
        /// `subjectuuid=`.
        case subject(Credential.Subject)

        /// Whether an entry is meant.
        public func contains(_ credential: Credential) -> Bool {
            switch self {
            case .all: true
            case .id(let id): credential.id == id
            case .subject(let subject): credential.subject == subject
            }
        }
    }

    /// What a client asks to change.
    public enum Change: Sendable, Hashable {
        /// POST.
        case update(Update)
        /// DELETE.
        case delete(Selection)
    }

    /// An UPDATE.
    public struct Update: Sendable, Hashable {
        /// `creds`: an entry whose id is in the list replaces that one whole; others are added.
        public var entries: [Credential]?
        /// `rowneruuid`.
        public var owner: Identifier?

        /// An update.
        public init(entries: [Credential]? = nil, owner: Identifier? = nil) {
            self.entries = entries
            self.owner = owner
        }

        /// Reads a payload; 4.00 for wrong types and more entries than fit.
        public init(_ body: CBOR.Value?) throws(ResourceError) {
            let reader = try PropertyReader(body, of: "cred")
            try reader.requireAny("creds", "rowneruuid")
            entries = try CredentialList.entries(reader, "creds")
            owner = try reader.uuid("rowneruuid")
        }

        /// The payload, keys included.
        public var representation: CBOR.Map {
            var map: CBOR.Map = [:]
            if let entries { map["creds"] = .array(entries.map(\.secretRepresentation)) }
            if let owner { map["rowneruuid"] = .text(owner.description) }
            return map
        }
    }

    /// The properties as a RETRIEVE shows them: without anything private.
    public func representation(_ selection: Selection = .all) -> CBOR.Map {
        [
            "creds": .array(entries.filter(selection.contains).map(\.representation)),
            "rowneruuid": .text(owner.description),
        ]
    }

    /// Everything, keys included, for the store.
    public var secretRepresentation: CBOR.Map {
        ["creds": .array(entries.map(\.secretRepresentation)), "rowneruuid": .text(owner.description)]
    }

    /// Reads a RETRIEVE's answer, or what the store kept.
    public init(representation value: CBOR.Value?) throws(ResourceError) {
        let reader = try PropertyReader(value, of: "cred")
        entries = try reader.require("creds", Self.entries(reader, "creds"))
        owner = try reader.require("rowneruuid", reader.uuid("rowneruuid"))
    }

    static func entries(_ reader: PropertyReader, _ property: String) throws(ResourceError) -> [Credential]? {
        guard let items = try reader.array(property, maximumCount: SecurityLimits.credentials) else { return nil }
        var entries: [Credential] = []
        for (place, item) in items.enumerated() {
            entries.append(try Credential(item, named: "\(property)[\(place)]"))
        }
        return entries
    }

    // MARK: Look-up

    /// The key to use with a peer: the newest usable pair-wise one.
    ///
    /// - Parameter now: seconds since 1970; nil while the clock cannot be trusted.
    public func pairwiseKey(with peer: Identifier, at now: Int64?) -> (credential: Credential, key: [UInt8])? {
        for credential in entries.reversed()
        where credential.type == .pairwiseKey && credential.subject == .device(peer) && credential.isUsable(at: now) {
            if let key = credential.privateData?.key, !key.isEmpty { return (credential, key) }
        }
        return nil
    }

    /// The usable entries with this usage.
    public func usable(_ usage: Credential.Usage, at now: Int64?) -> [Credential] {
        entries.filter { $0.type == .certificate && $0.usage == usage && $0.isUsable(at: now) }
    }

    /// Whether a peer with this identity, whose certificates lead to this root, is one that the device was told to trust:
    /// an anchor's subject is the peer or "*" (security, "Identity certificates").
    public func trusts(_ peer: Identifier, rootPEM: (String) -> Bool, at now: Int64?) -> Bool {
        usable(.trustAnchor, at: now).contains { anchor in
            (anchor.subject == .anyone || anchor.subject == .device(peer)) && (anchor.publicPEM.map(rootPEM) ?? false)
        }
    }

    /// Whether there is an entry for a peer, as the states from RFPRO on demand for the owners of resources.
    func hasEntry(for peer: Identifier) -> Bool {
        entries.contains { $0.subject == .device(peer) }
    }
}
