/// The answer to an ``AccessQuestion``.
public enum AccessAnswer: Sendable, Hashable {
    /// Yes, for what the grant lists.
    case granted(AccessGrant)
    /// No, with the reason for people and the log.
    case denied(String)
    /// Nobody could answer: counts as no, and must not be remembered.
    case unanswered(String)

    /// What may be done; nil when nothing may.
    public var grant: AccessGrant? {
        if case .granted(let grant) = self { grant } else { nil }
    }

    /// The most forgiving of several answers: what any of them grants is granted (XEP-0324 3.3).
    public static func union(_ answers: [AccessAnswer]) -> AccessAnswer {
        let grants = answers.compactMap(\.grant)
        if let first = grants.first {
            return .granted(grants.dropFirst().reduce(first) { $0.union($1) })
        }
        return answers.first { if case .denied = $0 { true } else { false } } ?? answers.first
            ?? .unanswered("nobody was asked")
    }
}

/// What may be done of what was asked, as whitelists (XEP-0324 3.5, 3.6): no list of a kind means all of that kind that the
/// question named.
public struct AccessGrant: Sendable, Hashable {
    /// One whitelist: the names in it, on the nodes in it.
    public struct Part: Sendable, Hashable {
        /// These nodes; nil for all asked for.
        public var nodes: [NodeReference]?
        /// These fields or parameters; nil for all asked for.
        public var names: Set<String>?
        /// Readings of these kinds.
        public var kinds: ReadingKinds

        /// A whitelist; everything asked for unless told otherwise.
        public init(nodes: [NodeReference]? = nil, names: Set<String>? = nil, kinds: ReadingKinds = .all) {
            self.nodes = nodes
            self.names = names
            self.kinds = kinds
        }
    }

    /// The whitelists of those who granted; what one of them lists may be done.
    public var parts: [Part]

    /// A grant of one whitelist.
    public init(_ part: Part = Part()) {
        parts = [part]
    }

    /// The grant of these whitelists; nil for none, since nothing allowed is a denial.
    public init?(_ parts: [Part]) {
        guard !parts.isEmpty else { return nil }
        self.parts = parts
    }

    /// What either grants.
    public func union(_ other: AccessGrant) -> AccessGrant {
        var sum = self
        sum.parts += other.parts.filter { !parts.contains($0) }
        return sum
    }

    /// Whether anything of a node, named in all its parts, may be touched.
    public func allows(_ node: NodeReference) -> Bool {
        parts.contains { $0.covers(node) }
    }

    /// Whether this field or parameter of a node may be touched, of any of these kinds.
    public func allows(_ node: NodeReference, _ name: String, _ kinds: ReadingKinds = .all) -> Bool {
        parts.contains { part in
            part.covers(node) && !part.kinds.isDisjoint(with: kinds) && (part.names?.contains(name) ?? true)
        }
    }

    /// Whether everything may be touched that was asked for.
    public var isUnrestricted: Bool { parts.contains { $0.nodes == nil && $0.names == nil && $0.kinds == .all } }
}

extension AccessGrant.Part {
    func covers(_ node: NodeReference) -> Bool {
        nodes?.contains { $0.matches(node) } ?? true
    }
}
