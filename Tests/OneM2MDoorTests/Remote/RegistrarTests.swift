import JSONText
import Logging
import NIOHTTP1
import OneLoop
import OneM2MPrimitives
import TLS
import Testing

@testable import OneM2MDoor

/// An infrastructure CSE that knows `<remoteCSE>` and its own base, and can be told to misbehave.
@Loop
final class FakeRegistrar {
    private(set) var server: HTTPServer?
    private(set) var requests: [RequestPrimitive] = []
    var registered: JSON?
    /// What everything is answered with, when set.
    var instead: HTTPAnswer?
    /// Passed on to whoever is registered.
    var forward: (@Loop (RequestPrimitive) async -> ResponsePrimitive)?

    func start(port: Int = 0) async throws -> PointOfAccess {
        let binding = HTTPBinding(identities: PeerIdentities()) { [weak self] request, _ in
            await self?.answer(request) ?? ResponsePrimitive(.internalServerError, requestIdentifier: "")
        }
        let server = HTTPServer(tls: nil) { [weak self] http, peer in
            if let instead = self?.instead { return instead }
            return await binding.answer(http, from: peer)
        }
        try await server.start(host: "127.0.0.1", port: port)
        self.server = server
        return try #require(PointOfAccess("http://127.0.0.1:\(server.port ?? 0)"))
    }

    func stop() async {
        await server?.stop()
        server = nil
    }

    private func answer(_ request: RequestPrimitive) async -> ResponsePrimitive {
        requests.append(request)
        func answer(_ status: ResponseStatus, _ content: JSON? = nil) -> ResponsePrimitive {
            ResponsePrimitive(status, requestIdentifier: request.requestIdentifier, content: content)
        }
        switch (request.operation, request.to) {
        case (.create, "/id-in/-"):
            guard registered == nil else { return answer(.originatorHasAlreadyRegistered) }
            registered = request.content
            return answer(.created, request.content)
        case (.retrieve, "/id-in/-"): return answer(.ok, ["m2m:cb": ["csi": "/id-in", "cst": 1, "rn": "cse-in"]])
        case (_, "/id-in/-/gw1"):
            guard registered != nil else { return answer(.notFound) }
            switch request.operation {
            case .retrieve: return answer(.ok, registered)
            case .update: return answer(.updated)
            case .delete:
                registered = nil
                return answer(.deleted)
            default: return answer(.operationNotAllowed)
            }
        default: return await forward?(request) ?? answer(.notFound)
        }
    }
}

@Suite("Registration at another CSE, over HTTP")
@Loop
struct RegistrarTests {
    private let home = CSEIdentity(spID: "sp.example", cseID: "gw1", baseName: "cse-gw1")

    private func transports() -> Transports {
        Transports(
            http: HTTPClient { server throws(TransportError) in throw TransportError(.refused, "none") },
            coap: CoAPClient { server throws(TransportError) in throw TransportError(.refused, "none") })
    }

    private func registrar(_ point: PointOfAccess, _ transports: Transports) throws -> Registrar {
        var settings = RegistrarSettings(point: point, cse: try #require(EntityID("/id-in", at: home)))
        settings.checkInterval = .milliseconds(50)
        settings.timeout = .seconds(2)
        return Registrar(
            settings, home: home, transports: transports, log: Logger(label: "test"),
            now: { OneM2MTime(microseconds: 1_800_000_000_000_000) }
        ) {
            ["cb": "/gw1/cse-gw1", "csi": "/gw1", "cst": 2, "rr": true, "srv": ["3"], "poa": ["http://127.0.0.1:1"]]
        }
    }

    private func until(_ condition: () -> Bool) async throws {
        for _ in 0..<600 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(condition())
    }

    @Test("Registers, is forgotten and registers anew, outlives an absence, and leaves")
    func life() async throws {
        let other = FakeRegistrar()
        let point = try await other.start()
        let transports = transports()
        let registrar = try registrar(point, transports)
        var mirrored: [JSON] = []
        registrar.onRegistered = { mirrored.append($0) }
        registrar.start()
        try await until { registrar.status.isRegistered }
        let sent = try #require(other.requests.first)
        #expect(sent.from == "/gw1")
        #expect(sent.resourceType == .remoteCSE)
        #expect(sent.content?["m2m:csr"]?["rn"] == "gw1")
        #expect(sent.content?["m2m:csr"]?["et"] == "20270115T090000,000000")
        try await until { mirrored.count == 1 }
        #expect(mirrored.first?["csi"] == "/id-in")

        other.registered = nil
        try await until { registrar.status.registrations == 2 && registrar.status.isRegistered }

        await other.stop()
        try await until { !registrar.status.isRegistered }
        #expect(registrar.status.trouble != nil)
        _ = try await other.start(port: point.port)
        registrar.tryNow()
        try await until { registrar.status.isRegistered }
        #expect(registrar.status.trouble == nil)

        await registrar.stop()
        #expect(other.registered == nil)
        #expect(!registrar.status.isRegistered)
        transports.stop()
        await other.stop()
    }

    @Test(
        "One that answers nonsense is not believed",
        arguments: [
            HTTPAnswer(.ok, headers: ["Content-Type": "text/html"], body: Array("<html>".utf8)),
            HTTPAnswer(.ok, headers: ["Content-Type": "application/json"], body: Array("{".utf8)),
            HTTPAnswer(.created, headers: ["X-M2M-RSC": "2001", "X-M2M-RI": "another"]),
            HTTPAnswer(.internalServerError), HTTPAnswer(.ok, headers: ["X-M2M-RSC": "two thousand"]),
        ])
    func nonsense(answer: HTTPAnswer) async throws {
        let other = FakeRegistrar()
        other.instead = answer
        let transports = transports()
        let registrar = try registrar(try await other.start(), transports)
        registrar.start()
        try await until { registrar.status.trouble != nil }
        #expect(!registrar.status.isRegistered)
        await registrar.stop()
        transports.stop()
        await other.stop()
    }

    @Test("The ways to others: a URL, a registered AE or CSE, the registrar for the rest")
    func routes() async throws {
        let other = FakeRegistrar()
        other.forward = { request in
            ResponsePrimitive(
                .ok, requestIdentifier: request.requestIdentifier,
                content: ["to": .string(request.to), "from": .string(orNull: request.from)])
        }
        let point = try await other.start()
        let transports = transports()
        let registrar = try registrar(point, transports)
        let url = "\(point)/notify"
        let home = home
        let router = RemoteRouter(home: home, transports: transports, registrar: registrar) { entity in
            switch entity.spRelative {
            case "/gw1/Cpoa": .init(points: ["http://127.0.0.1:1", url], isReachable: true)
            case "/gw1/Cpoll": .init(points: [], isReachable: false)
            case "/gw2": .init(points: ["\(point)"], isReachable: true)
            default: nil
            }
        } poll: { request, entity in
            entity.stem == "Cpoll" ? ResponsePrimitive(.updated, requestIdentifier: request.requestIdentifier) : nil
        }
        func send(_ target: RemoteTarget, to: String = "x") async -> ResponsePrimitive {
            await router.send(
                RequestPrimitive(.notify, to: to, from: "Ca", requestIdentifier: "1"), to: target)
        }
        func entity(_ text: String) throws -> RemoteTarget {
            .entity(try #require(EntityID(text, at: home)))
        }
        #expect(await send(.pointOfAccess(url)).content?["to"] == "notify")
        #expect(await send(.pointOfAccess(url)).content?["from"] == "/gw1/Ca")
        #expect(await send(.pointOfAccess("mqtt://x")).status == .targetNotReachable)
        #expect(await send(.pointOfAccess("http://127.0.0.1:1/")).status == .targetNotReachable)
        #expect(await send(try entity("Cpoa")).content?["to"] == "notify")
        #expect(await send(try entity("Cpoll")).status == .updated)
        #expect(await send(try entity("Cunknown")).status == .targetNotReachable)
        #expect(await send(try entity("/gw2"), to: "/gw2/cse/a").content?["to"] == "/gw2/cse/a")
        #expect(await send(try entity("/gw2/Cx"), to: "/gw2/Cx").content?["to"] == "/gw2/Cx")
        // Not yet registered: the rest of the world is away.
        #expect(await send(try entity("/id-in"), to: "/id-in/cse-in").status == .targetNotReachable)
        registrar.start()
        try await until { registrar.status.isRegistered }
        #expect(await send(try entity("/id-in"), to: "/id-in/cse-in/a").content?["to"] == "/id-in/cse-in/a")
        #expect(
            await send(try entity("//sp.other/x/Ca"), to: "//sp.other/x/Ca").content?["to"] == "//sp.other/x/Ca")
        await registrar.stop()
        transports.stop()
        await other.stop()
    }
}
