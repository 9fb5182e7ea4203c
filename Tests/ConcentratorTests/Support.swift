import Concentrator
import OneLoop

/// A driver that keeps what it was asked to write, and fails for one node if told so.
@Loop
final class RecordingDriver: NodeDriver {
    var written: [String] = []
    var failing: NodeID?
    nonisolated init() {}

    func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError) {
        await Task.yield()
        if node == failing { throw NodeError(.driverFailed, "the line is gone") }
        written += values.map { "\(node) \($0.parameter)=\($0.value)" }
    }
}

/// Keeps events as short texts.
@Loop
final class Recorder {
    var events: [String] = []
    nonisolated init() {}

    func record(_ event: NodeEvent) {
        let text =
            switch event {
            case .added(let node): "added \(node.id)"
            case .updated(let id, let fields): "updated \(id) \(fields.map { "\($0.name)=\($0.value)" })"
            case .parameter(let id, let name, let value): "parameter \(id) \(name)=\(value)"
            case .status(let id, let status): "status \(id) \(status.state) \(status.isAvailable)"
            case .renamed(let id, let name): "renamed \(id) \(name)"
            case .moved(let id, let up): "moved \(id) \(up ? "up" : "down")"
            case .removed(let id): "removed \(id)"
            }
        events.append(text)
    }
}

func ble(_ id: String) -> NodeID { NodeID(cacheType: "ble", nodeID: id) }
func gpio(_ id: String) -> NodeID { NodeID(cacheType: "gpio", nodeID: id) }

func at(_ seconds: Int64) -> WallTime { WallTime(millisecondsSince1970: seconds * 1000) }

func field(_ name: String, _ value: Int64, _ time: Int64 = 1, flags: FieldFlags = .momentary) -> Field {
    Field(name: name, value: .number(Quantity(value)), flags: flags, timestamp: at(time))
}
