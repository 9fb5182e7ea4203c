import NIOCore
import NIOPosix
import Testing

@testable import XMPP

@Suite("Finding a domain's servers")
struct ResolvingTests {
    /// An answer as a name server would give it, names compressed.
    static func answer(to query: [UInt8], code: UInt8 = 0, _ services: [(UInt16, UInt16, UInt16, String)]) -> [UInt8] {
        var bytes = query
        bytes[2] = 0x81
        bytes[3] = 0x80 | code
        bytes[7] = UInt8(services.count)
        for (priority, weight, port, target) in services {
            var data = [priority, weight, port].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            for label in target.split(separator: ".") { data += [UInt8(label.utf8.count)] + Array(label.utf8) }
            data.append(0)
            bytes += [0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60, UInt8(data.count >> 8), UInt8(data.count & 0xFF)] + data
        }
        return bytes
    }

    @Test("A question and its answer")
    func codec() throws {
        let query = try #require(DNSMessage.query("_xmpp-client._tcp.Example.org", id: 0xABCD))
        let answer = try #require(
            DNSMessage.answer(Self.answer(to: query, [(1, 2, 5222, "a.example.org"), (0, 0, 1, "B.org")])))
        #expect(answer.id == 0xABCD)
        #expect(answer.question == "_xmpp-client._tcp.example.org")
        #expect(
            answer.services == [
                .init(priority: 1, weight: 2, port: 5222, target: "a.example.org"),
                .init(priority: 0, weight: 0, port: 1, target: "b.org"),
            ])
        for name in ["a..b", "", String(repeating: "x", count: 64), String(repeating: "a.", count: 130) + "b"] {
            #expect(DNSMessage.query(name, id: 1) == nil, "\(name)")
        }
    }

    @Test("No bytes make it trap or run for ever: cut, loops of pointers, lengths beyond the end")
    func hostile() throws {
        let query = try #require(DNSMessage.query("a.b", id: 1))
        let good = Self.answer(to: query, [(1, 2, 5222, "c.d")])
        for count in 0..<good.count { _ = DNSMessage.answer(Array(good.prefix(count))) }
        for index in good.indices {
            for value: UInt8 in [0, 1, 0x3F, 0x40, 0xC0, 0xFF] {
                var bytes = good
                bytes[index] = value
                _ = DNSMessage.answer(bytes)
            }
        }
        // A name that points to itself.
        #expect(DNSMessage.answer([0, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0, 12, 0, 33, 0, 1]) == nil)
    }

    @Test("Order by priority; within one, by weight")
    func order() {
        let services: [DNSMessage.Service] = [
            .init(priority: 2, weight: 0, port: 3, target: "c"), .init(priority: 1, weight: 0, port: 1, target: "a"),
            .init(priority: 1, weight: 90, port: 2, target: "b"), .init(priority: 1, weight: 10, port: 2, target: "d"),
        ]
        var generator = SystemRandomNumberGenerator()
        var firsts: [String: Int] = [:]
        for _ in 0..<1_000 {
            let ordered = services.ordered(using: &generator)
            #expect(ordered.count == 4)
            #expect(ordered[3].target == "c")
            firsts[ordered[0].target, default: 0] += 1
        }
        #expect((firsts["b"] ?? 0) > 700)
        #expect((firsts["d"] ?? 0) > 30)
        #expect((firsts["a"] ?? 0) < 100)
    }

    @Test("Both kinds of record make one list; a dot says no")
    func outcomes() throws {
        let names = ["_xmpps-client._tcp.d", "_xmpp-client._tcp.d"]
        func outcome(
            _ direct: [(UInt16, UInt16, UInt16, String)], _ plain: [(UInt16, UInt16, UInt16, String)]
        ) throws -> ServiceResolver.Outcome {
            let answers = try zip(names, [direct, plain]).map { name, services in
                let query = try #require(DNSMessage.query(name, id: 1))
                return try #require(DNSMessage.answer(Self.answer(to: query, services)))
            }
            return ServiceResolver.outcome(of: answers, names: names)
        }
        #expect(try outcome([], []) == .noRecords)
        #expect(try outcome([], [(0, 0, 0, ".")]) == .notOffered)
        #expect(
            try outcome([(5, 0, 443, "x")], [(5, 0, 5222, "y"), (1, 0, 5222, "z")])
                == .targets([
                    ServerTarget(host: "z", port: 5222), ServerTarget(host: "x", port: 443, security: .direct),
                    ServerTarget(host: "y", port: 5222),
                ]))
        #expect(try outcome([(0, 0, 0, ".")], [(1, 0, 5222, "z")]) == .targets([ServerTarget(host: "z", port: 5222)]))
    }

    @Test("resolv.conf")
    func configuration() throws {
        let text = "# x\nnameserver 192.0.2.1\nsearch x\nnameserver\t2001:db8::1 \nnameserver nonsense\n"
        let servers = ServiceResolver.servers(inConfiguration: Array(text.utf8))
        #expect(servers.map(\.ipAddress) == ["192.0.2.1", "2001:db8::1"])
        #expect(ServiceResolver.servers(inConfiguration: []).map(\.ipAddress) == ["127.0.0.1"])
    }

    @Test("A name server on loopback is asked; one that is silent is passed over", .timeLimit(.minutes(1)))
    func asking() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let silent = try await DatagramBootstrap(group: loop).bind(host: "127.0.0.1", port: 0).get()
        let server = try await DatagramBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(NameServer()) }
        }.bind(host: "127.0.0.1", port: 0).get()
        let resolver = ServiceResolver(
            servers: [try #require(silent.localAddress), try #require(server.localAddress)])
        let outcome = try await resolver.resolve("example.org", on: loop).get()
        #expect(
            outcome
                == .targets([
                    ServerTarget(host: "x.example.org", port: 5223, security: .direct),
                    ServerTarget(host: "x.example.org", port: 5222),
                ]))
        try await silent.close()
        try await server.close()
    }

    @Test("Where see-other-host sends")
    func redirects() {
        let here = ServerTarget(host: "a", port: 5222)
        #expect(ServerTarget(redirect: "b.example", from: here) == ServerTarget(host: "b.example", port: 5222))
        #expect(ServerTarget(redirect: "b:99", from: here) == ServerTarget(host: "b", port: 99))
        #expect(ServerTarget(redirect: "[::1]:99", from: here) == ServerTarget(host: "::1", port: 99))
        #expect(ServerTarget(redirect: "2001:db8::1", from: here) == ServerTarget(host: "2001:db8::1", port: 5222))
        for text in ["", "b:", "b:x", "b:70000", "b:0", "a b", "[::1]x", String(repeating: "a", count: 300)] {
            #expect(ServerTarget(redirect: text, from: here) == nil, "\(text)")
        }
    }
}

/// Answers both questions for a domain, and first a forged answer with another id.
private final class NameServer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let query = Array(envelope.data.readableBytesView)
        let isDirect = String(decoding: query, as: UTF8.self).contains("_xmpps-client")
        var forged = ResolvingTests.answer(to: query, [(0, 0, 1, "evil.example")])
        forged[0] ^= 0xFF
        let good = ResolvingTests.answer(to: query, [(1, 0, isDirect ? 5223 : 5222, "x.example.org")])
        for bytes in [forged, good] {
            let data = context.channel.allocator.buffer(bytes: bytes)
            context.writeAndFlush(
                wrapOutboundOut(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: data)), promise: nil)
        }
    }
}
