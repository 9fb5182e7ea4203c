import NIOCore
import NIOPosix
import Synchronization

@testable import TLS

/// DTLS sessions over a real UDP socket, for peers that are programs: echoes what it is told, records what happens.
final class DTLSSocket: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    final class Log: Sendable {
        private let all = Mutex<[DTLSEvent]>([])
        func add(_ event: DTLSEvent) { all.withLock { $0.append(event) } }
        private let exported = Mutex<DTLSSecrets?>(nil)
        func add(_ secrets: DTLSSecrets?) { exported.withLock { $0 = secrets } }
        var secrets: DTLSSecrets? { exported.withLock { $0 } }
        var told: Told { Told(all.withLock { $0 }) }
    }

    private let endpoint: DTLSEndpoint
    private let log: Log
    private let isEcho: Bool
    private let server: (DTLSConfiguration, SocketAddress)?
    private var timer: Scheduled<Void>?

    init(_ configuration: DTLSConfiguration?, connect: (DTLSConfiguration, SocketAddress)?, log: Log, isEcho: Bool) {
        endpoint = DTLSEndpoint(serverConfiguration: configuration)
        server = connect
        self.log = log
        self.isEcho = isEcho
    }

    func channelActive(context: ChannelHandlerContext) {
        guard let (configuration, peer) = server else { return }
        step(context) { try? endpoint.connect(to: peer, configuration, now: .now(), into: &$0) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        step(context) {
            endpoint.receive(envelope.data, from: envelope.remoteAddress, now: .now(), into: &$0)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let text as String:
            guard let peer = endpoint.peers.first else { return }
            step(context) { try? endpoint.send(ByteBuffer(string: text), to: peer, now: .now(), into: &$0) }
        default: step(context) { endpoint.closeAll(into: &$0) }
        }
    }

    private func step(_ context: ChannelHandlerContext, _ body: (inout [DTLSEndpoint.Event]) -> Void) {
        var events: [DTLSEndpoint.Event] = []
        body(&events)
        for event in events {
            if case .send(let datagram) = event.event {
                context.write(
                    wrapOutboundOut(AddressedEnvelope(remoteAddress: event.peer, data: datagram)), promise: nil)
                continue
            }
            if case .completed = event.event { log.add(endpoint.session(with: event.peer)?.takeSecrets()) }
            log.add(event.event)
            guard isEcho, case .received(let plain) = event.event else { continue }
            step(context) { try? endpoint.send(plain, to: event.peer, now: .now(), into: &$0) }
        }
        context.flush()
        timer?.cancel()
        timer = endpoint.deadline.map { deadline in
            context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
                step(context) { endpoint.timerFired(now: .now(), into: &$0) }
            }
        }
    }

    static func open(
        _ configuration: DTLSConfiguration?, connect: (DTLSConfiguration, Int)? = nil, isEcho: Bool = true
    ) async throws -> (channel: any Channel, port: Int, log: Log) {
        let log = Log()
        let channel = try await DatagramBootstrap(group: Sockets.group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let peer = try connect.map {
                        ($0.0, try SocketAddress(ipAddress: "127.0.0.1", port: $0.1))
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        DTLSSocket(configuration, connect: peer, log: log, isEcho: isEcho))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return (channel, channel.localAddress?.port ?? 0, log)
    }
}
