import Access
import Concentrator
import XMPP

/// A request of XEP-0326: its command, and whatever of the parts the command uses.
public struct ConcentratorRequest: Sendable, Hashable {
    /// Parts that a command may need.
    public enum Part: Sendable, Hashable {
        case source, node, nodes, form, type, command, query, index, indexValue, database
    }

    /// One key to sort by.
    public struct SortKey: Sendable, Hashable {
        /// The parameter.
        public var parameter: String
        /// Small before large.
        public var isAscending: Bool
    }

    /// A value of an index.
    public struct IndexReference: Sendable, Hashable {
        /// The data source.
        public var source: String
        /// The index.
        public var index: String
        /// The value.
        public var value: String
    }

    /// Which kinds of event are meant (all unless told otherwise).
    public struct Events: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: UInt8
        /// The set of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// A node came.
        public static let added = Events(rawValue: 1)
        /// A node's description changed.
        public static let updated = Events(rawValue: 2)
        /// How a node does changed.
        public static let statusChanged = Events(rawValue: 4)
        /// A node went.
        public static let removed = Events(rawValue: 8)
        /// A node changed places with the one before it.
        public static let movedUp = Events(rawValue: 16)
        /// A node changed places with the one after it.
        public static let movedDown = Events(rawValue: 32)
        /// Every kind.
        public static let all = Events(rawValue: 63)

        static let names: [(events: Events, name: String)] = [
            (.added, "nodeAdded"), (.updated, "nodeUpdated"), (.statusChanged, "nodeStatusChanged"),
            (.removed, "nodeRemoved"), (.movedUp, "nodeMovedUp"), (.movedDown, "nodeMovedDown"),
        ]
    }

    /// The most indices, sort keys and classes a request may name.
    public static let listLimit = 64

    /// What is asked.
    public var command: ConcentratorCommand
    /// `sourceId`.
    public var source: String?
    /// The node that the attributes name.
    public var node: NodeReference?
    /// The nodes that children name.
    public var nodes: [NodeReference]
    /// Whether parameters are wanted.
    public var wantsParameters: Bool
    /// Whether messages are wanted.
    public var wantsMessages: Bool
    /// Only nodes of all these types.
    public var classes: [String]
    /// How to sort.
    public var sortKeys: [SortKey]
    /// `index`.
    public var index: String?
    /// `indexValue`.
    public var indexValue: String?
    /// The values of indices that children name.
    public var indexReferences: [IndexReference]
    /// `type`: of a new node.
    public var type: String?
    /// `command`: of a node.
    public var nodeCommand: String?
    /// `queryId`.
    public var query: String?
    /// What was filled in.
    public var form: DataForm?
    /// Kinds of event.
    public var events: Events
    /// `getEventsSince`.
    public var since: WallTime?
    /// What the one who asks can show.
    public var tokens: AccessTokens

    /// Reads a request; nil when the element is no command of XEP-0326.
    public init?(_ element: XMLElement) throws(PayloadError) {
        guard element.namespace == IoTNamespace.concentrators,
            let command = ConcentratorCommand(rawValue: element.name)
        else { return nil }
        self.command = command
        source = element["sourceId"]
        node = element["nodeId"] == nil ? nil : try NodeReference(element)
        nodes = try NodeReference.list(element)
        // The schema of getNodes has a node's attributes, its text has children.
        if nodes.isEmpty, command == .getNodes, let node { nodes = [node] }
        wantsParameters = try element.flag("parameters")
        wantsMessages = try element.flag("messages")
        classes = element.children("onlyIfDerivedFrom").map(\.text)
        sortKeys = []
        for child in element.children("sortOrder") {
            sortKeys.append(
                SortKey(
                    parameter: try child.required("parameterName"),
                    isAscending: try child.flag("ascending", default: true)))
        }
        index = element["index"]
        indexValue = element["indexValue"]
        indexReferences = []
        for child in element.children("indexRef") {
            indexReferences.append(
                IndexReference(
                    source: try child.required("sourceId"), index: try child.required("index"),
                    value: try child.required("indexValue")))
        }
        type = element["type"]
        nodeCommand = element["command"]
        query = element["queryId"]
        form = element.child("x", Namespace.dataForm).flatMap { DataForm($0) }
        events = []
        for (event, name) in Events.names where try element.flag(name, default: true) { events.insert(event) }
        since = try element.moment("getEventsSince")
        tokens = try AccessTokens(element)
        try check(element)
    }

    private func check(_ element: XMLElement) throws(PayloadError) {
        let most = max(classes.count, sortKeys.count, indexReferences.count)
        guard most <= Self.listLimit else {
            throw PayloadError(.tooMany, "\(most) of one kind are named, at most \(Self.listLimit) are taken")
        }
        let found: [(Part, Bool, String)] = [
            (.source, source != nil, "sourceId"), (.node, node != nil && source != nil, "sourceId and nodeId"),
            (.nodes, !nodes.isEmpty, "node"), (.form, form?.kind == .submit, "form of the type submit"),
            (.type, type != nil, "type"), (.command, nodeCommand != nil, "command"), (.query, query != nil, "queryId"),
            (.index, index != nil, "index"), (.indexValue, indexValue != nil, "indexValue"),
            (.database, element["databaseId"] != nil, "databaseId"),
        ]
        for (part, isThere, name) in found where !isThere && command.needs.contains(part) {
            throw PayloadError(.missing, "<\(command.rawValue)> has no \(name)")
        }
    }
}
