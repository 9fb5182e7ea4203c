import Concentrator
import XMPP

/// The answers and events of XEP-0326 as elements.
public enum ConcentratorPayloads {
    private static let space = IoTNamespace.concentrators

    /// An answer.
    public static func response(
        _ command: ConcentratorCommand, _ code: ResponseCode = .ok, _ children: [XMLElement] = [], text: String = ""
    ) -> XMLElement {
        XMLElement(command.response, space, ["result": code.rawValue], children: children, text: text)
    }

    /// A list of texts.
    public static func values(_ texts: [String]) -> [XMLElement] {
        texts.map { XMLElement("value", space, text: $0) }
    }

    /// A data source.
    public static func source(_ source: DataSource, hasChildren: Bool) -> XMLElement {
        XMLElement(
            "dataSource", space,
            ["sourceId": source.id, "name": source.name, "hasChildren": hasChildren ? "true" : nil])
    }

    /// A node in a list.
    public static func node(_ node: NodeInformation, parameters: Bool, messages: Bool) -> XMLElement {
        var element = XMLElement("node", space)
        node.set(on: &element, parameters: parameters, messages: messages)
        return element
    }

    /// What was wrong with what was filled in.
    public static func problems(_ error: AdministrationError) -> [XMLElement] {
        error.settings.map { XMLElement("error", space, ["var": $0.id], text: $0.reason) }
    }

    /// A command of a node.
    public static func command(_ command: AdministrativeCommand, _ place: Int) -> XMLElement {
        XMLElement(
            "command", space,
            [
                "command": command.id, "name": command.title, "type": command.kind.rawValue,
                "sortKey": place < 10 ? "0\(place)" : "\(place)", "confirmationString": command.confirmation,
                "failureString": command.failure, "successString": command.success,
            ])
    }

    // MARK: Events

    /// A node came, after which other.
    public static func added(
        _ node: NodeInformation, after: NodeID?, parameters: Bool, messages: Bool
    ) -> XMLElement {
        var element = XMLElement("nodeAdded", space)
        node.set(on: &element, withSource: true, parameters: parameters, messages: messages)
        element["afterNodeId"] = after?.nodeID
        if let after, !after.cacheType.isEmpty { element["afterNodeCacheType"] = after.cacheType }
        return element
    }

    /// A node's description changed.
    public static func updated(_ node: NodeInformation, parameters: Bool, messages: Bool) -> XMLElement {
        var element = XMLElement("nodeUpdated", space)
        node.set(on: &element, withSource: true, parameters: parameters, messages: messages)
        return element
    }

    /// How a node does changed.
    public static func statusChanged(_ id: NodeID, _ state: NodeState, _ messages: [NodeMessage]) -> XMLElement {
        var element = XMLElement("nodeStatusChanged", space, ["state": state.name], children: messages.map(\.element))
        id.set(on: &element)
        return element
    }

    /// A node went, or changed places.
    public static func reference(_ event: String, _ id: NodeID) -> XMLElement {
        var element = XMLElement(event, space)
        id.set(on: &element)
        return element
    }

    // MARK: Queries

    /// What a query tells of a node.
    public static func progress(_ id: NodeID, query: String, _ events: [XMLElement]) -> XMLElement {
        var element = XMLElement("queryProgress", space, ["queryId": query], children: events)
        id.set(on: &element)
        return element
    }

    /// An event of a query that says nothing but its name.
    public static func event(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:]) -> XMLElement {
        XMLElement(name, space, attributes)
    }

    /// The beginning of a table.
    public static func table(_ id: String, _ table: QueryTable) -> XMLElement {
        XMLElement(
            "newTable", space, ["tableId": id, "tableName": table.title],
            children: table.columns.map { XMLElement("column", space, ["columnId": $0, "header": $0]) })
    }

    /// Rows of a table.
    public static func records(_ id: String, _ rows: some Sequence<[FieldValue?]>) -> XMLElement {
        XMLElement(
            "newRecords", space, ["tableId": id],
            children: rows.map { row in XMLElement("record", space, children: row.map(cell)) })
    }

    private static func cell(_ value: FieldValue?) -> XMLElement {
        switch value {
        case .boolean(let flag)?: XMLElement("boolean", space, text: "\(flag)")
        case .number(let quantity)?: XMLElement("double", space, text: "\(quantity)")
        case .text(let text)?: XMLElement("string", space, text: text)
        case .timestamp(let time)?: XMLElement("dateTime", space, text: time.iso8601)
        case nil: XMLElement("void", space)
        }
    }
}
