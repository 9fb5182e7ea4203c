import CoAPMessages
import NIOCore
import NIOEmbedded
import Testing

@testable import CoAP

/// One end of ours in memory, and the bytes of a peer's end as the test writes and reads them. Time stands still until
/// the test moves it.
final class RawPeer {
    let channel: EmbeddedChannel
    let connection: Connection
    private var received = ByteBuffer()

    init(limits: Limits = .default, handler: any RequestHandler = NothingServed()) throws {
        channel = EmbeddedChannel()
        let ready = channel.eventLoop.makePromise(of: Connection.self)
        let stream = StreamHandler(limits: limits, isSecure: false, ready: ready) { _ in handler }
        try channel.pipeline.syncOperations.addHandler(stream)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 5683)).wait()
        connection = try ready.futureResult.wait()
    }

    /// A peer that has exchanged CSMs.
    static func introduced(
        limits: Limits = .default,
        as peer: Capabilities = Capabilities(maxMessageSize: 262_144, blockWiseTransfer: true),
        handler: any RequestHandler = NothingServed()
    ) throws -> RawPeer {
        let raw = try RawPeer(limits: limits, handler: handler)
        let first = try #require(try raw.receive())
        #expect(first.code == .csm)
        try raw.send(peer.message(token: .empty))
        return raw
    }

    func send(_ message: Message) throws {
        try send(bytes: message.encodedFrame())
    }

    func send(bytes: [UInt8]) throws {
        if channel.isActive { try channel.writeInbound(ByteBuffer(bytes: bytes)) }
        channel.embeddedEventLoop.run()
    }

    /// The next message of ours; nil when there is none.
    func receive() throws -> Message? {
        channel.embeddedEventLoop.run()
        while let next = try channel.readOutbound(as: ByteBuffer.self) {
            received.writeImmutableBuffer(next)
        }
        let waiting = Array(received.readableBytesView)
        guard let header = try StreamFrame.header(waiting.span), waiting.count >= header.frameLength else { return nil }
        let bytes = received.readBytes(length: header.frameLength) ?? []
        return try Message.decode(frame: bytes)
    }

    func advance(_ time: TimeAmount) {
        channel.embeddedEventLoop.advanceTime(by: time)
    }

    var isClosed: Bool { !channel.isActive }

    /// The result of a future that is done; nil when it is not.
    func result<Value: Sendable>(_ future: EventLoopFuture<Value>) -> Result<Value, any Error>? {
        channel.embeddedEventLoop.run()
        let result = Shared<Result<Value, any Error>?>(nil)
        future.whenComplete { result.value = $0 }
        return result.value
    }

    /// The error code of a future that has failed.
    func failure<Value: Sendable>(_ future: EventLoopFuture<Value>) -> CoAPError.Code? {
        guard case .failure(let error as CoAPError) = result(future) else { return nil }
        return error.code
    }

    func value<Value: Sendable>(_ future: EventLoopFuture<Value>) throws -> Value {
        try #require(result(future)).get()
    }
}

/// A generator whose sequence is the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }
}
