import Access
import Concentrator
import OneLoop
import XMPP

extension XMPPDoor {
    // MARK: XEP-0326

    /// The commands that work here.
    public var capabilities: [ConcentratorCommand] {
        ConcentratorCommand.allCases.filter { command in
            guard command.isSupported else { return false }
            switch command {
            // Nobody here changes nodes where there is no administration.
            case .moveNodeUp, .moveNodeDown, .moveNodesUp, .moveNodesDown: return true
            default: return tree.administration != nil || !command.isAdministration
            }
        }
    }

    func takeConcentrator(_ request: IQRequest) {
        let parsed: ConcentratorRequest?
        do {
            parsed = try ConcentratorRequest(request.payload)
        } catch {
            return request.error(error.stanzaError)
        }
        guard let parsed else {
            // "an iq-result stanza must be composed" (XEP-0326 3.1) also for what is not known.
            let name = "\(request.payload.name)Response"
            return request.result(
                XMLElement(name, IoTNamespace.concentrators, ["result": ResponseCode.notImplemented.rawValue]))
        }
        guard (request.iq.question == .set) == parsed.command.isChange else {
            return request.error(
                StanzaError(
                    .badRequest,
                    "\(parsed.command.rawValue) is expected in an iq of the type \(parsed.command.isChange ? "set" : "get")"
                ))
        }
        counters.concentrator += 1
        guard capabilities.contains(parsed.command) else {
            return request.result(ConcentratorPayloads.response(parsed.command, .notImplemented))
        }
        Task {
            do throws(CommandFailure) {
                request.result(try await answer(parsed, from: request.from))
            } catch {
                if error.code == .insufficientPrivileges { counters.denied += 1 }
                var response = ConcentratorPayloads.response(parsed.command, error.code, error.children)
                // The schema of this one answer demands them also where there is no node to tell of.
                if parsed.command == .getNode {
                    response["nodeId"] = parsed.node?.nodeID
                    response["state"] = NodeState.none.name
                    response["hasChildren"] = "false"
                }
                request.result(response)
            }
        }
    }

    private func view(_ request: ConcentratorRequest, _ from: JID) async throws(CommandFailure) -> View {
        let nodes = asked(request)
        let administer = await ask(from, .administer, request.tokens, nodes: nodes)
        if request.command.isAdministration {
            guard administer.grant != nil else { throw .forbidden }
        }
        guard let view = await view(from, request.tokens, nodes: nodes, administer: administer.grant) else {
            throw .forbidden
        }
        return view
    }

    /// What somebody may see who may administer this much; nil for nothing at all.
    func view(
        _ from: JID, _ tokens: AccessTokens, nodes: [NodeReference], administer: AccessGrant?
    ) async -> View? {
        let read = await ask(from, .read(.all), tokens, nodes: nodes)
        let control = await ask(from, .control, tokens, nodes: nodes)
        let view = View(
            who: from.bare.description, read: read.grant, control: control.grant, administer: administer)
        return view.read != nil || view.control != nil || view.administer != nil ? view : nil
    }

    /// The nodes that the command tells of, for the question to who decides; none for all there are.
    ///
    /// What else the request names is left out: a permission for that would be taken for one for these.
    private func asked(_ request: ConcentratorRequest) -> [NodeReference] {
        let needs = request.command.needs
        if needs.contains(.nodes) {
            return request.nodes.count <= RequestLimits.askedNodes ? request.nodes : []
        }
        guard needs.contains(.node), let node = request.node else { return [] }
        guard let id = try? single(request) else { return [node] }
        switch request.command {
        case .getChildNodes: return NodeReference.asked([id] + tree.children(of: id))
        case .getAncestors: return NodeReference.asked(tree.ancestors(of: id))
        default: return [node]
        }
    }

    private func answer(_ request: ConcentratorRequest, from: JID) async throws(CommandFailure) -> XMLElement {
        let begun = reviews
        let view = try await view(request, from)
        func response(_ children: [XMLElement], text: String = "") -> XMLElement {
            ConcentratorPayloads.response(request.command, .ok, children, text: text)
        }
        func nodes(_ ids: [NodeID]) -> XMLElement {
            response(
                ids.filter(view.shows).compactMap { id in
                    information(id, request, view).map {
                        ConcentratorPayloads.node(
                            $0, parameters: request.wantsParameters, messages: request.wantsMessages)
                    }
                })
        }
        switch request.command {
        case .getCapabilities: return response(ConcentratorPayloads.values(capabilities.map(\.rawValue)))
        case .getAllDataSources, .getRootDataSources, .getChildDataSources:
            return response(try sources(request))
        case .containsNode:
            let id = try? single(request)
            return response([], text: id.map(view.shows) == true ? "true" : "false")
        case .containsNodes:
            return response(
                ConcentratorPayloads.values(
                    request.nodes.map { node in
                        let found = (try? tree.resolve([node], withDescendants: false)) ?? []
                        return found.contains(where: view.shows) ? "true" : "false"
                    }))
        case .getNode:
            let id = try shown(request, view)
            guard let node = information(id, request, view) else { throw .notFound }
            var element = response([])
            node.set(on: &element, parameters: request.wantsParameters, messages: request.wantsMessages)
            return element
        case .getNodes: return nodes(try shownAll(request, view))
        case .getAllNodes: return nodes(try all(in: request.source, of: request.classes))
        case .getNodeInheritance:
            let id = try shown(request, view)
            let space = IoTNamespace.concentrators
            return response([
                XMLElement(
                    "baseClasses", space, children: ConcentratorPayloads.values(tree.baseClasses(of: id))),
                XMLElement("interfaces", space, children: ConcentratorPayloads.values(tree.interfaces(of: id))),
            ])
        case .getRootNodes:
            guard let source = request.source, tree.hasSource(source) else { throw .notFound }
            return nodes(tree.roots(of: source))
        case .getChildNodes:
            let id = try shown(request, view)
            return nodes(sorted(tree.children(of: id), request.sortKeys))
        case .getAncestors: return nodes(tree.ancestors(of: try shown(request, view)))
        case .getIndices, .getNodesFromIndex, .getNodesFromIndices, .getAllIndexValues:
            return try indexed(request, view, response, nodes)
        case .getNodeParametersForEdit, .setNodeParametersAfterEdit, .getCommonNodeParametersForEdit,
            .setCommonNodeParametersAfterEdit, .getAddableNodeTypes, .getParametersForNewNode, .createNewNode,
            .destroyNode, .moveNodeUp, .moveNodeDown, .moveNodesUp, .moveNodesDown:
            return try await edited(request, view, from)
        case .getNodeCommands, .getCommandParameters, .executeNodeCommand, .executeNodeQuery, .abortNodeQuery,
            .getCommonNodeCommands, .getCommonCommandParameters, .executeCommonNodeCommand, .executeCommonNodeQuery,
            .abortCommonNodeQuery:
            return try await commanded(request, view, from)
        case .subscribe:
            try subscribe(request, view, from)
            // Three questions make a view: what the first ones gave may have been taken back before the last was answered.
            if begun != reviews, let source = request.source { review(from, source, request.tokens) }
            return response([])
        case .unsubscribe:
            guard let source = request.source, tree.hasSource(source) else { throw .notFound }
            subscriptions.unsubscribe(from, source, request.events)
            return response([])
        case .getDatabases, .getDatabaseReadoutParameters, .startDatabaseReadout: throw .notImplemented
        }
    }

    // MARK: Nodes

    /// The node that the attributes name.
    func single(_ request: ConcentratorRequest) throws(CommandFailure) -> NodeID {
        guard let node = request.node, let id = (try? tree.resolve([node], withDescendants: false))?.first else {
            throw .notFound
        }
        return id
    }

    /// The node that the attributes name, if it may be seen.
    func shown(_ request: ConcentratorRequest, _ view: View) throws(CommandFailure) -> NodeID {
        let id = try single(request)
        guard view.shows(id) else { throw .forbidden }
        return id
    }

    /// The nodes that children name, if all of them may be seen.
    func shownAll(_ request: ConcentratorRequest, _ view: View) throws(CommandFailure) -> [NodeID] {
        guard let ids = try? tree.resolve(request.nodes, withDescendants: false) else { throw .notFound }
        guard ids.allSatisfy(view.shows) else { throw .forbidden }
        return ids
    }

    func information(_ id: NodeID, _ request: ConcentratorRequest, _ view: View) -> NodeInformation? {
        tree.information(of: id, canControl: view.controls(id), withParameters: request.wantsParameters)
    }

    private func sources(_ request: ConcentratorRequest) throws(CommandFailure) -> [XMLElement] {
        let all = tree.sources
        let wanted: [DataSource]
        switch request.command {
        case .getRootDataSources: wanted = all.filter { $0.parent == nil }
        case .getChildDataSources:
            guard let parent = request.source, tree.hasSource(parent) else { throw .notFound }
            wanted = all.filter { $0.parent == parent }
        default: wanted = all
        }
        return wanted.map { source in
            ConcentratorPayloads.source(source, hasChildren: all.contains { $0.parent == source.id })
        }
    }

    /// The nodes of a source that are of all these classes.
    private func all(in source: String?, of classes: [String]) throws(CommandFailure) -> [NodeID] {
        guard let source, tree.hasSource(source) else { throw .notFound }
        return tree.all(in: source).filter { id in
            classes.isEmpty
                || {
                    let names = [tree.type(of: id)] + tree.baseClasses(of: id) + tree.interfaces(of: id)
                    return classes.allSatisfy { names.contains($0) }
                }()
        }
    }

    /// Sorted by the first key, where that is equal by the second, and so on; equal ones stay in order.
    private func sorted(_ ids: [NodeID], _ keys: [ConcentratorRequest.SortKey]) -> [NodeID] {
        guard !keys.isEmpty else { return ids }
        let rows = ids.enumerated().map { place, id in
            let node = tree.information(of: id)
            return (id: id, place: place, values: keys.map { node?.value(of: $0.parameter) })
        }
        return rows.sorted { left, right in
            for (index, key) in keys.enumerated() {
                guard let isBefore = FieldValue.isBefore(left.values[index], right.values[index]) else { continue }
                return isBefore == key.isAscending
            }
            return left.place < right.place
        }.map(\.id)
    }
}
