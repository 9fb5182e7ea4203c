import Foundation
import NIOCore
import TLS
import Testing

@testable import XMPP

@Suite("With Prosody and ejabberd", .serialized, .timeLimit(.minutes(3)))
struct ServerTests {
    private let echo = XMLElement("echo", "urn:test", text: "ä<&>")

    @Test("Two accounts: friends, questions, messages, discovery, an orderly end", arguments: XMPPServer.Kind.allCases)
    func life(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        let gateway = try await Station(server.configuration("gateway", resource: "g"))
        let reader = try await Station(server.configuration("reader", security: .direct))
        try await gateway.online()
        try await reader.online()
        let gatewayAddress = try await gateway.address
        let readerAddress = try await reader.address
        #expect(gatewayAddress == JID("gateway@localhost/g"))
        #expect(try await gateway.on { $0.connection.status.isEncrypted && $0.connection.status.isResumable })

        // Friends: each asks, the other agrees; both see it in the roster and are told of presence.
        try await reader.on { $0.session.subscribe(to: gatewayAddress) }
        try await gateway.on { $0.session.subscribe(to: readerAddress) }
        try await gateway.eventually("friends") { $0.session.roster[readerAddress]?.subscription == .both }
        try await reader.eventually("friends") { $0.session.roster.isFriend(gatewayAddress) }
        try await reader.eventually("presence") { $0.session.resources(of: gatewayAddress) == [gatewayAddress] }

        #expect(try await reader.ask(echo, to: gatewayAddress).get() == echo)
        #expect(try await reader.ask(XMLElement("ping", Namespace.ping), to: gatewayAddress).get() == nil)
        #expect(try await reader.ask(XMLElement("ping", Namespace.ping), to: gatewayAddress.server).get() == nil)
        for (payload, condition) in [
            (XMLElement("none", "urn:none"), StanzaError.Condition.serviceUnavailable),
            (XMLElement("other", "urn:test"), .featureNotImplemented),
        ] {
            guard case .failure(.refused(let error, _)) = try await reader.ask(payload, to: gatewayAddress) else {
                Issue.record("answered")
                continue
            }
            #expect(error.condition == condition)
        }
        let info = try await reader.ask(XMLElement("query", Namespace.discoInfo), to: gatewayAddress).get()
        let capabilities = try await reader.on { $0.session.capabilities(of: gatewayAddress) }
        #expect(info.flatMap { DiscoInfo($0) }.map { capabilities?.match($0) } == true)

        try await reader.on {
            $0.session.send(Message([XMLElement("x", "urn:test", text: "1")], to: gatewayAddress.bare))
        }
        try await gateway.eventually("message") { $0.messages.first?.from == readerAddress }

        // Roster: a name, and the end of a friendship.
        let named = loopPromise(gateway)
        try await gateway.on { parts in
            parts.session.setContact(.init(readerAddress, name: "R", groups: ["house"])) { named.succeed($0) }
        }
        #expect(try await named.futureResult.get() == .success(nil))
        try await gateway.eventually("name") { $0.session.roster[readerAddress]?.name == "R" }
        let removed = loopPromise(gateway)
        try await gateway.on { $0.session.removeContact(readerAddress) { removed.succeed($0) } }
        #expect(try await removed.futureResult.get() == .success(nil))
        try await gateway.eventually("removed") { $0.session.roster[readerAddress] == nil }
        try await reader.eventually("no longer friends") { !$0.session.roster.isFriend(gatewayAddress) }

        try await gateway.stop()
        #expect(try await gateway.on { $0.session.state } == .offline)
        #expect(try await gateway.on { $0.connection.status.trouble } == nil)
        try await reader.stop()
    }

    private func loopPromise(_ station: Station) -> EventLoopPromise<Result<XMLElement?, IQFailure>> {
        station.loop.makePromise(of: Result<XMLElement?, IQFailure>.self)
    }

    @Test("SCRAM with SHA-1, and a password that is wrong", arguments: XMPPServer.Kind.allCases)
    func passwords(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind, options: .init(isSHA256: false))
        let station = try await Station(server.configuration("gateway"))
        try await station.online()
        #expect(try await station.on { $0.connection.salted?.derivation.hash } == .sha1)
        var configuration = try server.configuration("reader")
        configuration.credentials = .password(Array("wrong".utf8))
        let wrong = try await Station(configuration)
        #expect(try await wrong.trouble().code == .credentialsRefused)
        #expect(try await wrong.on { $0.connection.status.state } == "waiting")
        configuration.credentials = .password(Array(XMPPServer.password.utf8))
        configuration.jid = try #require(JID("nobody@localhost"))
        let nobody = try await Station(configuration)
        #expect(try await nobody.trouble().code == .credentialsRefused)
    }

    @Test("A component: asked, answering, from addresses of its own", arguments: XMPPServer.Kind.allCases)
    func component(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        let component = try await Station(server.componentConfiguration())
        let reader = try await Station(server.configuration("reader"))
        try await component.online()
        try await reader.online()
        let readerAddress = try await reader.address
        let domain = try #require(JID(XMPPServer.component))
        #expect(try await reader.ask(echo, to: domain).get() == echo)
        #expect(try await component.ask(echo, to: readerAddress).get() == echo)
        try await component.on {
            let from = JID(local: "lamp", domain: XMPPServer.component)
            $0.session.send(Message([XMLElement("x", "urn:test")], from: from, to: readerAddress))
        }
        try await reader.eventually("message") { $0.messages.first?.from == JID("lamp@\(XMPPServer.component)") }
        try await component.stop()
        guard case .failure(.refused) = try await reader.ask(echo, to: domain) else {
            Issue.record("a component that is gone answers")
            return
        }

        var configuration = try server.componentConfiguration()
        configuration.credentials = .password(Array("wrong".utf8))
        let wrong = try await Station(configuration)
        #expect(try await wrong.trouble().code == .credentialsRefused)
    }

    @Test("Certificates: another authority, another name, expired, not yet valid", arguments: XMPPServer.Kind.allCases)
    func certificates(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        var configuration = try server.configuration("gateway")
        configuration.trust = try Authority().trust
        #expect(try await Station(configuration).trouble().code == .certificateRefused)
        configuration = try server.configuration("gateway", security: .direct)
        configuration.trust = try Authority().trust
        #expect(try await Station(configuration).trouble().code == .certificateRefused)
        configuration = try server.configuration("gateway")
        configuration.jid = try #require(JID("gateway@elsewhere.example"))
        let elsewhere = try await Station(configuration).trouble().code
        // Prosody refuses the name before TLS, ejabberd too.
        #expect(elsewhere == .serverRefused || elsewhere == .certificateRefused)
        for (days, code) in [(40 as Int64, StreamTrouble.Code.certificateRefused), (-40, .clockWrong)] {
            var shifted = try server.configuration("gateway")
            let now = ValidityClock.system.now() + days * 86_400
            shifted.clock = ValidityClock { now }
            #expect(try await Station(shifted).trouble().code == code)
        }
    }

    @Test("A certificate that has expired, for true", arguments: XMPPServer.Kind.allCases)
    func expired(_ kind: XMPPServer.Kind) async throws {
        let authority = try Authority()
        let now = ValidityClock.system.now()
        let identity = try authority.identity(
            ["localhost"], validity: .init(from: now - 20 * 86_400, to: now - 10 * 86_400))
        let server = try await XMPPServer(kind, options: .init(identity: identity))
        var configuration = try server.configuration("gateway")
        configuration.trust = authority.trust
        let trouble = try await Station(configuration).trouble()
        #expect(trouble.code == .certificateRefused)
        #expect(trouble.reason.contains("certificateExpired"))
    }

    @Test("Quiet connections live on: asked for a sign of life, they give one", arguments: XMPPServer.Kind.allCases)
    func quiet(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        var configurations = [try server.configuration("gateway"), try server.configuration("reader")]
        configurations[1].usesManagement = false
        configurations.append(try server.componentConfiguration())
        var stations: [Station] = []
        for var configuration in configurations {
            configuration.limits.keepAliveInterval = .milliseconds(200)
            configuration.limits.keepAliveTimeout = .seconds(10)
            stations.append(try await Station(configuration))
        }
        for station in stations {
            try await station.online()
            let before = try await station.on { $0.connection.counters }
            try await Task.sleep(for: .seconds(2))
            let after = try await station.on { $0.connection.counters }
            #expect(after.bytesOut > before.bytesOut)
            #expect(after.bytesIn > before.bytesIn)
            #expect(after.attempts == 1)
            #expect(try await station.on { $0.session.counters.strayAnswers } == 0)
        }
    }

    @Test("Another connection takes the address", arguments: XMPPServer.Kind.allCases)
    func conflict(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        let first = try await Station(server.configuration("gateway", resource: "g"))
        try await first.online()
        let second = try await Station(server.configuration("gateway", resource: "g"))
        try await second.online()
        if try await second.address == JID("gateway@localhost/g") {
            #expect(try await first.trouble().code == .replaced)
            #expect(try await first.on { $0.session.state } == .offline, "there is nothing to take up again")
        }
    }
}
