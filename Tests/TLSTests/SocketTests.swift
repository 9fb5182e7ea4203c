import NIOCore
import Synchronization
import Testing

@testable import TLS

/// Both ends ours, over real sockets and several event loops.
@Suite struct SocketTests {
    let house = House.shared

    /// One configuration on each side serves many connections on all event loops at once: keys, tickets and the
    /// session cache are shared.
    @Test func configurationsAreSharedAmongEventLoops() async throws {
        let server = try TLSConfiguration.server(
            identity: house.ocf(House.cloudID), clientCertificate: .required, trust: house.trust,
            peerName: .ocf(uuid: nil))
        let client = try TLSConfiguration.client(
            trust: house.trust, peerName: .ocf(uuid: House.cloudID), identity: house.device())
        let (listener, port) = try await Sockets.listen(server, .echo) { _ in }
        try await withThrowingTaskGroup(of: Seen.self) { group in
            for number in 0..<64 {
                group.addTask {
                    // Half of them may resume, half may not.
                    let own =
                        try number % 2 == 0
                        ? client
                        : .client(
                            trust: house.trust, peerName: .ocf(uuid: House.cloudID), identity: house.device(),
                            resumption: .off)
                    let (channel, seen) = try await Sockets.connect(own, port: port)
                    try await channel.writeAndFlush(ByteBuffer(string: "number \(number)"))
                    try await eventually("an echo") { seen.text == "number \(number)" || !seen.now.errors.isEmpty }
                    try await channel.close()
                    return seen
                }
            }
            for try await seen in group { #expect(seen.now.errors == []) }
        }
        try await listener.close()
    }

    @Test func halfClosureOverASocket() async throws {
        let accepted = Mutex<Seen?>(nil)
        let (listener, port) = try await Sockets.listen(
            .server(identity: house.server()), .answerAtTheEnd(100_000), halfClosure: true
        ) { seen in accepted.withLock { $0 = seen } }
        let (channel, seen) = try await Sockets.connect(
            .client(trust: house.trust, peerName: .hostName("localhost")), port: port, halfClosure: true)
        try await channel.writeAndFlush(ByteBuffer(string: "that was all"))
        try await channel.close(mode: .output)
        try await eventually("the answer") { seen.now.received.count == 100_000 }
        // The server may have closed both by now.
        try? await channel.close()
        try await eventually("the end") { accepted.withLock { $0 }?.now.isClosed == true }
        let server = try #require(accepted.withLock { $0 })
        #expect(server.text == "that was all")
        #expect(server.now.errors + seen.now.errors == [])
        try await listener.close()
    }
}
