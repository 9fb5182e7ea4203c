import Glibc
import NIOCore

/// The groups an endpoint listens to, and where.
public struct MulticastListening: Sendable, Hashable {
    /// All CoAP nodes (RFC 7252 §12.8 for IPv4) and all OCF devices, of the link, the realm and the site (OCF core):
    /// 224.0.1.187, ff02::158, ff03::158, ff05::158.
    public static let ocfGroups = ["224.0.1.187", "ff02::158", "ff03::158", "ff05::158"]

    /// The groups' addresses.
    public var groups = MulticastListening.ocfGroups

    /// The port requests to the groups go to. When it is not the endpoint's own it gets sockets of its own, which
    /// answer what comes to them, unicast as well.
    public var port = CoAPUDP.defaultPort

    /// The names of the interfaces to listen on; nil for all.
    public var interfaces: Set<String>?

    /// Whether to listen on the loopback interface too, where nobody else can hear.
    public var includesLoopback = false

    /// OCF's groups on every interface.
    public init() {}

    func covers(_ interface: NetworkInterface) -> Bool {
        guard interface.isLoopback ? includesLoopback : interface.supportsMulticast else { return false }
        return interfaces.map { $0.contains(interface.name) } ?? true
    }
}

/// Keeps an endpoint in its groups on every interface, while interfaces and addresses come and go.
///
/// Sockets are bound to no address, so that they need not follow: each answer names the address it comes from. What has
/// to follow is membership, which the kernel keeps for each interface.
final class InterfaceMembership {
    private struct Membership: Hashable {
        let socket: Int
        let group: DatagramAddress
        let interface: Int
    }

    private let listening: MulticastListening?
    private let groups: [DatagramAddress]
    private let sockets: [DatagramSocket]
    private var joined: Set<Membership> = []
    private var watch: NetworkWatch?
    private(set) var current: [NetworkInterface] = []
    private let onChange: ([NetworkInterface]) -> Void

    /// - Parameters:
    ///   - listening: nil to watch alone.
    ///   - sockets: those on the groups' port.
    init(
        eventLoop: any EventLoop, listening: MulticastListening?, sockets: [DatagramSocket],
        onChange: @escaping ([NetworkInterface]) -> Void
    ) {
        self.listening = listening
        self.sockets = sockets
        self.onChange = onChange
        groups = listening?.groups.compactMap { DatagramAddress($0, port: 0) } ?? []
        watch = NetworkWatch(eventLoop: eventLoop) { [weak self] in self?.update() }
        update()
    }

    var count: Int { joined.count }

    func stop() {
        watch?.stop()
        watch = nil
    }

    /// Looks at the interfaces anew.
    private func update() {
        let interfaces = NetworkInterface.current()
        var wanted: Set<Membership> = []
        if let listening {
            for interface in interfaces where listening.covers(interface) {
                for (index, socket) in sockets.enumerated() {
                    for group in groups where group.isIPv6 == socket.isIPv6 {
                        wanted.insert(Membership(socket: index, group: group, interface: interface.index))
                    }
                }
            }
        }
        for old in joined.subtracting(wanted) {
            // An interface that is gone has taken its memberships along.
            _ = sockets[old.socket].membership(old.group, interface: UInt32(old.interface), joins: false)
            joined.remove(old)
        }
        for new in wanted.subtracting(joined) {
            // What fails, for lack of IPv6 on that interface or at the kernel's limit, is tried at the next change.
            let error = sockets[new.socket].membership(new.group, interface: UInt32(new.interface), joins: true)
            if error == 0 || error == EADDRINUSE { joined.insert(new) }
        }
        guard interfaces != current else { return }
        current = interfaces
        onChange(interfaces)
    }
}
