import Concentrator
import FlashStore
import GPIONodes
import JSONText
import OneLoop

/// The GPIO lines that are nodes: those of the configuration file, and those made at run time, which the store keeps.
@Loop
final class GPIOLines {
    /// A line and where it comes from.
    struct Line: Sendable {
        var line: Configuration.Line
        var isConfigured: Bool
    }

    /// Wiped with the nodes at a factory reset.
    private nonisolated static let prefix = "node/line/"

    private let nodes: GPIONodes
    private let store: FlashStore
    private var lines: [NodeID: Line] = [:]

    init(_ nodes: GPIONodes, store: FlashStore) {
        self.nodes = nodes
        self.store = store
    }

    /// Takes the lines of the configuration and those that the store keeps.
    func start(_ configured: [Configuration.Line]) throws(NodeError) {
        try nodes.start(configured.map { GPIOLineConfiguration($0) })
        for line in configured { lines[Self.id(line.name)] = Line(line: line, isConfigured: true) }
        for (_, value) in store.scan(prefix: Self.prefix) {
            // A line that the configuration file now has too is the file's.
            guard let line = Self.decoded(value), lines[Self.id(line.name)] == nil else { continue }
            try nodes.start([GPIOLineConfiguration(line)])
            lines[Self.id(line.name)] = Line(line: line, isConfigured: false)
        }
    }

    func configuration(of node: NodeID) -> Line? { lines[node] }

    func create(_ line: Configuration.Line) async throws(AdministrationError) -> NodeID {
        let id = Self.id(line.name)
        guard lines[id] == nil else { throw AdministrationError([.init("name", "there is a node \(id) already")]) }
        try begin(line)
        do {
            try await keep(line)
        } catch {
            // Not there at the next start would be worse than not there now.
            nodes.remove(id)
            lines[id] = nil
            throw error
        }
        return id
    }

    /// Gives a line up and takes it as told; its node goes and comes back.
    func change(_ node: NodeID, _ line: Configuration.Line) async throws(AdministrationError) {
        try changeable(node)
        nodes.remove(node)
        lines[node] = nil
        try begin(line)
        try await keep(line)
    }

    func destroy(_ node: NodeID) async throws(AdministrationError) {
        try changeable(node)
        nodes.remove(node)
        lines[node] = nil
        do throws(StoreError) {
            try await store.remove(Self.prefix + node.nodeID, .now)
        } catch {
            throw AdministrationError(.failed, error.description)
        }
    }

    private func changeable(_ node: NodeID) throws(AdministrationError) {
        guard let line = lines[node] else { throw AdministrationError(.notFound, "there is no line \(node)") }
        guard !line.isConfigured else {
            throw AdministrationError(.locked, "\(node) is the configuration file's ([[gpio.lines]]); change it there")
        }
    }

    private func begin(_ line: Configuration.Line) throws(AdministrationError) {
        do throws(NodeError) {
            try nodes.start([GPIOLineConfiguration(line)])
        } catch {
            throw AdministrationError([.init("name", error.reason)])
        }
        lines[Self.id(line.name)] = Line(line: line, isConfigured: false)
    }

    private nonisolated static func id(_ name: String) -> NodeID { NodeID(cacheType: "gpio", nodeID: name) }

    // MARK: On flash

    private func keep(_ line: Configuration.Line) async throws(AdministrationError) {
        do throws(StoreError) {
            try await store.put(Self.prefix + line.name, Array(Self.encoded(line).utf8), .now)
        } catch {
            throw AdministrationError(.failed, error.description)
        }
    }

    private nonisolated static func encoded(_ line: Configuration.Line) -> String {
        let json: JSON = [
            "name": .string(line.name), "line": .string(line.line), "output": .bool(line.output),
            "kind": .string(line.kind), "title": .string(line.title), "active_low": .bool(line.activeLow),
            "bias": .string(line.bias), "debounce": .int(line.debounce), "at_exit": .string(line.atExit),
        ]
        return json.serialized()
    }

    private nonisolated static func decoded(_ bytes: [UInt8]) -> Configuration.Line? {
        guard let json = try? JSON.parse(bytes, limits: .line), let name = json["name"]?.string,
            let line = json["line"]?.string
        else { return nil }
        return Configuration.Line(
            name: name, line: line, chip: "", output: json["output"]?.bool ?? false,
            kind: json["kind"]?.string ?? "generic", title: json["title"]?.string ?? name,
            activeLow: json["active_low"]?.bool ?? false, bias: json["bias"]?.string ?? "as-is",
            debounce: json["debounce"]?.int ?? 5, initial: false, atExit: json["at_exit"]?.string ?? "off")
    }
}
