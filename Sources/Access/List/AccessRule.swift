/// One line of a list of who may do what.
public struct AccessRule: Sendable, Hashable {
    /// How far somebody may go; each right includes those before it.
    public enum Right: Int, Sendable, Hashable, Comparable, CaseIterable {
        /// May ask, and gets nothing but what everybody may know.
        case befriend
        /// May read.
        case read
        /// May also set control parameters.
        case control
        /// May also change nodes and the gateway.
        case administer

        /// By rising reach.
        public static func < (left: Right, right: Right) -> Bool { left.rawValue < right.rawValue }
    }

    /// A bare address, a domain for everybody there, or `*` for everybody.
    public var who: String
    /// How far.
    public var right: Right
    /// On these nodes; nil for all.
    public var nodes: [NodeReference]?
    /// These fields and parameters; nil for all.
    public var names: Set<String>?

    /// A rule.
    public init(who: String, right: Right, nodes: [NodeReference]? = nil, names: Set<String>? = nil) {
        self.who = who.lowercased()
        self.right = right
        self.nodes = nodes
        self.names = names
    }

    /// Whether the rule is about this bare address.
    func concerns(_ address: String) -> Bool {
        if who == "*" || who == address { return true }
        guard !who.utf8.contains(UInt8(ascii: "@")), let at = address.firstIndex(of: "@") else { return false }
        return address[address.index(after: at)...] == who
    }
}
