/// What an entity is and can (XEP-0030 3).
public struct DiscoInfo: Sendable, Hashable {
    /// What an entity is, by the registry of categories.
    public struct Identity: Sendable, Hashable {
        /// `client`, `gateway`, `component`, …
        public var category: String
        /// `bot`, `generic`, …
        public var type: String
        /// For people.
        public var name: String?
        /// The language of ``name``.
        public var language: String?

        /// An identity.
        public init(category: String, type: String, name: String? = nil, language: String? = nil) {
            self.category = category
            self.type = type
            self.name = name
            self.language = language
        }
    }

    /// The part of the entity that is told of; nil for itself.
    public var node: String?
    /// What it is; at least one by XEP-0030 3.1.
    public var identities: [Identity]
    /// The namespaces of the protocols it has.
    public var features: Set<String>
    /// More, as forms (XEP-0128).
    public var forms: [DataForm]

    /// What an entity is and can.
    public init(node: String? = nil, identities: [Identity], features: Set<String> = [], forms: [DataForm] = []) {
        self.node = node
        self.identities = identities
        self.features = features
        self.forms = forms
    }

    /// Reads a `query` element of disco#info; nil when it is none.
    public init?(_ element: XMLElement) {
        guard element.isNamed("query", Namespace.discoInfo) else { return nil }
        self.init(
            node: element["node"],
            identities: element.children("identity").map {
                Identity(
                    category: $0["category"] ?? "", type: $0["type"] ?? "", name: $0["name"], language: $0.language)
            },
            features: Set(element.children("feature").compactMap { $0["var"] }),
            forms: element.children("x", Namespace.dataForm).compactMap { DataForm($0) })
    }

    /// The `query` element, features in order of their names.
    public var element: XMLElement {
        var children = identities.map {
            XMLElement(
                "identity", Namespace.discoInfo,
                ["category": $0.category, "type": $0.type, "name": $0.name, "xml:lang": $0.language])
        }
        children += features.sorted().map { XMLElement("feature", Namespace.discoInfo, ["var": $0]) }
        return XMLElement(
            "query", Namespace.discoInfo, ["node": node], children: children + forms.map(\.element))
    }
}

/// What stands behind an entity (XEP-0030 4).
public struct DiscoItems: Sendable, Hashable {
    /// One of the things behind it.
    public struct Item: Sendable, Hashable {
        /// Its address.
        public var jid: JID
        /// Which part of what has that address.
        public var node: String?
        /// For people.
        public var name: String?

        /// An item.
        public init(_ jid: JID, node: String? = nil, name: String? = nil) {
            self.jid = jid
            self.node = node
            self.name = name
        }
    }

    /// The part of the entity that is told of; nil for itself.
    public var node: String?
    /// What stands behind it.
    public var items: [Item]

    /// What stands behind an entity.
    public init(node: String? = nil, items: [Item] = []) {
        self.node = node
        self.items = items
    }

    /// Reads a `query` element of disco#items; nil when it is none. Items without an address are left out.
    public init?(_ element: XMLElement) {
        guard element.isNamed("query", Namespace.discoItems) else { return nil }
        self.init(
            node: element["node"],
            items: element.children("item").compactMap { item in
                item["jid"].flatMap { JID($0) }.map { Item($0, node: item["node"], name: item["name"]) }
            })
    }

    /// The `query` element.
    public var element: XMLElement {
        XMLElement(
            "query", Namespace.discoItems, ["node": node],
            children: items.map {
                XMLElement(
                    "item", Namespace.discoItems, ["jid": $0.jid.description, "node": $0.node, "name": $0.name])
            })
    }
}
