import Concentrator
import XMPP

extension XMPPDoor {
    // MARK: Nodes found by what they are (XEP-0326, indices)

    /// By what nodes can be found: what every node has.
    static let indices = ["nodeType", "cacheType", "displayName", "state"]

    func indexed(
        _ request: ConcentratorRequest, _ view: View, _ response: ([XMLElement], String) -> XMLElement,
        _ nodes: ([NodeID]) -> XMLElement
    ) throws(CommandFailure) -> XMLElement {
        func value(_ id: NodeID, _ index: String) -> String? {
            guard let node = tree.information(of: id, withParameters: false) else { return nil }
            return index == "state" ? node.state.name : node.value(of: index).map { "\($0)" }
        }
        func found(_ source: String, _ index: String, _ wanted: String) throws(CommandFailure) -> [NodeID] {
            guard tree.hasSource(source), XMPPDoor.indices.contains(index) else { throw .notFound }
            return tree.all(in: source).filter { value($0, index) == wanted }
        }
        switch request.command {
        case .getIndices:
            guard let source = request.source, tree.hasSource(source) else { throw .notFound }
            return response(ConcentratorPayloads.values(XMPPDoor.indices), "")
        case .getAllIndexValues:
            guard let source = request.source, tree.hasSource(source), let index = request.index,
                XMPPDoor.indices.contains(index)
            else { throw .notFound }
            let values = Set(tree.all(in: source).filter(view.shows).compactMap { value($0, index) })
            return response(ConcentratorPayloads.values(values.sorted()), "")
        case .getNodesFromIndex:
            return nodes(try found(request.source ?? "", request.index ?? "", request.indexValue ?? ""))
        default:
            var ids: [NodeID] = []
            for reference in request.indexReferences {
                for id in try found(reference.source, reference.index, reference.value) where !ids.contains(id) {
                    ids.append(id)
                }
            }
            return nodes(ids)
        }
    }
}
