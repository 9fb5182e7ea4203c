import CoAPMessages
import Concentrator
import FlashStore
import OCFDoor
import OCFModel
import OneLoop

/// Does nothing: nobody writes.
private final class IdleDriver: NodeDriver {
    func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError) {}
}

/// Takes an answer.
private struct Taker: ServedExchange {
    func respond(_ response: Message) {}
    func observe(cancelled: @escaping @Sendable () -> Void) -> (any ObservationSink)? { nil }
}

/// How long the loop makes the directory of 10,000 nodes of six fields, 12 MB: its list of links, kept as bytes since the first
/// was asked for, and the same list in the baseline, made anew each time.
@Loop
func measureDirectory(_ samples: Int) async throws -> (kept: Latencies, anew: Latencies) {
    let concentrator = Concentrator()
    let store = try FlashStore.inMemory()
    let device = OCFDevice(
        identity: try await DeviceIdentity.load(from: store), settings: DeviceSettings(), concentrator: concentrator,
        store: store)
    let driver = IdleDriver()
    let units = [
        ("Temperature", "°C"), ("Humidity", "%"), ("Battery", "%"), ("Pressure", "hPa"), ("Voltage", "V"),
        ("RSSI", "dBm"),
    ]
    for number in 10_000..<20_000 {
        let id = NodeID(cacheType: "ble", nodeID: "A4C1380\(number)")
        try concentrator.add(NodeDescription(id: id, displayName: "Sensor \(number)"), driver: driver)
        concentrator.update(
            id, fields: units.map { Field(name: $0.0, value: .number(Quantity(20)), unit: $0.1) })
    }
    // Links get their numbers one after the other.
    while device.publishedLinks.contains(where: { $0.instance == nil }) {
        try await Task.sleep(for: .milliseconds(200))
    }
    func time(_ query: [String]) -> UInt64 {
        let begin = nanoseconds()
        device.handle(
            .ocfRequest(.get, path: "/oic/res", query: query), from: .clear(at: nil), Taker())
        return nanoseconds() - begin
    }
    var (kept, anew) = (Latencies(), Latencies())
    _ = time([])
    for _ in 0..<samples {
        kept.add(time([]))
        anew.add(time(["if=oic.if.baseline"]))
    }
    return (kept, anew)
}
