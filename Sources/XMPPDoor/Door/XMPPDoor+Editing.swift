import Access
import Concentrator
import OneLoop
import XMPP

extension XMPPDoor {
    // MARK: Nodes edited, made, destroyed and moved (XEP-0326 3.6 to 3.9)

    func edited(
        _ request: ConcentratorRequest, _ view: View, _ from: JID
    ) async throws(CommandFailure) -> XMLElement {
        let ids: [NodeID]
        if request.command.needs.contains(.nodes) {
            guard let found = try? tree.resolve(request.nodes, withDescendants: false) else { throw .notFound }
            ids = found
        } else {
            ids = [try single(request)]
        }
        guard ids.allSatisfy(view.administers) else { throw .forbidden }
        switch request.command {
        case .moveNodeUp, .moveNodesUp: return try move(request, ids, up: true)
        // The lowest first: so that neighbours that move together do not pass each other.
        case .moveNodeDown, .moveNodesDown: return try move(request, ids.reversed(), up: false)
        default: break
        }
        guard let administration = tree.administration, let first = ids.first else { throw .notImplemented }
        do throws(AdministrationError) {
            switch request.command {
            case .getNodeParametersForEdit, .getCommonNodeParametersForEdit: return form(request, ids)
            case .setNodeParametersAfterEdit, .setCommonNodeParametersAfterEdit:
                return try await change(request, ids, administration, view)
            case .getAddableNodeTypes:
                return ConcentratorPayloads.response(
                    request.command, .ok,
                    administration.types(below: first).map {
                        XMLElement("nodeType", IoTNamespace.concentrators, ["type": $0.id, "name": $0.title])
                    })
            case .getParametersForNewNode:
                let (type, settings) = try newNode(request, first, administration)
                let title = administration.types(below: first).first { $0.id == type }?.title ?? type
                let form = SettingForm.form(title: title, session: "new", settings)
                return ConcentratorPayloads.response(request.command, .ok, [form.element])
            case .createNewNode:
                let (type, settings) = try newNode(request, first, administration)
                let values = try SettingForm.values(request.form ?? DataForm(.submit), settings, isNew: true)
                let id = try await administration.create(type, below: first, values)
                // Nobody was asked about a node that was not there.
                let new = await self.view(
                    from, request.tokens, nodes: [NodeReference(id)], administer: view.administer)
                return ConcentratorPayloads.response(request.command, .ok, elements([id], new ?? view))
            case .destroyNode:
                try await administration.destroy(first)
                return ConcentratorPayloads.response(request.command)
            default: return ConcentratorPayloads.response(request.command, .notImplemented)
            }
        } catch {
            throw CommandFailure(error)
        }
    }

    private func move(
        _ request: ConcentratorRequest, _ ids: [NodeID], up: Bool
    ) throws(CommandFailure) -> XMLElement {
        do throws(NodeError) {
            for id in ids { try tree.concentrator.move(id, up: up) }
        } catch {
            throw .notFound
        }
        return ConcentratorPayloads.response(request.command)
    }

    private func newNode(
        _ request: ConcentratorRequest, _ parent: NodeID, _ administration: any NodeAdministration
    ) throws(AdministrationError) -> (type: String, settings: [NodeSetting]) {
        guard let type = request.type, let settings = administration.settings(forNew: type, below: parent) else {
            throw AdministrationError(.notFound, "there is no such kind of node below \(parent)")
        }
        return (type, settings)
    }

    private func elements(_ ids: [NodeID], _ view: View) -> [XMLElement] {
        ids.compactMap { id in
            tree.information(of: id, canControl: view.controls(id)).map {
                ConcentratorPayloads.node($0, parameters: true, messages: false)
            }
        }
    }

    // MARK: Settings

    /// The settings that all these nodes have, with their values; those that differ have none.
    private func common(_ ids: [NodeID]) -> (settings: [NodeSetting], differing: Set<String>) {
        let all = ids.map { tree.settings(of: $0) }
        guard let first = all.first else { return ([], []) }
        var differing: Set<String> = []
        let settings = first.compactMap { setting -> NodeSetting? in
            let others = all.dropFirst().map { $0.first { $0.id == setting.id && $0.kind == setting.kind } }
            guard others.allSatisfy({ $0 != nil }) else { return nil }
            var setting = setting
            setting.isReadOnly = setting.isReadOnly || others.contains { $0?.isReadOnly == true }
            if others.contains(where: { $0?.value != setting.value }) {
                differing.insert(setting.id)
                setting.value = nil
            }
            return setting
        }
        return (settings, differing)
    }

    private func form(_ request: ConcentratorRequest, _ ids: [NodeID]) -> XMLElement {
        let (settings, differing) = common(ids)
        let title = ids.count == 1 ? "\(ids[0])" : "\(ids.count) nodes"
        let form = SettingForm.form(title: title, session: "edit", settings, differing: differing)
        return ConcentratorPayloads.response(request.command, .ok, [form.element])
    }

    private func change(
        _ request: ConcentratorRequest, _ ids: [NodeID], _ administration: any NodeAdministration, _ view: View
    ) async throws(AdministrationError) -> XMLElement {
        let values = try SettingForm.values(request.form ?? DataForm(.submit), common(ids).settings)
        for id in ids where !values.isEmpty { try await administration.change(id, values) }
        for id in ids where !values.isEmpty { tellUpdated(id) }
        return ConcentratorPayloads.response(request.command, .ok, elements(ids, view))
    }
}
