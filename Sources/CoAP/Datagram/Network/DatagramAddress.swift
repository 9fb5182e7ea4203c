import CDatagrams
import Glibc
import NIOCore

/// An Internet address and port as a plain value: compared and hashed without a detour, for it is the key of every
/// datagram that comes.
struct DatagramAddress: Hashable, Sendable {
    /// The 128 bits of the address; an IPv4 address is in the lowest 32.
    let high: UInt64
    let low: UInt64
    let port: UInt16
    /// The interface of a link-local IPv6 address.
    let scope: UInt32
    let isIPv6: Bool

    init(high: UInt64, low: UInt64, port: UInt16, scope: UInt32, isIPv6: Bool) {
        self.high = high
        self.low = low
        self.port = port
        self.scope = scope
        self.isIPv6 = isIPv6
    }

    init(_ address: sockaddr_in) {
        self.init(
            high: 0, low: UInt64(UInt32(bigEndian: address.sin_addr.s_addr)), port: UInt16(bigEndian: address.sin_port),
            scope: 0, isIPv6: false)
    }

    init(_ address: sockaddr_in6) {
        let (high, low) = withUnsafeBytes(of: address.sin6_addr) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.init(
            high: high, low: low, port: UInt16(bigEndian: address.sin6_port), scope: address.sin6_scope_id,
            isIPv6: true)
    }

    /// Nil for an address that is not of the Internet.
    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let address): self.init(address.address)
        case .v6(let address): self.init(address.address)
        case .unixDomainSocket: return nil
        }
    }

    /// Nil for no address.
    init?(_ address: gd_address) {
        guard address.family != 0 else { return nil }
        self.init(
            high: address.high, low: address.low, port: address.port, scope: address.scope,
            isIPv6: address.family == 6)
    }

    /// The address in numbers.
    init?(_ text: String, port: UInt16) {
        guard let address = try? SocketAddress(ipAddress: text, port: Int(port)) else { return nil }
        self.init(address)
    }

    /// The same host without the port.
    var host: DatagramAddress {
        DatagramAddress(high: high, low: low, port: 0, scope: scope, isIPv6: isIPv6)
    }

    func with(port: UInt16) -> DatagramAddress {
        DatagramAddress(high: high, low: low, port: port, scope: scope, isIPv6: isIPv6)
    }

    func with(scope: UInt32) -> DatagramAddress {
        DatagramAddress(high: high, low: low, port: port, scope: scope, isIPv6: isIPv6)
    }

    /// Whether it is a group's: 224.0.0.0/4, ff00::/8.
    var isMulticast: Bool { isIPv6 ? high >> 56 == 0xFF : low >> 28 == 0xE }

    /// 0.0.0.0 or ::.
    var isUnspecified: Bool { high == 0 && low == 0 }

    /// 255.255.255.255.
    var isBroadcast: Bool { !isIPv6 && low == 0xFFFF_FFFF }

    /// fe80::/10.
    var isLinkLocal: Bool { isIPv6 && high >> 54 == 0x3FA }

    private var inet: sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
        return address
    }

    private var inet6: sockaddr_in6 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_scope_id = scope
        withUnsafeMutableBytes(of: &address.sin6_addr) { copyBytes(to: $0) }
        return address
    }

    /// Writes the 4 or 16 bytes of the address.
    func copyBytes(to bytes: UnsafeMutableRawBufferPointer) {
        if isIPv6 {
            bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        } else {
            bytes.storeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian, as: UInt32.self)
        }
    }

    /// Calls `body` with the address as the system wants it.
    func withSocketAddress<Result>(_ body: (UnsafeMutableRawPointer, socklen_t) -> Result) -> Result {
        if isIPv6 {
            var address = inet6
            return withUnsafeMutableBytes(of: &address) { call(body, $0) }
        }
        var address = inet
        return withUnsafeMutableBytes(of: &address) { call(body, $0) }
    }

    private func call<Result>(
        _ body: (UnsafeMutableRawPointer, socklen_t) -> Result, _ bytes: UnsafeMutableRawBufferPointer
    ) -> Result {
        // The buffer of a variable is never empty, so its address is there.
        guard let base = bytes.baseAddress else { preconditionFailure("a socket address has bytes") }
        return body(base, socklen_t(bytes.count))
    }

    /// For NIO and its users.
    var socketAddress: SocketAddress {
        isIPv6 ? SocketAddress(inet6) : SocketAddress(inet)
    }
}

extension gd_address {
    init(_ address: DatagramAddress) {
        self.init(
            high: address.high, low: address.low, scope: address.scope, port: address.port,
            family: address.isIPv6 ? 6 : 4)
    }
}

extension DatagramAddress: CustomStringConvertible {
    var description: String {
        let address = socketAddress.ipAddress ?? "?"
        return isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
