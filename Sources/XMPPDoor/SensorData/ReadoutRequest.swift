import Access
import Concentrator
import XMPP

/// XEP-0323 `req`: what somebody wants to read.
public struct ReadoutRequest: Sendable, Hashable {
    /// Chosen by the one who asks, unique among that one's requests.
    public var sequence: Int32
    /// These nodes; none for all.
    public var nodes: [NodeReference]
    /// Fields of these names; none for all.
    public var fields: [String]
    /// Fields of these kinds.
    public var flags: FieldFlags
    /// Stored no earlier.
    public var from: WallTime?
    /// Stored no later.
    public var to: WallTime?
    /// When to begin; nil for at once.
    public var when: WallTime?
    /// What the one who asks can show.
    public var tokens: AccessTokens

    /// A request.
    public init(
        sequence: Int32, nodes: [NodeReference] = [], fields: [String] = [], flags: FieldFlags, from: WallTime? = nil,
        to: WallTime? = nil, when: WallTime? = nil, tokens: AccessTokens = AccessTokens()
    ) {
        self.sequence = sequence
        self.nodes = nodes
        self.fields = fields
        self.flags = flags
        self.from = from
        self.to = to
        self.when = when
        self.tokens = tokens
    }

    /// Reads a `req`. One that asks for no kind of reading asks for nothing, which nobody means.
    public init(_ element: XMLElement) throws(PayloadError) {
        guard element.isNamed("req", IoTNamespace.sensorData) else {
            throw PayloadError(.wrongElement, "<\(element.name.prefix(32))> is no req")
        }
        sequence = try element.integer("seqnr")
        nodes = try NodeReference.list(element)
        fields = []
        for child in element.children("field") { fields.append(try child.required("name")) }
        guard fields.count <= RequestLimits.names else {
            throw PayloadError(.tooMany, "\(fields.count) fields are named, at most \(RequestLimits.names) are taken")
        }
        flags = try FieldFlags(requestedBy: element)
        guard !flags.isEmpty else {
            throw PayloadError(
                .missing, "no kind of reading is asked for; momentary='true' or another was expected (XEP-0323)")
        }
        from = try element.moment("from")
        to = try element.moment("to")
        when = try element.moment("when")
        tokens = try AccessTokens(element)
    }

    /// The `req` element.
    public var element: XMLElement {
        var element = XMLElement(
            "req", IoTNamespace.sensorData,
            ["seqnr": "\(sequence)", "from": from?.iso8601, "to": to?.iso8601, "when": when?.iso8601])
        flags.set(on: &element)
        tokens.set(on: &element)
        for node in nodes {
            element.append(
                XMLElement(
                    "node", IoTNamespace.sensorData,
                    ["nodeId": node.nodeID, "sourceId": node.sourceID, "cacheType": node.cacheType]))
        }
        for field in fields { element.append(XMLElement("field", IoTNamespace.sensorData, ["name": field])) }
        return element
    }
}
