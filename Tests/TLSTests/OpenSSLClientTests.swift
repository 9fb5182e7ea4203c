import Foundation
import NIOCore
import Synchronization
import Testing

@testable import TLS

/// OpenSSL's client against our server.
@Suite(.enabled(if: OpenSSL.isThere, "needs /usr/bin/openssl"), .serialized) struct OpenSSLClientTests {
    let house = House.shared
    let openssl: OpenSSL

    init() throws { openssl = try OpenSSL() }

    /// Our server and what its connections saw, the first connection first.
    func listen(
        _ configuration: TLSConfiguration, _ behaviour: Behaviour = .echo, halfClosure: Bool = false
    ) async throws -> (channel: any Channel, port: Int, connections: Connections) {
        let connections = Connections()
        let (channel, port) = try await Sockets.listen(configuration, behaviour, halfClosure: halfClosure) {
            connections.add($0)
        }
        return (channel, port, connections)
    }

    final class Connections: Sendable {
        private let all = Mutex<[Seen]>([])
        func add(_ seen: Seen) { all.withLock { $0.append(seen) } }
        var last: Seen? { all.withLock { $0.last } }
        var count: Int { all.withLock { $0.count } }
    }

    /// Runs `s_client` with `input`, until it has printed `answer` or ended.
    @discardableResult
    func connect(_ port: Int, _ arguments: [String] = [], input: String = "gatehouse\n", answer: String? = "gatehouse")
        async throws -> OpenSSL.Child
    {
        let anchors = try openssl.file("ca.pem", house.trust.pem)
        let child = try openssl.child(
            ["s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", anchors, "-verify_return_error", "-tls1_2"]
                + ["-nocommands"] + arguments)
        child.write(Data(input.utf8))
        if let answer {
            try await eventually("an answer") { child.text.contains(answer) || !child.isRunning }
        }
        child.closeInput()
        try await child.exit()
        return child
    }

    @Test func namedServer() async throws {
        let server = try await listen(.server(identity: house.server()))
        let child = try await connect(
            server.port, ["-verify_hostname", "localhost", "-servername", "localhost"])
        #expect(child.status == 0, "\(child.text)")
        #expect(child.text.contains("gatehouse"))
        let seen = try #require(server.connections.last)
        try await eventually("closed") { seen.now.isClosed }
        // s_client says close_notify at the end of its input.
        #expect(seen.now.errors == [])
        #expect(seen.now.handshake?.peer == nil)
        try await server.channel.close()
    }

    @Test(arguments: CipherSuite.standard.prefix(6)) func suites(suite: CipherSuite) async throws {
        let server = try await listen(.server(identity: house.server()))
        let child = try await connect(server.port, ["-cipher", "\(suite.description):@SECLEVEL=0"])
        #expect(child.status == 0, "\(child.text)")
        #expect(server.connections.last?.now.handshake?.cipherSuite == suite)
        try await server.channel.close()
    }

    @Test func anRSAServer() async throws {
        try await openssl.run(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "rsa.key", "-out", "rsa.pem", "-days", "2",
            "-subj", "/CN=rsa", "-addext", "subjectAltName=DNS:localhost")
        let identity = try Identity(
            certificateFile: openssl.path("rsa.pem"), keyFile: openssl.path("rsa.key"))
        #expect(!identity.key.isEllipticCurve)
        let server = try await listen(.server(identity: identity))
        let child = try await connect(server.port, ["-CAfile", openssl.path("rsa.pem")])
        #expect(child.status == 0, "\(child.text)")
        #expect(server.connections.last?.now.handshake?.cipherSuite == .rsaAES128GCM)
        try await server.channel.close()
    }

    @Test func otherKeyFormats() async throws {
        try await openssl.run("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "sec1.pem")
        try await openssl.run("pkcs8", "-topk8", "-nocrypt", "-in", "sec1.pem", "-out", "pkcs8.pem")
        let plain = try PrivateKey(file: openssl.path("sec1.pem"))
        #expect(plain.bits == 384)
        #expect(try PrivateKey(file: openssl.path("pkcs8.pem")).der() == plain.der())
        try await openssl.run("ec", "-in", "sec1.pem", "-aes128", "-passout", "pass:x", "-out", "old.pem")
        try await openssl.run(
            "pkcs8", "-topk8", "-in", "sec1.pem", "-passout", "pass:x", "-out", "new.pem")
        for name in ["old.pem", "new.pem"] {
            #expect(throws: TLSError(.encryptedKey, "")) { try PrivateKey(file: openssl.path(name)) }
        }
        try await openssl.run("genpkey", "-algorithm", "ed25519", "-out", "ed.pem")
        #expect(throws: TLSError.self) { try PrivateKey(file: openssl.path("ed.pem")) }
        // What we write, OpenSSL reads.
        let file = try openssl.file("ours.pem", House.shared.serverKey.pem())
        #expect(try await openssl.run("ec", "-in", file, "-noout", "-text").contains("prime256v1"))
        let request = try CertificateRequest(subject: "CN=uuid:\(House.deviceID)", key: house.clientKey)
        let text = try await openssl.run(
            "req", "-in", openssl.file("ours.csr", request.pem), "-noout", "-text", "-verify")
        #expect(text.contains("verify OK"))
        #expect(text.contains("uuid:\(House.deviceID)"))
    }

    @Test func mutualAuthentication() async throws {
        let server = try await listen(
            .server(
                identity: house.ocf(House.cloudID), clientCertificate: .required, trust: house.trust,
                peerName: .ocf(uuid: nil)))
        let device = try openssl.files(house.device(), "device")
        let child = try await connect(server.port, ["-cert", device.certificate, "-key", device.key])
        #expect(child.status == 0, "\(child.text)")
        #expect(server.connections.last?.now.handshake?.peer?.ocfUUID == House.deviceID)
        try await server.channel.close()
    }

    @Test func refusals() async throws {
        let server = try await listen(
            .server(
                identity: house.ocf(House.cloudID), clientCertificate: .required, trust: house.trust,
                peerName: .ocf(uuid: nil)))
        let past = CertificateIssuer.Validity(from: House.validity.from - 86400 * 9, to: House.validity.from - 86400)
        let future = CertificateIssuer.Validity(from: House.validity.from + 86400, to: House.validity.to)
        let cases: [(Identity?, TLSError.Code, alert: String)] = [
            (nil, .noPeerCertificate, "alert handshake failure"),
            (try house.device(issuer: house.otherRoot), .unknownIssuer, "alert unknown ca"),
            (try house.device(validity: past), .certificateExpired, "alert certificate expired"),
            (try house.device(validity: future), .certificateNotYetValid, "alert"),
            (try house.ocf(House.deviceID, key: house.clientKey, usage: [.client]), .notAnIdentity, "alert"),
            (
                try house.ocf(House.deviceID, key: house.clientKey, usage: [.ocfIdentity, .server]), .wrongUsage,
                "alert"
            ),
            (try house.ocf("", key: house.clientKey, commonName: "someone"), .wrongIdentity, "alert"),
        ]
        for (identity, code, alert) in cases {
            var arguments: [String] = []
            if let identity {
                let files = try openssl.files(identity, "client")
                arguments = ["-cert", files.certificate, "-key", files.key]
            }
            let before = server.connections.count
            let child = try await connect(server.port, arguments, answer: nil)
            try await eventually("the connection") { server.connections.count > before }
            let seen = try #require(server.connections.last)
            try await eventually("refused") { seen.now.isClosed }
            #expect(seen.now.errors.map(\.code) == [code])
            #expect(seen.text == "")
            #expect(child.status != 0)
            #expect(child.text.contains(alert), "\(code): \(child.text)")
        }
        try await server.channel.close()
    }

    /// The other side of the coin: what OpenSSL refuses in us.
    @Test func itRefusesAWrongKeyOfOurs() async throws {
        let server = try await listen(.server(identity: house.serverWithWrongKey()))
        let child = try await connect(server.port, answer: nil)
        #expect(child.status != 0)
        let seen = try #require(server.connections.last)
        try await eventually("refused") { seen.now.isClosed }
        #expect(seen.now.errors.map(\.code) == [.peerAlert])
        #expect(seen.now.errors.first?.alert == 51)
        try await server.channel.close()
    }

    @Test func oldVersionsAreRefused() async throws {
        let server = try await listen(.server(identity: house.server()))
        let child = try openssl.child([
            "s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0",
        ])
        try await child.exit()
        #expect(child.status != 0)
        let seen = try #require(server.connections.last)
        try await eventually("refused") { seen.now.isClosed }
        #expect(seen.now.errors.map(\.code) == [.negotiationFailed])
        try await server.channel.close()
    }

    @Test(arguments: [[], ["-no_ticket"]]) func resumption(options: [String]) async throws {
        let server = try await listen(
            .server(
                identity: house.ocf(House.cloudID), clientCertificate: .required, trust: house.trust,
                peerName: .ocf(uuid: nil)))
        let device = try openssl.files(house.device(), "device")
        let session = openssl.path("session.pem")
        var arguments = ["-cert", device.certificate, "-key", device.key, "-sess_out", session] + options
        for expected in [false, true] {
            let child = try await connect(server.port, arguments)
            #expect(child.status == 0, "\(child.text)")
            let handshake = try #require(server.connections.last?.now.handshake)
            #expect(handshake.isResumed == expected)
            #expect(handshake.peer?.ocfUUID == House.deviceID)
            #expect(child.text.contains(expected ? "Reused, TLSv1.2" : "New, TLSv1.2"))
            arguments += ["-sess_in", session]
        }
        try await server.channel.close()
    }

    @Test func tenMegabytesUp() async throws {
        let server = try await listen(.server(identity: house.server()), .listen)
        let data = Data(TransferTests.pattern(10 << 20).readableBytesView)
        let child = try openssl.child(
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_2", "-quiet", "-no_ign_eof", "-nocommands"])
        child.write(data, thenClose: true)
        try await eventually("a connection") { server.connections.last != nil }
        let seen = try #require(server.connections.last)
        try await eventually("all, and the end") { seen.now.isClosed }
        expectEqual(seen.now.received, Array(data))
        #expect(seen.now.errors == [])
        try await server.channel.close()
    }

    @Test func tenMegabytesDown() async throws {
        let size = 10 << 20
        let server = try await listen(.server(identity: house.server()), .send(size, thenClose: true))
        let anchors = try openssl.file("ca.pem", house.trust.pem)
        let child = try openssl.child([
            "s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_2", "-quiet", "-CAfile", anchors,
            "-verify_quiet", "-servername", "localhost",
        ])
        let data = Data(TransferTests.pattern(size).readableBytesView)
        try await eventually("all") { child.bytes.count >= size || !child.isRunning }
        try await child.exit()
        try await eventually("the rest of the pipe") { child.bytes.count >= size }
        expectEqual(Array(child.bytes), Array(data))
        let seen = try #require(server.connections.last)
        try await eventually("closed") { seen.now.isClosed }
        #expect(seen.now.errors == [])
        try await server.channel.close()
    }
}
