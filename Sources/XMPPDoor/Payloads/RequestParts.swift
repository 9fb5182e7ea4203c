import Access
import Concentrator
import XMPP

/// How much of anything one request may name.
public enum RequestLimits {
    /// Nodes: as many as the concentrator can hold.
    public static let nodes = 10_000
    /// Fields or parameters: a node has 64 fields at most and 32 parameters; some for aggregates' names.
    public static let names = 256
    /// Nodes that one question to who decides names; a request for more is asked about as one for all there are, since a
    /// stanza with more of them is refused by some servers (64 KB).
    public static let askedNodes = 256
    /// Bytes of one attribute with tokens: a token of the provisioning servers is 20 to 100 characters, a few at once.
    public static let tokenBytes = 4_096
}

extension NodeReference {
    /// The node that an element names by its attributes (XEP-0323 to 0326).
    init(_ element: XMLElement) throws(PayloadError) {
        self.init(
            nodeID: try element.required("nodeId"), sourceID: element["sourceId"], cacheType: element["cacheType"])
    }

    /// A node in all its parts.
    init(_ id: NodeID) {
        self.init(nodeID: id.nodeID, sourceID: id.sourceID, cacheType: id.cacheType)
    }

    /// These nodes in all their parts, for a question to who decides; none for all there are.
    ///
    /// Those below a named node are named themselves: a permission for what stands above must not be one for what happens to
    /// be below it.
    static func asked(_ ids: [NodeID]) -> [NodeReference] {
        ids.count <= RequestLimits.askedNodes ? ids.map { NodeReference($0) } : []
    }

    /// The nodes named by an element's `node` children.
    static func list(_ element: XMLElement) throws(PayloadError) -> [NodeReference] {
        let children = element.children("node")
        guard children.count <= RequestLimits.nodes else {
            throw PayloadError(.tooMany, "\(children.count) nodes are named, at most \(RequestLimits.nodes) are taken")
        }
        var nodes: [NodeReference] = []
        for child in children { nodes.append(try NodeReference(child)) }
        return nodes
    }
}

extension NodeID {
    /// The attributes that name a node. The usual source is left out where it may be (XEP-0323, 0325), since peers of 2013
    /// know a node by its id alone.
    func set(on element: inout XMLElement, withSource: Bool = true) {
        element["nodeId"] = nodeID
        if withSource { element["sourceId"] = sourceID }
        if !cacheType.isEmpty { element["cacheType"] = cacheType }
    }
}

extension AccessTokens {
    /// The tokens of a request; several in one attribute are separated by one space.
    init(_ element: XMLElement) throws(PayloadError) {
        self.init()
        service = try AccessTokens.list(element, "serviceToken")
        device = try AccessTokens.list(element, "deviceToken")
        user = try AccessTokens.list(element, "userToken")
    }

    private static func list(_ element: XMLElement, _ name: String) throws(PayloadError) -> [String] {
        guard let text = element[name] else { return [] }
        guard text.utf8.count <= RequestLimits.tokenBytes else {
            throw PayloadError(
                .tooMany, "\(name) has \(text.utf8.count) bytes, at most \(RequestLimits.tokenBytes) are taken")
        }
        return text.split(separator: " ").map(String.init)
    }

    /// Puts the tokens on a request.
    func set(on element: inout XMLElement) {
        for (name, tokens) in [("serviceToken", service), ("deviceToken", device), ("userToken", user)]
        where !tokens.isEmpty {
            element[name] = tokens.joined(separator: " ")
        }
    }
}
