import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

@Suite struct HandshakeTests {
    let house = House.shared

    func hostClient(_ name: String = "localhost") throws -> TLSConfiguration {
        try .client(trust: house.trust, peerName: .hostName(name))
    }

    @Test(arguments: [nil, 1, 7, 100] as [Int?])
    func dataGoesBothWays(slice: Int?) throws {
        let wire = try Wire(hostClient(), .server(identity: house.server()), slice: slice)
        wire.client.write("before the handshake")
        try wire.run()
        wire.server.write("hello")
        wire.pump()
        #expect(wire.client.recorder.errors == [])
        #expect(wire.server.recorder.errors == [])
        #expect(wire.server.recorder.text == "before the handshake")
        #expect(wire.client.recorder.text == "hello")
        let completed = try #require(wire.client.recorder.handshake)
        #expect(completed.peer?.subjectCommonName == "the server")
        #expect(completed.peer?.fingerprint.count == 32)
        #expect(completed.cipherSuite == .ecdsaAES128GCM)
        #expect(!completed.isResumed)
        #expect(wire.server.recorder.handshake?.peer == nil)
    }

    @Test(arguments: CipherSuite.standard.prefix(6))
    func everySuiteWorks(suite: CipherSuite) throws {
        let client = try TLSConfiguration.client(
            trust: house.trust, peerName: .hostName("localhost"), cipherSuites: [suite])
        let wire = try Wire(client, .server(identity: house.server()))
        wire.client.write("ping")
        try wire.run()
        #expect(wire.server.recorder.handshake?.cipherSuite == suite)
        #expect(wire.server.recorder.text == "ping")
    }

    @Test(arguments: ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1", "a.house.example"])
    func namesThatFit(name: String) throws {
        let server = try TLSConfiguration.server(
            identity: house.server(names: ["localhost", "127.0.0.1", "::1", "*.house.example"]))
        let wire = try Wire(hostClient(name), server)
        try wire.run()
        #expect(wire.client.recorder.errors == [])
        #expect(wire.client.recorder.handshake != nil)
    }

    @Test(arguments: [
        "house.example", "a.b.house.example", "ahouse.example", ".house.example", "127.0.0.2", "::2", "localhos",
    ])
    func namesThatDoNotFit(name: String) throws {
        let server = try TLSConfiguration.server(
            identity: house.server(names: ["localhost", "127.0.0.1", "::1", "*.house.example", "*.example", "*"]))
        let wire = try Wire(hostClient(name), server)
        try wire.run()
        #expect(wire.client.recorder.errors.map(\.code) == [.wrongName])
        #expect(wire.client.recorder.handshake == nil)
        #expect(wire.client.recorder.errors.first?.reason.contains("found DNS:localhost, IP:127.0.0.1, IP:::1") == true)
    }

    @Test func mutualAuthenticationByIdentity() throws {
        let client = try TLSConfiguration.client(
            trust: house.trust, peerName: .ocf(uuid: House.cloudID.uppercased()), identity: house.device())
        let server = try TLSConfiguration.server(
            identity: house.ocf(House.cloudID), clientCertificate: .required, trust: house.trust,
            peerName: .ocf(uuid: nil))
        let wire = try Wire(client, server)
        try wire.run()
        #expect(wire.client.recorder.handshake?.peer?.ocfUUID == House.cloudID)
        let peer = try #require(wire.server.recorder.handshake?.peer)
        #expect(peer.ocfUUID == House.deviceID)
        #expect(peer.leaf.extendedKeyUsage == [.server, .client, .ocfIdentity])
        #expect(peer.fingerprint == Cryptography.sha256(peer.leaf.der))
    }

    @Test func optionalClientCertificateMayBeMissing() throws {
        let server = try TLSConfiguration.server(
            identity: house.server(), clientCertificate: .optional, trust: house.trust, peerName: .ocf(uuid: nil))
        let bare = try Wire(hostClient(), server)
        try bare.run()
        #expect(bare.server.recorder.handshake != nil)
        #expect(bare.server.recorder.handshake?.peer == nil)

        let client = try TLSConfiguration.client(
            trust: house.trust, peerName: .hostName("localhost"), identity: house.device())
        let known = try Wire(client, server)
        try known.run()
        #expect(known.server.recorder.handshake?.peer?.ocfUUID == House.deviceID)
    }

    @Test func chainsOverAnIntermediate() throws {
        let leaf = try house.server(issuer: house.intermediate)
        let whole = try Identity(
            chain: CertificateChain([leaf.chain.leaf, house.intermediate.certificate]), key: house.serverKey)

        let good = try Wire(hostClient(), .server(identity: whole))
        try good.run()
        #expect(good.client.recorder.handshake?.peer?.chain.count == 2)

        let broken = try Wire(hostClient(), .server(identity: leaf))
        try broken.run()
        #expect(broken.client.recorder.errors.map(\.code) == [.unknownIssuer])

        let anchored = try TLSConfiguration.client(
            trust: TrustAnchors([house.intermediate.certificate]), peerName: .hostName("localhost"))
        let direct = try Wire(anchored, .server(identity: leaf))
        try direct.run()
        #expect(direct.client.recorder.handshake != nil)
    }

    @Test func applicationProtocols() throws {
        let client = try TLSConfiguration.client(
            trust: house.trust, peerName: .hostName("localhost"), applicationProtocols: ["http/1.1", "coap"])
        let server = try TLSConfiguration.server(identity: house.server(), applicationProtocols: ["coap"])
        let wire = try Wire(client, server)
        try wire.run()
        #expect(wire.client.recorder.handshake?.applicationProtocol == "coap")
        #expect(wire.server.recorder.handshake?.applicationProtocol == "coap")

        let other = try TLSConfiguration.server(identity: house.server(), applicationProtocols: ["xmpp-client"])
        let refused = try Wire(client, other)
        try refused.run()
        #expect(refused.client.recorder.errors.map(\.code) == [.peerAlert])
        #expect(refused.client.recorder.errors.first?.alert == 120)
    }

    @Test func serverNameGoesOutForHostNamesOnly() throws {
        func hello(_ peer: TLSConfiguration.PeerName) throws -> [UInt8] {
            let end = try End(.client(trust: house.trust, peerName: peer))
            try end.connect()
            return Array(try #require(try end.outbound()).readableBytesView)
        }
        // Extension 0, its length, the list's length, host_name, the name's length (RFC 6066 3).
        let name: [UInt8] = [0, 0, 0, 14, 0, 12, 0, 0, 9] + Array("localhost".utf8)
        #expect(try hello(.hostName("localhost")).contains(name))
        #expect(try hello(.hostName("localhost.")).contains(name))
        for peer in [.hostName("127.0.0.1"), .hostName("::1"), .ocf(uuid: House.cloudID), .any]
            as [TLSConfiguration
            .PeerName]
        {
            let bytes = try hello(peer)
            #expect(!bytes.contains(Array("127.0.0.1".utf8)))
            #expect(!bytes.contains(Array(House.cloudID.utf8)))
            #expect(!bytes.contains([0, 0, 0, 14, 0, 12, 0, 0, 9]))
        }
    }

    @Test func handshakeHasATimeLimit() throws {
        let end = try End(.server(identity: house.server()), limits: TLSLimits(handshakeTimeout: .seconds(3)))
        try end.connect()
        end.channel.embeddedEventLoop.advanceTime(by: .milliseconds(2999))
        #expect(end.recorder.errors == [])
        end.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(end.recorder.errors.map(\.code) == [.handshakeTimeout])
        #expect(!end.channel.isActive)
    }

    @Test func timeLimitEndsWithTheHandshake() throws {
        let wire = try Wire(hostClient(), .server(identity: house.server()))
        try wire.run()
        wire.server.channel.embeddedEventLoop.advanceTime(by: .hours(1))
        wire.client.channel.embeddedEventLoop.advanceTime(by: .hours(1))
        wire.client.write("still here")
        wire.pump()
        #expect(wire.server.recorder.text == "still here")
    }

    @Test func writesFailWithTheReasonOfTheHandshake() throws {
        let client = try TLSConfiguration.client(
            trust: TrustAnchors([house.otherRoot.certificate]), peerName: .hostName("localhost"))
        let wire = try Wire(client, .server(identity: house.server()))
        let promise = wire.client.channel.eventLoop.makePromise(of: Void.self)
        wire.client.channel.writeAndFlush(ByteBuffer(string: "secret"), promise: promise)
        try wire.run()
        #expect(throws: TLSError(.unknownIssuer, "")) { try promise.futureResult.wait() }
        #expect(wire.server.recorder.text == "")
    }
}

extension [UInt8] {
    func contains(_ other: [UInt8]) -> Bool {
        guard count >= other.count else { return false }
        return indices.dropLast(other.count - 1).contains { start in Array(self[start..<(start + other.count)]) == other
        }
    }
}
