import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

@Suite struct ResumptionTests {
    let house = House.shared

    func client(
        _ resumption: TLSConfiguration.Resumption = .standard, clock: ValidityClock = .system
    ) throws -> TLSConfiguration {
        try .client(
            trust: house.trust, peerName: .ocf(uuid: House.cloudID), identity: house.device(), resumption: resumption,
            clock: clock)
    }

    func server(
        _ resumption: TLSConfiguration.Resumption = .standard, clock: ValidityClock = .system
    ) throws -> TLSConfiguration {
        try .server(
            identity: house.ocf(House.cloudID), clientCertificate: .required, trust: house.trust,
            peerName: .ocf(uuid: nil), resumption: resumption, clock: clock)
    }

    /// A connection that carries a line each way and ends in order.
    func connect(_ client: TLSConfiguration, _ server: TLSConfiguration) throws -> Wire {
        let wire = try Wire(client, server)
        try wire.run()
        wire.client.write("to the server")
        wire.server.write("to the client")
        wire.pump()
        return wire
    }

    @Test(arguments: [
        TLSConfiguration.Resumption.standard, .init(ticketLifetime: 3600, cachedSessions: 0),
        .init(ticketLifetime: 0, cachedSessions: 4),
    ])
    func secondConnectionResumes(resumption: TLSConfiguration.Resumption) throws {
        let (client, server) = (try client(), try server(resumption))
        for expected in [false, true, true] {
            let wire = try connect(client, server)
            #expect(wire.client.recorder.handshake?.isResumed == expected)
            #expect(wire.server.recorder.handshake?.isResumed == expected)
            // Who the peer is stays known.
            #expect(wire.client.recorder.handshake?.peer?.ocfUUID == House.cloudID)
            #expect(wire.server.recorder.handshake?.peer?.ocfUUID == House.deviceID)
            #expect(wire.server.recorder.text == "to the server")
            #expect(wire.client.recorder.text == "to the client")
            wire.client.channel.close(promise: nil)
            wire.pump()
        }
    }

    @Test func eitherSideCanRefuseToResume() throws {
        for (client, server) in [
            (try client(.off), try server()), (try client(), try server(.off)),
        ] {
            for _ in 0..<2 {
                #expect(try connect(client, server).client.recorder.handshake?.isResumed == false)
            }
        }
    }

    @Test func anotherServerMakesAFullHandshake() throws {
        let client = try client()
        _ = try connect(client, server())
        let other = try connect(client, server())
        #expect(other.client.recorder.handshake?.isResumed == false)
        #expect(other.client.recorder.errors == [])
    }

    @Test func expiryIsLookedAtAgain() throws {
        let clock = TestClock()
        let (client, server) = (try client(clock: clock.clock), try server())
        _ = try connect(client, server)
        clock.set(House.validity.to + 1)
        let wire = try connect(client, server)
        #expect(wire.client.recorder.errors.map(\.code) == [.certificateExpired])
        #expect(wire.client.recorder.handshake == nil)
    }

    @Test func expiryOfTheClientIsLookedAtAgain() throws {
        let clock = TestClock()
        let (client, server) = (try client(), try server(clock: clock.clock))
        _ = try connect(client, server)
        clock.set(House.validity.to + 1)
        let wire = try connect(client, server)
        #expect(wire.server.recorder.errors.map(\.code) == [.certificateExpired])
        #expect(wire.server.recorder.handshake == nil)
        #expect(wire.server.recorder.text == "")
        // The refusal makes the client forget: with a new certificate it is let in.
        clock.set(House.validity.from + 7200)
        #expect(try connect(client, server).server.recorder.handshake != nil)
    }
}
