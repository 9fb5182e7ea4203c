/// What may be done of what was asked, as whitelists (XEP-0324 3.5, 3.6): no list of a kind means all of that kind that the
/// question named.
///
/// A grant carries the question that it answers, and every use of it says who does what: nobody but the one who was asked
/// about, nothing but what was asked about, on no node and no name that was not asked about is ever allowed by it.
public struct AccessGrant: Sendable {
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

        /// Whether it is everything that was asked for.
        var isWhole: Bool { nodes == nil && names == nil && kinds == .all }

        func covers(_ node: NodeReference) -> Bool {
            nodes?.contains { $0.matches(node) } ?? true
        }
    }

    /// What was asked.
    public let question: AccessQuestion
    /// The whitelists of those who granted; what one of them lists may be done.
    public let parts: [Part]
    /// The nodes of the question by id: each node of a read-out is looked for among as many as were asked for.
    private let asked: [String: [NodeReference]]?
    private let names: Set<String>?

    /// A grant of one whitelist; of everything asked for unless told otherwise.
    public init(_ question: AccessQuestion, _ part: Part = Part()) {
        self.init(question, whole: [part])
    }

    /// The grant of these whitelists; nil for none, since nothing allowed is a denial.
    public init?(_ question: AccessQuestion, _ parts: [Part]) {
        guard !parts.isEmpty else { return nil }
        self.init(question, whole: parts)
    }

    private init(_ question: AccessQuestion, whole parts: [Part]) {
        self.question = question
        self.parts = parts
        asked = question.nodes.map { Dictionary(grouping: $0, by: \.nodeID) }
        names = question.names.map { Set($0) }
    }

    /// What either grants. Of a grant that answers another question nothing is taken.
    public func union(_ other: AccessGrant) -> AccessGrant {
        guard other.question == question else { return self }
        return AccessGrant(question, whole: parts + other.parts.filter { !parts.contains($0) })
    }

    /// The grant of a question that is a part of this one's; nil when it is none, or nothing of it is granted.
    public func narrowed(to part: AccessQuestion) -> AccessGrant? {
        if part == question { return self }
        guard part.isPart(of: question) else { return nil }
        // Kinds that were not asked about are granted to nobody.
        let kinds = question.action.kinds
        let left = parts.compactMap { list -> Part? in
            var list = list
            if kinds != part.action.kinds { list.kinds.formIntersection(kinds) }
            return list.kinds.isEmpty ? nil : list
        }
        return AccessGrant(part, left)
    }

    // MARK: Using it

    /// Whether this one may do this at all; on which nodes is another question.
    ///
    /// - Parameter who: the bare address of the one who does it.
    public func allows(_ who: String, to action: AccessQuestion.Action) -> Bool {
        question.who == who && question.action.concerns(action)
    }

    /// Whether this one may do this with anything of a node.
    ///
    /// - Parameter node: named in all its parts.
    public func allows(_ who: String, to action: AccessQuestion.Action, _ node: NodeReference) -> Bool {
        allows(who, to: action) && isAsked(node) && parts.contains { $0.covers(node) }
    }

    /// Whether this one may do this with a field or parameter of a node; read it if it is of any of the action's kinds.
    public func allows(_ who: String, to action: AccessQuestion.Action, _ node: NodeReference, _ name: String) -> Bool {
        guard allows(who, to: action), names?.contains(name) ?? true, isAsked(node) else { return false }
        let kinds = action.kinds
        return parts.contains { part in
            part.covers(node) && !part.kinds.isDisjoint(with: kinds) && (part.names?.contains(name) ?? true)
        }
    }

    /// Whether everything may be done that was asked for.
    public var isUnrestricted: Bool { parts.contains(where: \.isWhole) }

    private func isAsked(_ node: NodeReference) -> Bool {
        guard let asked else { return true }
        return asked[node.nodeID]?.contains { $0.matches(node) } ?? false
    }
}

extension AccessGrant: Hashable {
    /// By question and whitelists.
    public static func == (left: AccessGrant, right: AccessGrant) -> Bool {
        left.question == right.question && left.parts == right.parts
    }

    /// Feeds question and whitelists.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(question)
        hasher.combine(parts)
    }
}
