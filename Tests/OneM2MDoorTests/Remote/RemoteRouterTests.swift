import JSONText
import Logging
import NIOCore
import OneLoop
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("The way to other entities")
@Loop
struct RemoteRouterTests {
    private static let home = CSEIdentity(spID: "sp.example", cseID: "gw1", baseName: "cse-gw1")

    private func transports() -> Transports {
        Transports(
            http: HTTPClient { server throws(TransportError) in throw TransportError(.refused, "no TLS") },
            coap: CoAPClient { server throws(TransportError) in throw TransportError(.refused, "no DTLS") })
    }

    /// A server that does what it is asked and counts.
    private func counting() async throws -> (server: HTTPServer, asked: @Loop () -> Int) {
        let server = HTTPServer(tls: nil) { _, _ in
            var answer = HTTPAnswer(.created)
            answer.headers.add(name: "X-M2M-RSC", value: "2001")
            return answer
        }
        try await server.start(host: "127.0.0.1", port: 0)
        return (server, { Int(server.counters.requests) })
    }

    private func router(_ points: [String], _ transports: Transports) -> RemoteRouter {
        RemoteRouter(home: Self.home, transports: transports, registrar: nil) { _ in
            .init(points: points, isReachable: true)
        } poll: { _, _ in
            nil
        }
    }

    private func request(_ operation: OneM2MPrimitives.Operation, to: String = "/gw9/cse/a") -> RequestPrimitive {
        RequestPrimitive(
            operation, to: to, from: "/gw1/Ca", requestIdentifier: "r1",
            resourceType: operation == .create ? .container : nil,
            content: operation == .create ? ["m2m:cnt": [:]] : nil)
    }

    private let other = EntityID(spID: "sp.example", cseID: "gw9", stem: nil)

    @Test(
        "What one point of access may have done is not asked of the next",
        arguments: [
            // Nobody there: nothing was asked, and the next one is.
            ("nobody", OneM2MPrimitives.Operation.create, 2001, 1), ("nobody", .retrieve, 2001, 1),
            ("reset", .create, 4008, 0), ("reset", .notify, 4008, 0), ("reset", .retrieve, 4008, 0),
            ("hello\r\n\r\n", .create, 4008, 0), ("hello\r\n\r\n", .update, 4008, 0),
            ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\na", .notify, 4008, 0),
            // Reading twice harms nobody.
            ("hello\r\n\r\n", .retrieve, 2001, 1),
        ])
    func once(first: String, operation: OneM2MPrimitives.Operation, status: Int, asked: Int) async throws {
        let transports = transports()
        let (second, count) = try await counting()
        let listener = first == "nobody" ? nil : try await RawServer.start(answer: first == "reset" ? nil : first)
        let points = ["http://127.0.0.1:\(listener?.localAddress?.port ?? 1)", "http://127.0.0.1:\(second.port ?? 0)"]
        let response = await router(points, transports).send(request(operation), to: .entity(other))
        #expect(response.status.rawValue == status, "\(response)")
        #expect(count() == asked)
        transports.stop()
        await second.stop()
        try await listener?.close()
    }

    // MARK: Circles

    @Loop
    private struct Side {
        let cse: CSE
        let bindings: OneM2MBindings
        var url: String { "http://127.0.0.1:\(bindings.ports.http)" }

        init(_ name: String) async {
            var settings = CSESettings(
                identity: CSEIdentity(spID: "sp.example", cseID: name, baseName: "cse-\(name)"))
            settings.administrators = ["Cadmin"]
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            cse = CSE(settings: settings, store: nil, log: log)
            var wanted = OneM2MBindings.Settings()
            wanted.http = .init(address: "127.0.0.1", port: 0)
            bindings = OneM2MBindings(cse, settings: wanted, log: log) {
                OneM2MTime(microseconds: 1_764_170_000_000_000)
            }
            await bindings.start()
            cse.start()
        }

        /// Says that a CSE is reached at these points of access.
        func know(_ name: String, at points: [String]) async throws {
            _ = try await cse.add(
                .remoteCSE, under: "-", name: name,
                attributes: [
                    "cb": .string("/\(name)/cse"), "csi": .string("/\(name)"), "rr": true, "srv": ["3"],
                    "poa": .array(points.map { .string($0) }),
                ], creator: EntityID(spID: "sp.example", cseID: name, stem: nil), isKept: false)
        }

        func stop() async {
            await bindings.stop()
            cse.stop()
        }
    }

    @Test("A point of access that leads back to its own CSE, directly or over another one, is no circle without end")
    func circles() async throws {
        let one = await Side("gw1")
        let two = await Side("gw2")
        try await one.know("gw8", at: [one.url, one.url + "/"])
        try await one.know("gw9", at: [two.url])
        try await two.know("gw9", at: [one.url])
        try await two.know("gw1", at: [one.url])
        for (number, name) in ["gw8", "gw9"].enumerated() {
            let before = one.cse.counters.requests + two.cse.counters.requests
            var asked = request(.retrieve, to: "/\(name)/cse/a")
            asked.from = "Cadmin"
            asked.requestIdentifier = "circle\(number)"
            let answer = await one.cse.receive(asked, from: .internal)
            #expect(answer.status == .targetNotReachable, "\(answer)")
            #expect(answer.debugText?.hasPrefix("/\(name)/cse/a leads back to this CSE") == true, "\(answer)")
            let passages = one.cse.counters.requests + two.cse.counters.requests - before
            #expect(passages <= UInt64(2 * RemoteRouter.mostPassages + 1))
        }
        // Nothing is left behind: the same request finds its way once there is one.
        let (server, count) = try await counting()
        try await one.know("gw7", at: ["http://127.0.0.1:\(server.port ?? 0)"])
        for _ in 0..<3 {
            let answer = await one.cse.receive(request(.create, to: "/gw7/cse"), from: .internal)
            #expect(answer.status == .created, "\(answer)")
        }
        #expect(count() == 3)
        await one.stop()
        await two.stop()
        await server.stop()
    }
}
