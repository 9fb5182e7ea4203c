import ProvisioningModel

/// What rules say to a question on nodes and names: a row for each node, a column for each name.
struct RuleMatrix {
    private let question: Question
    private let identities: [[Rule]]
    /// Nodes; nil stands for a node that no rule and no question has named.
    private var rows: [ProvisioningNode?] = []
    /// Names; nil stands for one that nobody has named.
    private var columns: [String?] = []
    private var used: Set<Int64> = []

    /// What the rules say to one name on one node.
    private struct Cell {
        var isAllowed = false
        var isSaid = false
        /// The rule for one question alone that allows it, where no other does.
        var once: Int64?
    }

    init(_ question: Question, _ identities: [[Rule]], _ known: KnownThings) {
        self.question = question
        self.identities = identities
        let rules = identities.flatMap(\.self)
        if question.nodes.isEmpty {
            let named = Set(rules.flatMap { $0.nodes.compactMap(\.node) }).union(known.nodes)
            rows = [nil] + named.sorted { $0.path < $1.path }
        } else {
            let allowing = rules.filter(\.isAllowed).flatMap(\.nodes)
            var seen: Set<ProvisioningNode> = []
            for node in question.nodes where seen.insert(node).inserted {
                rows.append(node)
                // What is asked for without its source or cache type can mean several; a rule may be about one of them.
                guard node.sourceID == nil || node.cacheType == nil else { continue }
                for narrow in allowing.compactMap({ $0.narrowed(node) }) where seen.insert(narrow).inserted {
                    rows.append(narrow)
                }
            }
        }
        if question.names.isEmpty {
            columns = [nil] + Set(rules.flatMap(\.names)).union(known.names).sorted()
        } else {
            var seen: Set<String> = []
            columns = question.names.filter { seen.insert($0).inserted }
        }
    }

    var ruling: Ruling {
        var copy = self
        return copy.decide()
    }

    /// To be a friend is no matter of nodes and names.
    static func friendship(_ identities: [[Rule]]) -> Ruling {
        let winners = identities.compactMap { rules in rules.max { isWeaker($0, $1) } }
        // What is allowed for good is not taken from what is allowed once.
        let allowing = winners.filter(\.isAllowed)
        guard let winner = allowing.first(where: { !$0.isOnce }) ?? allowing.first ?? winners.first else {
            return Ruling(grant: nil, isUndecided: true)
        }
        return Ruling(
            grant: winner.isAllowed ? Grant() : nil, rules: [winner.id],
            spent: winner.isOnce && winner.isAllowed ? [winner.id] : [])
    }

    private static func isWeaker(_ left: Rule, _ right: Rule) -> Bool {
        (left.rank, left.isAllowed ? 0 : 1, left.isOnce ? 0 : 1)
            < (right.rank, right.isAllowed ? 0 : 1, right.isOnce ? 0 : 1)
    }

    // MARK: Rows

    /// How a rule meets a node: not at all, or as one of all (0), by a pattern (1), by its name (2). A denial meets what it
    /// can be about, a permission what it is about for certain.
    private static func reach(_ rule: Rule, _ node: ProvisioningNode?) -> Int? {
        guard !rule.nodes.isEmpty else { return 0 }
        guard let node else { return nil }
        var reach: Int?
        for pattern in rule.nodes where rule.isAllowed ? pattern.covers(node) : pattern.touches(node) {
            reach = max(reach ?? 1, pattern.isExact ? 2 : 1)
        }
        return reach
    }

    private mutating func decide() -> Ruling {
        // Nodes that are met by the same rules in the same way have the same answers.
        var classes: [[Int?]: [Cell]] = [:]
        var cells: [[Cell]] = []
        var isMet = false
        for node in rows {
            let reaches = identities.flatMap { rules in rules.map { Self.reach($0, node) } }
            if let known = classes[reaches] {
                cells.append(known)
                continue
            }
            let answers = columns.map { cell(reaches, $0) }
            if answers.contains(where: \.isSaid) { isMet = true }
            classes[reaches] = answers
            cells.append(answers)
        }
        let allowed = cells.map { $0.map(\.isAllowed) }
        guard let (nodes, names) = Self.rectangle(allowed, restRow: restRow, restColumn: restColumn) else {
            return Ruling(grant: nil, isUndecided: !isMet, rules: used.sorted())
        }
        // A denial by pattern may be about nodes that nobody has named yet.
        let denies = identities.flatMap(\.self).filter { !$0.isAllowed }
        var grant = Grant()
        if nodes.count < rows.count || (restRow && denies.contains { !$0.nodes.isEmpty }) {
            let listed = nodes.compactMap { rows[$0] }
            // What another of the list means too needs no line of its own.
            let all = Set(listed)
            grant.nodes = listed.filter { node in !node.wider.contains(where: all.contains) }
            if !question.nodes.isEmpty, grant.nodes.map(Set.init) == Set(question.nodes) { grant.nodes = nil }
            // An ambiguous node that is allowed whole needs no narrow ones beside it.
            if let whole = grant.nodes.map(Set.init), Set(question.nodes).isSubset(of: whole), !question.nodes.isEmpty {
                grant.nodes = nil
            }
        }
        if names.count < columns.count || (restColumn && denies.contains { !$0.names.isEmpty }) {
            // More than that no device reads.
            grant.names = Array(names.compactMap { columns[$0] }.prefix(ProvisioningLimits.names))
        }
        // Nothing can be listed of what is allowed: then it cannot be allowed.
        guard grant.nodes?.isEmpty != true, grant.names?.isEmpty != true else {
            return Ruling(grant: nil, rules: used.sorted())
        }
        // Only what is in the block that is answered was given away.
        let spent = Set(nodes.flatMap { row in names.compactMap { cells[row][$0].once } })
        return Ruling(grant: grant, rules: used.sorted(), spent: spent.sorted())
    }

    private var restRow: Bool { question.nodes.isEmpty }
    private var restColumn: Bool { question.names.isEmpty }

    /// Whether a name may be touched on nodes that the rules meet so, and whether any rule says anything of it.
    private mutating func cell(_ reaches: [Int?], _ name: String?) -> Cell {
        var cell = Cell()
        var index = 0
        for rules in identities {
            var best: (rule: Rule, rank: Int)?
            for rule in rules {
                defer { index += 1 }
                guard let reach = reaches[index] else { continue }
                let isNamed = !rule.names.isEmpty
                if isNamed { guard let name, rule.names.contains(name) else { continue } }
                var rank = ((rule.rank * 3 + reach) * 2 + (isNamed ? 1 : 0)) * 2 + (rule.isAllowed ? 0 : 1)
                // Of two that say the same the one that stays.
                rank = rank * 2 + (rule.isOnce ? 0 : 1)
                if best.map({ $0.rank < rank }) ?? true { best = (rule, rank) }
            }
            guard let rule = best?.rule else { continue }
            cell.isSaid = true
            used.insert(rule.id)
            guard rule.isAllowed else { continue }
            // What follows may only be less forgiving, or spare a rule that serves once.
            guard rule.isOnce else { return Cell(isAllowed: true, isSaid: true) }
            if !cell.isAllowed { cell.once = rule.id }
            cell.isAllowed = true
        }
        return cell
    }

    // MARK: The answer

    /// Kinds of rows of which what they have in common is tried, at most; there are seldom more than three.
    private static let mostPairs = 16
    /// Blocks that are tried, at most: sixteen kinds can have something else in common in 65,536 ways.
    private static let mostBlocks = 256

    /// The largest block of rows and columns that is allowed throughout; nil when nothing is.
    private static func rectangle(
        _ allowed: [[Bool]], restRow: Bool, restColumn: Bool
    ) -> (rows: [Int], columns: [Int])? {
        var kinds: [[Bool]] = []
        for row in allowed where row.contains(true) && !kinds.contains(row) { kinds.append(row) }
        guard !kinds.isEmpty else { return nil }
        if kinds.count <= mostPairs {
            for (index, one) in kinds.enumerated() {
                for other in kinds[(index + 1)...] where kinds.count < mostBlocks {
                    let both = zip(one, other).map { $0 && $1 }
                    if both.contains(true), !kinds.contains(both) { kinds.append(both) }
                }
            }
        }
        var best: (rows: [Int], columns: [Int])?
        for kind in kinds {
            let columns = kind.indices.filter { kind[$0] }
            let rows = allowed.indices.filter { row in columns.allSatisfy { allowed[row][$0] } }
            // Whatever is not named yet, with all that is: more than any list.
            let area = weight(rows, restRow) * weight(columns, restColumn)
            if best.map({ area > weight($0.rows, restRow) * weight($0.columns, restColumn) }) ?? true {
                best = (rows, columns)
            }
        }
        return best
    }

    /// Index 0 stands for everything unnamed, where there is such.
    private static func weight(_ indices: [Int], _ hasRest: Bool) -> Int {
        indices.count + (hasRest && indices.first == 0 ? 1_000_000 : 0)
    }
}

extension ProvisioningNode {
    /// The other names that mean this node, and more: with a part left out.
    fileprivate var wider: [ProvisioningNode] {
        let parts: [(source: String?, cache: String?)] = [(nil, cacheType), (sourceID, nil), (nil, nil)]
        return parts.map { ProvisioningNode(nodeID: nodeID, sourceID: $0.source, cacheType: $0.cache) }
            .filter { $0 != self }
    }
}
