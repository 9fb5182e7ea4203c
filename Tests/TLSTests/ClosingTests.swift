import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

@Suite struct ClosingTests {
    let house = House.shared

    func opened() throws -> Wire {
        let wire = try Wire(
            .client(trust: house.trust, peerName: .hostName("localhost")), .server(identity: house.server()))
        try wire.run()
        return wire
    }

    @Test func closeNotifyGoesBothWays() throws {
        let wire = try opened()
        let promise = wire.client.channel.eventLoop.makePromise(of: Void.self)
        wire.client.channel.close(promise: promise)
        #expect(wire.client.channel.isActive, "the peer's close_notify is awaited")
        wire.pump()
        try promise.futureResult.wait()
        #expect(!wire.client.channel.isActive)
        #expect(!wire.server.channel.isActive)
        #expect(wire.client.recorder.errors == [])
        #expect(wire.server.recorder.errors == [])
    }

    @Test func bothMayCloseAtOnce() throws {
        let wire = try opened()
        wire.client.channel.close(promise: nil)
        wire.server.channel.close(promise: nil)
        wire.pump()
        #expect(!wire.client.channel.isActive)
        #expect(!wire.server.channel.isActive)
        #expect(wire.client.recorder.errors + wire.server.recorder.errors == [])
    }

    @Test func aSilentPeerIsNotWaitedForLong() throws {
        let wire = try opened()
        let first = wire.client.channel.eventLoop.makePromise(of: Void.self)
        let second = wire.client.channel.eventLoop.makePromise(of: Void.self)
        wire.client.channel.close(promise: first)
        wire.client.channel.close(promise: second)
        #expect(wire.client.channel.isActive)
        wire.client.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!wire.client.channel.isActive)
        try first.futureResult.wait()
        try second.futureResult.wait()
    }

    @Test func writesAfterCloseFail() throws {
        let wire = try opened()
        wire.client.channel.close(promise: nil)
        let promise = wire.client.channel.eventLoop.makePromise(of: Void.self)
        wire.client.channel.writeAndFlush(ByteBuffer(string: "late"), promise: promise)
        #expect(throws: (any Error).self) { try promise.futureResult.wait() }
        wire.pump()
        #expect(wire.server.recorder.text == "")
    }

    @Test func anEndWithoutCloseNotifyIsATruncation() throws {
        let wire = try opened()
        wire.client.write("half a mess")
        wire.pump()
        wire.server.channel.pipeline.fireChannelInactive()
        #expect(wire.server.recorder.text == "half a mess")
        #expect(wire.server.recorder.errors.map(\.code) == [.truncated])
    }

    @Test func anEndDuringTheHandshakeIsNamed() throws {
        let end = try End(.client(trust: house.trust, peerName: .hostName("localhost")))
        try end.connect()
        end.channel.pipeline.fireChannelInactive()
        #expect(end.recorder.errors.map(\.code) == [.truncated])
        #expect(end.recorder.errors.first?.reason.contains("handshake") == true)
    }

    @Test func halfClosure() throws {
        let wire = try opened()
        try wire.server.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        try wire.client.channel.pipeline.syncOperations.addHandler(OutputCloser(), position: .first)
        wire.client.write("the question")
        let promise = wire.client.channel.eventLoop.makePromise(of: Void.self)
        wire.client.channel.close(mode: .output, promise: promise)
        wire.pump()
        #expect(wire.server.recorder.text == "the question")
        #expect(wire.server.recorder.isInputClosed)
        #expect(wire.server.channel.isActive)

        let late = wire.client.channel.eventLoop.makePromise(of: Void.self)
        wire.client.channel.writeAndFlush(ByteBuffer(string: "late"), promise: late)
        #expect(throws: (any Error).self) { try late.futureResult.wait() }

        wire.server.write("the answer")
        wire.pump()
        #expect(wire.client.recorder.text == "the answer")
        wire.server.channel.close(promise: nil)
        wire.pump()
        #expect(!wire.client.channel.isActive)
        #expect(!wire.server.channel.isActive)
        #expect(wire.client.recorder.errors + wire.server.recorder.errors == [])
    }

    @Test func outputClosesAfterWhatWaits() throws {
        let wire = try opened()
        try wire.server.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        try wire.client.channel.pipeline.syncOperations.addHandler(OutputCloser(), position: .first)
        wire.client.channel.isWritable = false
        wire.client.write("slow")
        wire.client.channel.close(mode: .output, promise: nil)
        wire.pump()
        #expect(!wire.server.recorder.isInputClosed)
        wire.client.channel.isWritable = true
        wire.client.channel.pipeline.fireChannelWritabilityChanged()
        wire.pump()
        #expect(wire.server.recorder.text == "slow")
        #expect(wire.server.recorder.isInputClosed)
    }

    /// Handler and connection are freed with their channel, however it ended: 45 kB each.
    @Test(arguments: ["in order", "truncated", "refused"]) func nothingIsLeft(ending: String) throws {
        weak var handler: TLSHandler?
        weak var connection: TLSConnection?
        do {
            let trust = ending == "refused" ? TrustAnchors([house.otherRoot.certificate]) : house.trust
            let wire = try Wire(
                .client(trust: trust, peerName: .hostName("localhost")), .server(identity: house.server()))
            try wire.server.connect()
            try wire.client.connect()
            handler = wire.client.handler
            connection = wire.client.handler.connection
            #expect(connection != nil)
            wire.pump()
            switch ending {
            case "in order":
                wire.client.channel.close(promise: nil)
                wire.pump()
            case "truncated":
                wire.client.channel.pipeline.fireChannelInactive()
                #expect(connection == nil, "freed before the channel is")
                _ = try? wire.client.channel.finish()
            default: break
            }
            #expect(connection == nil)
            #expect(!wire.client.channel.isActive)
            // The client may never answer: the wait for its close_notify ends by time.
            wire.server.channel.close(promise: nil)
            wire.server.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
            #expect(!wire.server.channel.isActive)
        }
        #expect(handler == nil)
    }

    @Test func closeBeforeTheHandshakeIsQuiet() throws {
        let end = try End(.client(trust: house.trust, peerName: .hostName("localhost")))
        try end.connect()
        let write = end.channel.eventLoop.makePromise(of: Void.self)
        end.channel.writeAndFlush(ByteBuffer(string: "x"), promise: write)
        let close = end.channel.eventLoop.makePromise(of: Void.self)
        end.channel.close(promise: close)
        try close.futureResult.wait()
        #expect(throws: TLSError(.connectionClosed, "")) { try write.futureResult.wait() }
        #expect(end.recorder.errors == [])
    }
}

/// `EmbeddedChannel` closes as a whole; a socket can close its output alone.
private final class OutputCloser: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if case .output = mode {
            promise?.succeed(())
        } else {
            context.close(mode: mode, promise: promise)
        }
    }
}
