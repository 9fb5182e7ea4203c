import Glibc
import NIOCore

/// A network interface and its addresses, as they are now.
public struct NetworkInterface: Sendable, Hashable {
    /// The kernel's number for it, which never returns while the system runs.
    public let index: Int
    /// Its name, such as "eth0".
    public let name: String
    /// Whether it is the host's own.
    public let isLoopback: Bool
    /// Whether it takes multicast.
    public let supportsMulticast: Bool
    /// Its addresses, without a port; link-local ones with their scope.
    public let addresses: [SocketAddress]

    /// The interfaces that are up.
    ///
    /// - Returns: none when the system does not say, as where netlink sockets are forbidden.
    public static func current() -> [NetworkInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [String: (flags: UInt32, addresses: [SocketAddress])] = [:]
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard entry.pointee.ifa_flags & UInt32(IFF_UP) != 0, let name = entry.pointee.ifa_name else { continue }
            var interface = found[String(cString: name)] ?? (entry.pointee.ifa_flags, [])
            if let address = entry.pointee.ifa_addr { interface.addresses += socketAddress(address).map { [$0] } ?? [] }
            found[String(cString: name)] = interface
        }
        return found.compactMap { name, interface in
            let index = if_nametoindex(name)
            guard index != 0 else { return nil }
            return NetworkInterface(
                index: Int(index), name: name, isLoopback: interface.flags & UInt32(IFF_LOOPBACK) != 0,
                supportsMulticast: interface.flags & UInt32(IFF_MULTICAST) != 0, addresses: interface.addresses)
        }
        .sorted { $0.index < $1.index }
    }

    private static func socketAddress(_ address: UnsafeMutablePointer<sockaddr>) -> SocketAddress? {
        let raw = UnsafeRawPointer(address)
        switch CInt(address.pointee.sa_family) {
        case AF_INET: return DatagramAddress(raw.loadUnaligned(as: sockaddr_in.self)).host.socketAddress
        case AF_INET6: return DatagramAddress(raw.loadUnaligned(as: sockaddr_in6.self)).host.socketAddress
        default: return nil
        }
    }
}
