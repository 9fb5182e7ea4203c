import OneLoop

/// The nodes behind the gateway: what drivers put in and doors read, write and watch.
///
/// All of it is in memory and lives on the loop. A driver adds nodes and reports readings; a door asks, subscribes and
/// writes. Neither knows the other.
@Loop
public final class Concentrator {
    /// What the tables hold at most.
    public struct Limits: Sendable {
        /// Nodes: a building's worth, 20 MB at 2 KB each.
        public var nodes = 10_000
        /// Fields of a node: the richest advertisement format has about 20.
        public var fieldsPerNode = 64
        /// Parameters of a node.
        public var parametersPerNode = 32
        /// Messages of a node; the oldest go.
        public var messagesPerNode = 16
        /// Levels of the tree: bus, device, part, and some.
        public var depth = 8
        /// Data sources.
        public var sources = 16
        /// Subscriptions: three doors, their sessions, the metrics.
        public var subscriptions = 256
        /// Fields with a history: 3 KB each when full after a month, so 3 MB; 0 keeps none.
        public var historyFields = 1_000
        /// Writes in one request; more would keep the loop from other doors.
        public var writesPerRequest = 1_000

        /// The limits above.
        public static let `default` = Limits()

        /// The limits above, to be changed.
        public init() {}
    }

    /// What the limits have turned away since the start.
    public struct Counters: Sendable, Hashable {
        /// Nodes refused because the table was full.
        public var nodesRefused: UInt64 = 0
        /// Fields dropped because the node had ``Limits/fieldsPerNode``.
        public var fieldsDropped: UInt64 = 0
        /// Readings whose field got no history because ``Limits/historyFields`` have one.
        public var historiesRefused: UInt64 = 0
        /// Subscriptions refused.
        public var subscriptionsRefused: UInt64 = 0
    }

    /// What the limits have turned away.
    public internal(set) var counters = Counters()
    /// The data sources, in the order they were registered; the metering topology is first.
    public private(set) var sources: [DataSource] = [.meteringTopology]

    /// What can be done to each bus as a whole.
    public internal(set) var busCommands: [BusCommands] = []

    let limits: Limits
    var records: [NodeID: NodeRecord] = [:]
    /// Orders that were given to nodes; families without one stand as they came.
    var arrangements: [NodeFamily: [NodeID]] = [:]
    /// Families with an order into which nodes have come since it was last looked at.
    var unsettled: Set<NodeFamily> = []
    var historyFields = 0
    private var lastSequence: UInt64 = 0
    let bus: EventBus

    /// An empty concentrator with the one data source that must exist.
    public init(limits: Limits = .default) {
        self.limits = limits
        bus = EventBus(limit: limits.subscriptions)
    }

    // MARK: Structure

    /// Registers a data source; one that is there already stays.
    public func register(source: DataSource) throws(NodeError) {
        guard !sources.contains(where: { $0.id == source.id }) else { return }
        guard sources.count < limits.sources else {
            throw NodeError(.full, "there are \(limits.sources) data sources, no more fit")
        }
        sources.append(source)
    }

    /// Adds a node.
    ///
    /// - Throws: ``NodeError`` `exists`, `invalidName`, `unknownSource`, `badParent` or `full`.
    public func add(_ description: NodeDescription, driver: any NodeDriver) throws(NodeError) {
        let id = description.id
        guard id.isWellFormed else {
            throw NodeError(
                .invalidName,
                "\"\(id)\" is no name of a node: letters, digits and - . _ ~ were expected, 64 at most a part")
        }
        guard records[id] == nil else { throw NodeError(.exists, "there is a node \(id) already") }
        guard sources.contains(where: { $0.id == id.sourceID }) else {
            throw NodeError(.unknownSource, "\(id) is in the data source \(id.sourceID), which is not registered")
        }
        guard records.count < limits.nodes else {
            counters.nodesRefused += 1
            throw NodeError(.full, "there are \(limits.nodes) nodes, \(id) does not fit")
        }
        guard description.parameters.count <= limits.parametersPerNode else {
            throw NodeError(
                .full, "\(id) has \(description.parameters.count) parameters, at most \(limits.parametersPerNode) fit")
        }
        var depth = 0
        if let parentID = description.parent {
            guard let parent = records[parentID] else {
                throw NodeError(.badParent, "\(id) belongs to \(parentID), which is no node")
            }
            depth = parent.depth + 1
            guard depth < limits.depth else {
                throw NodeError(
                    .badParent, "\(id) would be \(depth) levels deep, at most \(limits.depth - 1) are allowed")
            }
            parent.children.append(id)
        }
        lastSequence += 1
        let record = NodeRecord(description, driver: driver, sequence: lastSequence, depth: depth)
        for index in record.description.parameters.indices
        where record.description.parameters[index].value != nil
            && record.description.parameters[index].timestamp == nil
        {
            record.description.parameters[index].timestamp = .now()
        }
        records[id] = record
        if !arrangements.isEmpty { noteArrival(NodeFamily(description)) }
        bus.post(.added(record.snapshot))
    }

    /// Gives a node other parameters, as one that is only now known to have them.
    ///
    /// Told as the node's going and coming: what a node can do is part of what it is, and a door shows it anew. Fields and
    /// state stay. Does nothing when they are the same but for their values, which stay too.
    public func setParameters(_ id: NodeID, _ parameters: [Parameter]) {
        guard let record = records[id] else { return }
        let parameters = parameters.prefix(limits.parametersPerNode).map { parameter in
            guard let known = record.description.parameters.first(where: { $0.name == parameter.name }),
                known.kind == parameter.kind
            else { return parameter }
            return known
        }
        guard parameters != record.description.parameters else { return }
        bus.post(.removed(id))
        record.description.parameters = parameters
        bus.post(.added(record.snapshot))
    }

    /// Removes a node and all below it, the lowest first; does nothing when it is none.
    public func remove(_ id: NodeID) {
        guard let record = records[id] else { return }
        for child in record.children { remove(child) }
        historyFields -= record.histories.count
        records[id] = nil
        if let parent = record.description.parent.flatMap({ records[$0] }) {
            parent.children.removeAll { $0 == id }
        }
        bus.post(.removed(id))
    }

    // MARK: What drivers report

    /// Takes readings in: a field of the same name is replaced, another added. The node counts as seen at the newest
    /// of these timestamps (not the newest ever: the wall clock may have been put back), and as available.
    public func update(_ id: NodeID, fields: [Field]) {
        guard let record = records[id] else { return }
        var changed: [Field] = []
        let now = WallTime.now()
        for field in fields {
            if let index = record.fields.firstIndex(where: { $0.name == field.name }) {
                if !record.fields[index].saysTheSame(as: field) { changed.append(field) }
                record.fields[index] = field
            } else if record.fields.count < limits.fieldsPerNode {
                record.fields.append(field)
                changed.append(field)
            } else {
                counters.fieldsDropped += 1
                continue
            }
            remember(field, of: record, now: now)
        }
        if let newest = fields.map(\.timestamp).max() {
            record.lastSeen = newest
            setAvailable(id, true)
        }
        if !changed.isEmpty { bus.post(.updated(id, changed)) }
    }

    /// Takes in the value that a parameter has taken.
    public func update(_ id: NodeID, parameter: String, value: FieldValue, at time: WallTime = .now()) {
        guard let record = records[id],
            let index = record.description.parameters.firstIndex(where: { $0.name == parameter })
        else { return }
        record.description.parameters[index].timestamp = time
        guard record.description.parameters[index].value != value else { return }
        record.description.parameters[index].value = value
        bus.post(.parameter(id, name: parameter, value: value))
    }

    /// Sets how a node does and what it has to say; of too many messages the oldest go.
    public func setState(_ id: NodeID, _ state: NodeState, messages: [NodeMessage] = []) {
        guard let record = records[id] else { return }
        let messages = Array(messages.suffix(limits.messagesPerNode))
        guard record.state != state || record.messages != messages else { return }
        record.state = state
        record.messages = messages
        bus.post(.status(id, record.status))
    }

    /// Sets whether a node is heard from.
    public func setAvailable(_ id: NodeID, _ isAvailable: Bool) {
        guard let record = records[id], record.isAvailable != isAvailable else { return }
        record.isAvailable = isAvailable
        bus.post(.status(id, record.status))
    }

    /// Sets when a node was last heard from, without a reading.
    public func setLastSeen(_ id: NodeID, _ time: WallTime) {
        records[id]?.lastSeen = time
    }

    /// Gives a node another name for people.
    public func setDisplayName(_ id: NodeID, _ name: String) {
        guard let record = records[id], record.description.displayName != name else { return }
        record.description.displayName = name
        bus.post(.renamed(id, name))
    }

    // MARK: Events

    /// Calls `handler` after every change, in the order of the changes, until ``unsubscribe(_:)``.
    ///
    /// A handler may itself change nodes; the events of that come after, to all handlers. When the table of subscriptions
    /// is full the handler is never called, and the refusal is counted.
    public func subscribe(_ handler: @escaping @Loop (NodeEvent) -> Void) -> SubscriptionID {
        let id = bus.subscribe(handler)
        if id == nil { counters.subscriptionsRefused += 1 }
        return id ?? SubscriptionID(number: 0)
    }

    /// Ends a subscription; does nothing when it has ended.
    public func unsubscribe(_ id: SubscriptionID) {
        bus.unsubscribe(id)
    }
}
