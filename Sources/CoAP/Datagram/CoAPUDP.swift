import CoAPMessages
import NIOCore
import NIOPosix

/// CoAP over UDP (RFC 7252): `coap`.
public enum CoAPUDP {
    /// The port of `coap`.
    public static let defaultPort = 5683
    /// The port of `coaps`, over DTLS.
    public static let defaultSecurePort = 5684

    /// Opens an endpoint, which asks and answers.
    ///
    /// - Parameters:
    ///   - host: a local address in numbers; nil for all of both families, where a host without IPv6 gets IPv4 alone.
    ///   - port: 0 for any that is free.
    ///   - multicast: the groups to listen to; nil for none. An endpoint on the groups' own port shares that port with
    ///     other programs that listen to them.
    ///   - handler: called for each peer that turns to us, on the endpoint's event loop.
    /// - Returns: the endpoint; fails with ``CoAPError/Code/bindFailed``.
    public static func bind(
        host: String? = nil, port: Int = CoAPUDP.defaultPort, group: any EventLoopGroup,
        multicast: MulticastListening? = nil, limits: Limits = .default,
        handler: @escaping @Sendable (Connection) -> any RequestHandler
    ) -> EventLoopFuture<UDPEndpoint> {
        bind(
            host: host, port: port, group: group, multicast: multicast, limits: limits, security: nil,
            handler: handler)
    }

    /// The same, with something that secures the datagrams.
    static func bind(
        host: String?, port: Int, group: any EventLoopGroup, multicast: MulticastListening?, limits: Limits,
        security: (any DatagramSecurity)?, handler: @escaping @Sendable (Connection) -> any RequestHandler
    ) -> EventLoopFuture<UDPEndpoint> {
        let eventLoop = group.next()
        return eventLoop.flatSubmit {
            do throws(CoAPError) {
                let plan = try BindingPlan(host: host, port: port, multicast: multicast)
                let sockets = try plan.open(hops: limits.datagram.multicastHops)
                let endpoint = DatagramEndpoint(
                    eventLoop: eventLoop, limits: limits, security: security, makeHandler: handler)
                return start(endpoint, sockets.unicast, listening: sockets.multicast, multicast)
            } catch {
                return eventLoop.makeFailedFuture(error)
            }
        }
    }

    /// Opens a socket towards one peer, from a port that nobody else uses.
    ///
    /// Unlike ``UDPEndpoint/peer(_:)`` it learns from the network when nobody is there, and fails requests with
    /// ``CoAPError/Code/unreachable`` at once; and answers that come from another port than was asked do not reach it.
    ///
    /// - Parameters:
    ///   - host: a name or an address; names are resolved off the loop.
    ///   - handler: serves the requests of the peer.
    /// - Returns: the connection, though nothing has been sent; fails with ``CoAPError``. It has ended when it is closed.
    public static func connect(
        host: String, port: Int = CoAPUDP.defaultPort, on eventLoop: any EventLoop, limits: Limits = .default,
        handler: any RequestHandler = NothingServed()
    ) -> EventLoopFuture<Connection> {
        connect(host: host, port: port, on: eventLoop, limits: limits, security: nil, handler: handler)
    }

    static func connect(
        host: String, port: Int, on eventLoop: any EventLoop, limits: Limits, security: (any DatagramSecurity)?,
        handler: any RequestHandler
    ) -> EventLoopFuture<Connection> {
        resolve(host, port, on: eventLoop).flatMap { address in
            do throws(CoAPError) {
                guard let remote = DatagramAddress(address) else {
                    throw CoAPError(.connectFailed, "\(address) is no Internet address")
                }
                let own = DatagramAddress(high: 0, low: 0, port: 0, scope: 0, isIPv6: remote.isIPv6)
                let socket = try DatagramSocket.open(own, isShared: false, peer: remote, hops: 1)
                let endpoint = DatagramEndpoint(
                    eventLoop: eventLoop, limits: limits, security: security, makeHandler: { _ in handler })
                return start(endpoint, [socket], listening: [], nil).flatMap { endpoint in
                    endpoint.peer(address).map { connection in
                        connection.closeFuture.whenComplete { _ in endpoint.close() }
                        return connection
                    }
                }
            } catch {
                return eventLoop.makeFailedFuture(error)
            }
        }
    }

    private static func resolve(
        _ host: String, _ port: Int, on eventLoop: any EventLoop
    ) -> EventLoopFuture<SocketAddress> {
        if let address = try? SocketAddress(ipAddress: host, port: port) {
            return eventLoop.makeSucceededFuture(address)
        }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            do {
                return try SocketAddress.makeAddressResolvingHost(host, port: port)
            } catch {
                throw CoAPError(.connectFailed, "\(host) cannot be resolved: \(error)", cause: error)
            }
        }
    }

    private static func start(
        _ endpoint: DatagramEndpoint, _ unicast: [DatagramSocket], listening: [DatagramSocket],
        _ multicast: MulticastListening?
    ) -> EventLoopFuture<UDPEndpoint> {
        let eventLoop = endpoint.eventLoop
        let sockets = unicast + listening.filter { socket in !unicast.contains { $0 === socket } }
        endpoint.carriers = sockets
        let port = Int(sockets.first?.port ?? 0)
        let bound = NIOLoopBound((endpoint, listening), eventLoop: eventLoop)
        return EventLoopFuture.andAllSucceed(sockets.map { $0.start(endpoint) }, on: eventLoop)
            .flatMapThrowing {
                let (endpoint, listening) = bound.value
                guard !endpoint.isClosed else { throw CoAPError(.closedLocally, "the endpoint was closed") }
                let result = UDPEndpoint(endpoint: endpoint, port: port)
                if multicast != nil {
                    endpoint.interfaces = InterfaceMembership(
                        eventLoop: eventLoop, listening: multicast, sockets: listening
                    ) { interfaces in endpoint.interfacesChanged(interfaces) }
                }
                return result
            }
            .flatMapErrorThrowing { error in
                bound.value.0.close()
                throw error as? CoAPError ?? CoAPError(.bindFailed, "\(error)", cause: error)
            }
    }
}

/// Which sockets an endpoint has.
struct BindingPlan {
    private let families: [DatagramAddress]
    private let port: UInt16
    private let multicast: MulticastListening?
    private let isAnywhere: Bool

    init(host: String?, port: Int, multicast: MulticastListening?) throws(CoAPError) {
        guard let port = UInt16(exactly: port) else {
            throw CoAPError(.bindFailed, "\(port) is no port: 0 to 65535 are")
        }
        self.port = port
        self.multicast = multicast
        if let multicast { try BindingPlan.check(multicast) }
        let anywhere = [true, false].map { DatagramAddress(high: 0, low: 0, port: port, scope: 0, isIPv6: $0) }
        guard let host else {
            (families, isAnywhere) = (anywhere, true)
            return
        }
        guard let address = DatagramAddress(host, port: port) else {
            throw CoAPError(.bindFailed, "\(host) is no address in numbers")
        }
        (families, isAnywhere) = ([address], false)
    }

    private static func check(_ multicast: MulticastListening) throws(CoAPError) {
        guard UInt16(exactly: multicast.port) != nil else {
            throw CoAPError(.bindFailed, "\(multicast.port) is no port: 0 to 65535 are")
        }
        for group in multicast.groups where DatagramAddress(group, port: 0)?.isMulticast != true {
            throw CoAPError(.bindFailed, "\(group) is no group: 224.0.0.0/4 and ff00::/8 are")
        }
    }

    /// Opens all of them, or none.
    func open(hops: Int) throws(CoAPError) -> (unicast: [DatagramSocket], multicast: [DatagramSocket]) {
        var opened: [DatagramSocket] = []
        do throws(CoAPError) {
            let unicast = try openUnicast(hops: hops)
            opened = unicast
            guard let multicast else { return (unicast, []) }
            // A socket that is bound to an address of a host is not given what goes to a group.
            let usable = unicast.filter { Int($0.port) == multicast.port }
            if isAnywhere || families.allSatisfy(\.isUnspecified), usable.count == unicast.count {
                return (unicast, usable)
            }
            let port = UInt16(truncatingIfNeeded: multicast.port)
            let separate = try openAll(
                families.map { DatagramAddress(high: 0, low: 0, port: port, scope: 0, isIPv6: $0.isIPv6) },
                isShared: true, hops: hops)
            return (unicast, separate)
        } catch {
            for socket in opened { socket.close() }
            throw error
        }
    }

    /// Both families get the same port. When the system chooses it for one, it may be taken in the other.
    private func openUnicast(hops: Int) throws(CoAPError) -> [DatagramSocket] {
        let isShared = multicast.map { $0.port == Int(port) } ?? false
        guard port == 0, families.count > 1 else { return try openAll(families, isShared: isShared, hops: hops) }
        for attempt in 0... {
            let first = try openAll(Array(families.prefix(1)), isShared: false, hops: hops)
            let port = first.first?.port ?? 0
            do throws(CoAPError) {
                return first
                    + (try openAll(families.dropFirst().map { $0.with(port: port) }, isShared: false, hops: hops))
            } catch {
                for socket in first { socket.close() }
                if attempt >= BindingPlan.portAttempts { throw error }
            }
        }
        return []
    }

    /// Each fails with a chance of a few in ten thousand.
    private static let portAttempts = 8

    private func openAll(
        _ addresses: [DatagramAddress], isShared: Bool, hops: Int
    ) throws(CoAPError) -> [DatagramSocket] {
        var sockets: [DatagramSocket] = []
        var failure: CoAPError?
        for address in addresses {
            do throws(CoAPError) {
                sockets.append(try DatagramSocket.open(address, isShared: isShared, hops: hops))
            } catch {
                // A kernel without IPv6 has IPv4 still, where both were asked for by asking for neither.
                if isAnywhere, address.isIPv6, error.isFamilyMissing { continue }
                failure = error
                break
            }
        }
        if failure == nil, sockets.isEmpty, !addresses.isEmpty, addresses.allSatisfy(\.isIPv6), isAnywhere { return [] }
        guard let failure else { return sockets }
        for socket in sockets { socket.close() }
        throw failure
    }
}
