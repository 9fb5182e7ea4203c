import OneLoop

extension Concentrator {
    /// What can be done to a node, as its driver knows; empty when there is no such node.
    public func commands(of id: NodeID) -> [NodeCommand] {
        records[id].map { $0.driver.commands(of: id) } ?? []
    }

    /// Does a command of a node.
    ///
    /// - Returns: a sentence for people.
    /// - Throws: ``NodeError`` `notFound`, `unknownCommand`, `unknownParameter`, `invalidValue`, or what the driver throws.
    @discardableResult
    public func perform(_ command: String, on id: NodeID, _ values: CommandValues = [:]) async throws(NodeError)
        -> String
    {
        guard let record = records[id] else { throw NodeError(.notFound, "there is no node \(id)") }
        let known = record.driver.commands(of: id)
        let checked = try check(command, among: known, values, of: "\(id)")
        return try await record.driver.perform(command, on: id, checked)
    }

    /// Adds the commands of a bus; those of the same bus are replaced.
    public func register(_ commands: BusCommands) {
        busCommands.removeAll { $0.cacheType == commands.cacheType }
        busCommands.append(commands)
    }

    /// Does a command of a bus as a whole.
    ///
    /// - Returns: a sentence for people.
    /// - Throws: ``NodeError`` as ``perform(_:on:_:)`` does.
    @discardableResult
    public func perform(
        _ command: String, onBus cacheType: String, _ values: CommandValues = [:]
    ) async throws(NodeError) -> String {
        guard let bus = busCommands.first(where: { $0.cacheType == cacheType }) else {
            throw NodeError(.notFound, "the bus \(cacheType) has no commands")
        }
        let checked = try check(command, among: bus.commands, values, of: "the bus \(cacheType)")
        return try await bus.perform(command, checked)
    }

    /// The values given, checked, and the default of each that was left out.
    private func check(
        _ command: String, among known: [NodeCommand], _ values: CommandValues, of owner: String
    ) throws(NodeError) -> CommandValues {
        guard let wanted = known.first(where: { $0.id == command }) else {
            let names = known.map(\.id).joined(separator: ", ")
            throw NodeError(
                .unknownCommand,
                "\(owner) has no command \"\(command)\"; it has \(names.isEmpty ? "none" : names)")
        }
        var checked: CommandValues = [:]
        for (name, value) in values {
            guard let parameter = wanted.parameters.first(where: { $0.name == name }) else {
                throw NodeError(.unknownParameter, "the command \(command) has no parameter \"\(name)\"")
            }
            if let objection = parameter.kind.objection(to: value) {
                throw NodeError(.invalidValue, "\(command), \(name): \(objection)")
            }
            checked[name] = value
        }
        for parameter in wanted.parameters where checked[parameter.name] == nil {
            guard let value = parameter.value else {
                throw NodeError(.invalidValue, "the command \(command) wants to know \(parameter.name)")
            }
            checked[parameter.name] = value
        }
        return checked
    }
}
