import CBOR
import CoAP
import CoAPMessages
import NIOCore
import OCFModel
import OneLoop
import TLS
import Testing

@testable import OCFDoor

/// A device that hosts a service, as far as the gateway sees of it.
@Loop
final class ServiceHost: RequestHandler {
    let id: Identifier
    let types: [String]
    var connections: [Connection] = []
    private var plain: UDPEndpoint?
    private var secure: SecureUDPEndpoint?

    init(id: Identifier, types: [String]) {
        self.id = id
        self.types = types
    }

    func start(discoveryPort: Int, key: [UInt8], of device: Identifier) async throws {
        var listening = MulticastListening()
        listening.port = discoveryPort
        listening.includesLoopback = true
        plain = try await CoAPUDP.bind(port: 0, group: Loop.eventLoop, multicast: listening) { _ in self }.get()
        let octets = device.octets
        secure = try await CoAPDTLS.bind(
            port: 0, server: .server(preSharedKeys: PreSharedKeys { $0 == octets ? key : nil }), group: Loop.eventLoop
        ) { connection in
            Loop.assumeIsolated { self.connections.append(connection) }
            return self
        }.get()
    }

    func stop() async throws {
        _ = try await plain?.close().get()
        _ = try await secure?.close().get()
    }

    nonisolated func handle(_ request: Message, _ exchange: Exchange) {
        Loop.assumeIsolated {
            switch request.pathString {
            case "/oic/res":
                guard request.query.contains(where: { query in types.contains { query == "rt=\($0)" } }) else {
                    return exchange.isMulticast ? exchange.drop() : exchange.respond(.badRequest)
                }
                let link = Link(
                    href: "/oic/d", resourceTypes: types + ["oic.wk.d"], interfaces: [.readOnly, .baseline],
                    anchor: "ocf://\(id)", endpoints: [Endpoint("coaps://127.0.0.1:\(secure?.port ?? 0)")])
                exchange.respond(.ocfResponse(.content, [link.value]))
            case "/oic/d":
                exchange.respond(
                    .ocfResponse(
                        .content, ["rt": .texts(types + ["oic.wk.d"]), "di": .text(id.description), "n": "Service"]))
            default: exchange.respond(.notFound)
            }
        }
    }
}

/// The device goes to the services that its owner has named.
@Loop
@Suite(.serialized) struct ServiceRequestTests {
    /// A device whose CMS is another device than its owner.
    private func provisioned(_ host: ServiceHost, by tool: TestTool) async throws -> (LocalHouse, Connection) {
        let house = try await LocalHouse(discoveryPort: try await freePort())
        let owner = try await house.secured(house.byKey(tool.id, try await tool.takeOver(house)))
        for state in [2, 4] {
            #expect(try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": .int(state)]]).code == .changed)
        }
        let key = [UInt8](repeating: 7, count: 16)
        let creds: CBOR.Value = [
            "creds": [
                [
                    "credtype": 1, "subjectuuid": .text(host.id.description),
                    "privatedata": ["encoding": "oic.sec.encoding.raw", "data": .bytes(key)],
                ]
            ]
        ]
        #expect(try await owner.ask(.post, "/oic/sec/cred", creds).code == .created)
        #expect(
            try await owner.ask(.post, "/oic/sec/cred", ["rowneruuid": .text(host.id.description)]).code == .changed)
        #expect(try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": 2]]).code == .changed)
        try await host.start(discoveryPort: house.discoveryPort, key: key, of: house.security.state.deviceID)
        return (house, owner)
    }

    @Test(
        "tm for credentials: the device opens a session with the CMS, which provisions on it", .timeLimit(.minutes(1)))
    func asked() async throws {
        let host = ServiceHost(id: .random(), types: ["oic.d.cms"])
        let (house, owner) = try await provisioned(host, by: TestTool())
        #expect(house.security.state.owner(of: .cred) == host.id)
        // Client-directed alone: it waits for who comes.
        #expect(try await owner.ask(.post, "/oic/sec/pstat", ["om": 4, "tm": 8]).code == .changed)
        try await Task.sleep(for: .milliseconds(200))
        #expect(host.connections.isEmpty)
        #expect(try await owner.ask(.post, "/oic/sec/pstat", ["om": 1, "tm": 8]).code == .changed)
        try await house.until { house.door.services.connected == [.cms] }
        let service = try #require(host.connections.first)
        let peer = Identifier.random()
        let creds: CBOR.Value = [
            "creds": [
                [
                    "credtype": 1, "subjectuuid": .text(peer.description),
                    "privatedata": [
                        "encoding": "oic.sec.encoding.raw", "data": .bytes([UInt8](repeating: 1, count: 16)),
                    ],
                ]
            ]
        ]
        #expect(try await service.ask(.post, "/oic/sec/cred", creds).code == .created)
        #expect(house.security.state.cred.pairwiseKey(with: peer, at: nil) != nil)
        // It owns its resource and nothing else.
        #expect(try await service.ask(.get, "/oic/sec/acl2").code == .unauthorized)
        #expect(try await service.ask(.post, "/oic/sec/pstat", ["tm": 0]).code == .unauthorized)
        #expect(try await owner.ask(.post, "/oic/sec/pstat", ["tm": 0]).code == .changed)
        try await service.closeFuture.get()
        #expect(house.door.services.connected.isEmpty)
        await house.close()
        try await host.stop()
    }

    @Test("a host that does not say that it is a CMS is not taken for one", .timeLimit(.minutes(1)))
    func refused() async throws {
        let host = ServiceHost(id: .random(), types: ["oic.d.ams"])
        let (house, owner) = try await provisioned(host, by: TestTool())
        house.door.services.delays = [.milliseconds(50)]
        #expect(try await owner.ask(.post, "/oic/sec/pstat", ["om": 1, "tm": 8]).code == .changed)
        try await Task.sleep(for: .milliseconds(3_200))
        #expect(house.door.services.connected.isEmpty && host.connections.isEmpty)
        await house.close()
        try await host.stop()
    }
}
