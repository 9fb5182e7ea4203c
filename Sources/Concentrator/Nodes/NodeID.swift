/// The name of a node: XEP-0326's triple of data source, cache type and node id.
///
/// It comes from the thing itself, a radio's identity address or a configured line's name, never from a counter: so it is
/// the same after a restart, and is never given to another thing.
public struct NodeID: Hashable, Sendable {
    /// The data source that XEP-0326 demands; everything that measures or acts is in it.
    public static let meteringTopology = "MeteringTopology"

    /// The data source.
    public let sourceID: String
    /// The bus, `ble` or `gpio`; empty for a source that does not separate.
    public let cacheType: String
    /// The id, unique on its bus: `A4C1388D18B2`, `relay1`.
    public let nodeID: String

    /// The name of these parts, unchecked; ``Concentrator/add(_:driver:)`` refuses one that ``isWellFormed`` does not hold
    /// for.
    public init(sourceID: String = NodeID.meteringTopology, cacheType: String, nodeID: String) {
        // The literal costs no memory, an equal string of a parser's would cost 48 bytes a node.
        self.sourceID = sourceID == Self.meteringTopology ? Self.meteringTopology : sourceID
        self.cacheType = cacheType
        self.nodeID = nodeID
    }

    /// The name that ``description`` gives: `ble/A4C1388D18B2`, or with another source in front; nil when it is none.
    public init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 2: self.init(cacheType: parts[0], nodeID: parts[1])
        case 3: self.init(sourceID: parts[0], cacheType: parts[1], nodeID: parts[2])
        default: return nil
        }
        guard isWellFormed else { return nil }
    }

    /// The most bytes a part may have: an identity address has 12, and a name in a table or an href should stay readable.
    public static let longestPart = 64

    /// Whether each part is 1 (the cache type 0) to ``longestPart`` of the characters that a URI needs no escape for
    /// (RFC 3986 §2.3), since parts stand in hrefs.
    public var isWellFormed: Bool {
        Self.isWellFormed(sourceID) && Self.isWellFormed(nodeID) && (cacheType.isEmpty || Self.isWellFormed(cacheType))
    }

    private static func isWellFormed(_ part: String) -> Bool {
        (1...longestPart).contains(part.utf8.count)
            && part.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"):
                    true
                default: false
                }
            }
    }
}

extension NodeID: CustomStringConvertible {
    /// `ble/A4C1388D18B2`; the source stands in front when it is not the usual one.
    public var description: String {
        sourceID == Self.meteringTopology ? "\(cacheType)/\(nodeID)" : "\(sourceID)/\(cacheType)/\(nodeID)"
    }
}

extension NodeID: Comparable {
    /// By source, cache type and node id.
    public static func < (left: NodeID, right: NodeID) -> Bool {
        (left.sourceID, left.cacheType, left.nodeID) < (right.sourceID, right.cacheType, right.nodeID)
    }
}
