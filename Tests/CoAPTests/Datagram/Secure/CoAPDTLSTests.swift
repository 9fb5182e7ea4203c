import CoAPMessages
import Foundation
import NIOCore
import NIOPosix
import TLS
import Testing

@testable import CoAP

/// `coaps` over the system's own sockets: our ends, and libcoap on OpenSSL and GnuTLS.
@Suite(.serialized) struct CoAPDTLSTests {
    static let key = [UInt8](0x41..<0x51)
    static let keys = PreSharedKeys { $0 == Array("owner".utf8) ? key : nil }

    private func server(
        _ authority: Authority, keys: PreSharedKeys? = nil, hint: [UInt8] = []
    ) throws -> DTLSConfiguration {
        try .server(
            identity: authority.identity(Authority.cloud), clientCertificate: .required, trust: authority.trust,
            peerName: .ocf(uuid: nil), preSharedKeys: keys, identityHint: hint)
    }

    private func client(_ authority: Authority, _ uuid: String = Authority.cloud) throws -> DTLSConfiguration {
        try .client(
            trust: authority.trust, peerName: .ocf(uuid: uuid), identity: authority.identity(Authority.device))
    }

    private func get(_ connection: Connection, _ path: String) async throws -> [UInt8] {
        try await connection.send(Message(code: .get, path: path), timeout: patience).get().payload
    }

    private func statistics(_ endpoint: SecureUDPEndpoint, until condition: (DTLSStatistics) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !condition(try await endpoint.statistics().get()) {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func certificates() async throws {
        let authority = try Authority()
        let served = PeerServer()
        let known = Shared<[String?]>([])
        let endpoint = try await CoAPDTLS.bind(
            host: "127.0.0.1", port: 0, server: server(authority), group: testGroup
        ) { connection in
            known.update { $0.append(connection.peer?.ocfUUID) }
            return served
        }.get()
        let connection = try await CoAPDTLS.connect(
            host: "127.0.0.1", port: endpoint.port, dtls: client(authority), on: testGroup.next()
        ).get()
        #expect(connection.peer?.ocfUUID == Authority.cloud)
        #expect(try await get(connection, "/hello") == Array("hello".utf8))
        #expect(try await get(connection, "/big/20000") == body(20_000))
        #expect(known.value == [Authority.device])
        connection.close()
        try await connection.closeFuture.get()
        try await endpoint.close().get()
    }

    @Test func keyAndIdentity() async throws {
        let authority = try Authority()
        let identities = Shared<[[UInt8]?]>([])
        let endpoint = try await CoAPDTLS.bind(
            host: "127.0.0.1", port: 0, server: server(authority, keys: Self.keys, hint: [0, 1, 2]), group: testGroup
        ) { connection in
            identities.update { $0.append(CoAPDTLS.handshake(of: connection)?.preSharedIdentity) }
            return PeerServer()
        }.get()
        let key = PreSharedKey(identity: Array("owner".utf8), key: Self.key)
        let connection = try await CoAPDTLS.connect(
            host: "127.0.0.1", port: endpoint.port, dtls: .client(preSharedKey: key, exportsSecrets: true),
            on: testGroup.next()
        ).get()
        #expect(try await get(connection, "/hello") == Array("hello".utf8))
        #expect(identities.value == [Array("owner".utf8)])
        let count = try await connection.channel.eventLoop.submit {
            CoAPDTLS.takeSecrets(of: connection)?.masterSecret.count
        }.get()
        #expect(count == 48)
        connection.close()
        try await endpoint.close().get()
    }

    @Test func refused() async throws {
        let authority = try Authority()
        let endpoint = try await CoAPDTLS.bind(
            host: "127.0.0.1", port: 0, server: server(authority), group: testGroup
        ) { _ in PeerServer() }.get()
        let dtls = try client(authority, Authority.device)
        do {
            _ = try await CoAPDTLS.connect(
                host: "127.0.0.1", port: endpoint.port, dtls: dtls, on: testGroup.next()
            ).get()
            Issue.record("connected to somebody else")
        } catch let error as CoAPError {
            #expect(error.code == .secureConnectionFailed)
            #expect(error.cause as? TLSError == TLSError(.wrongIdentity, ""))
        }
        // Plain CoAP is not answered at all.
        let plain = try await CoAPUDP.connect(host: "127.0.0.1", port: endpoint.port, on: testGroup.next()).get()
        await #expect(throws: CoAPError(.timeout, "")) {
            try await plain.send(Message(code: .get, path: "/hello"), timeout: .milliseconds(300)).get()
        }
        plain.close()
        try await endpoint.close().get()
    }

    /// A client twice from the same address; the second time it has forgotten everything.
    @Test func aPeerThatStartsAnew() async throws {
        let authority = try Authority()
        let endpoint = try await CoAPDTLS.bind(
            host: "127.0.0.1", port: 0, server: server(authority), group: testGroup
        ) { _ in PeerServer() }.get()
        var port = 0
        for round in 0..<2 {
            let other = try await CoAPDTLS.bind(
                host: "127.0.0.1", port: port, server: nil, group: testGroup
            ) { _ in NothingServed() }.get()
            port = other.port
            let connection = try await other.peer(
                SocketAddress(ipAddress: "127.0.0.1", port: endpoint.port), client(authority)
            ).get()
            #expect(try await get(connection, "/hello") == Array("hello".utf8), "round \(round)")
            // Gone without a word.
            try await connection.channel.pipeline.addHandler(SilentEnd(), position: .first).get()
            try await other.close().get()
        }
        try await statistics(endpoint) { $0.replacedSessions == 1 && $0.completedHandshakes == 2 }
        try await endpoint.close().get()
    }

    /// Swallows what would go to the network.
    private final class SilentEnd: ChannelOutboundHandler, Sendable {
        typealias OutboundIn = ByteBuffer
        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            promise?.succeed()
        }
    }

    @Test(.enabled(if: Peers.hasLibcoapTLS, "coap-client-openssl is not installed"), arguments: ["openssl", "gnutls"])
    func libcoapsClientByKey(_ library: String) async throws {
        let served = PeerServer()
        let endpoint = try await CoAPDTLS.bind(
            host: "127.0.0.1", port: 0, server: .server(preSharedKeys: Self.keys, identityHint: Array("device".utf8)),
            group: testGroup
        ) { _ in served }.get()
        let key = String(decoding: Self.key, as: UTF8.self)
        for (path, answer) in [("/hello", "hello\n"), ("/big/5000", nil)] {
            let result = try await PeerProcess.result([
                "coap-client-\(library)", "-B", "10", "-u", "owner", "-k", key,
                "coaps://127.0.0.1:\(endpoint.port)\(path)",
            ])
            if let answer { #expect(result.output == answer) }
        }
        #expect(served.requests.value.contains { $0.path == ["big", "5000"] }, "\(served.requests.value)")
        try await endpoint.close().get()
    }

    @Test(.enabled(if: Peers.hasLibcoapTLS, "coap-client-openssl is not installed"), arguments: ["openssl", "gnutls"])
    func libcoapsClientByCertificate(_ library: String) async throws {
        try await withTemporaryFolder { folder in
            let files = try LibcoapTLSTests.Files(folder)
            let dtls = try DTLSConfiguration.server(
                identity: files.named.identity, clientCertificate: .required, trust: files.authority.trust)
            let endpoint = try await CoAPDTLS.bind(host: "127.0.0.1", port: 0, server: dtls, group: testGroup) { _ in
                PeerServer()
            }.get()
            let result = try await PeerProcess.result([
                "coap-client-\(library)", "-B", "10", "-C", files.root, "-c", files.certificate, "-j", files.key,
                "coaps://127.0.0.1:\(endpoint.port)/hello",
            ])
            #expect(result.output == "hello\n")
            try await endpoint.close().get()
        }
    }

    private func talkToLibcoap(_ dtls: DTLSConfiguration, _ port: Int) async throws {
        let connection = try await CoAPDTLS.connect(
            host: "127.0.0.1", port: port, dtls: dtls, on: testGroup.next()
        ).get()
        let put = try await connection.send(
            Message(code: .put, path: "/new", payload: body(3000)), timeout: patience
        ).get()
        #expect(put.code.isSuccess)
        #expect(try await get(connection, "/new") == body(3000))
        connection.close()
    }

    /// A server of libcoap's, and the port it has `coaps` on. The port it takes below may be somebody else's: then
    /// again.
    private func libcoapServer(_ library: String, _ arguments: [String]) async throws -> (PeerProcess, Int) {
        for _ in 0..<5 {
            let port = try await Peers.freePort()
            let server = try PeerProcess(
                ["coap-server-\(library)", "-A", "127.0.0.1", "-p", "\(port - 1)", "-d", "10"] + arguments)
            for _ in 0..<80 {
                // It listens on TCP as well.
                if let channel = try? await ClientBootstrap(group: testGroup).connect(host: "127.0.0.1", port: port)
                    .get()
                {
                    try await channel.close()
                    return (server, port)
                }
                try await Task.sleep(for: .milliseconds(25))
            }
            _ = server.stop()
        }
        throw CoAPError(.connectFailed, "coap-server-\(library) does not start")
    }

    /// On GnuTLS: on OpenSSL libcoap's server takes no ECDHE-PSK suite.
    @Test(.enabled(if: Peers.hasLibcoapTLS, "coap-server-gnutls is not installed"))
    func libcoapsServerByKey() async throws {
        let (server, port) = try await libcoapServer(
            "gnutls", ["-h", "libcoap", "-k", String(decoding: Self.key, as: UTF8.self)])
        try await talkToLibcoap(
            .client(preSharedKey: PreSharedKey(identity: Array("owner".utf8), key: Self.key)), port)
        _ = server.stop()
    }

    @Test(.enabled(if: Peers.hasLibcoapTLS, "coap-server-openssl is not installed"), arguments: ["openssl", "gnutls"])
    func libcoapsServerByCertificate(_ library: String) async throws {
        try await withTemporaryFolder { folder in
            let files = try LibcoapTLSTests.Files(folder)
            let (server, port) = try await libcoapServer(
                library, ["-C", files.root, "-c", files.certificate, "-j", files.key])
            try await talkToLibcoap(
                .client(
                    trust: files.authority.trust, peerName: .hostName("localhost"), identity: files.named.identity),
                port)
            _ = server.stop()
        }
    }
}
