import CBOR

extension Link {
    /// The most items of one array (`rt`, `if`, `rel`, `eps`, `type`) that is read. IoTivity-Lite's devices have four
    /// endpoints and three interfaces; sixty-four leaves room for a device with many addresses and bounds what one link
    /// costs.
    public static let maximumItems = 64

    /// Reads a link.
    ///
    /// Lenient where devices in the field differ: `rel` as text or array, `rt`, `if` and `p` absent (a resource directory
    /// takes such links), `rt` and `if` as one text.
    ///
    /// - Throws: ``LinkError`` when there is no `href`, or a member has another type than its schema says.
    public init(_ value: CBOR.Value) throws(LinkError) {
        guard let map = value.entries else {
            throw LinkError(.notAMap, member: "", found: value, expected: "a map with href")
        }
        guard let href = map["href"] else {
            throw LinkError(.missing, member: "href", found: nil, expected: "text")
        }
        self.init(
            href: try Self.text(href, "href", atMost: 256),
            resourceTypes: try Self.texts(map["rt"], "rt"),
            interfaces: try Self.texts(map["if"], "if").map(Interface.init(rawValue:)))
        relations = try Self.texts(map["rel"], "rel")
        mediaTypes = try Self.texts(map["type"], "type")
        if let anchor = map["anchor"] { self.anchor = try Self.text(anchor, "anchor", atMost: 256) }
        if let di = map["di"] { deviceID = try Self.text(di, "di", atMost: 64) }
        if let title = map["title"] { self.title = try Self.text(title, "title", atMost: 64) }
        if let p = map["p"] {
            guard let bits = p["bm"]?.int else {
                throw LinkError(.wrongType, member: "p", found: p, expected: "a map with the integer bm")
            }
            policy = Policy(rawValue: bits)
        }
        if let ins = map["ins"] {
            guard let number = ins.int else {
                throw LinkError(.wrongType, member: "ins", found: ins, expected: "an integer")
            }
            instance = number
        }
        if let eps = map["eps"] {
            for item in try Self.items(eps, "eps") {
                if let endpoint = try Endpoint(item) { endpoints.append(endpoint) }
            }
        }
        others = CBOR.Map(map.filter { key, _ in key.string.map { !Self.members.contains($0) } ?? true })
    }

    /// Reads an array of links.
    public static func list(_ value: CBOR.Value) throws(LinkError) -> [Link] {
        guard let items = value.items else {
            throw LinkError(.wrongType, member: "links", found: value, expected: "an array of links")
        }
        var links: [Link] = []
        links.reserveCapacity(items.count)
        for item in items { links.append(try Link(item)) }
        return links
    }

    /// The members that have a name in ``Link``.
    private static let members: Set<String> = [
        "href", "rt", "if", "rel", "type", "anchor", "di", "title", "p", "ins", "eps",
    ]

    private static func text(_ value: CBOR.Value, _ member: String, atMost limit: Int) throws(LinkError) -> String {
        guard let text = value.string else {
            throw LinkError(.wrongType, member: member, found: value, expected: "text")
        }
        guard text.unicodeScalars.count <= limit else {
            throw LinkError(.tooLong, member: member, found: value, expected: "at most \(limit) characters")
        }
        return text
    }

    private static func items(_ value: CBOR.Value, _ member: String) throws(LinkError) -> [CBOR.Value] {
        guard let items = value.items else {
            throw LinkError(.wrongType, member: member, found: value, expected: "an array")
        }
        guard items.count <= maximumItems else {
            throw LinkError(.tooLong, member: member, found: nil, expected: "at most \(maximumItems) items")
        }
        return items
    }

    private static func texts(_ value: CBOR.Value?, _ member: String) throws(LinkError) -> [String] {
        guard let value else { return [] }
        if value.string != nil { return [try text(value, member, atMost: 64)] }
        var texts: [String] = []
        for item in try items(value, member) { texts.append(try text(item, member, atMost: 64)) }
        return texts
    }
}
