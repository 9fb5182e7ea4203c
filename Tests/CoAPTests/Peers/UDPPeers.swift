import CoAP
import CoAPMessages
import NIOCore
import NIOPosix

/// What tests with other people's programs over UDP share.
enum UDPPeers {
    /// Limits under which a request that was sent too early is repeated soon.
    static let hasty: Limits = {
        var limits = Limits.default
        limits.datagram.transmission.ackTimeout = .milliseconds(100)
        limits.datagram.transmission.maxRetransmit = 6
        return limits
    }()

    /// A port of loopback that no UDP socket had a moment ago.
    static func freePort() async throws -> Int {
        let endpoint = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: testGroup) { _ in NothingServed() }
            .get()
        try await endpoint.close().get()
        return endpoint.port
    }

    /// A server of ours on loopback.
    static func listening<Result: Sendable>(
        _ server: PeerServer, limits: Limits = .default, _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let endpoint = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: testGroup, limits: limits) { _ in
            server
        }.get()
        do {
            let result = try await body(endpoint.port)
            try await endpoint.close().get()
            return result
        } catch {
            try? await endpoint.close().get()
            throw error
        }
    }

    /// A connection of ours to a server that is being started.
    static func connected(
        to port: Int, limits: Limits = .default, _ body: @Sendable (Connection) async throws -> Void
    ) async throws {
        try await waitForServer(port)
        let connection = try await CoAPUDP.connect(
            host: "127.0.0.1", port: port, on: testGroup.next(), limits: limits
        ).get()
        try await body(connection)
        connection.close()
        try await connection.closeFuture.get()
    }

    /// Waits until something answers a ping.
    private static func waitForServer(_ port: Int) async throws {
        for attempt in 0... {
            let connection = try await CoAPUDP.connect(
                host: "127.0.0.1", port: port, on: testGroup.next(), limits: hasty
            ).get()
            do {
                // A request, for pings do not fail when nobody is there.
                _ = try await connection.send(Message(code: .get, path: "/"), timeout: .seconds(2)).get()
                connection.close()
                return
            } catch  where attempt < 400 {
                connection.close()
                try await Task.sleep(for: .milliseconds(25))
            }
        }
    }
}
