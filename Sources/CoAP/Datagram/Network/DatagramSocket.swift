import CDatagrams
import Glibc
import NIOCore
import NIOPosix

/// A bound UDP socket. NIO waits for what comes and reads the first of it; the rest is read and everything is written
/// here: several datagrams to a system call, and each from the address that it answers for (IP_PKTINFO), which NIO cannot
/// say.
///
/// Lives on the loop of its channel, which owns the descriptor.
final class DatagramSocket: DatagramCarrier {
    let isIPv6: Bool
    let port: UInt16
    let descriptor: CInt
    let isConnected: Bool
    private var channel: (any Channel)?
    private(set) var isOpen = true
    var outbox = DatagramOutbox()
    var lost: UInt64 = 0

    private init(descriptor: CInt, isIPv6: Bool, port: UInt16, isConnected: Bool) {
        self.descriptor = descriptor
        self.isIPv6 = isIPv6
        self.port = port
        self.isConnected = isConnected
    }

    /// Options of which Glibc's module has no name.
    private enum Option {
        /// `IPV6_MULTICAST_ALL`, Linux 4.20.
        static let multicastAllIPv6: CInt = 29
    }

    // MARK: Opening

    /// Opens and binds a socket.
    ///
    /// - Parameters:
    ///   - isShared: whether others on this host may bind the same port, as all who listen to the same groups have to.
    ///   - peer: connects the socket: it takes datagrams of that address alone, and learns when nobody is there.
    ///   - hops: what multicast datagrams may make.
    static func open(
        _ address: DatagramAddress, isShared: Bool, peer: DatagramAddress? = nil, hops: Int
    ) throws(CoAPError) -> DatagramSocket {
        let type = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { throw failure("no socket for UDP \(address)", errno) }
        do throws(CoAPError) {
            // IPv4 has a socket of its own; without this the IPv6 one would take its port.
            if address.isIPv6 { try set(descriptor, IPPROTO_IPV6_LEVEL, IPV6_V6ONLY, 1) }
            if isShared { try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) }
            let (level, name) = address.isIPv6 ? (IPPROTO_IPV6_LEVEL, IPV6_MULTICAST_HOPS) : (0, IP_MULTICAST_TTL)
            try set(descriptor, level, name, CInt(clamping: hops))
            // Groups that other sockets have joined are theirs. Kernels without the option deliver them all, and the
            // handler sees a request more.
            if address.isIPv6 {
                _ = try? set(descriptor, level, Option.multicastAllIPv6, 0)
            } else {
                _ = try? set(descriptor, level, IP_MULTICAST_ALL, 0)
            }
            if address.withSocketAddress({ bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self), $1) }) != 0 {
                throw failure("UDP \(address) cannot be bound", errno)
            }
            if let peer {
                let status = peer.withSocketAddress {
                    Glibc.connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self), $1)
                }
                if status != 0 { throw failure("UDP \(peer) cannot be reached", errno) }
            }
            let port = try localPort(descriptor, isIPv6: address.isIPv6)
            return DatagramSocket(
                descriptor: descriptor, isIPv6: address.isIPv6, port: port, isConnected: peer != nil)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private static func set(_ descriptor: CInt, _ level: CInt, _ name: CInt, _ value: CInt) throws(CoAPError) {
        var value = value
        guard setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
            throw failure("UDP socket option \(level)/\(name)", errno)
        }
    }

    private static func failure(_ what: String, _ error: CInt) -> CoAPError {
        CoAPError(
            .bindFailed, "\(what): \(String(cString: strerror(error)))", cause: IOError(errnoCode: error, reason: what))
    }

    private static func localPort(_ descriptor: CInt, isIPv6: Bool) throws(CoAPError) -> UInt16 {
        // The port lies in the same two bytes in both families.
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { throw failure("the port of a UDP socket", errno) }
        return UInt16(bigEndian: address.sin6_port)
    }

    /// The room for one datagram; one that fills it may have been longer, and is not taken. Ethernet carries 1,500.
    static let readSize = 2048

    /// Starts to read; every datagram goes to `endpoint`.
    func start(_ endpoint: DatagramEndpoint) -> EventLoopFuture<Void> {
        let reader = DatagramReader(endpoint: endpoint, socket: self)
        let bound = NIOLoopBound(self, eventLoop: endpoint.eventLoop)
        return DatagramBootstrap(group: endpoint.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.datagramVectorReadMessageCount, value: DatagramReader.firstBatch)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: DatagramReader.firstBatch * DatagramSocket.readSize)
            )
            .withBoundSocket(descriptor)
            .assumeIsolated()
            .flatMap { channel in
                bound.value.channel = channel
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(reader)
                }
                // Reading begins once every datagram says where it came in.
                .flatMap { channel.setOption(.receivePacketInfo, value: true) }
                .flatMap { channel.setOption(.autoRead, value: true) }
            }
            .nonisolated()
    }

    /// Closes a socket that was never started, or whose channel is to go.
    func close() {
        guard isOpen else { return }
        // Farewells among it.
        flush()
        isOpen = false
        if let channel {
            channel.close(promise: nil)
        } else {
            Glibc.close(descriptor)
        }
    }

    /// The channel has closed its descriptor.
    func closed() {
        isOpen = false
    }

    // MARK: Groups

    /// Joins or leaves a group on an interface.
    ///
    /// - Returns: 0, or the system's error number.
    func membership(_ group: DatagramAddress, interface: UInt32, joins: Bool) -> CInt {
        guard isOpen else { return EBADF }
        let status: CInt
        if isIPv6 {
            var request = ipv6_mreq()
            withUnsafeMutableBytes(of: &request.ipv6mr_multiaddr) { group.copyBytes(to: $0) }
            request.ipv6mr_interface = interface
            status = setsockopt(
                descriptor, IPPROTO_IPV6_LEVEL, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request,
                socklen_t(MemoryLayout<ipv6_mreq>.size))
        } else {
            var request = ip_mreqn()
            withUnsafeMutableBytes(of: &request.imr_multiaddr) { group.copyBytes(to: $0) }
            request.imr_ifindex = CInt(truncatingIfNeeded: interface)
            status = setsockopt(
                descriptor, 0, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                socklen_t(MemoryLayout<ip_mreqn>.size))
        }
        return status == 0 ? 0 : errno
    }
}

/// `IPPROTO_IPV6` as a level of socket options.
let IPPROTO_IPV6_LEVEL: CInt = 41

extension CoAPError {
    /// Whether the kernel does not know the address family, or has it switched off.
    var isFamilyMissing: Bool {
        guard let code = (cause as? IOError)?.errnoCode else { return false }
        return code == EAFNOSUPPORT || code == EADDRNOTAVAIL
    }
}
