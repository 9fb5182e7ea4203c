import Glibc
import NIOCore
import NIOPosix

/// A bound UDP socket. NIO reads it; it is written here, for NIO cannot say from which address a datagram is to go
/// (IP_PKTINFO), and an answer has to come from the address the request went to.
///
/// Lives on the loop of its channel, which owns the descriptor.
final class DatagramSocket: DatagramCarrier {
    let isIPv6: Bool
    let port: UInt16
    private let descriptor: CInt
    private let isConnected: Bool
    private var channel: (any Channel)?
    private var isOpen = true

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

    /// Datagrams read by one system call.
    private static let readBatch = 16
    /// The room for one datagram; one that fills it may have been longer, and is not taken. Ethernet carries 1,500.
    static let readSize = 2048

    /// Starts to read; every datagram goes to `endpoint`.
    func start(_ endpoint: DatagramEndpoint) -> EventLoopFuture<Void> {
        let reader = DatagramReader(endpoint: endpoint, socket: self)
        let bound = NIOLoopBound(self, eventLoop: endpoint.eventLoop)
        return DatagramBootstrap(group: endpoint.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.datagramVectorReadMessageCount, value: DatagramSocket.readBatch)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: DatagramSocket.readBatch * DatagramSocket.readSize)
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

    // MARK: Sending

    func send(_ bytes: ByteBuffer, to address: DatagramAddress, from origin: Origin?) -> CInt {
        guard isOpen else { return EBADF }
        return bytes.withUnsafeReadableBytes { payload in
            var vector = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: payload.baseAddress), iov_len: payload.count)
            return withUnsafeMutablePointer(to: &vector) { vector in
                if isConnected { return send(vector, name: nil, nameLength: 0, origin) }
                return address.withSocketAddress { send(vector, name: $0, nameLength: $1, origin) }
            }
        }
    }

    private func send(
        _ vector: UnsafeMutablePointer<iovec>, name: UnsafeMutableRawPointer?, nameLength: socklen_t, _ origin: Origin?
    ) -> CInt {
        var message = msghdr()
        message.msg_name = name
        message.msg_namelen = nameLength
        message.msg_iov = vector
        message.msg_iovlen = 1
        guard let origin, !isConnected, origin.address != nil || origin.interface != 0 else {
            return transmit(&message)
        }
        return withUnsafeTemporaryAllocation(byteCount: ControlMessage.room, alignment: 16) { control in
            message.msg_control = control.baseAddress
            message.msg_controllen = .init(ControlMessage.write(origin, isIPv6: isIPv6, to: control))
            return transmit(&message)
        }
    }

    private func transmit(_ message: inout msghdr) -> CInt {
        while true {
            if sendmsg(descriptor, &message, CInt(MSG_NOSIGNAL)) >= 0 { return 0 }
            if errno != EINTR { return errno }
        }
    }
}

/// `IPPROTO_IPV6` as a level of socket options.
let IPPROTO_IPV6_LEVEL: CInt = 41

/// The control message that says where a datagram is to come from: `IP_PKTINFO` of ip(7), `IPV6_PKTINFO` of RFC 3542
/// §6.1. The C library's macros for its layout do not reach Swift.
private enum ControlMessage {
    /// The longest: a header and 20 bytes, aligned.
    static let room = 64

    private static func aligned(_ count: Int) -> Int {
        (count + MemoryLayout<Int>.size - 1) & ~(MemoryLayout<Int>.size - 1)
    }

    /// - Returns: the bytes written.
    static func write(_ origin: Origin, isIPv6: Bool, to bytes: UnsafeMutableRawBufferPointer) -> Int {
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        let start = aligned(MemoryLayout<cmsghdr>.size)
        let data = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
        let length: Int
        if isIPv6 {
            // struct in6_pktinfo: address, interface.
            origin.address?.copyBytes(to: data)
            data.storeBytes(of: origin.interface, toByteOffset: 16, as: UInt32.self)
            length = 20
        } else {
            // struct in_pktinfo: interface, source address, (destination, for receiving).
            data.storeBytes(of: origin.interface, as: UInt32.self)
            origin.address?.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: data[4...]))
            length = 12
        }
        var header = cmsghdr()
        header.cmsg_len = .init(start + length)
        header.cmsg_level = isIPv6 ? IPPROTO_IPV6_LEVEL : 0
        header.cmsg_type = isIPv6 ? IPV6_PKTINFO : IP_PKTINFO
        withUnsafeBytes(of: header) { bytes.copyMemory(from: $0) }
        return aligned(start + length)
    }
}

/// Hands a socket's datagrams to the endpoint.
private final class DatagramReader: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let endpoint: DatagramEndpoint
    private let socket: DatagramSocket

    init(endpoint: DatagramEndpoint, socket: DatagramSocket) {
        self.endpoint = endpoint
        self.socket = socket
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let remote = DatagramAddress(envelope.remoteAddress) else { return }
        endpoint.receive(envelope.data, from: remote, info: envelope.metadata?.packetInfo, on: socket)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An ICMP message about what a connected socket has sent; others do not hear of them.
        endpoint.socketFailed(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        socket.closed()
        endpoint.socketClosed(socket)
    }
}

extension CoAPError {
    /// Whether the kernel does not know the address family, or has it switched off.
    var isFamilyMissing: Bool {
        guard let code = (cause as? IOError)?.errnoCode else { return false }
        return code == EAFNOSUPPORT || code == EADDRNOTAVAIL
    }
}
