import OneLoop

extension Concentrator {
    /// Sets parameters: all checked (node, parameter, kind, range) before any is set, then node by node in the order
    /// they were first named, each node's in the order given (XEP-0325: the order is the order of execution).
    ///
    /// - Throws: ``WriteError`` `refused`, with every objection, when a check fails: nothing has been set. `interrupted`
    ///   when a thing fails: the nodes before it have been set, those after it have not.
    public func write(_ writes: [NodeWrite]) async throws(WriteError) {
        let failures = objections(to: writes)
        guard failures.isEmpty else { throw WriteError(code: .refused, failures: failures) }
        var order: [NodeID] = []
        var byNode: [NodeID: [NodeWrite]] = [:]
        for write in writes {
            if byNode[write.node] == nil { order.append(write.node) }
            byNode[write.node, default: []].append(write)
        }
        // The drivers are taken now: a node that goes while another is being written must not make the rest fail silently.
        let steps = order.compactMap { id in records[id].map { (id, $0.driver, byNode[id] ?? []) } }
        for (done, (id, driver, writes)) in steps.enumerated() {
            do throws(NodeError) {
                try await driver.write(id, writes.map { (parameter: $0.parameter, value: $0.value) })
            } catch {
                let failures = writes.map { WriteError.Failure(write: $0, error: error) }
                throw WriteError(code: .interrupted(done: done, total: steps.count), failures: failures)
            }
        }
    }

    /// What speaks against each write; empty when nothing does.
    private func objections(to writes: [NodeWrite]) -> [WriteError.Failure] {
        if writes.count > limits.writesPerRequest, let first = writes.first {
            let error = NodeError(
                .full, "\(writes.count) writes were asked for at once, at most \(limits.writesPerRequest) are done")
            return [WriteError.Failure(write: first, error: error)]
        }
        return writes.compactMap { write in
            objection(to: write).map { WriteError.Failure(write: write, error: $0) }
        }
    }

    private func objection(to write: NodeWrite) -> NodeError? {
        guard let record = records[write.node] else {
            return NodeError(.notFound, "there is no node \(write.node)")
        }
        guard let parameter = record.description.parameters.first(where: { $0.name == write.parameter }) else {
            let names = record.description.parameters.map(\.name).joined(separator: ", ")
            return NodeError(
                .unknownParameter,
                "\(write.node) has no parameter \"\(write.parameter)\"; it has \(names.isEmpty ? "none" : names)")
        }
        return parameter.kind.objection(to: write.value).map { NodeError(.invalidValue, $0) }
    }
}
