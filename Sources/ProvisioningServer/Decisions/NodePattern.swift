import ProvisioningModel

/// Which nodes a rule is about: `id`, `cache/id` or `source/cache/id`, where each part may end in `*`.
public struct NodePattern: Sendable, Hashable {
    /// One part of the pattern.
    public enum Part: Sendable, Hashable {
        /// Anything.
        case any
        /// What begins so.
        case prefix(String)
        /// This alone.
        case exact(String)

        init(_ text: Substring) {
            if text == "*" {
                self = .any
            } else if text.last == "*" {
                self = .prefix(String(text.dropLast()))
            } else {
                self = .exact(String(text))
            }
        }

        /// Whether every node that has this part, or leaves it unsaid, is meant.
        func covers(_ part: String?) -> Bool {
            switch self {
            case .any: true
            case .prefix(let prefix): part?.hasPrefix(prefix) ?? false
            case .exact(let exact): part == exact
            }
        }

        /// Whether a node that has this part, or leaves it unsaid, can be meant.
        func touches(_ part: String?) -> Bool { part == nil || covers(part) }

        var text: String {
            switch self {
            case .any: "*"
            case .prefix(let prefix): prefix + "*"
            case .exact(let exact): exact
            }
        }

        var exactText: String? { if case .exact(let text) = self { text } else { nil } }
    }

    /// The data source.
    public let source: Part
    /// The cache type.
    public let cache: Part
    /// The id.
    public let id: Part

    /// Longest pattern, in bytes: three names of 85 bytes, where a gateway's have a dozen.
    static let longest = 256

    /// A pattern in its text; nil when a part is empty or it is too long.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.longest, parts.allSatisfy({ !$0.isEmpty }), let last = parts.last else {
            return nil
        }
        id = Part(last)
        cache = parts.count > 1 ? Part(parts[parts.count - 2]) : .any
        source = parts.count > 2 ? Part(parts[0]) : .any
    }

    /// Exactly this node, as far as it is named.
    public init(_ node: ProvisioningNode) {
        source = node.sourceID.map { .exact($0) } ?? .any
        cache = node.cacheType.map { .exact($0) } ?? .any
        id = .exact(node.nodeID)
    }

    /// Whether everything that the name can mean is meant.
    func covers(_ node: ProvisioningNode) -> Bool {
        id.covers(node.nodeID) && cache.covers(node.cacheType) && source.covers(node.sourceID)
    }

    /// Whether something that the name can mean is meant.
    func touches(_ node: ProvisioningNode) -> Bool {
        id.covers(node.nodeID) && cache.touches(node.cacheType) && source.touches(node.sourceID)
    }

    /// Whether it is one node.
    var isExact: Bool { id.exactText != nil }

    /// The one node that it names.
    var node: ProvisioningNode? {
        id.exactText.map {
            ProvisioningNode(nodeID: $0, sourceID: source.exactText, cacheType: cache.exactText)
        }
    }

    /// The part of an ambiguous node that the pattern means; nil when that is nothing, all of it, or cannot be said.
    func narrowed(_ node: ProvisioningNode) -> ProvisioningNode? {
        guard touches(node), !covers(node) else { return nil }
        let narrow = ProvisioningNode(
            nodeID: node.nodeID, sourceID: node.sourceID ?? source.exactText,
            cacheType: node.cacheType ?? cache.exactText)
        return covers(narrow) ? narrow : nil
    }
}

extension NodePattern: LosslessStringConvertible {
    /// The text.
    public var description: String {
        if source != .any { return "\(source.text)/\(cache.text)/\(id.text)" }
        return cache == .any ? id.text : "\(cache.text)/\(id.text)"
    }
}

extension ProvisioningNode {
    /// `source/cache/id` for people and in the database; a part that is not said is `*`.
    var path: String { NodePattern(self).description }

    /// Whether the path means this node alone, and is one line.
    var isPath: Bool { NodePattern(path)?.node == self && Ledger.isOneLine(path) }
}
