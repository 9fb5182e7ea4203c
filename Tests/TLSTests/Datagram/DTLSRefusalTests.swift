import NIOCore
import Testing

@testable import TLS

/// Wrong peers, by code, at both ends.
@Suite struct DTLSRefusalTests {
    let house = House.shared

    private func errors(_ server: DTLSConfiguration, _ client: DTLSConfiguration) throws -> (
        client: [TLSError], server: [TLSError]
    ) {
        let network = Network(server)
        try network.connect(client)
        network.run(.seconds(30))
        #expect(try network.atClient().completed.isEmpty || network.atServer().completed.isEmpty)
        #expect(network.server.peers.isEmpty)
        return (try network.atClient().errors, try network.atServer().errors)
    }

    private func server(_ identity: Identity) throws -> DTLSConfiguration {
        try .server(identity: identity, clientCertificate: .required, trust: house.trust, peerName: .ocf(uuid: nil))
    }

    private func client(_ identity: Identity?) throws -> DTLSConfiguration {
        try .client(trust: house.trust, peerName: .ocf(uuid: House.cloudID), identity: identity)
    }

    @Test func serversCertificate() throws {
        let now = ValidityClock.system.now()
        let cases: [(Identity, TLSError.Code)] = [
            (try house.ocf(House.cloudID, issuer: house.otherRoot), .unknownIssuer),
            (try house.ocf(House.deviceID), .wrongIdentity),
            (try house.ocf(House.cloudID, commonName: "a name"), .wrongIdentity),
            (try house.ocf(House.cloudID, usage: [.server, .client]), .notAnIdentity),
            (
                try house.ocf(
                    House.cloudID, validity: .init(from: now - 9000, to: now - 4000)), .certificateExpired
            ),
            (
                try house.ocf(
                    House.cloudID, validity: .init(from: now + 4000, to: now + 9000)),
                .certificateNotYetValid
            ),
        ]
        for (identity, code) in cases {
            let found = try errors(server(identity), client(house.device()))
            #expect(found.client == [TLSError(code, "")])
            #expect(found.server == [TLSError(.peerAlert, "")])
        }
        let wrongKey = Identity(unchecked: try house.ocf(House.cloudID).chain, key: house.otherKey)
        #expect(try errors(server(wrongKey), client(house.device())).client == [TLSError(.badSignature, "")])
    }

    @Test func clientsCertificate() throws {
        let now = ValidityClock.system.now()
        let cases: [(Identity?, TLSError.Code)] = [
            (nil, .noPeerCertificate),
            (try house.device(issuer: house.otherRoot), .unknownIssuer),
            (try house.ocf(House.deviceID, usage: [.server, .client]), .notAnIdentity),
            (try house.clientWithWrongKey(), .badSignature),
            (try house.device(validity: .init(from: now - 9000, to: now - 4000)), .certificateExpired),
            (try house.device(validity: .init(from: now + 4000, to: now + 9000)), .certificateNotYetValid),
        ]
        for (identity, code) in cases {
            let found = try errors(server(house.ocf(House.cloudID)), client(identity))
            #expect(found.server == [TLSError(code, "")])
            #expect(found.client == [TLSError(.peerAlert, "")])
        }
    }

    @Test func keys() throws {
        let server = try DTLSConfiguration.server(preSharedKeys: House.keys)
        func client(_ identity: [UInt8], _ key: [UInt8]) throws -> DTLSConfiguration {
            try .client(preSharedKey: PreSharedKey(identity: identity, key: key))
        }
        let wrong = [UInt8](repeating: 9, count: 16)
        let unknown = try errors(server, client([1, 2], House.key))
        #expect(unknown.server == [TLSError(.unknownIdentity, "")])
        #expect(unknown.client.first?.alert == 115)
        #expect(try errors(server, client(House.keyIdentity, wrong)).server == [TLSError(.badRecord, "")])
        // A key that is too short counts as none.
        let short = try DTLSConfiguration.server(preSharedKeys: PreSharedKeys { _ in [1, 2, 3] })
        #expect(try errors(short, client(House.keyIdentity, House.key)).server == [TLSError(.unknownIdentity, "")])
        // Nothing in common.
        let nothing = try errors(house.dtlsServer(), client(House.keyIdentity, House.key))
        #expect(nothing.client.first?.code == .peerAlert)
    }

    /// A suite without identities is offered by its own configuration alone.
    @Test func anonymousIsNotForClientsWithNames() throws {
        let found = try errors(.anonymousServer(), client(house.device()))
        #expect(found.client.first?.code == .peerAlert)
        let keyed = try errors(
            .anonymousServer(), .client(preSharedKey: PreSharedKey(identity: House.keyIdentity, key: House.key)))
        #expect(keyed.client.first?.code == .peerAlert)
    }

    @Test func configurations() throws {
        let identity = try house.ocf(House.cloudID)
        let invalid = TLSError(.invalidConfiguration, "")
        #expect(throws: invalid) { try DTLSConfiguration.server(identity: identity, cipherSuites: [.pskAES128CBC]) }
        #expect(throws: invalid) { try DTLSConfiguration.server(identity: identity, cipherSuites: [.ocfAnonymous]) }
        #expect(throws: invalid) {
            try DTLSConfiguration.client(trust: house.trust, peerName: .any, cipherSuites: [.pskAES128CBC])
        }
        #expect(throws: invalid) { try DTLSConfiguration.client(trust: TrustAnchors([]), peerName: .any) }
        #expect(throws: invalid) {
            try DTLSConfiguration.server(preSharedKeys: House.keys, identityHint: [UInt8](repeating: 1, count: 65))
        }
        for (identity, key) in [(0, 16), (129, 16), (16, 15), (16, 33)] {
            #expect(throws: invalid) {
                try DTLSConfiguration.client(
                    preSharedKey: PreSharedKey(
                        identity: [UInt8](repeating: 1, count: identity), key: [UInt8](repeating: 1, count: key)))
            }
        }
        let endpoint = DTLSEndpoint(serverConfiguration: nil)
        var events: [DTLSEndpoint.Event] = []
        #expect(throws: invalid) {
            try endpoint.connect(to: Network.address(), house.dtlsServer(), now: .now(), into: &events)
        }
    }
}
