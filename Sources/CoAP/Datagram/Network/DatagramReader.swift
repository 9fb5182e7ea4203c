import CDatagrams
import Glibc
import NIOCore

/// Room for the datagrams of one system call; for all sockets of an endpoint, of which one at a time is read.
final class DatagramInbox {
    /// Datagrams of one call: what a few clients with some requests under way each send in one turn of the loop.
    static let count = 16

    let datagrams: UnsafeMutableBufferPointer<gd_datagram>
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    init() {
        datagrams = .allocate(capacity: DatagramInbox.count)
        datagrams.initialize(repeating: gd_datagram())
        // Pages that nothing has come into cost nothing.
        bytes = .allocate(capacity: DatagramInbox.count * DatagramSocket.readSize)
    }

    deinit {
        datagrams.deallocate()
        bytes.deallocate()
    }

    /// Reads what has come to a socket.
    ///
    /// - Returns: how many datagrams, or the negative error number.
    func receive(_ descriptor: CInt) -> Int {
        for index in datagrams.indices {
            datagrams[index].bytes = bytes.baseAddress.map { $0 + index * DatagramSocket.readSize }
            datagrams[index].length = DatagramSocket.readSize
        }
        return Int(gd_receive(descriptor, datagrams.baseAddress, datagrams.count))
    }

    /// The bytes of a datagram that was read.
    func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: datagrams[index].bytes, count: datagrams[index].length)
    }
}

/// Hands a socket's datagrams to the endpoint: the first of a turn come from NIO, and what else waits is read here, without
/// a buffer and a text of the address for each.
final class DatagramReader: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let endpoint: DatagramEndpoint
    private let socket: DatagramSocket
    /// What NIO has given in this turn.
    private var given = 0

    /// What NIO reads in one turn. Two, of which the second says that more may wait; without it nobody need ask.
    static let firstBatch = 2

    /// Calls in one turn of the loop, so that other channels have their turn: some hundred datagrams.
    private static let rounds = 8

    init(endpoint: DatagramEndpoint, socket: DatagramSocket) {
        self.endpoint = endpoint
        self.socket = socket
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let remote = DatagramAddress(envelope.remoteAddress) else { return }
        let info = envelope.metadata?.packetInfo
        given += 1
        socket.outbox.isHolding = true
        endpoint.receive(
            envelope.data.readableBytesUInt8Span, from: remote,
            to: info.flatMap { DatagramAddress($0.destinationAddress) },
            interface: info.map { UInt32(truncatingIfNeeded: $0.interfaceIndex) } ?? 0, on: socket)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if given >= DatagramReader.firstBatch { drain() }
        given = 0
        socket.flush()
        socket.outbox.isHolding = false
    }

    /// Reads until nothing more waits.
    private func drain() {
        let inbox = endpoint.inbox
        for _ in 0..<DatagramReader.rounds {
            guard socket.isOpen else { return }
            let count = inbox.receive(socket.descriptor)
            guard count > 0 else {
                if count != -Int(EAGAIN), count != 0 {
                    endpoint.socketFailed(IOError(errnoCode: CInt(-count), reason: "recvmmsg"))
                }
                return
            }
            for index in 0..<count {
                let datagram = inbox.datagrams[index]
                guard let remote = DatagramAddress(datagram.remote) else { continue }
                endpoint.receive(
                    inbox.bytes(index).span, from: remote, to: DatagramAddress(datagram.local),
                    interface: datagram.interface, on: socket)
            }
            guard count == DatagramInbox.count else { return }
            socket.flush()
        }
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
