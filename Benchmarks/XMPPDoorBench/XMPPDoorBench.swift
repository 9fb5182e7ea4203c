import Access
import Concentrator
import Glibc
import OneLoop
import XMPP
import XMPPDoor

/// What the door costs without a wire: read-outs a second, 1,000 nodes of 5 fields in one, memory.
@main
struct XMPPDoorBench {
    static func main() async throws {
        try await run()
    }

    @Loop
    private static func run() async throws {
        guard let address = JID("hall@example.org/house"), let reader = JID("alice@example.org/phone") else { return }
        let concentrator = Concentrator()
        let driver = BenchDriver()
        let server = MemoryServer(on: Loop.eventLoop)
        let session = makeSession(address)
        let before = resident()
        let door = XMPPDoor(
            session: session, concentrator: concentrator, access: AccessList([AccessRule(who: "*", right: .control)]),
            settings: DoorSettings(
                name: "Hall", manufacturer: "Gatehouse", model: "Bench", version: "1.0", serialNumber: "1"))
        server.connect(session, as: address)
        print("door idle: \(resident() - before) KiB more resident")
        for index in 0..<1_000 {
            let id = NodeID(cacheType: "ble", nodeID: "A4C1380000\(index)")
            try concentrator.add(NodeDescription(id: id), driver: driver)
            concentrator.update(
                id,
                fields: (0..<5).map {
                    Field(
                        name: "Value \($0)", value: .number(Quantity(mantissa: Int64(index), decimals: 2)), unit: "°C")
                })
        }
        let peer = Peer(makeSession(reader))
        server.connect(peer.session, as: reader)
        await measure("read-outs of one node", 5_000) { count in await peer.read(count, oneNode: true, to: address) }
        await measure("read-outs of 1,000 nodes of 5 fields", 10) { count in
            await peer.read(count, oneNode: false, to: address)
        }
        print("resident \(resident()) KiB; \(door.counters.readouts) read-outs")
    }

    private static func makeSession(_ jid: JID) -> XMPPSession {
        XMPPSession(account: jid.bare, info: DiscoInfo(identities: []), software: "urn:bench", on: Loop.eventLoop)
    }

    @Loop
    private static func measure(_ what: String, _ count: Int, _ body: (Int) async -> Void) async {
        await body(1)
        let start = ContinuousClock.now
        await body(count)
        let seconds = Double((ContinuousClock.now - start) / .nanoseconds(1)) / 1e9
        print("\(what): \(Int(Double(count) / seconds)) a second, \(Int(seconds * 1e6 / Double(count))) µs each")
    }

    /// KiB of memory in use.
    private static func resident() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(getpagesize()) / 1024
    }
}

/// A driver of nothing.
@Loop
final class BenchDriver: NodeDriver {
    nonisolated init() {}
    func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError) {}
}

/// One who reads, 16 requests under way at a time.
@Loop
final class Peer {
    let session: XMPPSession
    private var number: Int32 = 0
    private var left = 0
    private var waiter: CheckedContinuation<Void, Never>?

    init(_ session: XMPPSession) {
        self.session = session
        session.onMessage("fields", IoTNamespace.sensorData) { [weak self] _, payload in
            if payload["done"] == "true" { self?.ended() }
        }
    }

    func read(_ count: Int, oneNode: Bool, to address: JID) async {
        left = count
        self.oneNode = oneNode
        self.address = address
        await withCheckedContinuation { continuation in
            waiter = continuation
            for _ in 0..<min(16, count) { ask() }
        }
    }

    private var oneNode = false
    private var address: JID?

    private func ask() {
        number += 1
        var request = ReadoutRequest(sequence: number, flags: .momentary)
        if oneNode { request.nodes = [NodeReference(nodeID: "A4C13800007", cacheType: "ble")] }
        session.get(request.element, to: address) { _ in }
    }

    private func ended() {
        left -= 1
        if left == 0 {
            waiter?.resume()
            waiter = nil
        } else if left >= 16 {
            ask()
        }
    }
}
