import CBOR
import CoAP
import CoAPMessages
import Concentrator
import NIOCore
import OCFModel
import OneLoop
import Synchronization
import Testing

@testable import OCFDoor

/// The device behind a real connection.
@Loop
@Suite struct WireTests {
    struct Server: RequestHandler {
        let device: OCFDevice
        let requester: Requester

        func handle(_ request: Message, _ exchange: Exchange) {
            Loop.assumeIsolated { device.handle(request, from: .cloud(requester), exchange) }
        }
    }

    final class Box: Sendable {
        private let messages = Mutex<[Message]>([])
        func add(_ message: Message) { messages.withLock { $0.append(message) } }
        var all: [Message] { messages.withLock { $0 } }
    }

    @Test("two hundred nodes in one batch, what changes after it, and a command", .timeLimit(.minutes(1)))
    func wire() async throws {
        let house = try await DeviceHouse()
        for number in 0..<200 {
            try await house.add(
                "ble/N\(number)",
                fields: [
                    Field(name: "Temperature", value: .number(Quantity(number)), unit: "°C"),
                    Field(name: "Humidity", value: .n("50"), unit: "%"),
                    Field(name: "Battery", value: .n("90"), unit: "%"),
                ])
        }
        try await house.add(
            "gpio/relay1", parameters: [Parameter(name: "Output", kind: .boolean, value: .boolean(false))])
        let server = Server(device: house.device, requester: .cloud(house.cloud))
        let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: Loop.group) { _ in server }.get()
        let port = try #require(listener.localAddress?.port)
        let client = try await CoAPTCP.connect(host: "127.0.0.1", port: port, on: Loop.eventLoop).get()

        let notifications = Box()
        let observation = try await client.observe(
            .ocfRequest(.get, path: "/oic/res", query: ["if=oic.if.b"]), timeout: .seconds(20)
        ) { notifications.add($0) }.get()
        let batch = try #require(
            try observation.first.representation(limits: CBOR.Limits(depth: 8, length: 1 << 20, items: 1 << 18)))
        let count = batch.items?.count ?? 0
        #expect(count == 1007)

        let answer = try await client.send(
            .ocfRequest(.post, path: "/gpio/relay1/output", representation: ["value": true]), timeout: .seconds(20)
        ).get()
        #expect(answer.code == .changed)
        #expect(try answer.representation() == ["value": true])
        house.settle()
        for number in 0..<3 {
            house.concentrator.update(
                NodeID(cacheType: "ble", nodeID: "N7"),
                fields: [Field(name: "Temperature", value: .number(Quantity(number)), unit: "°C")])
            house.settle()
        }
        while notifications.all.count < 4 { try await Task.sleep(for: .milliseconds(1)) }
        let numbers = notifications.all.compactMap(\.observe)
        #expect(numbers.count == 4)
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        let first: CBOR.Value = ["href": "/gpio/relay1/output", "rep": ["value": true]]
        #expect(try notifications.all[0].representation() == .array([first]))
        let last: CBOR.Value = ["href": "/ble/N7/temperature", "rep": ["temperature": 2.0, "units": "C"]]
        #expect(try notifications.all[3].representation() == .array([last]))

        client.close()
        while house.device.observations > 0 { try await Task.sleep(for: .milliseconds(1)) }
        try await listener.close()
    }
}
