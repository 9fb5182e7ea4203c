import CoAPMessages
import NIOCore
import NIOPosix
import Testing

@testable import CoAP

/// What a stranger can make us spend, and what is refused.
@Suite struct LimitTests {
    static func request(_ options: [(UInt16, [UInt8])], code: Code = .get) -> Message {
        var list = Options()
        for (number, value) in options { list.add(OptionNumber(rawValue: number), value) }
        return Message(code: code, token: Token(8), options: list)
    }

    struct Refusal: Sendable {
        let name: String
        let request: Message
        let code: Code
    }

    static let refusals: [Refusal] = [
        Refusal(name: "nothing wrong", request: request([(11, [0x61]), (2049, [8, 0])]), code: .content),
        Refusal(name: "critical unknown", request: request([(65_001, [])]), code: .badOption),
        Refusal(name: "OSCORE", request: request([(9, [])]), code: .badOption),
        Refusal(name: "If-Match, which would be broken", request: request([(1, [1])]), code: .badOption),
        Refusal(name: "If-None-Match", request: request([(5, [])]), code: .badOption),
        Refusal(name: "elective unknown", request: request([(65_000, [1])]), code: .content),
        Refusal(name: "Accept twice", request: request([(17, [60]), (17, [60])]), code: .badOption),
        Refusal(name: "Content-Format twice", request: request([(12, [60]), (12, [50])]), code: .content),
        Refusal(name: "Block2 of four bytes", request: request([(23, [1, 2, 3, 4])]), code: .badOption),
        Refusal(name: "Uri-Path no text", request: request([(11, [0xFF])]), code: .badRequest),
        Refusal(name: "Proxy-Uri", request: request([(35, [0x61])]), code: .proxyingNotSupported),
        Refusal(name: "Proxy-Scheme", request: request([(39, [0x61])]), code: .proxyingNotSupported),
        Refusal(name: "unknown method", request: request([], code: Code(class: 0, detail: 8)), code: .methodNotAllowed),
        Refusal(name: "method 31", request: request([], code: Code(class: 0, detail: 31)), code: .methodNotAllowed),
    ]

    @Test(arguments: refusals) func requestsAreRefusedAsTheStandardSays(_ row: Refusal) throws {
        let raw = try RawPeer.introduced(handler: Served { _, exchange in exchange.respond(.content) })
        try raw.send(row.request)
        let answer = try #require(try raw.receive())
        #expect(answer.code == row.code, "\(row.name)")
        #expect(answer.token == Token(8))
        #expect(answer.code == .content || !answer.payload.isEmpty)
        #expect(!raw.isClosed)
    }

    @Test func aHandlerMayUnderstandMore() throws {
        let raw = try RawPeer.introduced(
            handler: Served(serve: { _, exchange in exchange.respond(.content) }, understood: [.ifMatch]))
        try raw.send(LimitTests.request([(1, [1])]))
        #expect(try #require(try raw.receive()).code == .content)
    }

    @Test func responsesWithWhatIsNotUnderstoodAreNotUsed() throws {
        let raw = try RawPeer.introduced()
        for (options, isGood) in [
            ([(65_001, [])], false), ([(65_000, [])], true), ([(2053, [8, 0])], true), ([(23, [1, 2, 3, 4])], false),
        ] as [([(UInt16, [UInt8])], Bool)] {
            let future = raw.connection.send(Message(code: .get), timeout: patience)
            var answer = LimitTests.request(options, code: .content)
            answer.token = try #require(try raw.receive()).token
            try raw.send(answer)
            if isGood {
                #expect(try raw.value(future).code == .content)
            } else {
                #expect(raw.failure(future) == .badResponse)
            }
        }
    }

    @Test func requestsWithoutAnAnswerTimeOut() throws {
        let raw = try RawPeer.introduced()
        let short = raw.connection.send(Message(code: .get), timeout: .seconds(2))
        let long = raw.connection.send(Message(code: .get), timeout: .seconds(8))
        let shortest = raw.connection.send(Message(code: .get), timeout: .seconds(1))
        let tokens = [try raw.receive(), try raw.receive(), try raw.receive()].compactMap { $0?.token }
        #expect(Set(tokens).count == 3)
        raw.advance(.seconds(1))
        #expect(raw.failure(shortest) == .timeout)
        #expect(raw.result(short) == nil)
        raw.advance(.seconds(1))
        #expect(raw.failure(short) == .timeout)
        #expect(raw.result(long) == nil)
        // Late responses are counted and forgotten.
        try raw.send(Message(code: .content, token: tokens[0]))
        try raw.send(Message(code: .content, token: tokens[1]))
        #expect(try raw.value(long).code == .content)
        let statistics = try raw.value(raw.connection.statistics())
        #expect(statistics.timeouts == 2)
        #expect(statistics.unmatchedResponses == 1)
        #expect(statistics.openRequests == 0)
    }

    @Test func openRequestsAreLimitedOnBothSides() throws {
        var limits = Limits()
        limits.openRequests = 3
        limits.openExchanges = 2
        let open = Shared<[Exchange]>([])
        let raw = try RawPeer.introduced(
            limits: limits, handler: Served { _, exchange in open.update { $0.append(exchange) } })
        let futures = (0..<4).map { _ in raw.connection.send(Message(code: .get), timeout: patience) }
        #expect(raw.failure(futures[3]) == .tooManyRequests)
        for future in futures[..<3] { #expect(raw.result(future) == nil) }
        while try raw.receive() != nil {}

        for token in 1...3 as ClosedRange<UInt64> { try raw.send(Message(code: .get, token: Token(token))) }
        #expect(
            try raw.receive()
                == Message(
                    code: .serviceUnavailable, token: Token(3), payload: Array("2 requests are open already".utf8)))
        open.value[0].respond(.content)
        #expect(try #require(try raw.receive()).token == Token(1))
        try raw.send(Message(code: .get, token: Token(4)))
        #expect(try raw.receive() == nil)
        #expect(try raw.value(raw.connection.statistics()).openExchanges == 2)
        open.value = []
    }

    @Test func anExchangeLetGoIsAnswered() throws {
        let raw = try RawPeer.introduced(handler: Served { _, _ in })
        try raw.send(Message(code: .get, token: Token(1)))
        #expect(try raw.receive() == Message(code: .internalServerError, token: Token(1)))
        // And one answered twice is answered once.
        let twice = try RawPeer.introduced(
            handler: Served { _, exchange in
                exchange.respond(.content)
                exchange.respond(.changed)
            })
        try twice.send(Message(code: .get, token: Token(1)))
        #expect(try #require(try twice.receive()).code == .content)
        #expect(try twice.receive() == nil)
    }

    @Test func theEndOfTheConnectionIsToldToAll() throws {
        let closed = Shared(0)
        let raw = try RawPeer.introduced(handler: Served(serve: { _, _ in }, closed: { _ in closed.value += 1 }))
        let pending = raw.connection.send(Message(code: .get), timeout: patience)
        let ping = raw.connection.ping(timeout: patience)
        let waiting = raw.connection.observe(Message(code: .get), timeout: patience) { _ in }
        raw.channel.embeddedEventLoop.run()
        _ = try raw.channel.finish(acceptAlreadyClosed: true)
        #expect(raw.failure(pending) == .connectionClosed)
        #expect(raw.failure(ping) == .connectionClosed)
        #expect(raw.failure(waiting) == .connectionClosed)
        #expect(closed.value == 1)
        #expect(raw.failure(raw.connection.send(Message(code: .get), timeout: patience)) == .connectionClosed)
        #expect(raw.failure(raw.connection.ping(timeout: patience)) == .connectionClosed)
    }

    @Test func closingFailsOurOwnRequests() throws {
        let raw = try RawPeer.introduced()
        let pending = raw.connection.send(Message(code: .get), timeout: patience)
        _ = try raw.receive()
        raw.connection.close()
        #expect(raw.failure(pending) == .closedLocally)
        #expect(try #require(try raw.receive()).code == .release)
        #expect(raw.isClosed)
    }

    @Test func whatCannotFitIsAnError() throws {
        // Options alone above what the peer takes: no way to cut them.
        let raw = try RawPeer.introduced(
            as: Capabilities(maxMessageSize: 100, blockWiseTransfer: true),
            handler: Served { _, exchange in
                var response = Message(code: .content, payload: body(500))
                response.options.add(.locationPath, [UInt8](repeating: 0x61, count: 200))
                exchange.respond(response)
            })
        let path = String(repeating: "a", count: 200)
        let future = raw.connection.send(Message(code: .put, path: path, payload: [1]), timeout: patience)
        #expect(raw.failure(future) == .messageTooLarge)
        try raw.send(Message(code: .get, token: Token(1)))
        #expect(try #require(try raw.receive()).code == .internalServerError)
    }

    @Test func connectingNowhereFails() async throws {
        let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: testGroup) { _ in NothingServed() }
            .get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        do {
            _ = try await CoAPTCP.connect(host: "127.0.0.1", port: port, on: testGroup.next()).get()
            Issue.record("connected")
        } catch let error as CoAPError {
            #expect(error.code == .connectFailed)
            #expect(error.reason.contains("\(port)"))
        }
    }

    @Test func connectionsAreLimited() async throws {
        var limits = Limits()
        limits.connections = 2
        let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: testGroup, limits: limits) { _ in
            Served { _, exchange in exchange.respond(.content) }
        }.get()
        let port = try #require(listener.localAddress?.port)
        func connect() async throws -> Connection {
            try await CoAPTCP.connect(host: "127.0.0.1", port: port, on: testGroup.next()).get()
        }
        let first = try await connect()
        let second = try await connect()
        for connection in [first, second] {
            #expect(try await connection.send(Message(code: .get), timeout: patience).get().code == .content)
        }
        let third = try await connect()
        try await third.closeFuture.get()
        first.close()
        try await first.closeFuture.get()
        var served = false
        for _ in 0..<100 where !served {
            let fourth = try await connect()
            served = (try? await fourth.send(Message(code: .get), timeout: patience).get()) != nil
            fourth.close()
        }
        #expect(served)
        second.close()
        try await listener.close()
    }

    /// A TCP client that sends and reads only when told to.
    private func rawClient(_ port: Int, _ received: Shared<Int>) async throws -> any Channel {
        final class Counter: ChannelInboundHandler, Sendable {
            typealias InboundIn = ByteBuffer
            let received: Shared<Int>
            init(_ received: Shared<Int>) { self.received = received }
            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                let count = unwrapInboundIn(data).readableBytes
                received.update { $0 += count }
            }
        }
        return try await ClientBootstrap(group: testGroup)
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.so_rcvbuf), value: 8192)
            .channelInitializer { $0.pipeline.addHandler(Counter(received)) }
            .connect(host: "127.0.0.1", port: port).get()
    }

    @Test func aPeerThatDoesNotReadIsServedNoFurtherAndThenClosed() async throws {
        var limits = Limits()
        limits.stallTimeout = .milliseconds(300)
        let served = Shared(0)
        let ended = Shared(false)
        let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: testGroup, limits: limits) { _ in
            Served(
                serve: { _, exchange in
                    served.value += 1
                    exchange.respond(Message(code: .content, payload: [UInt8](repeating: 1, count: 20_000)))
                }, closed: { _ in ended.value = true })
        }.get()
        let client = try await rawClient(try #require(listener.localAddress?.port), Shared(0))
        // 20,000 requests whose answers would take 400 MB.
        let csm = Capabilities(maxMessageSize: 1 << 20, blockWiseTransfer: true).message(token: .empty).encodedFrame()
        var requests = ByteBuffer(bytes: csm)
        for number in 0..<20_000 as Range<UInt64> {
            requests.writeBytes(Message(code: .get, token: Token(number)).encodedFrame())
        }
        client.writeAndFlush(requests, promise: nil)
        #expect(await eventually { ended.value })
        // What the sockets hold, and not much more: loopback buffers are a few megabytes.
        #expect(served.value > 10)
        #expect(served.value < 1000, "\(served.value) answers were made for a peer that read none")
        try? await client.close()
        try await listener.close()
    }

    @Test func aSlowPeerGetsEverything() async throws {
        let served = Served { request, exchange in
            exchange.respond(Message(code: .content, payload: [UInt8](repeating: 1, count: 20_000)))
        }
        let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: testGroup) { _ in served }.get()
        let received = Shared(0)
        let client = try await rawClient(try #require(listener.localAddress?.port), received)
        var requests = ByteBuffer(
            bytes: Capabilities(maxMessageSize: 1 << 20, blockWiseTransfer: true).message(token: .empty).encodedFrame())
        let count = 300
        for number in 0..<count {
            requests.writeBytes(Message(code: .get, token: Token(UInt64(number))).encodedFrame())
        }
        client.writeAndFlush(requests, promise: nil)
        let expected = count * Message(code: .content, token: Token(0), payload: body(20_000)).frameLength
        var last = -1
        while received.value < expected {
            if received.value == last { try await Task.sleep(for: .milliseconds(1)) }
            last = received.value
            client.read()
            guard client.isActive else { break }
        }
        #expect(received.value >= expected)
        try await client.close()
        try await listener.close()
    }

    @Test func responsesThatComeLateCannotPileUpEither() async throws {
        // Answers made elsewhere, all at once, for a peer that does not read: closed at the limit.
        let open = Shared<[Exchange]>([])
        let ended = Shared(false)
        let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: testGroup) { _ in
            Served(
                serve: { _, exchange in open.update { $0.append(exchange) } }, closed: { _ in ended.value = true })
        }.get()
        let client = try await rawClient(try #require(listener.localAddress?.port), Shared(0))
        var requests = ByteBuffer(
            bytes: Capabilities(maxMessageSize: 1 << 20, blockWiseTransfer: true).message(token: .empty).encodedFrame())
        for number in 0..<200 as Range<UInt64> {
            requests.writeBytes(Message(code: .get, token: Token(number)).encodedFrame())
        }
        client.writeAndFlush(requests, promise: nil)
        #expect(await eventually { open.value.count == 200 })
        let answer = Message(code: .content, payload: [UInt8](repeating: 1, count: 200_000))
        for exchange in open.value { exchange.respond(answer) }
        #expect(await eventually { ended.value })
        open.value = []
        try? await client.close()
        try await listener.close()
    }

    @Test func notificationsForASlowPeerAreReplacedWhereTheyMayBe() async throws {
        let observed = ObserveTests.Observed()
        let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: testGroup) { _ in observed }.get()
        let received = Shared(0)
        let client = try await rawClient(try #require(listener.localAddress?.port), received)
        var bytes = ByteBuffer(
            bytes: Capabilities(maxMessageSize: 1 << 20, blockWiseTransfer: true).message(token: .empty).encodedFrame())
        bytes.writeBytes(ObserveTests.register(1).encodedFrame())
        client.writeAndFlush(bytes, promise: nil)
        #expect(await eventually { observed.observations.value.count == 1 })
        let observation = observed.observations.value[0]
        // 100 MB of states, of which only the last matters.
        let state = Message(code: .content, payload: [UInt8](repeating: 1, count: 100_000))
        for _ in 0..<1000 { observation.notify(state, replacing: true) }
        observation.notify(Message(code: .content, payload: Array("last".utf8)), replacing: true)
        #expect(observed.cancelled.value.isEmpty)
        var idle = 0
        while idle < 200 {
            let before = received.value
            client.read()
            try await Task.sleep(for: .milliseconds(1))
            idle = received.value == before ? idle + 1 : 0
        }
        #expect(received.value < 50_000_000)
        #expect(observed.cancelled.value.isEmpty)
        let statistics = try await observation.connection.statistics().get()
        #expect(statistics.observers == 1)
        try await client.close()
        try await listener.close()
    }
}
