import NIOCore

/// Where a datagram came in.
///
/// A device that lists its endpoints lists those of the interface that was asked.
public struct Arrival: Sendable, Hashable {
    /// The interface's index; 0 when the kernel did not say.
    public let interfaceIndex: Int

    /// Whether it was sent to a group.
    public let isMulticast: Bool

    let destination: DatagramAddress?

    init(destination: DatagramAddress?, interfaceIndex: Int, isMulticast: Bool) {
        self.destination = destination
        self.interfaceIndex = interfaceIndex
        self.isMulticast = isMulticast
    }

    /// The address it was sent to: one of ours, or a group's; nil when the kernel did not say. The port is 0.
    public var localAddress: SocketAddress? { destination?.socketAddress }
}
