import CBOR
import CoAPMessages
import Concentrator
import OCFModel
import OneLoop
import Testing

@testable import OCFDoor

@Loop
@Suite struct ServingTests {
    static func house() async throws -> DeviceHouse {
        let house = try await DeviceHouse()
        try await house.add("ble/X", fields: [Field(name: "Temperature", value: .n("20.0"), unit: "°C")])
        try await house.add(
            "gpio/lamp",
            parameters: [
                Parameter(name: "Output", kind: .boolean, value: .boolean(false)),
                Parameter(
                    name: "Brightness", kind: .number(minimum: 10, maximum: 90, decimals: 0, unit: "%"), value: .n("30")
                ),
                Parameter(
                    name: "Delay", kind: .number(minimum: 0, maximum: 9, decimals: 1, unit: "s"), value: .n("1.0")),
            ])
        return house
    }

    typealias Row = (Code, String, [String], CBOR.Value?, Code)

    nonisolated static let rows: [Row] = [
        (.get, "/ble/X/temperature", [], nil, .content),
        (.get, "/ble/X/temperature/", [], nil, .notFound),
        (.get, "/ble/X/nothing", [], nil, .notFound),
        (.get, "/ble/Y", [], nil, .notFound),
        (.get, "/ble", [], nil, .notFound),
        (.get, "/", [], nil, .notFound),
        (.get, "/MeteringTopology/ble/X", [], nil, .content),
        (.get, "/oic/sec/doxm", [], nil, .notFound),
        (.get, "/ble/X/temperature", ["if=oic.if.s"], nil, .content),
        (.get, "/ble/X/temperature", ["if=oic.if.a"], nil, .badRequest),
        (.get, "/ble/X/temperature", ["if=nonsense"], nil, .badRequest),
        (.post, "/ble/X/temperature", [], ["temperature": 21], .methodNotAllowed),
        (.put, "/gpio/lamp/output", [], ["value": true], .methodNotAllowed),
        (.delete, "/gpio/lamp/output", [], nil, .unauthorized),
        (.fetch, "/gpio/lamp/output", [], nil, .methodNotAllowed),
        (.post, "/gpio/lamp/output", ["if=oic.if.create"], ["value": true], .methodNotAllowed),
        (.post, "/gpio/lamp/output", ["if=oic.if.s"], ["value": true], .badRequest),
        (.post, "/gpio/lamp/output", [], ["value": true], .changed),
        (.post, "/gpio/lamp/output", ["if=oic.if.baseline"], ["value": true], .changed),
        (.post, "/gpio/lamp/output", [], ["value": 1], .badRequest),
        (.post, "/gpio/lamp/output", [], nil, .badRequest),
        (.post, "/gpio/lamp/brightness", [], ["dimmingSetting": 90], .changed),
        (.post, "/gpio/lamp/brightness", [], ["dimmingSetting": 91], .forbidden),
        (.post, "/gpio/lamp/brightness", [], ["dimmingSetting": "x"], .badRequest),
        (.post, "/gpio/lamp/delay", [], ["value": 1.25], .forbidden),
        (.post, "/gpio/lamp/delay", [], ["value": 1.2], .changed),
        (.post, "/gpio/lamp/delay", [], ["value": 1e300], .badRequest),
        (.post, "/gpio/lamp/delay", [], ["unit": "s"], .badRequest),
        (.post, "/gpio/lamp", [], ["value": true], .badRequest),
        (.post, "/gpio/lamp", ["if=oic.if.baseline"], [["href": "", "rep": ["value": true]]], .forbidden),
        (.post, "/gpio/lamp", ["if=oic.if.ll"], [], .forbidden),
    ]

    @Test("each request gets its code, and what is refused writes nothing", arguments: rows.indices)
    func row(_ index: Int) async throws {
        let (code, path, query, body, expected) = Self.rows[index]
        let house = try await Self.house()
        let answer = await house.ask(code, path, query: query, body)
        #expect(answer.code == expected, "\(String(decoding: answer.payload, as: UTF8.self))")
        #expect(house.driver.writes.isEmpty == (expected != .changed))
    }

    @Test("what is out of range shows the present state")
    func outOfRange() async throws {
        let house = try await Self.house()
        let answer = await house.ask(.post, "/gpio/lamp/brightness", ["dimmingSetting": 91])
        #expect(try answer.representation() == ["dimmingSetting": 30, "range": [10, 90]])
    }

    @Test("a thing that does not do it is 5.03")
    func driverFails() async throws {
        let house = try await Self.house()
        house.driver.fails = true
        let answer = await house.ask(.post, "/gpio/lamp/output", ["value": true])
        #expect(answer.code == .serviceUnavailable)
        #expect(try await house.get("/gpio/lamp/output") == ["value": false])
    }

    @Test("commands are done in the order they came")
    func order() async throws {
        let house = try await Self.house()
        let exchanges = (0..<20).map { number in
            let exchange = TestExchange()
            house.device.handle(
                .ocfRequest(
                    .post, path: "/gpio/lamp/brightness", representation: ["dimmingSetting": .int(10 + number)]),
                from: .cloud(.cloud(house.cloud)), exchange)
            return exchange
        }
        while exchanges.contains(where: { $0.responses.isEmpty }) { await Task.yield() }
        #expect(house.driver.writes.map(\.2) == (10..<30).map { .number(Quantity($0)) })
    }

    @Test("a batch is done whole")
    func batch() async throws {
        let house = try await Self.house()
        let answer = await house.ask(
            .post, "/gpio/lamp", query: ["if=oic.if.b"],
            [
                ["href": "/gpio/lamp/output", "rep": ["value": true]],
                ["href": "/gpio/lamp/brightness", "rep": ["dimmingSetting": 50]],
            ])
        #expect(answer.code == .changed)
        let expected: CBOR.Value = [
            ["href": "/gpio/lamp/output", "rep": ["value": true]],
            ["href": "/gpio/lamp/brightness", "rep": ["dimmingSetting": 50, "range": [10, 90]]],
        ]
        #expect(try answer.representation() == expected)
        #expect(house.driver.writes.count == 2)
        let all = await house.ask(
            .post, "/gpio/lamp", query: ["if=oic.if.b"], [["href": "", "rep": ["dimmingSetting": 60]]])
        #expect(all.code == .changed)
        #expect(house.driver.writes.count == 3)
    }

    nonisolated static let badBatches: [CBOR.Value] = [
        [
            ["href": "/gpio/lamp/output", "rep": ["value": true]],
            ["href": "/gpio/lamp/brightness", "rep": ["dimmingSetting": 91]],
        ],
        [
            ["href": "/gpio/lamp/output", "rep": ["value": true]],
            ["href": "/gpio/lamp/brightness", "rep": ["dimmingSetting": "x"]],
        ],
        [
            ["href": "/gpio/lamp/output", "rep": ["value": true]],
            ["href": "/gpio/lamp/nothing", "rep": ["value": true]],
        ],
        [
            ["href": "/gpio/lamp/output", "rep": ["value": true]],
            ["href": "/ble/X/temperature", "rep": ["temperature": 1]],
        ],
        [["href": "", "rep": ["colour": "red"]]],
    ]

    @Test("a batch with one bad item does nothing and shows the present state", arguments: badBatches)
    func badBatch(_ body: CBOR.Value) async throws {
        let house = try await Self.house()
        let answer = await house.ask(.post, "/gpio/lamp", query: ["if=oic.if.b"], body)
        #expect(answer.code == .forbidden)
        #expect(try answer.representation()?.items?.count == 3)
        #expect(house.driver.writes.isEmpty)
    }

    typealias AccessRow = (Requester, Code, String, Code)

    @Test("who may do what")
    func access() async throws {
        let house = try await Self.house()
        let stranger = Requester.cloud(.random())
        let plain = Requester(.device(house.cloud), isEncrypted: false)
        let rows: [AccessRow] = [
            (.anonymous, .get, "/oic/res", .content), (.anonymous, .get, "/oic/d", .content),
            (.anonymous, .get, "/oic/p", .content), (.anonymous, .get, "/oic/con", .unauthorized),
            (.anonymous, .get, "/ble/X/temperature", .unauthorized),
            (.anonymous, .post, "/gpio/lamp/output", .unauthorized),
            (stranger, .get, "/ble/X/temperature", .unauthorized),
            (stranger, .post, "/gpio/lamp/output", .unauthorized),
            (plain, .get, "/ble/X/temperature", .unauthorized), (.cloud(house.cloud), .post, "/oic/d", .unauthorized),
            (.cloud(house.cloud), .get, "/oic/mnt", .content), (.cloud(house.cloud), .get, "/ble/X", .content),
            (stranger, .get, "/nothing", .notFound),
        ]
        for (requester, method, path, code) in rows {
            #expect(
                await house.ask(method, path, method == .post ? ["value": true] : nil, from: requester).code == code,
                "\(path)")
        }
        let batch = try await house.get("/oic/res", query: ["if=oic.if.b"], from: .anonymous)
        #expect(batch?.items?.compactMap { $0["href"]?.string } == ["/oic/d", "/oic/p"])
        house.device.trustedCloud = nil
        #expect(await house.ask(.get, "/ble/X/temperature").code == .unauthorized)
        #expect(house.driver.writes.isEmpty)
    }

    @Test("formats: plain CBOR is answered in plain CBOR, JSON is 4.06 and 4.15")
    func formats() async throws {
        let house = try await Self.house()
        func ask(_ message: Message) async -> Message {
            let exchange = TestExchange()
            house.device.handle(message, from: .cloud(.cloud(house.cloud)), exchange)
            while exchange.responses.isEmpty { await Task.yield() }
            return exchange.responses[0]
        }
        var request = Message(code: .get, path: "/ble/X/temperature")
        #expect(await ask(request).contentFormat == 10_000)
        #expect(await ask(request).ocfContentFormatVersion == 2048)
        request.accept = 60
        #expect(await ask(request).contentFormat == 60)
        #expect(await ask(request).ocfContentFormatVersion == nil)
        request.accept = 50
        #expect(await ask(request).code == .notAcceptable)
        let json = Message(code: .post, path: "/gpio/lamp/output", contentFormat: 50, payload: Array("{}".utf8))
        #expect(await ask(json).code == .unsupportedContentFormat)
        let broken = Message(code: .post, path: "/gpio/lamp/output", contentFormat: 10_000, payload: [0xFF])
        #expect(await ask(broken).code == .badRequest)
        let plain = Message(
            code: .post, path: "/gpio/lamp/output", contentFormat: 60, payload: CBOR.encode(["value": true]))
        #expect(await ask(plain).code == .changed)
    }
}
