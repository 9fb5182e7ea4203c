import OneLoop

extension Concentrator {
    /// Moves a node one place up or down among those that belong to the same node, or among the roots of its source.
    ///
    /// The order lasts as long as the daemon runs: it is the order in which nodes come that a restart gives again.
    ///
    /// - Returns: whether it moved; one that is first or last already stays (XEP-0326 `moveNodeUp`).
    /// - Throws: ``NodeError`` `notFound`.
    @discardableResult
    public func move(_ id: NodeID, up: Bool) throws(NodeError) -> Bool {
        guard let record = records[id] else { throw NodeError(.notFound, "there is no node \(id)") }
        let parent = record.description.parent.flatMap { records[$0] }
        let siblings = parent?.children ?? roots(of: id.sourceID).map(\.id)
        guard let place = siblings.firstIndex(of: id) else { return false }
        let other = up ? place - 1 : place + 1
        guard siblings.indices.contains(other), let neighbour = records[siblings[other]] else { return false }
        (record.sequence, neighbour.sequence) = (neighbour.sequence, record.sequence)
        parent?.children.swapAt(place, other)
        bus.post(.moved(id, up: up))
        return true
    }
}
