import Concentrator
import FlashStore
import OneLoop

/// Keeps the order that people have given to nodes, so that it is there after a restart.
@Loop
final class NodeOrder {
    /// Wiped with the nodes at a factory reset. Behind it the bus, or the node that they belong to; the value has a name a
    /// line. Written when somebody moves a node, and not otherwise.
    private nonisolated static let prefix = "node/order/"

    private let concentrator: Concentrator
    private let store: FlashStore

    init(_ concentrator: Concentrator, store: FlashStore) {
        self.concentrator = concentrator
        self.store = store
    }

    /// Takes the orders that the store keeps, before or after the nodes come.
    func restore() {
        for (key, value) in store.scan(prefix: Self.prefix) {
            guard let family = Self.family(String(key.dropFirst(Self.prefix.count))) else { continue }
            let lines = String(decoding: value, as: UTF8.self).split(separator: "\n")
            concentrator.arrange(lines.compactMap { NodeID(parsing: String($0)) }, in: family)
        }
    }

    /// A node was moved.
    func moved(_ id: NodeID) {
        guard let family = concentrator.family(of: id) else { return }
        var text = ""
        for id in concentrator.arrangement(of: family) {
            // 1,500 sensors fit; those behind come as they are heard.
            guard text.utf8.count + "\(id)".utf8.count < StoreLimits.valueLength else { break }
            text += "\(id)\n"
        }
        store.putBatched(Self.prefix + Self.name(family), Array(text.utf8))
    }

    private nonisolated static func name(_ family: NodeFamily) -> String {
        family.parent.map { "below/\($0)" } ?? "\(family.sourceID)/\(family.cacheType)"
    }

    private nonisolated static func family(_ name: String) -> NodeFamily? {
        let below = "below/"
        if name.utf8.starts(with: below.utf8) {
            return NodeID(parsing: String(name.dropFirst(below.count))).map {
                NodeFamily(sourceID: $0.sourceID, parent: $0, cacheType: "")
            }
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        return NodeFamily(sourceID: String(parts[0]), cacheType: String(parts[1]))
    }
}
