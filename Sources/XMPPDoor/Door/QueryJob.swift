import Concentrator
import OneLoop
import XMPP

/// A query of a node, whose table goes out in messages (XEP-0326 5.6).
@Loop
final class QueryJob: OutflowJob {
    let receiver: JID
    let query: String
    let node: NodeID
    let command: String
    private let rowsPerMessage: Int
    private var outcome: Result<QueryTable, AdministrationError>?
    private var row = 0
    private var stage = Stage.waiting
    private var isAborted = false

    private enum Stage { case waiting, rows, end, done }

    init(receiver: JID, query: String, node: NodeID, command: String, rowsPerMessage: Int) {
        self.receiver = receiver
        self.query = query
        self.node = node
        self.command = command
        self.rowsPerMessage = rowsPerMessage
    }

    /// What the query came to.
    func finish(_ outcome: Result<QueryTable, AdministrationError>) { self.outcome = outcome }

    /// Sends no more rows.
    func abort() { isAborted = true }

    func step() -> OutflowStep {
        guard stage != .done else { return .done }
        if isAborted {
            stage = .done
            return .send([progress([ConcentratorPayloads.event("queryAborted")])])
        }
        switch outcome {
        case nil: return .wait
        case .failure(let error)?:
            stage = .done
            let message = XMLElement(
                "queryMessage", IoTNamespace.concentrators, ["type": "Error", "level": "Major"], text: error.reason)
            return .send([
                progress([ConcentratorPayloads.event("queryStarted"), message, ConcentratorPayloads.event("queryDone")])
            ])
        case .success(let table)?: return .send([progress(events(of: table))])
        }
    }

    private func events(of table: QueryTable) -> [XMLElement] {
        let id = "table1"
        switch stage {
        case .waiting:
            stage = table.rows.isEmpty ? .end : .rows
            return [
                ConcentratorPayloads.event("queryStarted"), ConcentratorPayloads.event("title", ["name": table.title]),
                ConcentratorPayloads.table(id, table),
            ]
        case .rows:
            let rows = table.rows[row...].prefix(rowsPerMessage)
            row += rows.count
            if row == table.rows.count { stage = .end }
            return [ConcentratorPayloads.records(id, rows)]
        case .end, .done:
            stage = .done
            return [
                ConcentratorPayloads.event("tableDone", ["tableId": id]), ConcentratorPayloads.event("queryDone"),
            ]
        }
    }

    private func progress(_ events: [XMLElement]) -> XMLElement {
        ConcentratorPayloads.progress(node, query: query, events)
    }
}
