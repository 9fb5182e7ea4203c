import CoAP
import NIOCore
import OCFModel
import OneLoop

extension LocalDoor {
    /// Addresses of one interface that are told: a host has an address of each kind, and a few more while prefixes change.
    static let maximumAddresses = 8

    /// Where the device is reached on the network that a request came from.
    ///
    /// - Parameter isClear: the plain endpoints, or those over DTLS.
    func endpoints(for caller: Caller, isClear: Bool) -> [Endpoint] {
        // What the cloud is told are links without endpoints: it puts its own in.
        guard caller.way != .cloud, let port = isClear ? plain?.port : secure?.port else { return [] }
        let scheme = isClear ? "coap" : "coaps"
        var endpoints: [Endpoint] = []
        for address in addresses(for: caller.arrival).prefix(Self.maximumAddresses) {
            guard let host = address.ipAddress else { continue }
            // A scope is the host's own number for an interface; the asker has another one.
            let text = host.split(separator: "%").first.map(String.init) ?? host
            endpoints.append(Endpoint("\(scheme)://\(address.protocol == .inet6 ? "[\(text)]" : text):\(port)"))
        }
        return endpoints
    }

    private func addresses(for arrival: Arrival?) -> [SocketAddress] {
        if let index = arrival?.interfaceIndex, index != 0,
            let interface = interfaces.first(where: { $0.index == index })
        {
            return interface.addresses
        }
        return interfaces.filter { !$0.isLoopback }.flatMap(\.addresses)
    }
}
