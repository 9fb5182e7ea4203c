/// A node as a request or an answer names it: the parts that are left out stand for any (XEP-0323 to 0325).
public struct NodeReference: Sendable, Hashable {
    /// The id.
    public var nodeID: String
    /// The data source; nil for any.
    public var sourceID: String?
    /// The bus; nil for any.
    public var cacheType: String?

    /// A reference. An empty source or bus is one left out (XEP-0326).
    public init(nodeID: String, sourceID: String? = nil, cacheType: String? = nil) {
        self.nodeID = nodeID
        self.sourceID = sourceID.flatMap { $0.isEmpty ? nil : $0 }
        self.cacheType = cacheType.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether this reference means that node. `other` names all its parts.
    public func matches(_ other: NodeReference) -> Bool {
        nodeID == other.nodeID && (sourceID == nil || sourceID == other.sourceID)
            && (cacheType == nil || cacheType == other.cacheType)
    }
}
