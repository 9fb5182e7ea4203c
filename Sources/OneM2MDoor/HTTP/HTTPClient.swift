import NIOCore
import NIOHTTP1
import NIOPosix
import OneLoop
import TLS

/// Why a request got no answer.
public struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened, for programs.
    public enum Code: Sendable, Hashable {
        /// Nobody is there, or TLS did not come about: nothing was asked.
        case unreachable
        /// It may have been asked, and no answer came: the time is over, or the connection broke.
        case noAnswer
        /// It has been asked, and what came is no answer, or more than is taken.
        case badAnswer
        /// As many requests wait as may.
        case overloaded
        /// This scheme, or this server, is not gone to.
        case refused

        /// Whether the server may have done what it was asked.
        public var mayHaveArrived: Bool { self == .noAnswer || self == .badAnswer }
    }

    /// What happened, for programs.
    public let code: Code
    /// What was found, for people.
    public let reason: String

    /// An error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }
}

/// Asks servers over HTTP/1.1, with a few connections for each that are used again, and a queue that ends.
@Loop
public final class HTTPClient {
    /// What TLS a server is spoken to with; throws when there is none for it.
    public typealias Security = @Loop (PointOfAccess.Server) throws(TransportError) -> TLSConfiguration

    let limits: HTTPLimits
    private let security: Security
    private var servers: [PointOfAccess.Server: ServerConnections] = [:]
    private var isStopped = false

    /// A client without connections.
    public init(limits: HTTPLimits = HTTPLimits(), security: @escaping Security) {
        self.limits = limits
        self.security = security
    }

    /// Connections that are open or being opened.
    public var connectionCount: Int { servers.values.reduce(0) { $0 + $1.count } }

    /// Asks, and gives the answer.
    ///
    /// - Parameters:
    ///   - request: `Host` and `Content-Length` are filled in.
    ///   - timeout: from now to the end of the answer, waiting for a connection included.
    public func send(
        _ request: HTTPRequest, to point: PointOfAccess, timeout: Duration
    ) async throws(TransportError) -> HTTPAnswer {
        let server = point.server
        guard !isStopped else { throw TransportError(.refused, "the client is stopped") }
        let connections: ServerConnections
        if let known = servers[server] { connections = known } else { connections = try newConnections(to: server) }
        var request = request
        request.headers.replaceOrAdd(name: "Host", value: point.authority)
        return try await connections.send(request, timeout: timeout)
    }

    private func newConnections(to server: PointOfAccess.Server) throws(TransportError) -> ServerConnections {
        var tls: TLSConfiguration?
        switch server.scheme {
        case .http: break
        case .https: tls = try security(server)
        case .coap, .coaps: throw TransportError(.refused, "\(server.host) is not reached over HTTP")
        }
        servers = servers.filter { !$0.value.isIdle }
        guard servers.count < limits.clientServers else {
            throw TransportError(.overloaded, "\(servers.count) servers are asked at once already")
        }
        let connections = ServerConnections(server, tls: tls, limits: limits)
        servers[server] = connections
        return connections
    }

    /// Closes every connection; what is asked fails.
    public func stop() {
        isStopped = true
        for connections in servers.values { connections.stop() }
        servers = [:]
    }
}

/// The connections to one server, and what waits for one.
@Loop
final class ServerConnections {
    private let server: PointOfAccess.Server
    /// One for all connections: it remembers the session that the next one resumes.
    private let tls: TLSConfiguration?
    private let limits: HTTPLimits
    private var idle: [HTTPClientConnection] = []
    private var busy: [ObjectIdentifier: HTTPClientConnection] = [:]
    private var connecting = 0
    private var waiting = CircularBuffer<HTTPCall>()
    private var isStopped = false

    init(_ server: PointOfAccess.Server, tls: TLSConfiguration?, limits: HTTPLimits) {
        self.server = server
        self.tls = tls
        self.limits = limits
    }

    var count: Int { idle.count + busy.count + connecting }
    var isIdle: Bool { count == 0 && waiting.isEmpty }

    func send(_ request: HTTPRequest, timeout: Duration) async throws(TransportError) -> HTTPAnswer {
        guard waiting.count < limits.clientQueue else {
            throw TransportError(.overloaded, "\(waiting.count) requests wait for \(server.host) already")
        }
        let result = await withCheckedContinuation { continuation in
            let call = HTTPCall(request, continuation)
            call.timer = Loop.after(timeout) {
                call.fail(
                    TransportError(call.isSent ? .noAnswer : .unreachable, "no answer within \(timeout)"))
            }
            waiting.append(call)
            serve()
        }
        return try result.get()
    }

    func stop() {
        isStopped = true
        for connection in idle { connection.close() }
        for connection in Array(busy.values) { connection.close() }
        while let next = waiting.popFirst() { next.fail(TransportError(.refused, "the client is stopped")) }
    }

    private func serve() {
        while let next = waiting.first {
            if next.isDone {
                waiting.removeFirst()
                continue
            }
            if let connection = idle.popLast() {
                waiting.removeFirst()
                busy[ObjectIdentifier(connection)] = connection
                connection.ask(next)
                continue
            }
            // One connection more for each request that waits, as far as may be.
            guard count < limits.clientConnections, connecting < waiting.count else { return }
            connect()
        }
    }

    private func connect() {
        connecting += 1
        let tls = tls
        let connection = HTTPClientConnection(limits: limits, isSecure: tls != nil) { [weak self] event in
            self?.handle(event)
        }
        ClientBootstrap(group: Loop.group)
            .connectTimeout(limits.connectTimeout)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Loop.assumeIsolated { try connection.attach(to: channel, tls: tls) }
                }
            }
            .connect(host: server.host, port: server.port)
            .whenFailure { error in
                let reason = SocketErrorText.text(error)
                Loop.assumeIsolated { connection.connectFailed(reason) }
            }
    }

    private func handle(_ event: HTTPClientConnection.Event) {
        switch event {
        case .ready(let connection):
            connecting -= 1
            guard !isStopped else { return connection.close() }
            idle.append(connection)
        case .failed(let reason):
            connecting -= 1
            // Those that wait would find the same; a later one tries again.
            if connecting == 0, count == 0 {
                while let next = waiting.popFirst() {
                    next.fail(
                        TransportError(.unreachable, "\(server.host) port \(server.port): \(reason)"))
                }
            }
        case .free(let connection):
            busy[ObjectIdentifier(connection)] = nil
            idle.append(connection)
        case .closed(let connection):
            busy[ObjectIdentifier(connection)] = nil
            idle.removeAll { $0 === connection }
        case .again(let call): waiting.prepend(call)
        }
        serve()
    }
}
