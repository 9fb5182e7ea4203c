/// What came of the advertisements since the start.
public struct BLENodesStatistics: Sendable, Hashable {
    /// All of them.
    public var received: UInt64 = 0
    /// From strangers.
    public var fromStrangers: UInt64 = 0
    /// From addresses that are denied or blocked.
    public var denied: UInt64 = 0
    /// From nodes, new and decoded.
    public var decoded: UInt64 = 0
    /// From nodes, and the same as before.
    public var repeated: UInt64 = 0
    /// From nodes, and overtaken by a newer message.
    public var late: UInt64 = 0
    /// From nodes, encrypted, with a counter that went back.
    public var replayed: UInt64 = 0
    /// From nodes, in a known format, and refused.
    public var refused: UInt64 = 0
    /// From nodes, in no known format: presence alone.
    public var presence: UInt64 = 0
    /// From advertisers that would have become nodes, but there were as many as may be.
    public var nodesRefused: UInt64 = 0
    /// Strangers that made room for others in the table.
    public var strangersForgotten: UInt64 = 0

    /// Nothing yet.
    public init() {}
}
