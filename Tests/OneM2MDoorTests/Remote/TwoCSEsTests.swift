import JSONText
import Logging
import OneLoop
import OneM2MPrimitives
import TLS
import Testing

@testable import OneM2MDoor

@Suite("Two CSEs, one registered at the other, over TLS and DTLS")
@Loop
struct TwoCSEsTests {
    /// An authority that both believe, and certificates that name their entities.
    private struct House {
        let issuer: CertificateIssuer

        init() throws {
            issuer = try CertificateIssuer.root(
                commonName: "M2M authority", key: try PrivateKey.generateP256(), validity: .days(1))
        }

        var trust: TrustAnchors { TrustAnchors([issuer.certificate]) }

        func identity(_ names: [String]) throws -> Identity {
            let key = try PrivateKey.generateP256()
            let certificate = try issuer.issue(
                .init(
                    commonName: "m2m", publicKey: try key.publicKey(), validity: .days(1),
                    names: ["127.0.0.1"] + names))
            return try Identity(chain: CertificateChain([certificate]), key: key)
        }
    }

    private struct Side {
        let cse: CSE
        let bindings: OneM2MBindings
    }

    private func side(
        _ house: House, _ name: String, registrar: RegistrarSettings? = nil,
        identities: PeerIdentities = PeerIdentities()
    ) async throws -> Side {
        var settings = CSESettings(identity: CSEIdentity(spID: "sp.example", cseID: name, baseName: "cse-\(name)"))
        settings.administrators = ["Cadmin"]
        settings.registrar = registrar?.cse.spRelative
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let cse = CSE(settings: settings, store: nil, log: log)
        var wanted = OneM2MBindings.Settings()
        wanted.http = .init(address: "127.0.0.1", port: 0)
        wanted.https = .init(address: "127.0.0.1", port: 0)
        wanted.coaps = .init(address: "127.0.0.1", port: 0)
        wanted.identity = try house.identity(["URI:/\(name)"])
        wanted.trust = house.trust
        wanted.identities = identities
        wanted.registrar = registrar
        let bindings = OneM2MBindings(cse, settings: wanted, log: log) {
            OneM2MTime(microseconds: ValidityClock.system.now() * 1_000_000)
        }
        await bindings.start()
        #expect(bindings.failures.isEmpty)
        cse.start()
        return Side(cse: cse, bindings: bindings)
    }

    private func stop(_ side: Side) async {
        await side.bindings.stop()
        side.cse.stop()
    }

    private func until(_ condition: () -> Bool) async throws {
        for _ in 0..<1000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(condition())
    }

    private func client(_ house: House, _ names: [String]?) throws -> Transports {
        let identity = try names.map { try house.identity($0) }
        let trust = house.trust
        return Transports(
            http: HTTPClient { server throws(TransportError) in
                do throws(TLSError) {
                    return try .client(trust: trust, peerName: .hostName(server.host), identity: identity)
                } catch {
                    throw TransportError(.refused, error.reason)
                }
            },
            coap: CoAPClient { server throws(TransportError) in
                do throws(TLSError) {
                    return try .client(trust: trust, peerName: .hostName(server.host), identity: identity)
                } catch {
                    throw TransportError(.refused, error.reason)
                }
            })
    }

    @Test("Registration, requests passed on both ways, and the end", arguments: ["https", "coaps"])
    func registered(scheme: String) async throws {
        let house = try House()
        let upper = try await side(house, "in")
        let port = scheme == "https" ? upper.bindings.ports.https : upper.bindings.ports.coaps
        let home = CSEIdentity(spID: "sp.example", cseID: "gw", baseName: "cse-gw")
        var registrar = RegistrarSettings(
            point: try #require(PointOfAccess("\(scheme)://127.0.0.1:\(port)")),
            cse: try #require(EntityID("/in", at: home)))
        registrar.checkInterval = .milliseconds(50)
        let lower = try await side(house, "gw", registrar: registrar)
        let lowerPort = scheme == "https" ? lower.bindings.ports.https : lower.bindings.ports.coaps
        lower.cse.setPointsOfAccess(["\(scheme)://127.0.0.1:\(lowerPort)"])
        try await until { lower.bindings.registrar?.status.isRegistered == true }
        #expect(upper.cse.resource("cse-in/gw")?.attributes["csi"] == "/gw")
        try await until { lower.cse.resource("cse-gw/in") != nil }
        #expect(lower.cse.resource("cse-gw/in")?.attributes["cb"] == "/in/cse-in")
        // The point of access was set after the first registration; the next look tells it.
        try await until { upper.cse.resource("cse-in/gw")?.attributes["poa"] != nil }
        // Each side's AE asks at the other.
        for (near, far, path) in [(lower, upper, "/in/cse-in"), (upper, lower, "/gw/cse-gw")] {
            let answer = await near.cse.receive(
                RequestPrimitive(
                    .retrieve, to: path, from: near.cse.identity.entity.spRelative, requestIdentifier: "1"),
                from: .internal)
            #expect([.ok, .originatorHasNoPrivilege].contains(answer.status), "\(answer)")
            #expect(far.cse.counters.requests > 0)
        }
        await lower.bindings.stop()
        #expect(upper.cse.resource("cse-in/gw") == nil)
        lower.cse.stop()
        await stop(upper)
    }

    @Test("4106 and 4107: who may say of itself to be whom, over real connections")
    func associations() async throws {
        let house = try House()
        let side = try await side(house, "gw")
        let secure = try #require(PointOfAccess("https://127.0.0.1:\(side.bindings.ports.https)"))
        let plain = try #require(PointOfAccess("http://127.0.0.1:\(side.bindings.ports.http)"))
        func ask(_ from: String, _ names: [String]?, at point: PointOfAccess) async throws -> Int {
            let transports = try client(house, names)
            let response = try await transports.send(
                RequestPrimitive(.retrieve, to: "/gw/cse-gw", from: from, requestIdentifier: "1"), to: point,
                isWholeTarget: false)
            transports.stop()
            return response.status.rawValue
        }
        #expect(try await ask("Cadmin", ["URI:/gw/Cadmin"], at: secure) == 2000)
        #expect(try await ask("Cadmin", ["URI://sp.example/gw/Cadmin"], at: secure) == 2000)
        #expect(try await ask("Cadmin", ["URI:/gw/Cother"], at: secure) == 4106)
        #expect(try await ask("Cadmin", ["URI://sp.other/gw/Cadmin"], at: secure) == 4106)
        #expect(try await ask("/gw2", ["URI:/gw3"], at: secure) == 4106)
        #expect(try await ask("/gw", ["URI:/gw3"], at: secure) == 4106)
        #expect(try await ask("/gw", nil, at: plain) == 4106)
        await stop(side)
    }
}
