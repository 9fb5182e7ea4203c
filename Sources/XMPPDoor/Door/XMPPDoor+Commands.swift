import Access
import Concentrator
import OneLoop
import XMPP

extension XMPPDoor {
    // MARK: Commands and queries of nodes (XEP-0326 3.10)

    /// The query that every node of the concentrator has: its history as a table.
    static let history = AdministrativeCommand(
        "history", title: "History", kind: .query,
        settings: [
            NodeSetting(
                "period", title: "Period", page: "History",
                kind: .choice(HistoryPeriod.allCases.map { $0.title }), value: .text(HistoryPeriod.hour.title),
                isRequired: true)
        ], failure: "The history could not be read.")

    /// The commands of a node for one who may see it: queries of what may be read, the rest for those who administer.
    private func commands(of id: NodeID, _ view: View) -> [AdministrativeCommand] {
        var commands: [AdministrativeCommand] = []
        if view.administers(id) { commands += tree.administration?.commands(of: id) ?? [] }
        if tree.own(id) == nil, view.reads(id) { commands.append(XMPPDoor.history) }
        return commands
    }

    /// The commands that all nodes have, alike in every way.
    private func common(_ ids: [NodeID], _ view: View) -> [AdministrativeCommand] {
        guard let first = ids.first else { return [] }
        return ids.dropFirst().reduce(commands(of: first, view)) { common, id in
            let others = commands(of: id, view)
            return common.filter { others.contains($0) }
        }
    }

    func commanded(
        _ request: ConcentratorRequest, _ view: View, _ from: JID
    ) async throws(CommandFailure) -> XMLElement {
        let isCommon = request.command.needs.contains(.nodes)
        let ids = isCommon ? try shownAll(request, view) : [try shown(request, view)]
        let commands = common(ids, view)
        switch request.command {
        case .getNodeCommands, .getCommonNodeCommands:
            return ConcentratorPayloads.response(
                request.command, .ok,
                commands.enumerated().map { ConcentratorPayloads.command($0.element, $0.offset + 1) })
        case .abortNodeQuery, .abortCommonNodeQuery: return try abort(request, ids, from)
        default: break
        }
        guard let command = commands.first(where: { $0.id == request.nodeCommand }) else { throw .notFound }
        switch request.command {
        case .getCommandParameters, .getCommonCommandParameters:
            let form = SettingForm.form(title: command.title, session: "command", command.settings)
            return ConcentratorPayloads.response(request.command, .ok, [form.element])
        case .executeNodeQuery, .executeCommonNodeQuery:
            guard command.kind == .query else { throw .notFound }
            return try query(request, command, try values(request, command), ids, from)
        default:
            guard command.kind != .query else { throw .notFound }
            return try await execute(request, command, try values(request, command), ids)
        }
    }

    private func values(
        _ request: ConcentratorRequest, _ command: AdministrativeCommand
    ) throws(CommandFailure) -> [SettingValue] {
        guard command.kind != .simple else { return [] }
        do throws(AdministrationError) {
            return try SettingForm.values(request.form ?? DataForm(.submit), command.settings, isNew: true)
        } catch {
            throw CommandFailure(error)
        }
    }

    private func execute(
        _ request: ConcentratorRequest, _ command: AdministrativeCommand, _ values: [SettingValue], _ ids: [NodeID]
    ) async throws(CommandFailure) -> XMLElement {
        guard let administration = tree.administration else { throw .notImplemented }
        var results: [XMLElement] = []
        for id in ids {
            do throws(AdministrationError) {
                try await administration.run(command.id, on: id, values)
                results.append(XMLElement("result", IoTNamespace.concentrators, text: "true"))
            } catch {
                log.notice(
                    "a command was not done",
                    metadata: ["command": "\(command.id)", "node": "\(id)", "reason": "\(error.reason)"])
                guard request.command == .executeCommonNodeCommand else { throw CommandFailure(error) }
                results.append(
                    XMLElement("result", IoTNamespace.concentrators, ["error": error.reason], text: "false"))
            }
        }
        return ConcentratorPayloads.response(
            request.command, .ok, request.command == .executeCommonNodeCommand ? results : [])
    }

    // MARK: Queries

    private func query(
        _ request: ConcentratorRequest, _ command: AdministrativeCommand, _ values: [SettingValue], _ ids: [NodeID],
        _ from: JID
    ) throws(CommandFailure) -> XMLElement {
        guard queries.count + ids.count <= settings.limits.queries else {
            counters.overloaded += 1
            throw CommandFailure(code: .locked)
        }
        queryCount += 1
        let name = "query\(queryCount)"
        for id in ids {
            let job = QueryJob(
                receiver: from, query: name, node: id, command: command.id,
                rowsPerMessage: settings.limits.rowsPerMessage)
            queries.append(job)
            Task {
                job.finish(await table(command, id, values))
                // Gone meanwhile with the one who asked.
                if queries.contains(where: { $0 === job }) { outflow.wake(job) }
            }
        }
        var response = ConcentratorPayloads.response(request.command)
        response["queryId"] = name
        if request.command == .executeCommonNodeQuery {
            for _ in ids { response.append(XMLElement("result", IoTNamespace.concentrators, text: "true")) }
        }
        return response
    }

    private func table(
        _ command: AdministrativeCommand, _ id: NodeID, _ values: [SettingValue]
    ) async -> Result<QueryTable, AdministrationError> {
        if command == XMPPDoor.history { return .success(history(of: id, values)) }
        guard let administration = tree.administration else {
            return .failure(AdministrationError(.unsupported, "nobody answers this query"))
        }
        do throws(AdministrationError) {
            return .success(try await administration.query(command.id, on: id, values))
        } catch {
            return .failure(error)
        }
    }

    private func history(of id: NodeID, _ values: [SettingValue]) -> QueryTable {
        let period = HistoryPeriod.allCases.first { .text($0.title) == values.first?.value } ?? .hour
        let fields = tree.concentrator.history(of: id, ReadRequest(flags: period.flag))
        return QueryTable(
            title: "History of \(id), by \(period.title.lowercased())", columns: ["Time", "Field", "Value", "Unit"],
            rows: fields.map { [.timestamp($0.timestamp), .text($0.name), $0.value, $0.unit.map { .text($0) }] })
    }

    private func abort(
        _ request: ConcentratorRequest, _ ids: [NodeID], _ from: JID
    ) throws(CommandFailure) -> XMLElement {
        let jobs = queries.filter { $0.receiver == from && $0.query == request.query && ids.contains($0.node) }
        guard !jobs.isEmpty else { throw .notFound }
        for job in jobs {
            job.abort()
            outflow.wake(job)
        }
        return ConcentratorPayloads.response(request.command)
    }
}
