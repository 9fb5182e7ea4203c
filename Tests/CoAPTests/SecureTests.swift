import CoAP
import CoAPMessages
import NIOCore
import NIOPosix
import TLS
import Testing

/// CoAP over TLS, both ends ours.
@Suite struct SecureTests {
    let authority: Authority
    let server: TLSConfiguration

    init() throws {
        authority = try Authority()
        server = try .server(
            identity: authority.identity(Authority.cloud), clientCertificate: .required, trust: authority.trust,
            peerName: .ocf(uuid: nil))
    }

    private func client(expecting uuid: String = Authority.cloud, identity: Identity? = nil) throws -> TLSConfiguration
    {
        let identity = try identity ?? authority.identity(Authority.device)
        return try .client(trust: authority.trust, peerName: .ocf(uuid: uuid), identity: identity)
    }

    private func listening<Result: Sendable>(
        limits: Limits = .default, serving handler: @escaping @Sendable (Connection) -> any RequestHandler,
        _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let listener = try await CoAPTCP.listen(
            host: "127.0.0.1", port: 0, tls: server, group: testGroup, limits: limits, handler: handler
        ).get()
        do {
            let result = try await body(listener.localAddress?.port ?? 0)
            try await listener.close()
            return result
        } catch {
            try? await listener.close()
            throw error
        }
    }

    @Test func bothSidesKnowEachOtherAndServe() async throws {
        let seen = Shared<String?>(nil)
        let tls = try client()
        try await listening(serving: { connection in
            seen.value = connection.peer?.ocfUUID
            return Served { request, exchange in
                exchange.respond(Message(code: .content, payload: request.payload))
            }
        }) { port in
            let connection = try await CoAPTCP.connect(
                host: "127.0.0.1", port: port, tls: tls, on: testGroup.next()
            ).get()
            #expect(connection.peer?.ocfUUID == Authority.cloud)
            for count in [0, 10, 20_000, 200_000, 500_000] {
                let response = try await connection.send(
                    Message(code: .post, payload: body(count)), timeout: patience
                ).get()
                #expect(response.payload == body(count))
            }
            try await connection.ping(timeout: patience).get()
            connection.close()
            try await connection.closeFuture.get()
        }
        #expect(seen.value == Authority.device)
    }

    @Test func aServerThatIsNotTheOneExpectedIsRefused() async throws {
        let tls = try client(expecting: Authority.device)
        try await listening(serving: { _ in NothingServed() }) { port in
            do {
                _ = try await CoAPTCP.connect(host: "127.0.0.1", port: port, tls: tls, on: testGroup.next()).get()
                Issue.record("connected")
            } catch let error as CoAPError {
                #expect(error.code == .secureConnectionFailed)
                #expect(error.reason.contains(Authority.cloud), "\(error.reason)")
            }
        }
    }

    @Test func aPeerThatSpeaksNoTLSIsGivenUp() async throws {
        var limits = Limits()
        limits.handshakeTimeout = .milliseconds(200)
        let closed = Shared(false)
        // It accepts and says nothing.
        let mute = try await ServerBootstrap(group: testGroup).childChannelInitializer { channel in
            channel.closeFuture.whenComplete { _ in closed.value = true }
            return channel.eventLoop.makeSucceededVoidFuture()
        }.bind(host: "127.0.0.1", port: 0).get()
        let tls = try client()
        do {
            _ = try await CoAPTCP.connect(
                host: "127.0.0.1", port: mute.localAddress?.port ?? 0, tls: tls, on: testGroup.next(), limits: limits
            ).get()
            Issue.record("connected")
        } catch let error as CoAPError {
            #expect(error.code == .handshakeTimeout)
        }
        #expect(await eventually { closed.value })
        try await mute.close()
        // And as a server: a client that never begins.
        try await listening(limits: limits, serving: { _ in NothingServed() }) { port in
            let client = try await ClientBootstrap(group: testGroup).connect(host: "127.0.0.1", port: port).get()
            try await client.closeFuture.get()
        }
    }

    @Test func eachMessageIsARecordOfItsOwn() async throws {
        // IoTivity-Lite takes one message out of a record. Ten answers made in one turn of the loop leave together:
        // ten records, none with two messages in it.
        final class RecordCounter: ChannelInboundHandler, Sendable {
            typealias InboundIn = ByteBuffer
            let lengths = Shared<[Int]>([])
            let rest = Shared(ByteBuffer())

            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                var bytes = rest.value
                bytes.writeImmutableBuffer(unwrapInboundIn(data))
                while let length: UInt16 = bytes.getInteger(at: bytes.readerIndex + 3),
                    bytes.readableBytes >= 5 + Int(length)
                {
                    if bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 23 {
                        lengths.update { $0.append(Int(length)) }
                    }
                    bytes.moveReaderIndex(forwardBy: 5 + Int(length))
                }
                rest.value = bytes
                context.fireChannelRead(data)
            }
        }
        let open = Shared<[Exchange]>([])
        let counter = RecordCounter()
        let tls = try client()
        try await listening(serving: { _ in
            Served { _, exchange in
                let all = open.update { list -> [Exchange] in
                    list.append(exchange)
                    return list
                }
                if all.count == 10 {
                    for exchange in all { exchange.respond(Message(code: .content, payload: [1, 2])) }
                }
            }
        }) { port in
            let connection = try await CoAPTCP.connect(
                host: "127.0.0.1", port: port, tls: tls, on: testGroup.next()
            ).get()
            try await connection.send(Message(code: .get), timeout: .milliseconds(50)).map { _ in }
                .recover { _ in }.get()
            try await connection.channel.pipeline.addHandler(counter, position: .first).get()
            let futures = (0..<9).map { _ in connection.send(Message(code: .get), timeout: patience) }
            for future in futures { #expect(try await future.get().payload == [1, 2]) }
            connection.close()
            try await connection.closeFuture.get()
        }
        let answers = counter.lengths.value
        #expect(answers.count >= 10)
        // All answers are of one size, so are their records.
        #expect(Set(answers.prefix(10)).count == 1, "\(answers)")
        open.value = []
    }
}
