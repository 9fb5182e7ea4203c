import CBOR

/// A link to a resource (core, "Links"): what `/oic/res`, collections and the resource directory hold.
///
/// Members this type has no name for are kept in ``others`` and written again, so that a directory gives back what it was
/// given.
public struct Link: Sendable, Hashable {
    /// What a client may do with the resource: the bits of `p.bm`.
    public struct Policy: OptionSet, Sendable, Hashable {
        /// The bits as on the wire.
        public let rawValue: Int
        /// A set of these bits.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// It is in `/oic/res`.
        public static let discoverable = Policy(rawValue: 1)
        /// It can be observed.
        public static let observable = Policy(rawValue: 2)
    }

    /// `href`: the resource's address, relative to ``anchor``; it begins with `/` in what we write.
    public var href: String
    /// `rt`: its resource types, one at least.
    public var resourceTypes: [String]
    /// `if`: its interfaces, the default one first, one at least.
    public var interfaces: [Interface]
    /// `p`: its policy, when given.
    public var policy: Policy?
    /// `rel`: how the target relates to the anchor; empty when not given, which means `hosts`.
    public var relations: [String]
    /// `anchor`: `ocf://` and the device id.
    public var anchor: String?
    /// `eps`: where it is reached; empty when not given: at the endpoint that the answer came from.
    public var endpoints: [Endpoint]
    /// `ins`: a number that is unique in the array of links and does not change.
    public var instance: Int?
    /// `di`: the device it is on.
    public var deviceID: String?
    /// `title`: for people, at most 64 characters.
    public var title: String?
    /// `type`: the media types it takes and gives.
    public var mediaTypes: [String]
    /// Members without a name here (`tag-pos-desc` and the like), as they came.
    public var others: CBOR.Map

    /// A link.
    public init(
        href: String, resourceTypes: [String], interfaces: [Interface], policy: Policy? = nil,
        relations: [String] = [], anchor: String? = nil, endpoints: [Endpoint] = [], instance: Int? = nil,
        deviceID: String? = nil, title: String? = nil
    ) {
        self.href = href
        self.resourceTypes = resourceTypes
        self.interfaces = interfaces
        self.policy = policy
        self.relations = relations
        self.anchor = anchor
        self.endpoints = endpoints
        self.instance = instance
        self.deviceID = deviceID
        self.title = title
        mediaTypes = []
        others = [:]
    }

    /// The map that stands for the link. `rel` is written as an array, which every schema of links accepts.
    public var value: CBOR.Value {
        var map: CBOR.Map = [:]
        if let anchor { map["anchor"] = .text(anchor) }
        map["href"] = .text(href)
        if !relations.isEmpty { map["rel"] = .texts(relations) }
        map["rt"] = .texts(resourceTypes)
        map["if"] = .texts(interfaces.map(\.rawValue))
        if let policy { map["p"] = ["bm": .int(policy.rawValue)] }
        if !endpoints.isEmpty { map["eps"] = .array(endpoints.map(\.value)) }
        if let instance { map["ins"] = .int(instance) }
        if let deviceID { map["di"] = .text(deviceID) }
        if let title { map["title"] = .text(title) }
        if !mediaTypes.isEmpty { map["type"] = .texts(mediaTypes) }
        for (key, value) in others { map[key] = value }
        return .map(map)
    }
}

extension CBOR.Value {
    /// An array of texts.
    public static func texts(_ texts: some Sequence<String>) -> CBOR.Value {
        .array(texts.map { .text($0) })
    }
}
