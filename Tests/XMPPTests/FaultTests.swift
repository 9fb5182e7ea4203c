import Foundation
import NIOCore
import TLS
import Testing

@testable import XMPP

@Suite("Faults with real servers", .serialized, .timeLimit(.minutes(Cut.isLong ? 20 : 4)))
struct FaultTests {
    private let echo = XMLElement("echo", "urn:test", text: "1")

    /// Times shortened so that minutes of a bad network take seconds.
    private func quick(_ configuration: XMPPConfiguration) -> XMPPConfiguration {
        var configuration = configuration
        if Cut.isLong { return configuration }
        configuration.limits.keepAliveInterval = .milliseconds(500)
        configuration.limits.keepAliveTimeout = .milliseconds(1_500)
        configuration.limits.negotiationTimeout = .seconds(8)
        configuration.limits.pace = 0.1
        return configuration
    }

    @Test(
        "A cut cable with stream management: nothing is lost, nothing comes twice", arguments: XMPPServer.Kind.allCases)
    func resume(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        let relay = try await Relay(to: server.startTLSPort)
        let gateway = try await Station(
            quick(server.configuration("gateway", resource: "g", port: relay.port)))
        let reader = try await Station(server.configuration("reader"))
        try await gateway.online()
        try await reader.online()
        let gatewayAddress = try await gateway.address
        let readerAddress = try await reader.address
        #expect(try await reader.ask(echo, to: gatewayAddress).get() == echo)
        let presencesBefore = try await gateway.on { $0.presences.count }

        func say(_ station: Station, _ number: Int, to: JID) async throws -> Bool {
            try await station.on { $0.session.send(Message([XMLElement("x", "urn:test", text: "\(number)")], to: to)) }
        }
        try await relay.set(.stalled)
        let cut = Cut()
        // Both talk into the void before anybody notices, the gateway also after it has.
        for number in 0..<10 {
            #expect(try await say(gateway, number, to: readerAddress))
            #expect(try await say(reader, number, to: gatewayAddress))
        }
        let question = Task { try await gateway.ask(echo, to: readerAddress, timeout: Cut.patience) }
        try await gateway.eventually("notices") { if case .suspended = $0.session.state { true } else { false } }
        for number in 10..<20 { #expect(try await say(gateway, number, to: readerAddress)) }
        try await relay.cut()
        try await gateway.eventually("tries") { $0.connection.counters.attempts > 2 }
        try await cut.last(noticed: gateway)
        try await relay.set(.open)
        try await gateway.online()
        try await cut.tell("the session was taken up again", gateway)
        #expect(try await gateway.address == gatewayAddress)
        #expect(try await question.value.get() == echo)
        try await reader.eventually("all") { $0.messages.count >= 20 }
        try await gateway.eventually("all") { $0.messages.count >= 10 }
        #expect(try await reader.ask(echo, to: gatewayAddress).get() == echo)
        let heard = try await reader.on { $0.messages.compactMap { $0.payloads.first?.text } }
        #expect(heard == (0..<20).map { "\($0)" })
        #expect(try await gateway.on { $0.messages.compactMap { $0.payloads.first?.text } } == (0..<10).map { "\($0)" })
        let counters = try await gateway.on { $0.connection.counters }
        #expect(counters.resumptions >= 1)
        #expect(counters.sessions == 1)
        #expect(counters.lostStanzas == 0)
        #expect(try await gateway.on { $0.presences.count } == presencesBefore)
    }

    @Test(
        "A cut cable without: a new session, and what waited for answers is told", arguments: XMPPServer.Kind.allCases)
    func withoutResume(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        let relay = try await Relay(to: server.directPort)
        var configuration = quick(try server.configuration("gateway", security: .direct, port: relay.port))
        configuration.usesManagement = false
        let gateway = try await Station(configuration)
        try await gateway.online()
        let friend = try #require(JID("peer@localhost"))
        try await gateway.on { $0.session.setContact(.init(friend, name: "P")) { _ in } }
        try await gateway.eventually("roster") { $0.session.roster[friend] != nil && $0.session.roster.version != nil }
        try await relay.set(.stalled)
        let cut = Cut()
        let question = Task { try await gateway.ask(echo, to: JID("localhost"), timeout: Cut.patience) }
        try await gateway.eventually("notices") { $0.session.state == .offline }
        #expect(try await question.value == .failure(.disconnected))
        #expect(try await gateway.on { !$0.session.send(Message([], to: JID("a@b"))) })
        try await relay.cut()
        try await cut.last(noticed: gateway)
        try await relay.set(.open)
        try await gateway.online()
        try await cut.tell("a new session began", gateway)
        #expect(try await gateway.on { $0.connection.counters.sessions } == 2)
        #expect(try await gateway.on { $0.connection.counters.resumptions } == 0)
        // The server has the roster in the version that we have, and sends none.
        try await gateway.eventually("answered") { $0.session.questions.isEmpty }
        #expect(try await gateway.on { $0.session.roster[friend]?.name } == "P")
    }

    @Test("A cut that lasts longer than the session is kept: it ends, questions fail, a new one comes")
    func tooLong() async throws {
        let server = try await XMPPServer(.prosody)
        let relay = try await Relay(to: server.startTLSPort)
        var configuration = quick(try server.configuration("gateway", port: relay.port))
        configuration.limits.resumeTimeout = .seconds(1)
        configuration.limits.unacknowledgedStanzas = 5
        let gateway = try await Station(configuration)
        try await gateway.online()
        try await relay.set(.refusing)
        try await relay.cut()
        let question = Task { try await gateway.ask(echo, to: JID("localhost"), timeout: .seconds(60)) }
        try await gateway.eventually("asked") { !$0.session.questions.isEmpty }
        // The queue is bounded.
        let sent = try await gateway.on { parts in
            (0..<20).filter { _ in parts.session.send(Message([], to: JID("a@localhost"))) }.count
        }
        #expect(sent <= 5)
        #expect(try await question.value == .failure(.disconnected))
        #expect(try await gateway.on { $0.session.state } == .offline)
        #expect(try await gateway.on { $0.connection.counters.lostStanzas } == 5)
        try await relay.set(.open)
        try await gateway.online()
        #expect(try await gateway.on { $0.connection.counters.sessions } == 2)
    }

    @Test("The server is killed and comes back", arguments: XMPPServer.Kind.allCases)
    func killed(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        let gateway = try await Station(quick(server.configuration("gateway")))
        let component = try await Station(quick(server.componentConfiguration()))
        try await gateway.online()
        try await component.online()
        try await server.kill()
        try await gateway.eventually("notices") { $0.connection.status.trouble?.code == .unreachable }
        try await component.eventually("notices") { $0.session.state == .offline }
        try await server.start()
        try await gateway.online()
        try await component.online()
        #expect(try await gateway.on { $0.connection.counters.sessions } == 2)
        #expect(try await gateway.on { $0.connection.status.trouble } == nil)
        let domain = try #require(JID(XMPPServer.component))
        #expect(try await gateway.ask(echo, to: domain).get() == echo)
        try await server.kill(SIGTERM)
        try await gateway.eventually("notices") { !$0.connection.status.isOnline }
    }

    @Test("The server hangs, before and in a session", arguments: XMPPServer.Kind.allCases)
    func hanging(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        server.freeze(true)
        let late = try await Station(quick(server.configuration("reader")))
        #expect(try await late.trouble().code == .silent)
        server.freeze(false)
        try await late.online()
        let gateway = try await Station(quick(server.configuration("gateway")))
        try await gateway.online()
        server.freeze(true)
        try await gateway.eventually("notices") { $0.connection.status.trouble?.code == .silent }
        #expect(try await gateway.on { $0.session.state.address } != nil)
        server.freeze(false)
        try await gateway.online()
        try await gateway.eventually("resumed") { $0.connection.counters.resumptions == 1 }
    }

    @Test("A flood of 10,000 requests: each is answered once, and nothing grows", arguments: XMPPServer.Kind.allCases)
    func flood(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        let gateway = try await Station(server.configuration("gateway"))
        let reader = try await Station(server.configuration("reader"))
        try await gateway.online()
        try await reader.online()
        let address = try await gateway.address
        let total = 10_000
        let done = reader.loop.makePromise(of: [Int].self)
        try await reader.on { parts in
            let flood = Flood(parts.session, address, total) { done.succeed($0) }
            // Nearly as many at once as a session allows.
            for _ in 0..<1_000 { flood.next() }
        }
        let answers = try await done.futureResult.get()
        #expect(answers.count == total)
        #expect(Set(answers).count == total)
        #expect(try await gateway.on { $0.session.counters.received } >= UInt64(total))
        #expect(try await gateway.on { $0.session.openRequests } == 0)
        try await gateway.eventually("written") { $0.connection.transport?.outstanding == 0 }
        #expect(try await gateway.on { $0.connection.status.isOnline })
    }
}

/// A cut cable: as short as it can be, or for five minutes with all times as they are in the daemon.
struct Cut {
    /// `Tests/Interop/xmpp/five_minutes.sh` sets the variable.
    static let isLong = ProcessInfo.processInfo.environment["GATEHOUSE_FIVE_MINUTES"] != nil
    static let patience: TimeAmount = isLong ? .minutes(15) : .seconds(60)

    private let start = ContinuousClock.now

    private var seconds: Int64 { (ContinuousClock.now - start).components.seconds }

    /// Waits for its end, when it is a long one.
    func last(noticed station: Station) async throws {
        guard Cut.isLong else { return }
        print("cut: noticed within \(seconds) s")
        try await Task.sleep(until: start + .seconds(300))
        print("cut: mended after \(seconds) s, \(try await station.on { $0.connection.counters.attempts }) attempts")
    }

    func tell(_ what: String, _ station: Station) async throws {
        guard Cut.isLong else { return }
        let counters = try await station.on { $0.connection.counters }
        print("cut: \(what) after \(seconds) s, \(counters.attempts) attempts, \(counters.lostStanzas) stanzas lost")
    }
}

/// Asks again with each answer, until all are there.
private final class Flood {
    private let session: XMPPSession
    private let address: JID
    private let total: Int
    private let done: ([Int]) -> Void
    private var asked = 0
    private var answers: [Int] = []

    init(_ session: XMPPSession, _ address: JID, _ total: Int, done: @escaping ([Int]) -> Void) {
        self.session = session
        self.address = address
        self.total = total
        self.done = done
    }

    func next() {
        guard asked < total else { return }
        let number = asked
        asked += 1
        session.get(XMLElement("echo", "urn:test", text: "\(number)"), to: address, timeout: .seconds(60)) { result in
            if case .success(let payload?) = result, payload.text == "\(number)" { self.answers.append(number) }
            self.finished += 1
            if self.finished == self.total { self.done(self.answers) } else { self.next() }
        }
    }

    private var finished = 0
}
