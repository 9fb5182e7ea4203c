import Foundation
import NIOCore
import TLS
import Testing

@testable import XMPP

@Suite("Servers that do wrong", .timeLimit(.minutes(1)))
struct HostileServerTests {
    @Test("Authentication is bound to the server's certificate, and what hides that is noticed")
    func channelBinding() async throws {
        var script = FakeServer.Script()
        script.mechanisms = ["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]
        script.bindings = ["tls-server-end-point"]
        var server = try await FakeServer(script)
        try await Station(server.configuration()).online()
        #expect(try await server.on { $0.gs2 } == ["p=tls-server-end-point"])

        script.usesStartTLS = true
        server = try await FakeServer(script)
        try await Station(server.configuration { $0.target?.security = .startTLS }).online()
        #expect(try await server.on { $0.gs2 } == ["p=tls-server-end-point"])
        script.usesStartTLS = false

        // Somebody in between with another certificate: the proofs do not fit.
        script.bindingHash = [1, 2, 3]
        server = try await FakeServer(script)
        #expect(try await Station(server.configuration()).trouble().code == .credentialsRefused)
        script.bindingHash = nil

        script.mechanisms = ["SCRAM-SHA-256"]
        server = try await FakeServer(script)
        try await Station(server.configuration()).online()
        #expect(try await server.on { $0.gs2 } == ["y"])
        let required = try server.configuration { $0.channelBinding = .required }
        #expect(try await Station(required).trouble().code == .noMechanism)
    }

    @Test("No password goes out in the clear by itself")
    func plain() async throws {
        var script = FakeServer.Script()
        script.mechanisms = ["PLAIN", "LOGIN"]
        let server = try await FakeServer(script)
        let station = try await Station(server.configuration())
        #expect(try await station.trouble().code == .noMechanism)
        #expect(try await server.on { $0.elements.isEmpty })
    }

    @Test(
        "A false password, too few rounds, too many",
        arguments: [
            ("other", 4_096, StreamTrouble.Code.credentialsRefused), ("pencil", 100, .serverNotTrusted),
            ("pencil", 1_000_001, .serverNotTrusted),
        ])
    func scram(_ password: String, _ iterations: Int, _ code: StreamTrouble.Code) async throws {
        var script = FakeServer.Script()
        script.password = password
        script.iterations = iterations
        let server = try await FakeServer(script)
        #expect(try await Station(server.configuration()).trouble().code == code)
    }

    @Test("What is slipped in behind STARTTLS is discarded")
    func injection() async throws {
        var script = FakeServer.Script()
        script.usesStartTLS = true
        script.behindProceed =
            "<stream:features><mechanisms xmlns='\(Namespace.sasl)'><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
            + "<message xmlns='jabber:client'><x xmlns='urn:test'/></message>"
        let server = try await FakeServer(script)
        let station = try await Station(
            server.configuration {
                $0.target?.security = .startTLS
                $0.credentials.allowsPlain = true
            })
        try await station.online()
        #expect(try await station.on { $0.messages.isEmpty })
        #expect(try await server.on { $0.elements.first { $0.name == "auth" }?["mechanism"] } == "SCRAM-SHA-256")
    }

    private static func laughs() -> String {
        var text = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a 'lol'>"
        for (name, other) in zip("bcdefghij", "abcdefghi") {
            text += "<!ENTITY \(name) '" + String(repeating: "&\(other);", count: 10) + "'>"
        }
        return text + "]><stream:stream xmlns:stream='\(Namespace.stream)' version='1.0'>&j;"
    }

    @Test(
        "Greetings that are none: billion laughs, HTTP, silence, an endless header",
        arguments: [
            (laughs(), StreamTrouble.Code.protocolViolation), ("HTTP/1.1 400 Bad Request\r\n\r\n", .protocolViolation),
            (
                "<stream:stream xmlns:stream='\(Namespace.stream)' a='" + String(repeating: "x", count: 50_000),
                .protocolViolation
            ),
            ("", .silent), ("<stream:stream xmlns:str", .silent),
        ])
    func greetings(_ text: String, _ code: StreamTrouble.Code) async throws {
        var script = FakeServer.Script()
        script.greeting = text
        let server = try await FakeServer(script)
        // Only silence is waited for.
        let station = try await Station(
            server.configuration { if code == .silent { $0.limits.negotiationTimeout = .milliseconds(700) } })
        #expect(try await station.trouble().code == code)
        #expect(try await station.on { $0.session.state } == .offline)
    }

    @Test("A server that accepts and says nothing, not even TLS")
    func mute() async throws {
        var script = FakeServer.Script()
        script.isMute = true
        let server = try await FakeServer(script)
        let station = try await Station(server.configuration { $0.limits.negotiationTimeout = .milliseconds(500) })
        #expect(try await station.trouble().code == .silent)
        try await station.eventually("tries again") { $0.connection.counters.attempts > 1 }
    }

    @Test(
        "In an open stream: oversize, too deep, forbidden XML, half a stanza and silence, no stanza",
        arguments: [
            ("<message>" + String(repeating: "x", count: 300_000) + "</message>", StreamTrouble.Code.protocolViolation),
            (String(repeating: "<message>", count: 100), .protocolViolation), ("<!-- x -->", .protocolViolation),
            ("<message><body>half", .silent), ("<message", .silent), ("<mess/>", .protocolViolation),
            ("<message>&lol;</message>", .protocolViolation), ("text", .protocolViolation),
            ("</stream:stream>", .serverRefused),
            (
                "<stream:error><system-shutdown xmlns='\(Namespace.streamErrors)'/></stream:error></stream:stream>",
                .serverRefused
            ),
            ("<stream:error><conflict xmlns='\(Namespace.streamErrors)'/></stream:error>", .replaced),
        ])
    func openStream(_ text: String, _ code: StreamTrouble.Code) async throws {
        var script = FakeServer.Script()
        script.afterOpen = text
        let server = try await FakeServer(script)
        let station = try await Station(
            server.configuration {
                $0.limits.stanzaTimeout = .milliseconds(500)
                $0.limits.pace = 1
            })
        #expect(try await station.trouble().code == code)
        #expect(try await station.on { $0.states.map(\.isOnline) } == [true, false])
        if code == .protocolViolation {
            try await station.eventually("told") { _ in true }
            #expect(try await server.on { $0.elements.contains { $0.isNamed("error", Namespace.stream) } })
        }
    }

    @Test("see-other-host in a circle ends, and the certificate has to name the domain all the way")
    func redirects() async throws {
        var script = FakeServer.Script()
        let ports = try freePorts(1)
        script.greeting =
            XMLStreamReaderTests.header
            + "<stream:error><see-other-host xmlns='\(Namespace.streamErrors)'>127.0.0.1:\(ports[0])</see-other-host></stream:error>"
        let gone = try await FakeServer(script)
        let lost = try await Station(gone.configuration { $0.limits.pace = 1 })
        try await lost.eventually("unreachable") { $0.connection.status.trouble?.code == .unreachable }

        script.greeting =
            XMLStreamReaderTests.header
            + "<stream:error><see-other-host xmlns='\(Namespace.streamErrors)'>127.0.0.1</see-other-host></stream:error>"
        let circle = try await FakeServer(script)
        let station = try await Station(circle.configuration { $0.limits.pace = 1 })
        try await station.eventually("waits") { $0.connection.status.state == "waiting" }
        #expect(try await circle.on { $0.connections } == 4)
        #expect(try await station.on { $0.connection.status.trouble?.reason.contains("again and again") } == true)
    }

    @Test("A server that does not read: what waits is bounded, then it is given up")
    func notReading() async throws {
        var script = FakeServer.Script()
        script.readsOn = false
        let server = try await FakeServer(script)
        let station = try await Station(
            server.configuration {
                $0.limits.stallTimeout = .milliseconds(600)
                $0.limits.pace = 10
            })
        try await station.online()
        let text = String(repeating: "x", count: 50_000)
        let (sent, refused) = try await station.on { parts in
            var (sent, refused) = (0, 0)
            for _ in 0..<400 {
                if parts.session.send(Message([XMLElement("x", "urn:test", text: text)], to: JID("a@b"))) {
                    sent += 1
                } else {
                    refused += 1
                }
            }
            return (sent, refused)
        }
        #expect(refused > 100)
        #expect(sent > 10)
        #expect(try await station.trouble().code == .notReading)
    }

    @Test("An acknowledgement of more than was sent ends the session for good")
    func tooHigh() async throws {
        var script = FakeServer.Script()
        script.offersManagement = true
        script.afterOpen = "<a xmlns='\(Namespace.streamManagement)' h='1000'/>"
        let server = try await FakeServer(script)
        let station = try await Station(server.configuration { $0.limits.pace = 1 })
        #expect(try await station.trouble().code == .protocolViolation)
        #expect(try await station.on { $0.session.state } == .offline)
        let error = try await server.on { $0.elements.first { $0.isNamed("error", Namespace.stream) } }
        #expect(error?.child("handled-count-too-high", Namespace.streamManagement) != nil)
    }

    @Test("Nobody listens, and a name that is not there")
    func unreachable() async throws {
        let port = try freePorts(1)[0]
        var configuration = XMPPConfiguration(
            jid: try #require(JID("gateway@localhost")), credentials: .password([1]),
            target: ServerTarget(host: "127.0.0.1", port: port), trust: TrustAnchors([try Authority().root.certificate])
        )
        #expect(try await Station(configuration).trouble().code == .unreachable)
        configuration.target = ServerTarget(host: "no-such-host.invalid", port: port)
        #expect(try await Station(configuration).trouble().code == .nameNotFound)
    }
}
