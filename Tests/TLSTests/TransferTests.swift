import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

@Suite struct TransferTests {
    let house = House.shared

    func wire(limits: TLSLimits = .standard) throws -> Wire {
        try Wire(
            .client(trust: house.trust, peerName: .hostName("localhost")), .server(identity: house.server()),
            limits: limits)
    }

    func opened(limits: TLSLimits = .standard) throws -> Wire {
        let wire = try wire(limits: limits)
        try wire.run()
        #expect(wire.client.recorder.handshake != nil)
        return wire
    }

    static func pattern(_ count: Int, seed: UInt64 = 1) -> ByteBuffer {
        // A period of 9973 bytes, a prime: a lost or doubled record shows.
        var state = seed
        let period = (0..<9973).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count { buffer.writeBytes(period.prefix(count - buffer.readableBytes)) }
        return buffer
    }

    @Test(arguments: [1, 16_383, 16_384, 16_385, 65_536, 65_537, 300_000])
    func sizesAroundRecords(count: Int) throws {
        let wire = try opened()
        let data = Self.pattern(count)
        wire.client.write(data)
        wire.server.write(data)
        wire.pump()
        expectEqual(Array(wire.server.recorder.received.readableBytesView), Array(data.readableBytesView))
        expectEqual(Array(wire.client.recorder.received.readableBytesView), Array(data.readableBytesView))
    }

    @Test func tenMegabytesBothWays() throws {
        let wire = try opened(limits: TLSLimits(pendingWriteBytes: 16 << 20))
        let up = Self.pattern(10 << 20, seed: 2)
        let down = Self.pattern(10 << 20, seed: 3)
        wire.client.write(up)
        wire.server.write(down)
        wire.pump()
        expectEqual(Array(wire.server.recorder.received.readableBytesView), Array(up.readableBytesView))
        expectEqual(Array(wire.client.recorder.received.readableBytesView), Array(down.readableBytesView))
        #expect(wire.client.handler.pendingBytes == 0)
    }

    @Test func emptyWritesComplete() throws {
        let wire = try opened()
        let promise = wire.client.channel.eventLoop.makePromise(of: Void.self)
        wire.client.channel.writeAndFlush(ByteBuffer(), promise: promise)
        wire.pump()
        try promise.futureResult.wait()
        wire.client.write("x")
        wire.pump()
        #expect(wire.server.recorder.text == "x")
    }

    @Test func nothingGoesOutBeforeFlush() throws {
        let wire = try opened()
        wire.client.channel.write(ByteBuffer(string: "a"), promise: nil)
        wire.client.channel.write(ByteBuffer(string: "b"), promise: nil)
        wire.pump()
        #expect(wire.server.recorder.text == "")
        wire.client.channel.flush()
        wire.pump()
        #expect(wire.server.recorder.text == "ab")
    }

    @Test func aSlowTransportHoldsPlaintextBack() throws {
        let wire = try opened()
        wire.client.channel.isWritable = false
        let isDone = Flag()
        let promise = wire.client.channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenSuccess { isDone.set() }
        wire.client.channel.writeAndFlush(Self.pattern(200_000), promise: promise)
        wire.pump()
        #expect(try wire.client.outbound() == nil)
        #expect(!isDone.isSet)
        #expect(wire.client.handler.pendingBytes == 200_000)
        wire.client.channel.isWritable = true
        wire.client.channel.pipeline.fireChannelWritabilityChanged()
        wire.pump()
        #expect(isDone.isSet)
        expectEqual(
            Array(wire.server.recorder.received.readableBytesView), Array(Self.pattern(200_000).readableBytesView))
    }

    @Test func waitingWritesAreBounded() throws {
        let wire = try opened(limits: TLSLimits(pendingWriteBytes: 1000))
        wire.client.channel.isWritable = false
        wire.client.write(Self.pattern(1000))
        let promise = wire.client.channel.eventLoop.makePromise(of: Void.self)
        wire.client.channel.writeAndFlush(Self.pattern(1), promise: promise)
        #expect(throws: TLSError(.writeBufferFull, "")) { try promise.futureResult.wait() }
        wire.pump()
        #expect(wire.client.recorder.errors.map(\.code) == [.writeBufferFull])
        #expect(!wire.client.channel.isActive)
    }

    @Test func handlersMayWriteInTheMiddleOfARead() throws {
        let wire = try opened()
        wire.server.recorder.onRead = { context in
            for _ in 0..<3 { context.writeAndFlush(NIOAny(ByteBuffer(string: "!")), promise: nil) }
        }
        wire.client.write("one")
        wire.client.write("two")
        wire.pump()
        #expect(wire.server.recorder.text == "onetwo")
        #expect(wire.client.recorder.text.count == 3 * wire.server.recorder.reads)
    }

    @Test func handlersMayCloseInTheMiddleOfARead() throws {
        let wire = try opened()
        wire.server.recorder.onRead = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "bye")), promise: nil)
            context.close(promise: nil)
        }
        wire.client.write("one")
        wire.pump()
        #expect(wire.client.recorder.text == "bye")
        #expect(wire.client.recorder.errors == [])
        #expect(wire.server.recorder.errors == [])
        #expect(!wire.client.channel.isActive)
        #expect(!wire.server.channel.isActive)
    }

    @Test func handlersMayWriteAndCloseAtTheHandshake() throws {
        let wire = try wire()
        wire.server.recorder.onHandshake = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "welcome, and bye")), promise: nil)
            context.close(promise: nil)
        }
        try wire.run()
        #expect(wire.client.recorder.text == "welcome, and bye")
        #expect(wire.client.recorder.errors == [])
        #expect(!wire.server.channel.isActive)
    }

    @Test func promisesOfWritesMayWriteAndClose() throws {
        let wire = try opened()
        let promise = wire.client.channel.eventLoop.makePromise(of: Void.self)
        let channel = wire.client.channel
        promise.futureResult.whenSuccess {
            channel.writeAndFlush(ByteBuffer(string: "second"), promise: nil)
            channel.close(promise: nil)
        }
        channel.writeAndFlush(ByteBuffer(string: "first "), promise: promise)
        wire.pump()
        #expect(wire.server.recorder.text == "first second")
        #expect(wire.server.recorder.errors == [])
        #expect(!channel.isActive)
    }

    /// With automatic reading off, a read that brings half a record has to be followed by another one.
    @Test func manualReadsAreRepeatedUntilDataComes() throws {
        final class ReadCounter: ChannelOutboundHandler {
            typealias OutboundIn = ByteBuffer
            var reads = 0
            func read(context: ChannelHandlerContext) {
                reads += 1
                context.read()
            }
        }
        let wire = try opened()
        let counter = ReadCounter()
        try wire.server.channel.pipeline.syncOperations.addHandler(counter, position: .first)
        wire.client.write("hello")
        var record = try #require(try wire.client.outbound())
        let firstNine = record.readSlice(length: 9)
        let half = try #require(firstNine)
        wire.server.channel.read()
        let before = counter.reads
        try wire.server.channel.writeInbound(half)
        #expect(wire.server.recorder.text == "")
        #expect(counter.reads == before + 1)
        try wire.server.channel.writeInbound(record)
        #expect(wire.server.recorder.text == "hello")
        #expect(counter.reads == before + 1)
    }
}
