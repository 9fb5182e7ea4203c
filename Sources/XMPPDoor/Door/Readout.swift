import Access
import Concentrator
import OneLoop
import XMPP

/// One read-out (XEP-0323): its nodes, read one after another as the stream takes what they say; a thing that has to be
/// asked first is asked beside the others.
@Loop
final class Readout: OutflowJob {
    /// Who asks, and by which number.
    struct Key: Hashable {
        let receiver: JID
        let sequence: Int32
    }

    let key: Key
    let request: ReadoutRequest
    let isQueued: Bool
    private let nodes: [NodeID]
    /// What of it may be told.
    var grant: AccessGrant
    /// Who reads: the bare address.
    private let who: String
    private let tree: NodeTree
    private let limits: DoorSettings.Limits
    private let named: Set<NodeID>
    private let wake: (Readout) -> Void

    private var next = 0
    private var hasStarted = false
    private var fetching: Set<NodeID> = []
    private var fetched: [NodeID] = []
    /// Fields of the node whose turn it is that did not fit the last message.
    private var rest: (node: NodeID, fields: ArraySlice<Field>)?
    private var failures: [(node: NodeID, reason: String)] = []
    private var isDone = false

    init(
        _ key: Key, _ request: ReadoutRequest, isQueued: Bool, nodes: [NodeID], named: Set<NodeID>, grant: AccessGrant,
        tree: NodeTree, limits: DoorSettings.Limits, wake: @escaping (Readout) -> Void
    ) {
        self.key = key
        who = key.receiver.bare.description
        self.request = request
        self.isQueued = isQueued
        self.nodes = nodes
        self.named = named
        self.grant = grant
        self.tree = tree
        self.limits = limits
        self.wake = wake
    }

    var receiver: JID { key.receiver }

    /// Nothing of it may be told any more: before it has started, lets each of its nodes fail.
    func deny(_ reason: String) {
        failures = nodes.map { (node: $0, reason: reason) }
        next = nodes.count
    }

    func step() -> OutflowStep {
        if isDone { return .done }
        if !hasStarted {
            hasStarted = true
            if isQueued { return .send([SensorDataPayloads.started(key.sequence)]) }
        }
        let elements = collect()
        if !elements.isEmpty {
            isDone = isExhausted && failures.isEmpty
            return .send([SensorDataPayloads.fields(key.sequence, elements, isDone: isDone)])
        }
        if !failures.isEmpty, isExhausted || failures.count >= limits.failuresPerMessage {
            let told = Array(failures.prefix(limits.failuresPerMessage))
            failures.removeFirst(told.count)
            isDone = isExhausted && failures.isEmpty
            return .send([SensorDataPayloads.failure(key.sequence, told, at: .now(), isDone: isDone)])
        }
        guard isExhausted else { return .wait }
        // Nothing was there to be told: peers of 2013 know no `done` element, but this they know.
        isDone = true
        return .send([SensorDataPayloads.fields(key.sequence, [], isDone: true)])
    }

    private var isExhausted: Bool { next == nodes.count && fetching.isEmpty && fetched.isEmpty && rest == nil }

    /// What fits a message, as node elements.
    private func collect() -> [XMLElement] {
        var elements: [XMLElement] = []
        var room = limits.messageBytes
        while room > 0 {
            if rest == nil {
                guard let (id, fields) = nextNode() else { break }
                guard !fields.isEmpty else { continue }
                rest = (id, fields[...])
            }
            guard let (id, fields) = rest else { break }
            room -= 96
            var count = 0
            for field in fields {
                room -= SensorDataPayloads.size(of: field)
                count += 1
                if room <= 0 { break }
            }
            let parameters = tree.concentrator.node(id)?.description.parameters.map(\.name) ?? []
            elements.append(SensorDataPayloads.node(id, Array(fields.prefix(count)), writable: Set(parameters)))
            let left = fields.dropFirst(count)
            rest = left.isEmpty ? nil : (id, left)
        }
        return elements
    }

    /// The next node that can be read now, with what it says; nil when none is left or all that are left are being asked.
    private func nextNode() -> (NodeID, [Field])? {
        if let id = fetched.popLast() { return (id, read(id)) }
        while next < nodes.count {
            let id = nodes[next]
            next += 1
            if request.flags.isDisjoint(with: [.momentary, .status, .computed]) || !tree.concentrator.fetches(id) {
                return (id, read(id))
            }
            fetch(id)
        }
        return nil
    }

    /// Asks a thing, at most ``DoorSettings/Limits/thingTimeout``.
    private func fetch(_ id: NodeID) {
        fetching.insert(id)
        let timer = Loop.after(limits.thingTimeout) { [weak self] in
            self?.arrived(id, NodeError(.driverFailed, "the thing did not answer in time"))
        }
        Task { [weak self, tree] in
            var failure: NodeError?
            do throws(NodeError) {
                try await tree.concentrator.refresh(id)
            } catch {
                failure = error
            }
            timer.cancel()
            self?.arrived(id, failure)
        }
    }

    private func arrived(_ id: NodeID, _ failure: NodeError?) {
        guard fetching.remove(id) != nil else { return }
        if let failure {
            failures.append((id, failure.reason))
        } else {
            fetched.append(id)
        }
        wake(self)
    }

    /// What a node has to say to this request, and may.
    private func read(_ id: NodeID) -> [Field] {
        let reference = NodeReference(id)
        var wanted = ReadRequest(
            nodes: [id], fields: request.fields.isEmpty ? nil : request.fields,
            flags: request.flags.subtracting(.historical))
        var fields: [Field] = []
        if tree.own(id) != nil {
            fields = (tree.administration?.fields(of: id) ?? []).filter { field in
                !field.flags.isDisjoint(with: request.flags) && wanted.fields?.contains(field.name) != false
            }
        } else {
            guard let node = tree.concentrator.node(id) else {
                failures.append((id, "the node is gone"))
                return []
            }
            let reading = tree.concentrator.read(wanted).first
            fields = reading?.fields ?? []
            // From and to are about what is stored (XEP-0323 3.3.5).
            wanted.flags = request.flags.intersection(.historical)
            wanted.from = request.from
            wanted.to = request.to
            if !wanted.flags.isEmpty { fields += tree.concentrator.history(of: id, wanted) }
            if fields.isEmpty, named.contains(id), let failure = reading?.failure {
                failures.append((id, failure.reason))
            } else if !node.available, request.flags.contains(.momentary) {
                let since = node.lastSeen.map { " since \($0)" } ?? ""
                failures.append((id, node.messages.last?.text ?? "the node was not heard from\(since)"))
            }
        }
        return fields.filter { grant.allows(who, to: .read($0.flags.readingKinds), reference, $0.name) }
    }
}
