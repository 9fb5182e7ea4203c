import Foundation
import NIOCore
import Testing

@testable import TLS

/// Our client against OpenSSL's server.
@Suite(.enabled(if: OpenSSL.isThere, "needs /usr/bin/openssl"), .serialized) struct OpenSSLServerTests {
    let house = House.shared
    let openssl: OpenSSL

    init() throws { openssl = try OpenSSL() }

    func client(
        _ peerName: TLSConfiguration.PeerName = .hostName("localhost"), identity: Identity? = nil,
        suites: [CipherSuite] = CipherSuite.standard, trust: TrustAnchors? = nil
    ) throws -> TLSConfiguration {
        try .client(trust: trust ?? house.trust, peerName: peerName, identity: identity, cipherSuites: suites)
    }

    func server(_ identity: Identity, _ more: [String] = []) async throws -> (child: OpenSSL.Child, port: Int) {
        let files = try openssl.files(identity, "server")
        return try await openssl.server(["-cert", files.certificate, "-key", files.key, "-rev"] + more)
    }

    func exchange(_ configuration: TLSConfiguration, port: Int) async throws -> Seen {
        let (channel, seen) = try await Sockets.connect(configuration, port: port)
        // A refusal may come first; the error seen says so.
        try? await channel.writeAndFlush(ByteBuffer(string: "gatehouse\n"))
        try await eventually("an answer") { seen.text == "esuohetag\n" || !seen.now.errors.isEmpty }
        try? await channel.close()
        return seen
    }

    @Test(arguments: CipherSuite.standard.prefix(6)) func suites(suite: CipherSuite) async throws {
        // CCM-8 has tags of 64 bits: OpenSSL offers it at security level 0 alone.
        let (child, port) = try await server(
            house.server(), ["-tls1_2", "-cipher", "\(suite.description):@SECLEVEL=0"])
        let seen = try await exchange(client(), port: port)
        #expect(seen.now.errors == [])
        #expect(seen.text == "esuohetag\n")
        #expect(seen.now.handshake?.cipherSuite == suite, "\(child.text)")
    }

    @Test(arguments: CipherSuite.standard.suffix(4)) func rsaSuites(suite: CipherSuite) async throws {
        try await openssl.run(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "rsa.key", "-out", "rsa.pem", "-days", "2",
            "-subj", "/CN=rsa", "-addext", "subjectAltName=DNS:localhost")
        let (child, port) = try await openssl.server([
            "-cert", "rsa.pem", "-key", "rsa.key", "-rev", "-tls1_2", "-cipher", suite.description,
        ])
        let trust = try TrustAnchors(file: openssl.path("rsa.pem"))
        let seen = try await exchange(client(suites: [suite], trust: trust), port: port)
        #expect(seen.now.errors == [])
        #expect(seen.now.handshake?.cipherSuite == suite, "\(child.text)")
    }

    @Test func aServerThatPrefersTLS13GetsTLS12() async throws {
        let (_, port) = try await server(house.server())
        #expect(try await exchange(client(), port: port).text == "esuohetag\n")
    }

    @Test(arguments: ["secp384r1", "prime256v1"]) func curves(curve: String) async throws {
        try await openssl.run(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:\(curve)", "-nodes", "-keyout", "ec.key",
            "-out", "ec.pem", "-days", "2", "-subj", "/CN=ec", "-addext", "subjectAltName=IP:127.0.0.1")
        let (_, port) = try await openssl.server([
            "-cert", "ec.pem", "-key", "ec.key", "-rev", "-tls1_2", "-curves", curve,
        ])
        let trust = try TrustAnchors(file: openssl.path("ec.pem"))
        #expect(try await exchange(client(.hostName("127.0.0.1"), trust: trust), port: port).text == "esuohetag\n")
    }

    @Test func mutualAuthentication() async throws {
        let anchors = try openssl.file("ca.pem", house.trust.pem)
        let (_, port) = try await server(
            house.ocf(House.cloudID), ["-Verify", "2", "-verify_return_error", "-CAfile", anchors])
        let peer = TLSConfiguration.PeerName.ocf(uuid: House.cloudID)
        let good = try await exchange(client(peer, identity: house.device()), port: port)
        #expect(good.text == "esuohetag\n")
        #expect(good.now.handshake?.peer?.ocfUUID == House.cloudID)

        let stranger = try await exchange(client(peer, identity: house.device(issuer: house.otherRoot)), port: port)
        #expect(stranger.now.errors.map(\.code) == [.peerAlert])
        #expect(stranger.now.errors.first?.alert == 48)
        let bare = try await exchange(client(peer), port: port)
        #expect(bare.now.errors.map(\.code) == [.peerAlert])
        let wrongKey = try await exchange(client(peer, identity: house.clientWithWrongKey()), port: port)
        #expect(wrongKey.now.errors.map(\.code) == [.peerAlert])
    }

    @Test func refusals() async throws {
        let past = CertificateIssuer.Validity.days(-1, now: ValidityClock.system.now() - 86400)
        let cases: [(Identity, TLSConfiguration.PeerName, TLSError.Code)] = [
            (try house.server(issuer: house.otherRoot), .hostName("localhost"), .unknownIssuer),
            (
                try house.server(validity: .init(from: past.to - 86400, to: past.to)), .hostName("localhost"),
                .certificateExpired
            ),
            (
                try house.server(
                    validity: .init(from: House.validity.from + 86400 * 2, to: House.validity.to)),
                .hostName("localhost"), .certificateNotYetValid
            ),
            (try house.server(names: ["other.example"]), .hostName("localhost"), .wrongName),
            (
                Identity(unchecked: try house.server(usage: [.client]).chain, key: house.serverKey),
                .hostName("localhost"), .wrongUsage
            ),
            (try house.ocf(House.cloudID), .ocf(uuid: House.deviceID), .wrongIdentity),
            (try house.server(), .ocf(uuid: House.cloudID), .notAnIdentity),
        ]
        for (identity, peer, code) in cases {
            let (child, port) = try await server(identity)
            let seen = try await exchange(client(peer), port: port)
            #expect(seen.now.errors.map(\.code) == [code])
            #expect(seen.now.handshake == nil)
            child.signal(SIGTERM)
        }
    }

    /// What our own writer cannot make: two names, a weak hash, a weak key.
    @Test func oddCertificates() async throws {
        let cases: [(name: String, arguments: [String], peer: TLSConfiguration.PeerName, code: TLSError.Code)] = [
            (
                "twonames",
                [
                    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj",
                    "/CN=uuid:\(House.cloudID)/CN=uuid:\(House.deviceID)", "-addext",
                    "extendedKeyUsage=serverAuth,1.3.6.1.4.1.44924.1.6",
                ], .ocf(uuid: House.cloudID), .wrongIdentity
            ),
            (
                "sha1",
                [
                    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha1", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost",
                ], .hostName("localhost"), .weakCertificate
            ),
            (
                "rsa1024",
                ["-newkey", "rsa:1024", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                .hostName("localhost"), .weakCertificate
            ),
        ]
        try await openssl.run(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "oddca.key",
            "-out", "oddca.pem", "-days", "2", "-subj", "/CN=Odd Root")
        let trust = try TrustAnchors(file: openssl.path("oddca.pem"))
        for test in cases {
            let issue =
                ["req", "-x509", "-CA", "oddca.pem", "-CAkey", "oddca.key", "-nodes", "-days", "2"]
                + ["-keyout", "\(test.name).key", "-out", "\(test.name).pem"] + test.arguments
            try await openssl.run(issue)
            let (child, port) = try await openssl.server([
                "-cert", "\(test.name).pem", "-key", "\(test.name).key", "-rev", "-tls1_2", "-cipher",
                "DEFAULT:@SECLEVEL=0",
            ])
            let seen = try await exchange(client(test.peer, trust: trust), port: port)
            #expect(seen.now.errors.map(\.code) == [test.code], "\(test.name)")
            child.signal(SIGTERM)
        }
    }

    @Test(arguments: [[], ["-no_ticket"]]) func resumption(options: [String]) async throws {
        let (_, port) = try await server(house.server(), ["-tls1_2"] + options)
        let configuration = try client()
        for expected in [false, true, true] {
            let seen = try await exchange(configuration, port: port)
            #expect(seen.text == "esuohetag\n")
            #expect(seen.now.handshake?.isResumed == expected)
            #expect(seen.now.handshake?.peer?.subjectCommonName == "the server")
        }
    }

    @Test func applicationProtocol() async throws {
        let (_, port) = try await server(house.server(), ["-alpn", "coap"])
        let configuration = try TLSConfiguration.client(
            trust: house.trust, peerName: .hostName("localhost"), applicationProtocols: ["h2", "coap"])
        #expect(try await exchange(configuration, port: port).now.handshake?.applicationProtocol == "coap")
    }

    @Test func tenMegabytesBothWays() async throws {
        let files = try openssl.files(house.server(), "server")
        let (child, port) = try await openssl.server(["-cert", files.certificate, "-key", files.key, "-tls1_2"])
        let size = 10 << 20
        // The output has OpenSSL's own words around the data: bytes that its words lack are counted.
        let down = Data(repeating: 0x07, count: size)
        let (channel, seen) = try await Sockets.connect(client(), port: port, .send(size, thenClose: false))
        child.write(down)
        let sent = TransferTests.pattern(size)
        try await eventually("all down") { seen.now.received.count >= size || !seen.now.errors.isEmpty }
        try await eventually("all up") { child.bytes.count >= size }
        #expect(seen.now.errors == [])
        expectEqual(seen.now.received, Array(down))
        #expect(child.bytes.range(of: Data(sent.readableBytesView.prefix(1000))) != nil)
        #expect(child.bytes.range(of: Data(sent.readableBytesView.suffix(1000))) != nil)
        try await channel.close()
    }

    @Test func aKilledServerIsATruncation() async throws {
        let (child, port) = try await server(house.server())
        let (channel, seen) = try await Sockets.connect(client(), port: port)
        try await eventually("the handshake") { seen.now.handshake != nil }
        child.signal(SIGKILL)
        try await eventually("the end") { seen.now.isClosed }
        #expect(seen.now.errors.map(\.code) == [.truncated])
        try? await channel.closeFuture.get()
    }
}
