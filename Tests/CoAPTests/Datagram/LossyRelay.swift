import NIOCore
import NIOPosix

/// A link on loopback that loses, doubles and delays datagrams, both ways: what is sent to its port reaches `server`
/// from a port of the sender's own.
final class LossyRelay: Sendable {
    struct Faults: Sendable {
        /// Chances from 0 to 1.
        var loss = 0.0
        var doubling = 0.0
        /// Each datagram waits a random time up to this, so that they overtake each other.
        var delay = TimeAmount.zero
    }

    let port: Int
    private let front: any Channel

    private init(front: any Channel) {
        self.front = front
        port = front.localAddress?.port ?? 0
    }

    static func start(server: Int, faults: Faults, seed: UInt64) async throws -> LossyRelay {
        let loop = testGroup.next()
        let server = try SocketAddress(ipAddress: "127.0.0.1", port: server)
        let front = try await DatagramBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Front(server: server, faults: FaultyLink(faults: faults, seed: seed)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LossyRelay(front: front)
    }

    func stop() async throws {
        try await front.close()
    }
}

/// Decides over each datagram, the same in every run.
private final class FaultyLink {
    private let faults: LossyRelay.Faults
    private var random: SplitMix

    init(faults: LossyRelay.Faults, seed: UInt64) {
        self.faults = faults
        random = SplitMix(state: seed)
    }

    func carry(_ bytes: ByteBuffer, to address: SocketAddress, over channel: any Channel) {
        if Double.random(in: 0..<1, using: &random) < faults.loss { return }
        let copies = Double.random(in: 0..<1, using: &random) < faults.doubling ? 2 : 1
        for _ in 0..<copies {
            let wait = Int64.random(in: 0...faults.delay.nanoseconds, using: &random)
            channel.eventLoop.scheduleTask(in: .nanoseconds(wait)) {
                channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: bytes), promise: nil)
            }
        }
    }
}

private final class Front: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let server: SocketAddress
    private let faults: FaultyLink
    private var backs: [SocketAddress: EventLoopFuture<any Channel>] = [:]

    init(server: SocketAddress, faults: FaultyLink) {
        self.server = server
        self.faults = faults
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let client = envelope.remoteAddress
        let front = context.channel
        let faults = NIOLoopBound(faults, eventLoop: context.eventLoop)
        let server = server
        let back =
            backs[client]
            ?? DatagramBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Back(client: client, front: front, faults: faults.value))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
        backs[client] = back
        back.whenSuccess { faults.value.carry(envelope.data, to: server, over: $0) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        for back in backs.values { back.whenSuccess { $0.close(promise: nil) } }
    }
}

private final class Back: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let client: SocketAddress
    private let front: any Channel
    private let faults: FaultyLink

    init(client: SocketAddress, front: any Channel, faults: FaultyLink) {
        self.client = client
        self.front = front
        self.faults = faults
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        faults.carry(unwrapInboundIn(data).data, to: client, over: front)
    }
}
