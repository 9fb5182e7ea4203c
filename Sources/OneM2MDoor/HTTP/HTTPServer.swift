import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import OneLoop
import TLS

/// Listens for HTTP/1.1 and has each request answered: bounded in every direction, one request of a connection at a time,
/// answers in the order of the requests.
@Loop
public final class HTTPServer {
    /// What answers a request.
    public typealias Service = @Loop (HTTPRequest, HTTPPeer) async -> HTTPAnswer

    /// What has happened since the start.
    public struct Counters: Sendable, Hashable {
        /// Requests that were answered.
        public var requests: UInt64 = 0
        /// Connections that were refused for there being too many.
        public var connectionsRefused: UInt64 = 0
        /// Requests that were no HTTP, or more than is taken.
        public var malformed: UInt64 = 0
        /// Connections closed for their slowness.
        public var timeouts: UInt64 = 0
    }

    /// What is spent on peers.
    public let limits: HTTPLimits
    /// What has happened since the start.
    public internal(set) var counters = Counters()

    let service: Service
    private let tls: TLSConfiguration?
    let log: Logger
    private var listener: (any Channel)?
    private var connections: [ObjectIdentifier: HTTPServerConnection] = [:]
    private var perAddress: [String: Int] = [:]

    /// A server that does not listen yet.
    ///
    /// - Parameter tls: nil for HTTP in the clear.
    public init(
        tls: TLSConfiguration?, limits: HTTPLimits = HTTPLimits(), log: Logger = Logger(label: "onem2m"),
        service: @escaping Service
    ) {
        self.tls = tls
        self.limits = limits
        self.log = log
        self.service = service
    }

    /// The port; nil while it does not listen.
    public var port: Int? { listener?.localAddress?.port }

    /// Connections that are open.
    public var connectionCount: Int { connections.count }

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - host: a local address in numbers, `0.0.0.0` or `::` for all.
    ///   - port: 0 for any that is free.
    /// - Throws: what the system says.
    public func start(host: String, port: Int) async throws {
        listener = try await ServerBootstrap(group: Loop.group)
            // As many as may be refused one by one while the loop is busy elsewhere.
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [weak self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try Loop.assumeIsolated { try self?.accept(channel) }
                }
            }
            .bind(host: host, port: port).get()
    }

    /// Closes the listener and every connection.
    public func stop() async {
        let closing = listener
        listener = nil
        for connection in Array(connections.values) { connection.close() }
        try? await closing?.close()
    }

    private func accept(_ channel: any Channel) throws {
        let address = channel.remoteAddress?.ipAddress
        let fromThere = address.map { perAddress[$0, default: 0] } ?? 0
        guard connections.count < limits.connections, fromThere < limits.connectionsPerAddress else {
            counters.connectionsRefused += 1
            channel.close(promise: nil)
            return
        }
        let connection = HTTPServerConnection(
            channel: channel, peer: HTTPPeer(address: address, isSecure: tls != nil, certificate: nil), server: self)
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(TLSHandler(configuration: tls)) }
        try pipeline.addHandler(HTTPArrivalWatch(connection))
        var parsing = NIOHTTPDecoderLimitConfiguration()
        parsing.maxHeaderFieldSize = limits.headerFieldBytes
        parsing.maxHeaderListSize = limits.headerBytes
        parsing.maxHeaderFieldCount = limits.headerFields
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: parsing)))
        try pipeline.addHandler(HTTPServerHandler(connection))
        connections[ObjectIdentifier(connection)] = connection
        if let address { perAddress[address] = fromThere + 1 }
    }

    func closed(_ connection: HTTPServerConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil,
            let address = connection.peer.address
        else { return }
        let left = perAddress[address, default: 1] - 1
        perAddress[address] = left > 0 ? left : nil
    }
}
