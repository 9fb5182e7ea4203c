import Access
import Concentrator
import OneLoop

/// The concentrator's nodes with the house's own above them: buses that the nodes hang on, and the gateway.
@Loop
struct NodeTree {
    let concentrator: Concentrator
    let administration: (any NodeAdministration)?

    private var infrastructure: [InfrastructureNode] { administration?.infrastructure ?? [] }

    /// The house's own node of this name.
    func own(_ id: NodeID) -> InfrastructureNode? {
        // A map is not worth its memory: there are three.
        infrastructure.first { $0.id == id }
    }

    func contains(_ id: NodeID) -> Bool { concentrator.node(id) != nil || own(id) != nil }

    // MARK: Structure

    /// The sources there are: the concentrator's, and those that only the house's own nodes are in.
    var sources: [DataSource] {
        var sources = concentrator.sources
        for node in infrastructure where !sources.contains(where: { $0.id == node.id.sourceID }) {
            sources.append(DataSource(id: node.id.sourceID, name: node.id.sourceID))
        }
        return sources
    }

    func hasSource(_ id: String) -> Bool { sources.contains { $0.id == id } }

    /// The nodes at the top of a source, the house's own first.
    func roots(of source: String) -> [NodeID] {
        infrastructure.filter { $0.id.sourceID == source }.map(\.id)
            + concentrator.roots(of: source).map(\.id).filter { bus(of: $0) == nil }
    }

    func children(of id: NodeID) -> [NodeID] {
        guard let own = own(id) else { return concentrator.children(of: id).map(\.id) }
        guard let type = own.adopts else { return [] }
        return concentrator.roots(of: id.sourceID).map(\.id).filter { $0.cacheType == type }
    }

    func parent(of id: NodeID) -> NodeID? {
        guard let node = concentrator.node(id) else { return nil }
        return node.description.parent ?? bus(of: id)
    }

    /// The bus that a root hangs on.
    private func bus(of id: NodeID) -> NodeID? {
        infrastructure.first { $0.adopts == id.cacheType && $0.id.sourceID == id.sourceID }?.id
    }

    /// The node, and all above it up to the root.
    func ancestors(of id: NodeID) -> [NodeID] {
        var chain: [NodeID] = []
        var next: NodeID? = id
        while let id = next {
            chain.append(id)
            next = parent(of: id)
        }
        return chain
    }

    /// The node and all below it, parents first.
    func family(of id: NodeID) -> [NodeID] { [id] + children(of: id).flatMap { family(of: $0) } }

    /// Every node of a source, parents first.
    func all(in source: String) -> [NodeID] {
        // One pass over the concentrator, in its order, instead of a walk that looks for children node by node.
        infrastructure.filter { $0.id.sourceID == source }.map(\.id)
            + concentrator.ids.filter { $0.sourceID == source }
    }

    /// Every node there is.
    var all: [NodeID] { infrastructure.map(\.id) + concentrator.ids }

    // MARK: Names

    /// The nodes that references mean, in order and each once, those below them after each where `withDescendants`.
    ///
    /// An id that several nodes have means all of them (XEP-0323 3.3.4).
    ///
    /// - Throws: ``NodeError`` `notFound` for the first that means none.
    func resolve(_ references: [NodeReference], withDescendants: Bool) throws(NodeError) -> [NodeID] {
        var found: [NodeID] = []
        var seen: Set<NodeID> = []
        var index: [String: [NodeID]]?
        for reference in references {
            var meant: [NodeID] = []
            let exact = NodeID(
                sourceID: reference.sourceID ?? NodeID.meteringTopology, cacheType: reference.cacheType ?? "",
                nodeID: reference.nodeID)
            if contains(exact), reference.cacheType != nil || reference.sourceID != nil {
                meant = [exact]
            } else {
                // Looked for by id alone: all names are read once, however many are asked for.
                let names = index ?? Dictionary(grouping: all, by: \.nodeID)
                index = names
                meant = (names[reference.nodeID] ?? []).filter { reference.matches(NodeReference($0)) }
            }
            guard !meant.isEmpty else {
                throw NodeError(.notFound, "there is no node \"\(reference.nodeID.prefix(80))\"")
            }
            for id in withDescendants ? meant.flatMap({ family(of: $0) }) : meant where seen.insert(id).inserted {
                found.append(id)
            }
        }
        return found
    }

    // MARK: What there is to know

    /// What a node is, in words that classes are named by: `GPIO.relay`, `BLE.sensor`, `Bus`.
    func type(of id: NodeID) -> String {
        if let own = own(id) { return own.type }
        let kind = concentrator.node(id)?.description.deviceClass
        return "\(NodeTree.classPrefix(of: id)).\(kind ?? "generic")"
    }

    /// The classes that a node's type comes from, the nearest first.
    func baseClasses(of id: NodeID) -> [String] {
        own(id) != nil ? ["Node"] : ["\(NodeTree.classPrefix(of: id)).Node", "Node"]
    }

    /// What can be done with it, as interfaces. Every node can be read.
    func interfaces(of id: NodeID) -> [String] {
        concentrator.node(id)?.description.parameters.isEmpty == false ? ["Readable", "Controllable"] : ["Readable"]
    }

    /// What classes of a bus's nodes begin with: `GPIO`, `BLE`; of nodes without a bus their source.
    private static func classPrefix(of id: NodeID) -> String {
        id.cacheType.isEmpty ? id.sourceID : id.cacheType.uppercased()
    }

    /// What XEP-0326 tells of a node; nil when there is none.
    func information(of id: NodeID, canControl: Bool = true, withParameters: Bool = true) -> NodeInformation? {
        let commands = administration?.commands(of: id) ?? []
        let settings = withParameters ? self.settings(of: id) : []
        if let own = own(id) {
            return NodeInformation(
                id: id, displayName: own.title, type: own.type, localID: nil, state: .none,
                hasChildren: !children(of: id).isEmpty, isOrdered: own.adopts != nil, isReadable: true,
                isControllable: false, hasCommands: !commands.isEmpty, parent: nil, lastChanged: nil,
                parameters: settings, messages: [])
        }
        guard let node = concentrator.node(id) else { return nil }
        return NodeInformation(
            id: id, displayName: node.description.displayName, type: type(of: id), localID: node.description.localID,
            state: node.state, hasChildren: node.hasChildren, isOrdered: node.hasChildren, isReadable: true,
            isControllable: canControl && !node.description.parameters.isEmpty,
            // Every node has the query of its history.
            hasCommands: true, parent: parent(of: id), lastChanged: node.lastSeen, parameters: settings,
            messages: node.messages)
    }

    /// The settings of a node: those its administration knows, and what the concentrator knows of any.
    func settings(of id: NodeID) -> [NodeSetting] {
        var settings = administration?.settings(of: id) ?? []
        guard let node = concentrator.node(id) else { return settings }
        func tell(_ name: String, _ title: String, _ kind: ParameterKind, _ value: FieldValue?) {
            guard let value, !settings.contains(where: { $0.id == name }) else { return }
            settings.append(
                NodeSetting(name, title: title, page: "State", kind: kind, value: value, isReadOnly: true))
        }
        tell("name", "Name", .text(maximumLength: 64), .text(node.description.displayName))
        tell("class", "Class", .text(maximumLength: 64), node.description.deviceClass.map { .text($0) })
        tell("available", "Available", .boolean, .boolean(node.available))
        tell(
            "fields", "Fields", .number(minimum: nil, maximum: nil, decimals: 0, unit: nil),
            .number(Quantity(node.fields.count)))
        return settings
    }
}
