import CoAPMessages
import NIOCore
import TLS

/// CoAP over DTLS (RFC 7252 §9): `coaps`.
public enum CoAPDTLS {
    /// Opens an endpoint, which answers clients, and asks servers as their client.
    ///
    /// - Parameters:
    ///   - host: a local address in numbers; nil for all of both families.
    ///   - port: 0 for any that is free.
    ///   - server: what clients are answered with; nil for nothing, until it is set.
    ///   - sessions: bounds of the sessions.
    ///   - handler: called for each peer with a session, on the endpoint's event loop.
    /// - Returns: the endpoint; fails with ``CoAPError``.
    public static func bind(
        host: String? = nil, port: Int = CoAPUDP.defaultSecurePort, server: DTLSConfiguration?,
        group: any EventLoopGroup, limits: Limits = .default, sessions: DTLSLimits = .standard,
        handler: @escaping @Sendable (Connection) -> any RequestHandler
    ) -> EventLoopFuture<SecureUDPEndpoint> {
        let eventLoop = group.next()
        let security = DTLSSecurity(server: server, client: nil, limits: sessions, eventLoop: eventLoop)
        return CoAPUDP.bind(
            host: host, port: port, group: eventLoop, multicast: nil, limits: limits, security: security,
            handler: handler
        ).map { SecureUDPEndpoint(udp: $0, security: security) }
    }

    /// Connects to one server, from a port that nobody else uses.
    ///
    /// - Returns: the connection once the handshake is done; fails with ``CoAPError``, whose cause is the `TLSError`.
    public static func connect(
        host: String, port: Int = CoAPUDP.defaultSecurePort, dtls: DTLSConfiguration, on eventLoop: any EventLoop,
        limits: Limits = .default, sessions: DTLSLimits = .standard, handler: any RequestHandler = NothingServed()
    ) -> EventLoopFuture<Connection> {
        CoAPUDP.connect(
            host: host, port: port, on: eventLoop, limits: limits,
            security: DTLSSecurity(server: nil, client: dtls, limits: sessions, eventLoop: eventLoop), handler: handler)
    }

    /// What the handshake of a connection has led to: the pre-shared key's identity, the suite. Nil when it is no DTLS
    /// connection. To be asked on its event loop.
    public static func handshake(of connection: Connection) -> DTLSHandshakeCompleted? {
        handler(of: connection)?.completed
    }

    /// The secrets an owner's key is derived from, once; nil when the configuration does not export them. To be asked
    /// on the connection's event loop.
    public static func takeSecrets(of connection: Connection) -> DTLSSecrets? {
        handler(of: connection)?.takeSecrets()
    }

    private static func handler(of connection: Connection) -> DTLSHandler? {
        try? connection.channel.pipeline.syncOperations.handler(type: DTLSHandler.self)
    }
}

/// An endpoint over DTLS. May be used from any thread.
public final class SecureUDPEndpoint: Sendable {
    /// The endpoint below.
    public let udp: UDPEndpoint
    private let security: DTLSSecurity

    init(udp: UDPEndpoint, security: DTLSSecurity) {
        self.udp = udp
        self.security = security
    }

    /// Its port.
    public var port: Int { udp.port }
    /// The loop on which handlers are called.
    public var eventLoop: any EventLoop { udp.eventLoop }

    /// Changes what clients are answered with from now on, nil for nothing; sessions that are open stay.
    public func setServer(_ configuration: DTLSConfiguration?) {
        security.onLoop { $0.peers.serverConfiguration = configuration }
    }

    /// The connection to a server, from this endpoint's port.
    ///
    /// - Returns: an open one with that address, or a new one once its handshake is done; fails with ``CoAPError``.
    public func peer(_ address: SocketAddress, _ configuration: DTLSConfiguration) -> EventLoopFuture<Connection> {
        let udp = udp
        return eventLoop.flatSubmit { [security] in
            security.onLoop { $0.clients[address] = configuration }
            // An open connection does not take it out.
            return udp.peer(address).always { _ in security.onLoop { $0.clients[address] = nil } }
        }
    }

    /// What its sessions have come to.
    public func statistics() -> EventLoopFuture<DTLSStatistics> {
        let promise = eventLoop.makePromise(of: DTLSStatistics.self)
        security.onLoop { promise.succeed($0.peers.statistics) }
        return promise.futureResult
    }

    /// Ends it and all its sessions.
    @discardableResult
    public func close() -> EventLoopFuture<Void> { udp.close() }
}
