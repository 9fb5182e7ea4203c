import CoAP
import CoAPMessages
import JSONText
import NIOCore
import OneLoop
import OneM2MPrimitives
import TLS
import Testing

@testable import OneM2MDoor

@Suite("oneM2M over CoAP's sockets")
@Loop
struct CoAPBindingTests {
    /// Answers with what it was asked, and by whom.
    private static func echo(_ request: RequestPrimitive, _ origin: RequestOrigin) async -> ResponsePrimitive {
        ResponsePrimitive(
            request.operation == .create ? .created : .ok, requestIdentifier: request.requestIdentifier,
            content: [
                "to": .string(request.to), "from": .string(orNull: request.from), "pc": request.content ?? .null,
                "tokens": .int(request.tokens.count), "secure": .bool(origin.isSecure),
                "identities": .array(origin.identities.map { .string($0) }),
            ], releaseVersion: request.releaseVersion)
    }

    private func client(_ security: @escaping CoAPClient.Security = CoAPBindingTests.none) -> Transports {
        Transports(
            http: HTTPClient { server throws(TransportError) in throw TransportError(.refused, "none") },
            coap: CoAPClient(security: security))
    }

    private static func none(_ server: PointOfAccess.Server) throws(TransportError) -> DTLSConfiguration {
        throw TransportError(.refused, "no DTLS for \(server.host)")
    }

    @Test("A request over UDP, one of many blocks, and one with a token")
    func overUDP() async throws {
        let binding = CoAPBinding(identities: PeerIdentities(), receive: Self.echo)
        let endpoint = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: Loop.group) { connection in
            Loop.assumeIsolated { binding.handler(connection) }
        }.get()
        let transports = client()
        let point = try #require(PointOfAccess("coap://127.0.0.1:\(endpoint.port)"))
        var request = RequestPrimitive(
            .create, to: "/gw1/cse/a", from: "/gw2/Ca", requestIdentifier: "r1", resourceType: .contentInstance,
            content: ["m2m:cin": ["con": .string(String(repeating: "x", count: 5_000))]])
        let response = try await transports.send(request, to: point, isWholeTarget: false)
        #expect(response.status == .created)
        #expect(response.content?["to"] == "/gw1/cse/a")
        #expect(response.content?["from"] == "/gw2/Ca")
        #expect(response.content?["pc"] == request.content)
        #expect(response.content?["secure"] == false)
        request.tokens = [String(repeating: "t", count: 700)]
        request.requestIdentifier = "r2"
        let tokened = try await transports.send(request, to: point, isWholeTarget: false, form: .cbor)
        #expect(tokened.content?["tokens"] == 1)
        // Options of later releases are critical and not known here.
        let connection = try await endpoint.peer(try SocketAddress(ipAddress: "127.0.0.1", port: endpoint.port)).get()
        var strange = Message(code: .get, path: "cse")
        strange.options.add(OptionNumber(rawValue: 343), string: "1")
        let refused = try await connection.send(strange, timeout: .seconds(5)).get()
        #expect(refused.code == .badOption)
        transports.stop()
        _ = try await endpoint.close().get()
    }

    @Test("A server that was away is asked anew, not over the socket that has failed")
    func awayAndBack() async throws {
        let binding = CoAPBinding(identities: PeerIdentities(), receive: Self.echo)
        func open(_ port: Int) async throws -> UDPEndpoint {
            try await CoAPUDP.bind(host: "127.0.0.1", port: port, group: Loop.group) { connection in
                Loop.assumeIsolated { binding.handler(connection) }
            }.get()
        }
        var endpoint = try await open(0)
        let port = endpoint.port
        let point = try #require(PointOfAccess("coap://127.0.0.1:\(port)"))
        let transports = client()
        let request = RequestPrimitive(.retrieve, to: "/gw1/a", from: "/gw2/Ca", requestIdentifier: "r1")
        #expect(try await transports.send(request, to: point, isWholeTarget: false).status == .ok)
        _ = try await endpoint.close().get()
        for _ in 0..<3 {
            await #expect(throws: TransportError.self) {
                try await transports.send(request, to: point, isWholeTarget: false, timeout: .seconds(1))
            }
        }
        endpoint = try await open(port)
        #expect(try await transports.send(request, to: point, isWholeTarget: false).status == .ok)
        transports.stop()
        _ = try await endpoint.close().get()
    }

    @Test("Nobody there is 5103, silence 4008")
    func failures() async throws {
        let transports = client()
        let request = RequestPrimitive(.retrieve, to: "/gw1/a", from: "/gw2/Ca", requestIdentifier: "r1")
        let nobody = try #require(PointOfAccess("coap://127.0.0.1:1"))
        do throws(TransportError) {
            _ = try await transports.send(request, to: nobody, isWholeTarget: false, timeout: .seconds(2))
            Issue.record("somebody answered")
        } catch {
            #expect(ResponsePrimitive(error, to: request).status == .targetNotReachable)
        }
        let secure = try #require(PointOfAccess("coaps://127.0.0.1:1"))
        do throws(TransportError) {
            _ = try await transports.send(request, to: secure, isWholeTarget: false, timeout: .seconds(2))
            Issue.record("somebody answered")
        } catch {
            #expect(error.code == .refused)
        }
        transports.stop()
    }

    @Test("What a server is spoken to with over DTLS is made once, however often it is asked anew")
    func sharedConfiguration() async throws {
        let key = [UInt8](repeating: 7, count: 16)
        let identities = PeerIdentities(
            keys: [.init(identity: Array("phone".utf8), key: key, speaksFor: ["/gw2/Ckey"])])
        let binding = CoAPBinding(identities: identities, receive: Self.echo)
        let server = try DTLSConfiguration.server(preSharedKeys: try #require(identities.preSharedKeys))
        func open(_ port: Int) async throws -> SecureUDPEndpoint {
            try await CoAPDTLS.bind(host: "127.0.0.1", port: port, server: server, group: Loop.group) { connection in
                Loop.assumeIsolated { binding.handler(connection) }
            }.get()
        }
        let made = Counter()
        let transports = client { _ throws(TransportError) in
            made.count += 1
            do throws(TLSError) {
                return try .client(preSharedKey: PreSharedKey(identity: Array("phone".utf8), key: key))
            } catch { throw TransportError(.refused, error.reason) }
        }
        var endpoint = try await open(0)
        let port = endpoint.port
        let point = try #require(PointOfAccess("coaps://127.0.0.1:\(port)"))
        let request = RequestPrimitive(.retrieve, to: "/gw1/a", from: "/gw2/Ckey", requestIdentifier: "r1")
        #expect(try await transports.send(request, to: point, isWholeTarget: false).status == .ok)
        _ = try await endpoint.close().get()
        // The session is gone, and the next request makes another.
        await #expect(throws: TransportError.self) {
            try await transports.send(request, to: point, isWholeTarget: false, timeout: .seconds(1))
        }
        endpoint = try await open(port)
        #expect(try await transports.send(request, to: point, isWholeTarget: false).status == .ok)
        #expect(made.count == 1)
        transports.stop()
        _ = try await endpoint.close().get()
    }

    @Loop
    private final class Counter {
        var count = 0
        nonisolated init() {}
    }

    @Test("Over DTLS a pre-shared key says whom the peer speaks for, and a certificate does")
    func overDTLS() async throws {
        let key = [UInt8](repeating: 7, count: 16)
        let issuerKey = try PrivateKey.generateP256()
        let issuer = try CertificateIssuer.root(commonName: "test", key: issuerKey, validity: .days(1))
        func identity(_ name: String, _ names: [String]) throws -> Identity {
            let key = try PrivateKey.generateP256()
            let certificate = try issuer.issue(
                .init(commonName: name, publicKey: try key.publicKey(), validity: .days(1), names: names))
            return try Identity(chain: CertificateChain([certificate]), key: key)
        }
        let identities = PeerIdentities(
            hosts: ["phone.example": ["Cdns"]],
            keys: [.init(identity: Array("phone".utf8), key: key, speaksFor: ["/gw2/Ckey"])])
        let binding = CoAPBinding(identities: identities, receive: Self.echo)
        let anchors = TrustAnchors([issuer.certificate])
        let server = try DTLSConfiguration.server(
            identity: try identity("server", ["127.0.0.1"]), clientCertificate: .optional, trust: anchors,
            preSharedKeys: identities.preSharedKeys)
        let endpoint = try await CoAPDTLS.bind(host: "127.0.0.1", port: 0, server: server, group: Loop.group) {
            connection in
            Loop.assumeIsolated { binding.handler(connection) }
        }.get()
        let point = try #require(PointOfAccess("coaps://127.0.0.1:\(endpoint.port)"))
        let request = RequestPrimitive(.retrieve, to: "/gw1/a", from: "/gw2/Ca", requestIdentifier: "r1")
        let certified = try identity("phone", ["URI://sp.example/gw2/Cphone", "phone.example"])
        let configurations: [(DTLSConfiguration, JSON)] = [
            (try .client(preSharedKey: PreSharedKey(identity: Array("phone".utf8), key: key)), ["/gw2/Ckey"]),
            (
                try .client(trust: anchors, peerName: .hostName("127.0.0.1"), identity: certified),
                ["//sp.example/gw2/Cphone", "Cdns"]
            ),
            (try .client(trust: anchors, peerName: .hostName("127.0.0.1")), []),
        ]
        for (configuration, expected) in configurations {
            let transports = client { _ throws(TransportError) in configuration }
            let response = try await transports.send(request, to: point, isWholeTarget: false)
            #expect(response.content?["identities"] == expected)
            #expect(response.content?["secure"] == .bool(expected != []))
            transports.stop()
        }
        _ = try await endpoint.close().get()
    }
}
