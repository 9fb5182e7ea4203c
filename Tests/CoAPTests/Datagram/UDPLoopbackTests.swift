import CoAPMessages
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import CoAP

/// Endpoints over the system's own sockets.
struct UDPLoopbackTests {
    /// Parameters that make a test's losses cost milliseconds.
    static let hasty: Limits = {
        var limits = Limits.default
        limits.datagram.transmission.ackTimeout = .milliseconds(30)
        limits.datagram.transmission.maxRetransmit = 12
        return limits
    }()

    /// A client and a server on loopback, closed at the end.
    private func with(
        _ server: PeerServer, host: String = "127.0.0.1", limits: Limits = .default,
        _ body: @Sendable (_ client: UDPEndpoint, _ connection: Connection, _ server: UDPEndpoint) async throws -> Void
    ) async throws {
        let listener = try await CoAPUDP.bind(host: host, port: 0, group: testGroup, limits: limits) { _ in server }
            .get()
        let client = try await CoAPUDP.bind(host: host, port: 0, group: testGroup, limits: limits) { _ in
            NothingServed()
        }.get()
        let connection = try await client.peer(SocketAddress(ipAddress: host, port: listener.port)).get()
        do {
            try await body(client, connection, listener)
        } catch {
            Issue.record("\(error)")
        }
        try await client.close().get()
        try await listener.close().get()
    }

    @Test(arguments: ["127.0.0.1", "::1"]) func requestsAndAnswers(_ host: String) async throws {
        try await with(PeerServer(), host: host) { _, connection, _ in
            let hello = try await connection.send(Message(code: .get, path: "/hello"), timeout: patience).get()
            #expect(hello.payload == Array("hello".utf8))
            let slow = try await connection.send(Message(code: .get, path: "/slow"), timeout: patience).get()
            #expect(slow.payload == Array("late".utf8))
            let none = try await connection.send(Message(code: .get, path: "/none"), timeout: patience).get()
            #expect(none.code == .notFound)
            let once = try await connection.sendUnconfirmed(Message(code: .get, path: "/hello"), timeout: patience)
                .get()
            #expect(once.code == .content)
            try await connection.ping(timeout: patience).get()
        }
    }

    @Test(arguments: [1000, 1100, 1200, 5000, 100_000]) func bodiesGoInBlocksBothWays(_ count: Int) async throws {
        let server = PeerServer()
        try await with(server) { _, connection, _ in
            let back = try await connection.send(
                Message(code: .post, path: "/echo", payload: body(count)), timeout: patience
            ).get()
            #expect(back.payload == body(count))
            #expect(server.requests.value.count == 1)
        }
    }

    @Test(arguments: [(12, 0), (1, 3000)]) func observing(_ row: (count: UInt8, size: Int)) async throws {
        let server = PeerServer(notifications: row.count, notificationSize: row.size)
        try await with(server) { _, connection, _ in
            let seen = Shared<[Message]>([])
            let observation = try await connection.observe(Message(code: .get, path: "/count"), timeout: patience) {
                message in
                seen.update { $0.append(message) }
            }.get()
            #expect(observation.isAccepted)
            #expect(await eventually { seen.value.count == Int(row.count) })
            #expect(seen.value.allSatisfy { $0.payload.count > row.size })
            #expect(seen.value.compactMap(\.observe) == Array(3...2 + UInt32(row.count)))
            observation.cancel()
            #expect(await eventually { server.cancelled.value == 1 })
        }
    }

    @Test func requestsGoBothWays() async throws {
        // The server asks who asks it, as OCF devices do.
        let answers = Shared<[Message]>([])
        let asking = Served(serve: { _, exchange in
            exchange.connection.send(Message(code: .get, path: "/hello"), timeout: patience).whenSuccess { answer in
                answers.update { $0.append(answer) }
            }
            exchange.respond(.changed)
        })
        let server = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: testGroup) { _ in asking }.get()
        let client = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: testGroup) { _ in PeerServer() }.get()
        let connection = try await client.peer(SocketAddress(ipAddress: "127.0.0.1", port: server.port)).get()
        _ = try await connection.send(Message(code: .post, path: "/"), timeout: patience).get()
        #expect(await eventually { answers.value.first?.payload == Array("hello".utf8) })
        try await client.close().get()
        try await server.close().get()
    }

    @Test func theAnswerComesFromTheAddressThatWasAsked() async throws {
        // A socket of no address of its own; its peer is connected to one of many, and hears nothing of others.
        let server = try await CoAPUDP.bind(port: 0, group: testGroup) { _ in PeerServer() }.get()
        for host in ["127.0.0.1", "127.0.0.2", "127.1.2.3", "::1"] {
            let connection = try await CoAPUDP.connect(host: host, port: server.port, on: testGroup.next()).get()
            let hello = try await connection.send(Message(code: .get, path: "/hello"), timeout: patience).get()
            #expect(hello.payload == Array("hello".utf8), "\(host)")
            // Later messages too.
            let seen = Shared(0)
            _ = try await connection.observe(Message(code: .get, path: "/count"), timeout: patience) { _ in
                seen.update { $0 += 1 }
            }.get()
            #expect(await eventually { seen.value == 5 }, "\(host)")
            connection.close()
            try await connection.closeFuture.get()
        }
        try await server.close().get()
    }

    @Test func whereNobodyListensRequestsFailAtOnce() async throws {
        let taken = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: testGroup) { _ in NothingServed() }.get()
        let port = taken.port
        try await taken.close().get()
        let connection = try await CoAPUDP.connect(host: "localhost", port: port, on: testGroup.next()).get()
        for _ in 0..<3 {
            await #expect(throws: CoAPError(.unreachable, "")) {
                try await connection.send(Message(code: .get), timeout: .seconds(60)).get()
            }
        }
        // Somebody does now.
        let server = try await CoAPUDP.bind(host: "127.0.0.1", port: port, group: testGroup) { _ in PeerServer() }.get()
        let hello = try await connection.send(Message(code: .get, path: "/hello"), timeout: patience).get()
        #expect(hello.code == .content)
        connection.close()
        try await connection.closeFuture.get()
        try await server.close().get()
    }

    @Test func aTakenPortIsAnError() async throws {
        let first = try await CoAPUDP.bind(port: 0, group: testGroup) { _ in NothingServed() }.get()
        for host in [nil, "127.0.0.1", "::1"] {
            await #expect(throws: CoAPError(.bindFailed, "")) {
                try await CoAPUDP.bind(host: host, port: first.port, group: testGroup) { _ in NothingServed() }.get()
            }
        }
        try await first.close().get()
        for (host, port) in [("example.org", 0), ("127.0.0.1", 65_536), ("127.0.0.1", -1), ("192.0.2.1", 0)] {
            await #expect(throws: CoAPError(.bindFailed, "")) {
                try await CoAPUDP.bind(host: host, port: port, group: testGroup) { _ in NothingServed() }.get()
            }
        }
        var listening = MulticastListening()
        listening.groups = ["10.0.0.1"]
        await #expect(throws: CoAPError(.bindFailed, "")) {
            try await CoAPUDP.bind(port: 0, group: testGroup, multicast: listening) { _ in NothingServed() }.get()
        }
        await #expect(throws: CoAPError(.connectFailed, "")) {
            try await CoAPUDP.connect(host: "nobody.invalid", on: testGroup.next()).get()
        }
    }

    // MARK: A bad link

    @Test(arguments: [1, 2, 3] as [UInt64]) func everythingArrivesOverALossyLink(_ seed: UInt64) async throws {
        let server = PeerServer(notifications: 0)
        let listener = try await CoAPUDP.bind(
            host: "127.0.0.1", port: 0, group: testGroup, limits: UDPLoopbackTests.hasty
        ) { _ in server }.get()
        let faults = LossyRelay.Faults(loss: 0.2, doubling: 0.2, delay: .milliseconds(10))
        let relay = try await LossyRelay.start(server: listener.port, faults: faults, seed: seed)
        let client = try await CoAPUDP.bind(
            host: "127.0.0.1", port: 0, group: testGroup, limits: UDPLoopbackTests.hasty
        ) { _ in NothingServed() }.get()
        let connection = try await client.peer(SocketAddress(ipAddress: "127.0.0.1", port: relay.port)).get()
        // Each takes effect once, however often it comes.
        for number in 0..<30 {
            let response = try await connection.send(
                Message(code: .post, path: "/echo", payload: Array("\(number)".utf8)), timeout: patience
            ).get()
            #expect(response.payload == Array("\(number)".utf8))
        }
        #expect(server.requests.value.map(\.payload) == (0..<30).map { Array("\($0)".utf8) })
        let large = try await connection.send(
            Message(code: .post, path: "/echo", payload: body(20_000)), timeout: patience
        ).get()
        #expect(large.payload == body(20_000))
        let slow = try await connection.send(Message(code: .get, path: "/slow"), timeout: patience).get()
        #expect(slow.payload == Array("late".utf8))
        let statistics = try await client.statistics().get()
        #expect(statistics.retransmissions > 0)
        #expect(try await listener.statistics().get().duplicates > 0)
        try await client.close().get()
        try await listener.close().get()
        try await relay.stop()
    }

    @Test func notificationsOverALossyLinkEndWithTheNewest() async throws {
        let observation = Shared<ServerObservation?>(nil)
        let server = Served(serve: { _, exchange in
            observation.value = exchange.acceptObservation {}
            exchange.respond(Message(code: .content, payload: [0]))
        })
        var limits = UDPLoopbackTests.hasty
        limits.datagram.confirmableNotification = 1
        let listener = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: testGroup, limits: limits) { _ in
            server
        }.get()
        let faults = LossyRelay.Faults(loss: 0.2, doubling: 0.2, delay: .milliseconds(20))
        let relay = try await LossyRelay.start(server: listener.port, faults: faults, seed: 4)
        let client = try await CoAPUDP.bind(
            host: "127.0.0.1", port: 0, group: testGroup, limits: UDPLoopbackTests.hasty
        ) { _ in NothingServed() }.get()
        let connection = try await client.peer(SocketAddress(ipAddress: "127.0.0.1", port: relay.port)).get()
        let seen = Shared<[UInt8]>([])
        let accepted = try await connection.observe(Message(code: .get, path: "/a"), timeout: patience) { message in
            seen.update { $0 += message.payload }
        }.get()
        #expect(accepted.isAccepted)
        for number in UInt8(1)...40 {
            observation.value?.notify(Message(code: .content, payload: [number]), replacing: true)
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(await eventually { seen.value.last == 40 })
        #expect(seen.value == seen.value.sorted())
        try await client.close().get()
        try await listener.close().get()
        try await relay.stop()
    }
}
