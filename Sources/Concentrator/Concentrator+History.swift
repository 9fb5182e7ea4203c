import OneLoop

extension Concentrator {
    /// The stored readings of a node that a request asks for: by kind, name and time. Empty when there is no such node.
    ///
    /// History is kept in memory alone, from the start of the daemon or of the node: by minutes for an hour, by hours for
    /// two days, by days (of UTC) for a month. The piece that is running is told too, as in progress.
    public func history(of id: NodeID, _ request: ReadRequest) -> [Field] {
        guard !request.flags.isDisjoint(with: .historical), let record = records[id] else { return [] }
        return record.histories.flatMap { $0.fields(request) }
    }

    /// How many fields have a history.
    public var historyCount: Int { historyFields }

    /// Takes a reading into its field's history.
    func remember(_ field: Field, of record: NodeRecord, now: WallTime) {
        guard limits.historyFields > 0 else { return }
        if let index = record.histories.firstIndex(where: { $0.name == field.name }) {
            record.histories[index].record(field, now: now)
        } else if let history = FieldHistory(field, now: now) {
            guard historyFields < limits.historyFields else {
                counters.historiesRefused += 1
                return
            }
            record.histories.append(history)
            historyFields += 1
        }
    }
}
