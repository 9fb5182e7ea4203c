import OneLoop

/// Nodes that stand in an order among themselves: those that belong to the same node, or the roots of one bus.
public struct NodeFamily: Sendable, Hashable {
    /// The data source.
    public let sourceID: String
    /// The node that they belong to; nil for roots.
    public let parent: NodeID?
    /// The bus that roots hang on; empty below a node.
    public let cacheType: String

    /// The nodes below `parent`, or the roots of a bus.
    public init(sourceID: String = NodeID.meteringTopology, parent: NodeID? = nil, cacheType: String) {
        self.sourceID = sourceID
        self.parent = parent
        self.cacheType = parent == nil ? cacheType : ""
    }

    init(_ description: NodeDescription) {
        self.init(
            sourceID: description.id.sourceID, parent: description.parent, cacheType: description.id.cacheType)
    }
}

extension Concentrator {
    /// Moves a node one place up or down in its family.
    ///
    /// - Returns: whether it moved; one that is first or last already stays (XEP-0326 `moveNodeUp`).
    /// - Throws: ``NodeError`` `notFound`.
    @discardableResult
    public func move(_ id: NodeID, up: Bool) throws(NodeError) -> Bool {
        guard let record = records[id] else { throw NodeError(.notFound, "there is no node \(id)") }
        settle()
        let family = NodeFamily(record.description)
        let siblings = members(of: family)
        guard let place = siblings.firstIndex(where: { $0 === record }) else { return false }
        let other = up ? place - 1 : place + 1
        guard siblings.indices.contains(other) else { return false }
        (record.sequence, siblings[other].sequence) = (siblings[other].sequence, record.sequence)
        family.parent.flatMap { records[$0] }?.children.swapAt(place, other)
        noteOrder(of: family)
        bus.post(.moved(id, up: up))
        return true
    }

    /// The family that a node has its place in; nil when it is none.
    public func family(of id: NodeID) -> NodeFamily? { records[id].map { NodeFamily($0.description) } }

    /// The order that a family was given, by ``move(_:up:)`` or ``arrange(_:in:)``, nodes that are not there among them;
    /// empty when it never was: then they stand as they came.
    public func arrangement(of family: NodeFamily) -> [NodeID] { arrangements[family] ?? [] }

    /// Puts a family in an order, also those of it that are not there yet; nodes that it does not name come after.
    public func arrange(_ order: [NodeID], in family: NodeFamily) {
        arrangements[family] = Array(order.prefix(limits.nodes))
        unsettled.insert(family)
    }

    /// A node has come: where its family has an order it is put in its place when somebody looks, so that a thousand that
    /// come at the start are sorted once.
    func noteArrival(_ family: NodeFamily) {
        if arrangements[family] != nil { unsettled.insert(family) }
    }

    /// Puts all nodes in their places; to be called before the order is looked at.
    func settle() {
        guard !unsettled.isEmpty else { return }
        for family in unsettled { settle(family) }
        unsettled = []
    }

    private func settle(_ family: NodeFamily) {
        guard let order = arrangements[family] else { return }
        let places = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
        let members = members(of: family)
        let sorted = members.enumerated().sorted {
            let left = (places[$0.element.description.id] ?? Int.max, $0.offset)
            return left < (places[$1.element.description.id] ?? Int.max, $1.offset)
        }
        // They share out the places that they have among all nodes.
        let sequences = members.map(\.sequence)
        for (sequence, entry) in zip(sequences, sorted) { entry.element.sequence = sequence }
        family.parent.flatMap { records[$0] }?.children = sorted.map(\.element.description.id)
    }

    /// Keeps the order as it is now; nodes that are away keep the place they had.
    private func noteOrder(of family: NodeFamily) {
        var present = members(of: family).map(\.description.id)[...]
        let isPresent = Set(present)
        var order: [NodeID] = []
        for id in arrangements[family] ?? [] {
            if !isPresent.contains(id) {
                order.append(id)
            } else if let next = present.popFirst() {
                order.append(next)
            }
        }
        order += present
        // Those that are away longest known go first when there are too many.
        if order.count > limits.nodes { order.removeAll { !isPresent.contains($0) } }
        arrangements[family] = order
    }

    private func members(of family: NodeFamily) -> [NodeRecord] {
        if let parent = family.parent { return records[parent]?.children.compactMap { records[$0] } ?? [] }
        return records.values.filter {
            $0.description.parent == nil && $0.description.id.sourceID == family.sourceID
                && $0.description.id.cacheType == family.cacheType
        }.sorted { $0.sequence < $1.sequence }
    }
}
