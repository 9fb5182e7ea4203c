import CoAPMessages
import NIOCore

/// An endpoint over UDP: its sockets, its peers and its groups. May be used from any thread.
public final class UDPEndpoint: Sendable {
    /// The loop on which handlers and notifications are called.
    public let eventLoop: any EventLoop

    /// Its port.
    public let port: Int

    /// Succeeds when it is gone.
    public let closeFuture: EventLoopFuture<Void>

    private let core: NIOLoopBound<DatagramEndpoint>

    init(endpoint: DatagramEndpoint, port: Int) {
        eventLoop = endpoint.eventLoop
        self.port = port
        closeFuture = endpoint.closeFuture
        core = NIOLoopBound(endpoint, eventLoop: endpoint.eventLoop)
    }

    private func onLoop(_ body: @escaping @Sendable (DatagramEndpoint) -> Void) {
        if eventLoop.inEventLoop {
            body(core.value)
        } else {
            eventLoop.execute { body(self.core.value) }
        }
    }

    /// The connection to a peer, by which to ask it. It is kept until it is closed, however long the peer is silent.
    ///
    /// Nothing is sent; whether the peer is there shows when it is asked.
    ///
    /// - Returns: a future that fails with ``CoAPError``.
    public func peer(_ address: SocketAddress) -> EventLoopFuture<Connection> {
        let promise = eventLoop.makePromise(of: Connection.self)
        onLoop { endpoint in
            guard let remote = DatagramAddress(address) else {
                return promise.fail(CoAPError(.unreachable, "\(address) is no Internet address"))
            }
            endpoint.connect(remote, promise)
        }
        return promise.futureResult
    }

    /// Sends a request to groups, once on each interface, and gives what comes back.
    ///
    /// A device with several addresses may answer several times. A response in blocks is fetched whole.
    ///
    /// - Parameters:
    ///   - groups: their addresses; those of a family the endpoint has no socket for are left out.
    ///   - port: the port they listen on.
    ///   - interfaces: indices of the interfaces to send on; nil for all that take multicast, without loopback.
    ///   - window: how long responses are waited for: the responders' leisure, which for OCF is up to 2 s, and the way.
    ///   - onResponse: called on the event loop for each response.
    /// - Returns: a future of the number of responses, which succeeds when the window is over and fails with
    ///   ``CoAPError``.
    public func multicast(
        _ request: Message, to groups: [String] = MulticastListening.ocfGroups, port: Int = CoAPUDP.defaultPort,
        interfaces: [Int]? = nil, window: TimeAmount = .seconds(3),
        onResponse: @escaping @Sendable (MulticastResponse) -> Void
    ) -> EventLoopFuture<Int> {
        let promise = eventLoop.makePromise(of: Int.self)
        let groups = groups.compactMap { DatagramAddress($0, port: UInt16(truncatingIfNeeded: port)) }
        onLoop { endpoint in
            let indices =
                interfaces
                ?? NetworkInterface.current().filter { $0.supportsMulticast && !$0.isLoopback }.map(\.index)
            endpoint.multicast(
                request, to: groups, on: indices.map { UInt32(truncatingIfNeeded: $0) }, window: window,
                promise: promise, onResponse: onResponse)
        }
        return promise.futureResult
    }

    /// Has `body` called on the event loop with the interfaces as they are, and again whenever they change; for an
    /// endpoint that listens to groups. A later call takes the place of the one before.
    public func onInterfacesChanged(_ body: @escaping @Sendable ([NetworkInterface]) -> Void) {
        onLoop { endpoint in
            endpoint.onInterfaces = body
            if let interfaces = endpoint.interfaces { body(interfaces.current) }
        }
    }

    /// What it has done so far.
    public func statistics() -> EventLoopFuture<DatagramStatistics> {
        let promise = eventLoop.makePromise(of: DatagramStatistics.self)
        onLoop { promise.succeed($0.statistics) }
        return promise.futureResult
    }

    /// Ends it and the connections of all its peers. Our open requests fail with ``CoAPError/Code/closedLocally``.
    ///
    /// - Returns: the future of the close.
    @discardableResult
    public func close() -> EventLoopFuture<Void> {
        onLoop { $0.close() }
        return closeFuture
    }
}
