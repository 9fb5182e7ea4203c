import Glibc
import NIOCore

/// Where a datagram is to come from: the address and interface the one before it went to.
struct Origin: Hashable, Sendable {
    /// Our address; nil lets the kernel choose.
    let address: DatagramAddress?
    /// The interface it leaves by; 0 lets the routes choose.
    let interface: UInt32

    /// The origin of what answers a datagram that was sent to `destination` and came in by `interface`.
    ///
    /// From a unicast address the answer goes by the usual routes; of a group's, the interface alone says who asked.
    static func answering(_ destination: DatagramAddress, interface: UInt32) -> Origin {
        if destination.isMulticast { return Origin(address: nil, interface: interface) }
        return Origin(address: destination, interface: destination.isLinkLocal ? interface : 0)
    }
}

/// What puts datagrams onto the network: a socket, or a test's stand-in.
protocol DatagramCarrier: AnyObject {
    /// The family it carries.
    var isIPv6: Bool { get }
    /// Its port.
    var port: UInt16 { get }

    /// Sends one datagram now.
    ///
    /// - Returns: 0, or the system's error number. What does not fit the socket's buffer is lost, as on any link.
    func send(_ bytes: ByteBuffer, to address: DatagramAddress, from origin: Origin?) -> CInt

    /// Sends one datagram for whose fate nobody waits, at the latest at the end of this turn of the loop, after what was
    /// queued and before what is sent later.
    ///
    /// - Returns: 0, or the system's error number, where that is known at once.
    func queue(_ bytes: ByteBuffer, to address: DatagramAddress, from origin: Origin?) -> CInt

    /// Datagrams that were queued and the system then did not take.
    var lost: UInt64 { get }

    /// Sends and receives no more.
    func close()
}
