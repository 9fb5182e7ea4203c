import CDatagrams
import Glibc
import NIOCore

extension DatagramSocket {
    func send(_ bytes: ByteBuffer, to address: DatagramAddress, from origin: Origin?) -> CInt {
        guard isOpen else { return EBADF }
        flush()
        var datagram = header(address, origin)
        return bytes.withUnsafeReadableBytes { content in
            // The call only reads.
            datagram.bytes = UnsafeMutablePointer(mutating: content.bindMemory(to: UInt8.self).baseAddress)
            datagram.length = content.count
            return max(0, -gd_send(descriptor, &datagram, 1))
        }
    }

    func queue(_ bytes: ByteBuffer, to address: DatagramAddress, from origin: Origin?) -> CInt {
        guard isOpen else { return EBADF }
        guard outbox.isHolding else { return send(bytes, to: address, from: origin) }
        if !outbox.admits(bytes.readableBytes) { flush() }
        bytes.withUnsafeReadableBytes { outbox.append(header(address, origin), $0) }
        return 0
    }

    private func header(_ address: DatagramAddress, _ origin: Origin?) -> gd_datagram {
        var datagram = gd_datagram()
        guard !isConnected else { return datagram }
        datagram.remote = gd_address(address)
        if let address = origin?.address { datagram.local = gd_address(address) }
        datagram.interface = origin?.interface ?? 0
        return datagram
    }

    /// Sends what waits in the outbox.
    func flush() {
        guard !outbox.isEmpty else { return }
        lost += UInt64(outbox.send(by: isOpen ? descriptor : -1))
    }
}

/// Datagrams that go in one system call at the end of a turn of the loop, in the order they were given.
///
/// A call for each would wake the peer for each, which costs more than to make the answers.
struct DatagramOutbox {
    /// Bytes that wait at most: those of a whole call when all datagrams are as long as may be.
    private static let room = Int(GD_BATCH) * 1280

    /// Whether what is queued waits; from the first datagram of a turn to its end.
    var isHolding = false
    private var bytes: [UInt8] = []
    private var datagrams: [gd_datagram] = []

    var isEmpty: Bool { datagrams.isEmpty }

    /// Whether a datagram of so many bytes goes in as well.
    func admits(_ count: Int) -> Bool {
        datagrams.count < Int(GD_BATCH) && bytes.count + count <= DatagramOutbox.room
    }

    mutating func append(_ datagram: gd_datagram, _ content: UnsafeRawBufferPointer) {
        var datagram = datagram
        datagram.length = content.count
        bytes.append(contentsOf: content)
        datagrams.append(datagram)
    }

    /// Sends and forgets all of it.
    ///
    /// - Returns: how many datagrams the system did not take.
    mutating func send(by descriptor: CInt) -> Int {
        var failures = 0
        bytes.withUnsafeMutableBufferPointer { bytes in
            datagrams.withUnsafeMutableBufferPointer { datagrams in
                var next = bytes.baseAddress
                for index in datagrams.indices {
                    datagrams[index].bytes = next
                    next = next.map { $0 + datagrams[index].length }
                }
                var done = 0
                while done < datagrams.count {
                    let sent = gd_send(descriptor, datagrams.baseAddress.map { $0 + done }, datagrams.count - done)
                    // If none went, it was the first that did not.
                    if sent < 1 { failures += 1 }
                    done += max(1, Int(sent))
                }
            }
        }
        bytes.removeAll(keepingCapacity: true)
        datagrams.removeAll(keepingCapacity: true)
        return failures
    }
}
