import Concentrator
import JSONText
import OneLoop
import OneM2MPrimitives

/// The concentrator's nodes as resources: each an AE `C<bus>-<id>`, its fields and parameters flexible containers, the
/// history of its measurements containers. Their IDs are made of the node's name, so what others put below them (a
/// subscription) finds its place after a restart. In memory alone.
@Loop
final class NodeResources {
    private unowned let cse: CSE
    private let concentrator: Concentrator
    /// Measurements that a history holds; 0 for no histories.
    private let history: Int
    private var subscription: SubscriptionID?
    /// What a flexible container can set.
    private var parameters: [String: (node: NodeID, parameter: String)] = [:]
    /// Nodes that have gone and may be back at once: a change of what they can do is told as going and coming.
    private var leaving: Set<NodeID> = []

    init(cse: CSE, concentrator: Concentrator, history: Int) {
        self.cse = cse
        self.concentrator = concentrator
        self.history = history
    }

    func start() {
        for node in concentrator.nodes { add(node) }
        subscription = concentrator.subscribe { [weak self] event in self?.changed(event) }
    }

    func stop() {
        if let subscription { concentrator.unsubscribe(subscription) }
    }

    private func changed(_ event: NodeEvent) {
        switch event {
        case .added(let node): add(node)
        case .updated(let id, let fields): for field in fields { show(field, of: id) }
        case .parameter(let id, let name, let value):
            let time = concentrator.node(id)?.parameter(name)?.timestamp ?? .now()
            set(value, NodeMapping.segment(name), of: id, at: time)
        case .status(let id, let status): setAvailable(id, status.isAvailable)
        case .renamed(let id, let name): change(ae(id), ["apn": .string(name)])
        case .moved: break
        case .removed(let id): leave(id)
        }
    }

    // MARK: Coming and going

    /// How the AE-IDs of nodes begin: a bus and a dash (the cache types of `GPIONodes` and `BLENodes`). Nobody else's may, for who
    /// held the ID of a node that is still to come would be owner of all that is shown below it.
    static func isReserved(_ stem: String) -> Bool { stem.hasPrefix("Cgpio-") || stem.hasPrefix("Cble-") }

    private static func stem(_ id: NodeID) -> String { "C\(id.cacheType)-\(id.nodeID)" }
    private func ae(_ id: NodeID) -> Resource? { cse.tree.byID[Self.stem(id)] }
    private static func resourceID(_ id: NodeID, _ segment: String) -> String {
        "N\(id.cacheType)-\(id.nodeID).\(segment)"
    }

    /// The history of a field or parameter.
    private static func logID(_ resourceID: String) -> String { "\(resourceID).log" }

    private func add(_ node: NodeSnapshot) {
        leaving.remove(node.id)
        let entity = EntityID(spID: cse.identity.spID, cseID: cse.identity.cseID, stem: Self.stem(node.id))
        let ae: Resource
        if let known = self.ae(node.id) {
            ae = known
            change(ae, ["apn": .string(node.description.displayName)])
        } else {
            ae = Resource(
                id: Self.stem(node.id), type: .ae, name: "\(node.id.cacheType)-\(node.id.nodeID)", rootName: "m2m:ae",
                keeper: .nodes, creator: entity.absolute, created: cse.clock(),
                attributes: [
                    "api": "Norg.gatehouse.node", "aei": .string(entity.stem ?? ""),
                    "apn": .string(node.description.displayName), "rr": false, "srv": ["3"],
                    "acpi": [.string(CSE.nodePolicyID)],
                ])
            cse.tree.insert(ae, under: cse.tree.base)
            cse.attachOrphans(of: ae)
            cse.notifier.happened(.createdChild, at: cse.tree.base, child: ae)
        }
        label(ae, node)
        let wanted = Set(node.description.parameters.map { NodeMapping.segment($0.name) })
        for (id, bound) in parameters where bound.node == node.id {
            guard !wanted.contains(NodeMapping.segment(bound.parameter)) else { continue }
            parameters[id] = nil
            for gone in [id, Self.logID(id)].compactMap({ cse.tree.byID[$0] }) {
                cse.memory.forgetLazily(cse.remove(gone))
            }
        }
        for parameter in node.description.parameters { show(parameter, of: node.id, under: ae) }
        for field in node.fields { show(field, of: node.id) }
    }

    private func label(_ ae: Resource, _ node: NodeSnapshot) {
        var labels = ["node:\(node.id)", node.available ? "available" : "unavailable"]
        if let kind = node.description.deviceClass { labels.append("class:\(kind)") }
        ae.attributes["lbl"] = .array(labels.map { .string($0) })
    }

    private func setAvailable(_ id: NodeID, _ isAvailable: Bool) {
        guard let ae = ae(id), let node = concentrator.node(id) else { return }
        let before = ae.attributes["lbl"]
        label(ae, node)
        if before != ae.attributes["lbl"] { change(ae, ["lbl": ae.attributes["lbl"] ?? []], force: true) }
    }

    private func leave(_ id: NodeID) {
        leaving.insert(id)
        Loop.after(.zero) { [weak self] in
            guard let self, self.leaving.remove(id) != nil, self.concentrator.node(id) == nil else { return }
            self.parameters = self.parameters.filter { $0.value.node != id }
            if let ae = self.ae(id) { self.cse.memory.forgetLazily(self.cse.remove(ae)) }
        }
    }

    // MARK: Values

    private func show(_ parameter: Parameter, of id: NodeID, under ae: Resource) {
        let segment = NodeMapping.segment(parameter.name)
        let mapping = NodeMapping(parameter)
        let resourceID = Self.resourceID(id, segment)
        parameters[resourceID] = (id, parameter.name)
        if cse.tree.byID[resourceID] == nil {
            var attributes = NodeMapping.bounds(parameter.kind)
            attributes[mapping.point] = mapping.unknown
            add(
                resourceID, segment, mapping, attributes,
                labels: ["parameter:\(parameter.name)"] + (unit(parameter.kind).map { ["unit:\($0)"] } ?? []), under: ae
            )
        }
        if let value = parameter.value { set(value, segment, of: id, at: parameter.timestamp ?? .now()) }
    }

    private func unit(_ kind: ParameterKind) -> String? {
        if case .number(_, _, _, let unit) = kind { unit } else { nil }
    }

    private func show(_ field: Field, of id: NodeID) {
        guard let ae = ae(id), field.quality != .missing else { return }
        let segment = NodeMapping.segment(field.name)
        let resourceID = Self.resourceID(id, segment)
        if cse.tree.byID[resourceID] == nil {
            let mapping = NodeMapping(name: field.name, unit: field.unit, value: field.value)
            let labels = ["field:\(field.name)"] + (field.unit.map { ["unit:\($0)"] } ?? [])
            add(resourceID, segment, mapping, [mapping.point: mapping.unknown], labels: labels, under: ae)
        }
        set(field.value, segment, of: id, at: field.timestamp)
    }

    private func add(
        _ resourceID: String, _ name: String, _ mapping: NodeMapping, _ attributes: JSONObject, labels: [String],
        under ae: Resource
    ) {
        var all: JSONObject = [
            "cnd": .string(mapping.module.definition), "acpi": [.string(CSE.nodePolicyID)],
            "lbl": .array(labels.map { .string($0) }),
        ]
        for member in attributes { all[member.name] = member.value }
        let resource = Resource(
            id: resourceID, type: .flexContainer, name: name, rootName: mapping.module.shortName, keeper: .nodes,
            creator: ae.creator, created: cse.clock(), attributes: all)
        cse.tree.insert(resource, under: ae)
        cse.attachOrphans(of: resource)
        cse.notifier.happened(.createdChild, at: ae, child: resource)
        guard history > 0 else { return }
        let log = Resource(
            id: Self.logID(resourceID), type: .container, name: "\(name)-log", rootName: "m2m:cnt", keeper: .nodes,
            creator: ae.creator, created: cse.clock(),
            attributes: ["acpi": [.string(CSE.nodePolicyID)], "mni": .int(history)])
        cse.tree.insert(log, under: ae)
        cse.attachOrphans(of: log)
    }

    private func set(_ value: FieldValue, _ segment: String, of id: NodeID, at time: WallTime) {
        guard let resource = cse.tree.byID[Self.resourceID(id, segment)],
            let definition = resource.specialisation, let module = ModuleClass.named(definition: definition)
        else { return }
        // The point that holds the value: the first of the class that must be there.
        guard let point = module.attributes.first(where: { $0.create == .mandatory }) else { return }
        let json = NodeMapping.json(value, for: point)
        guard point.objection(to: json) == nil else { return }
        let stamp = OneM2MTime(microseconds: time.millisecondsSince1970 * 1000)
        let isNews = resource.attributes[point.name] != json || resource.attributes["dgt"] == nil
        resource.attributes["dgt"] = .string("\(stamp)")
        if isNews { change(resource, [point.name: json], force: true) }
        guard isNews, let log = cse.tree.byID[Self.logID(resource.id)] else { return }
        cse.addNodeInstance(json, to: log, at: cse.clock())
    }

    private func change(_ resource: Resource?, _ changes: JSONObject, force: Bool = false) {
        guard let resource else { return }
        let isNews = force || changes.contains { resource.attributes[$0.name] != $0.value }
        guard isNews else { return }
        for change in changes { resource.attributes[change.name] = change.value }
        resource.modified = cse.clock()
        resource.stateTag += 1
        cse.notifier.happened(.updated, at: resource, changed: changes)
    }

    // MARK: Setting

    /// Sets a node's parameter as an UPDATE wants it.
    func write(_ changes: JSONObject, to resource: Resource) async throws(OneM2MError) {
        guard let bound = parameters[resource.id], let node = concentrator.node(bound.node),
            let parameter = node.parameter(bound.parameter)
        else { throw OneM2MError(.operationNotAllowed, "\(resource.address) is measured, it cannot be set") }
        let point = NodeMapping(parameter).point
        guard changes.count == 1, let given = changes[point] else {
            throw OneM2MError(.operationNotAllowed, "of \(resource.address) only \(point) can be set")
        }
        guard let value = NodeMapping.value(given, for: parameter.kind) else {
            throw OneM2MError(.contentsUnacceptable, "\(point): \(given.kindName) cannot be set")
        }
        do throws(WriteError) {
            try await concentrator.write([NodeWrite(node: bound.node, parameter: bound.parameter, value: value)])
        } catch {
            throw OneM2MError(Self.status(error), error.description)
        }
    }

    private static func status(_ error: WriteError) -> ResponseStatus {
        switch error.failures.first?.error.code {
        case .notFound, .unknownParameter: .notFound
        case .invalidValue: .contentsUnacceptable
        case .refused: .operationDeniedByRemoteEntity
        default: .externalObjectNotReachable
        }
    }
}

extension NodeMapping {
    /// A value as a data point of this form says it.
    static func json(_ value: FieldValue, for point: AttributeDefinition) -> JSON {
        switch value {
        case .number(let quantity):
            if case .integer(let range) = point.form {
                return .int(min(max(Int(clamping: quantity.integerValue), range.lowerBound), range.upperBound))
            }
            return .number(JSONNumber(mantissa: quantity.mantissa, decimals: quantity.decimals))
        case .boolean(let flag): return .bool(flag)
        case .text(let text): return .string(text)
        case .timestamp(let time): return .string("\(time)")
        }
    }
}

extension CSE {
    func updateNode(_ context: RequestContext, _ resource: Resource, _ changes: JSONObject) async throws(OneM2MError) {
        guard let nodes else { throw OneM2MError(.operationNotAllowed, "\(resource.address) cannot be set") }
        try await nodes.write(changes, to: resource)
    }
}
