import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

/// What each side says when a certificate or a key is not good enough.
@Suite struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let client: @Sendable (House) throws -> TLSConfiguration
        let server: @Sendable (House) throws -> TLSConfiguration
        let clientError: TLSError.Code
        let serverError: TLSError.Code
        /// The refused certificate's subject and words of the reason.
        let certificate: String?
        let words: [String]
        let refuser: TLSConfiguration.Role
        var testDescription: String { name }

        /// A refusal by the client.
        init(
            _ name: String, client: (@Sendable (House) throws -> TLSConfiguration)? = nil,
            server: @escaping @Sendable (House) throws -> Identity, _ error: TLSError.Code,
            certificate: String? = nil, words: [String] = []
        ) {
            self.name = name
            self.client = client ?? { try .client(trust: $0.trust, peerName: .hostName("localhost")) }
            self.server = { try .server(identity: server($0)) }
            clientError = error
            serverError = .peerAlert
            self.certificate = certificate
            self.words = words
            refuser = .client
        }

        /// A refusal by the server, of a client with `identity`.
        init(
            _ name: String, clientIdentity: @escaping @Sendable (House) throws -> Identity?,
            mode: TLSConfiguration.ClientCertificate = .required,
            peerName: TLSConfiguration.PeerName = .ocf(uuid: nil), _ error: TLSError.Code,
            certificate: String? = nil, words: [String] = []
        ) {
            self.name = name
            client = {
                try .client(
                    trust: $0.trust, peerName: .hostName("localhost"), identity: clientIdentity($0))
            }
            server = {
                try .server(
                    identity: $0.server(), clientCertificate: mode, trust: $0.trust, peerName: peerName)
            }
            clientError = .peerAlert
            serverError = error
            self.certificate = certificate
            self.words = words
            refuser = .server
        }
    }

    static let now = ValidityClock.system.now()
    static let past = CertificateIssuer.Validity(from: now - 20 * 86400, to: now - 86400)
    static let future = CertificateIssuer.Validity(from: now + 86400, to: now + 20 * 86400)

    static let cases: [Case] = [
        Case(
            "wrong authority", server: { try $0.server(issuer: $0.otherRoot) }, .unknownIssuer,
            certificate: "CN=the server", words: ["found issuer \"CN=Other Root\"", "CN=Test Root"]),
        Case(
            "expired leaf", server: { try $0.server(validity: past) }, .certificateExpired,
            certificate: "CN=the server", words: ["expired on \(CertificateTime.text(past.to))"]),
        Case(
            "leaf of tomorrow", server: { try $0.server(validity: future) }, .certificateNotYetValid,
            certificate: "CN=the server", words: ["not valid before \(CertificateTime.text(future.from))"]),
        Case(
            "expired and of a wrong authority", server: { try $0.server(validity: past, issuer: $0.otherRoot) },
            .unknownIssuer),
        Case(
            "expired intermediate",
            server: { house in
                let key = try PrivateKey.generateP256()
                let middle = try house.root.subordinate(
                    .init(commonName: "Old Intermediate", publicKey: key.publicKey(), validity: past, usage: nil),
                    key: key)
                let leaf = try house.server(issuer: middle)
                return try Identity(
                    chain: CertificateChain([leaf.chain.leaf, middle.certificate]), key: house.serverKey)
            }, .certificateExpired, certificate: "CN=Old Intermediate", words: ["1 above the peer's own"]),
        Case(
            "issued by a leaf",
            server: { house in
                let leaf = try house.server()
                let issuer = try CertificateIssuer(certificate: leaf.chain.leaf, key: house.serverKey)
                let forged = try issuer.issue(
                    .init(
                        commonName: "forged", publicKey: house.otherKey.publicKey(), validity: House.validity,
                        names: ["localhost"]))
                return try Identity(chain: CertificateChain([forged, leaf.chain.leaf]), key: house.otherKey)
            }, .unknownIssuer),
        Case(
            "wrong name", server: { try $0.server(names: ["elsewhere.example"]) }, .wrongName,
            certificate: "CN=the server", words: ["found DNS:elsewhere.example", "expected DNS:localhost"]),
        Case(
            "no subjectAltName", server: { try $0.ocf(House.cloudID, commonName: "localhost") }, .wrongName,
            words: ["no subjectAltName"]),
        Case("wrong key", server: { try $0.serverWithWrongKey() }, .badSignature),
        Case(
            "wrong OCF id", client: { try .client(trust: $0.trust, peerName: .ocf(uuid: House.deviceID)) },
            server: { try $0.ocf(House.cloudID) }, .wrongIdentity, certificate: "CN=uuid:\(House.cloudID)",
            words: ["found CN \"uuid:\(House.cloudID)\"", "expected \"uuid:\(House.deviceID)\""]),
        Case(
            "no OCF id in the name", client: { try .client(trust: $0.trust, peerName: .ocf(uuid: nil)) },
            server: { try $0.ocf("", commonName: "cloud") }, .wrongIdentity, words: ["found CN \"cloud\""]),
        Case(
            "an OCF id with a tail", client: { try .client(trust: $0.trust, peerName: .ocf(uuid: nil)) },
            server: { try $0.ocf("", commonName: "uuid:\(House.cloudID)0") }, .wrongIdentity),
        Case(
            "no identity usage",
            client: { try .client(trust: $0.trust, peerName: .ocf(uuid: House.cloudID)) },
            server: { try $0.ocf(House.cloudID, usage: [.server, .client]) }, .notAnIdentity,
            words: ["1.3.6.1.4.1.44924.1.6"]),
        Case(
            "any usage is no identity usage",
            client: { try .client(trust: $0.trust, peerName: .ocf(uuid: House.cloudID)) },
            server: { try $0.ocf(House.cloudID, usage: [.any]) }, .notAnIdentity),
        Case("no client certificate", clientIdentity: { _ in nil }, .noPeerCertificate),
        Case(
            "client of a wrong authority", clientIdentity: { try $0.device(issuer: $0.otherRoot) }, .unknownIssuer,
            certificate: "CN=uuid:\(House.deviceID)"),
        Case(
            "optional client of a wrong authority", clientIdentity: { try $0.device(issuer: $0.otherRoot) },
            mode: .optional,
            .unknownIssuer),
        Case(
            "optional client expired", clientIdentity: { try $0.device(validity: past) }, mode: .optional,
            .certificateExpired),
        Case("expired client", clientIdentity: { try $0.device(validity: past) }, .certificateExpired),
        Case("client with a wrong key", clientIdentity: { try $0.clientWithWrongKey() }, .badSignature),
        Case(
            "client that is no identity",
            clientIdentity: { try $0.ocf(House.deviceID, key: $0.clientKey, usage: [.client]) }, .notAnIdentity),
        Case(
            "optional client that is no identity",
            clientIdentity: { try $0.ocf(House.deviceID, key: $0.clientKey, usage: [.client]) }, mode: .optional,
            .notAnIdentity),
        Case(
            "server's certificate on a client",
            clientIdentity: {
                let identity = try $0.ocf(House.deviceID, key: $0.clientKey, usage: [.server])
                return Identity(unchecked: identity.chain, key: identity.key)
            }, peerName: .any,
            .wrongUsage),
        Case(
            "another client than the one expected", clientIdentity: { try $0.device() },
            peerName: .ocf(uuid: House.cloudID), .wrongIdentity),
    ]

    @Test(arguments: cases) func refused(_ test: Case) throws {
        let house = House.shared
        let wire = try Wire(test.client(house), test.server(house))
        wire.client.write("for a good server only")
        try wire.run()
        #expect(wire.client.recorder.errors.first?.code == test.clientError, "\(wire.client.recorder.errors)")
        #expect(wire.server.recorder.errors.first?.code == test.serverError, "\(wire.server.recorder.errors)")
        #expect(wire.server.recorder.text == "")
        let refuser = test.refuser == .client ? wire.client : wire.server
        #expect(refuser.recorder.handshake == nil)
        #expect(!refuser.channel.isActive)
        let error = try #require(refuser.recorder.errors.first)
        if let certificate = test.certificate { #expect(error.certificate == certificate) }
        for words in test.words { #expect(error.reason.contains(words), "\(error.reason)") }
    }

    @Test func noSuiteInCommon() throws {
        let house = House.shared
        let wire = try Wire(
            .client(trust: house.trust, peerName: .hostName("localhost"), cipherSuites: [.ecdsaAES128CCM8]),
            .server(identity: house.server(), cipherSuites: [.ecdsaAES128GCM]))
        try wire.run()
        #expect(wire.server.recorder.errors.map(\.code) == [.negotiationFailed])
        #expect(wire.client.recorder.errors.map(\.code) == [.peerAlert])
        #expect(wire.client.recorder.errors.first?.alert == 40)
    }

    @Test func theFloorStandsInForAClockThatIsWrong() throws {
        let house = House.shared
        // The board believes it is 1970.
        let bootTime = ValidityClock { 86400 }
        let plain = try TLSConfiguration.client(
            trust: house.trust, peerName: .hostName("localhost"), clock: bootTime)
        let refused = try Wire(plain, .server(identity: house.server()))
        try refused.run()
        #expect(refused.client.recorder.errors.map(\.code) == [.certificateNotYetValid])

        let floor = Self.now
        let kept = try TLSConfiguration.client(
            trust: house.trust, peerName: .hostName("localhost"),
            clock: ValidityClock { max(bootTime.now(), floor) })
        let accepted = try Wire(kept, .server(identity: house.server()))
        try accepted.run()
        #expect(accepted.client.recorder.handshake != nil)

        #expect(ValidityClock.system(floor: { .max }).now() == .max)
        #expect(ValidityClock.system(floor: { 0 }).now() >= Self.now)
    }

    /// The library looks at the system's clock itself; ours has to win in both directions.
    @Test func theGivenTimeWinsOverTheSystemClock() throws {
        let house = House.shared
        let longAgo = TestClock(Self.past.from + 3600)
        let root = try CertificateIssuer.root(
            commonName: "Old Root", key: house.otherKey, validity: Self.past)
        let client = try TLSConfiguration.client(
            trust: TrustAnchors([root.certificate]), peerName: .hostName("localhost"), clock: longAgo.clock)
        let server = try TLSConfiguration.server(identity: house.server(validity: Self.past, issuer: root))
        let wire = try Wire(client, server)
        try wire.run()
        #expect(wire.client.recorder.errors == [])
        #expect(wire.client.recorder.handshake != nil)
    }
}
