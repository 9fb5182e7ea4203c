import Glibc
import NIOCore
import NIOPosix
import Synchronization
import TLS

/// CoAP over TCP and TLS (RFC 8323): `coap+tcp` and `coaps+tcp`.
public enum CoAPTCP {
    /// The port of `coap+tcp`.
    public static let defaultPort = 5683
    /// The port of `coaps+tcp`.
    public static let defaultSecurePort = 5684

    /// Connects to a server.
    ///
    /// - Parameters:
    ///   - host: a name or an address; names are resolved off the loop.
    ///   - tls: nil for plain TCP.
    ///   - handler: serves the requests of the server, which may come before the future succeeds.
    /// - Returns: the connection once messages can go; fails with ``CoAPError``.
    public static func connect(
        host: String, port: Int, tls: TLSConfiguration? = nil, on eventLoop: any EventLoop,
        limits: Limits = .default, handler: any RequestHandler = NothingServed()
    ) -> EventLoopFuture<Connection> {
        let ready = eventLoop.makePromise(of: Connection.self)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(limits.connectTimeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try addHandlers(channel, tls: tls, limits: limits, ready: ready) { _ in handler }
                }
            }
            .connect(host: host, port: port)
            .whenFailure { error in
                let error = error as? CoAPError ?? CoAPError(.connectFailed, "\(host) port \(port): \(reason(error))")
                ready.fail(error)
            }
        return ready.futureResult
    }

    /// The sentence in an error of NIO, whose own descriptions show its types.
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let last = error.connectionErrors.last { return reason(last.error) }
            return error.dnsAError.map { "the name cannot be resolved: \($0)" } ?? "the name cannot be resolved"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout(let time): return "no answer within \(time.nanoseconds / 1_000_000_000) s"
        default: return "\(error)"
        }
    }

    /// Listens for clients.
    ///
    /// - Parameters:
    ///   - tls: nil for plain TCP.
    ///   - handler: called for each connection on its event loop, once the peer is known.
    /// - Returns: the listening channel, whose `localAddress` has the port and whose `close` ends the listening alone.
    public static func listen(
        host: String, port: Int, tls: TLSConfiguration? = nil, group: any EventLoopGroup, limits: Limits = .default,
        handler: @escaping @Sendable (Connection) -> any RequestHandler
    ) -> EventLoopFuture<any Channel> {
        let connections = ConnectionCount(limit: limits.connections)
        return ServerBootstrap(group: group)
            // As many as may be refused one by one while the loop is busy elsewhere; Linux caps it at 4,096.
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                guard connections.enter() else { return channel.close() }
                channel.closeFuture.whenComplete { _ in connections.leave() }
                return channel.eventLoop.makeCompletedFuture {
                    try addHandlers(channel, tls: tls, limits: limits, ready: nil, makeHandler: handler)
                }
            }
            .bind(host: host, port: port)
    }

    private static func addHandlers(
        _ channel: any Channel, tls: TLSConfiguration?, limits: Limits, ready: EventLoopPromise<Connection>?,
        makeHandler: @escaping @Sendable (Connection) -> any RequestHandler
    ) throws {
        if let tls { try channel.pipeline.syncOperations.addHandler(TLSHandler(configuration: tls)) }
        try channel.pipeline.syncOperations.addHandler(
            StreamHandler(limits: limits, isSecure: tls != nil, ready: ready, makeHandler: makeHandler))
    }
}

/// How many connections a listener holds; shared by its event loops.
private final class ConnectionCount: Sendable {
    private let limit: Int
    private let count = Atomic(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts one more, unless there are as many as may be.
    func enter() -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        leave()
        return false
    }

    func leave() {
        count.subtract(1, ordering: .relaxed)
    }
}
