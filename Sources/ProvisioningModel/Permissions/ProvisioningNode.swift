import XMPP

/// A node as a question or an answer names it: a part that is left out stands for any (XEP-0324 5.5).
public struct ProvisioningNode: Sendable, Hashable {
    /// The id.
    public var nodeID: String
    /// The data source; nil for any.
    public var sourceID: String?
    /// The kind within the source; nil for any.
    public var cacheType: String?

    /// A node. An empty source or kind is one left out (XEP-0326).
    public init(nodeID: String, sourceID: String? = nil, cacheType: String? = nil) {
        self.nodeID = nodeID
        self.sourceID = sourceID.flatMap { $0.isEmpty ? nil : $0 }
        self.cacheType = cacheType.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether this means what `other` means, or more: its id, and no part that differs.
    public func covers(_ other: ProvisioningNode) -> Bool {
        nodeID == other.nodeID && (sourceID == nil || sourceID == other.sourceID)
            && (cacheType == nil || cacheType == other.cacheType)
    }

    init(_ element: XMLElement) throws(PayloadError) {
        self.init(
            nodeID: try element.text("nodeId", atMost: ProvisioningLimits.nameBytes), sourceID: element["sourceId"],
            cacheType: element["cacheType"])
        for part in [sourceID, cacheType] where (part?.utf8.count ?? 0) > ProvisioningLimits.nameBytes {
            throw PayloadError(
                .tooMany, "a part of a node's name is longer than the \(ProvisioningLimits.nameBytes) bytes taken")
        }
    }

    var element: XMLElement {
        .provisioning("node", ["nodeId": nodeID, "sourceId": sourceID, "cacheType": cacheType])
    }

    /// The nodes named by an element's children.
    static func list(_ element: XMLElement) throws(PayloadError) -> [ProvisioningNode] {
        let children = element.children("node")
        guard children.count <= ProvisioningLimits.nodes else {
            throw PayloadError(
                .tooMany, "\(children.count) nodes are named, at most \(ProvisioningLimits.nodes) are taken")
        }
        var nodes: [ProvisioningNode] = []
        for child in children { nodes.append(try ProvisioningNode(child)) }
        return nodes
    }
}
