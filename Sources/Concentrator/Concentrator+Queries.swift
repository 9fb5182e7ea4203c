import OneLoop

extension Concentrator {
    /// A node; nil when there is none of this name.
    public func node(_ id: NodeID) -> NodeSnapshot? { records[id]?.snapshot }

    /// All nodes, in the order they came.
    public var nodes: [NodeSnapshot] { ordered.map(\.snapshot) }

    /// The names of all nodes, in the order they came.
    public var ids: [NodeID] { ordered.map(\.description.id) }

    /// How many nodes there are.
    public var count: Int { records.count }

    /// The nodes of a source that belong to no other, in the order they came.
    public func roots(of source: String) -> [NodeSnapshot] {
        ordered.filter { $0.description.parent == nil && $0.description.id.sourceID == source }.map(\.snapshot)
    }

    /// The nodes that belong to this one, in the order they came.
    public func children(of id: NodeID) -> [NodeSnapshot] {
        settle()
        return (records[id]?.children ?? []).compactMap { records[$0]?.snapshot }
    }

    /// The node, the one it belongs to, and so on up to the root; empty when there is no such node.
    public func ancestors(of id: NodeID) -> [NodeSnapshot] {
        var chain: [NodeSnapshot] = []
        var next = records[id]
        while let record = next {
            chain.append(record.snapshot)
            next = record.description.parent.flatMap { records[$0] }
        }
        return chain
    }

    /// The node that people mean by `ble/A4C1388D18B2`, or by a bare id where only one node has it.
    ///
    /// - Throws: ``NodeError`` `notFound` or `ambiguous`.
    public func resolve(_ name: String) throws(NodeError) -> NodeID {
        if let id = NodeID(parsing: name), records[id] != nil { return id }
        let named = ids(withNodeID: name)
        guard let id = named.first else {
            throw NodeError(.notFound, "there is no node \"\(name)\"; `gatehouse nodes` lists those there are")
        }
        guard named.count == 1 else {
            let choices = named.map(\.description).joined(separator: " or ")
            throw NodeError(.ambiguous, "\"\(name)\" may be \(choices); write which")
        }
        return id
    }

    /// All nodes with this node id, on whatever bus: what a bare id means in XEP-0323 to 0325.
    public func ids(withNodeID nodeID: String) -> [NodeID] {
        records.keys.filter { $0.nodeID == nodeID }.sorted()
    }

    /// The readings asked for, a ``NodeReading`` for each node; a node or a named field that does not exist is that
    /// reading's failure and no other's.
    public func read(_ request: ReadRequest) -> [NodeReading] {
        guard let wanted = request.nodes else { return ordered.map { reading(of: $0, request, isNamed: false) } }
        settle()
        var readings: [NodeReading] = []
        var done: Set<NodeID> = []
        for id in wanted {
            guard let record = records[id] else {
                if done.insert(id).inserted {
                    let failure = NodeError(.notFound, "there is no node \(id)")
                    readings.append(NodeReading(node: id, fields: [], failure: failure))
                }
                continue
            }
            for (record, isNamed) in request.includesDescendants ? family(of: record) : [(record, true)]
            where done.insert(record.description.id).inserted {
                readings.append(reading(of: record, request, isNamed: isNamed))
            }
        }
        return readings
    }

    /// Whether a node's readings have to be fetched from its thing, by ``refresh(_:)``.
    public func fetches(_ id: NodeID) -> Bool { records[id]?.driver.fetches(id) ?? false }

    /// Fetches a node's readings from its thing, where that is how they come; returns when they are there.
    public func refresh(_ id: NodeID) async throws(NodeError) {
        guard let record = records[id] else { throw NodeError(.notFound, "there is no node \(id)") }
        if record.driver.fetches(id) { try await record.driver.refresh(id) }
    }

    private var ordered: [NodeRecord] {
        settle()
        return records.values.sorted { $0.sequence < $1.sequence }
    }

    /// The node and all below it, parents first.
    private func family(of record: NodeRecord) -> [(NodeRecord, isNamed: Bool)] {
        [(record, true)]
            + record.children.compactMap { records[$0] }.flatMap { family(of: $0) }.map { ($0.0, isNamed: false) }
    }

    /// What one node answers; only of a node that was named a missing field is a failure, since the others were not
    /// asked whether they have it.
    private func reading(of record: NodeRecord, _ request: ReadRequest, isNamed: Bool) -> NodeReading {
        let readable = record.readable
        let id = record.description.id
        var failure: NodeError?
        if isNamed, let missing = request.fields?.first(where: { name in !readable.contains { $0.name == name } }) {
            let names = readable.map(\.name).joined(separator: ", ")
            failure = NodeError(
                .unknownField, "\(id) has no field \"\(missing)\"; it has \(names.isEmpty ? "none" : names)")
        }
        return NodeReading(node: id, fields: readable.filter(request.wants), failure: failure)
    }
}
