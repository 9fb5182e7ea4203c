import Glibc
import NIOCore
import NIOPosix

/// Tells when interfaces or addresses come, go or change.
///
/// The kernel says so itself over netlink (rtnetlink(7)): at once, and nothing runs while nothing changes. What it says
/// is not read, for the state that counts is asked for anew; a burst of messages is one change. Where it does not say,
/// as in some containers, the state is looked at every few seconds; that takes netlink as well (getifaddrs(3)), so who
/// forbids the address family altogether has no groups.
final class NetworkWatch {
    private let eventLoop: any EventLoop
    private var onChange: (() -> Void)?
    private var channel: (any Channel)?
    private var timer: Scheduled<Void>?

    /// A link that comes up sends some ten messages within that time.
    private static let settling = TimeAmount.milliseconds(100)
    /// An address that appears is used at the latest after that, without netlink.
    private static let interval = TimeAmount.seconds(5)

    /// Numbers of linux/rtnetlink.h.
    private enum Groups {
        static let link: UInt32 = 0x1
        static let addressIPv4: UInt32 = 0x10
        static let addressIPv6: UInt32 = 0x100
    }

    init(eventLoop: any EventLoop, onChange: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.onChange = onChange
        open()
    }

    func stop() {
        onChange = nil
        timer?.cancel()
        channel?.close(promise: nil)
        channel = nil
    }

    private func open() {
        guard let descriptor = NetworkWatch.subscribe() else { return poll() }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        NIOPipeBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NetworkWatchHandler(watch: bound.value))
                }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    self.channel = channel
                    if self.onChange == nil { self.stop() }
                case .failure:
                    // The descriptor was not taken.
                    Glibc.close(descriptor)
                    self.poll()
                }
            }
    }

    /// - Returns: a socket that is told of changes; nil where that is forbidden.
    private static func subscribe() -> CInt? {
        let type = CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_NETLINK, type, 0)
        guard descriptor >= 0 else { return nil }
        // struct sockaddr_nl: family, padding, port (0 lets the kernel choose), groups.
        var address: [UInt32] = [0, 0, Groups.link | Groups.addressIPv4 | Groups.addressIPv6]
        let status = address.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: sa_family_t(AF_NETLINK), as: sa_family_t.self)
            return bytes.baseAddress.map {
                bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
        }
        if status == 0 { return descriptor }
        Glibc.close(descriptor)
        return nil
    }

    private func poll() {
        guard onChange != nil else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(in: NetworkWatch.interval) { [weak self] in
            self?.onChange?()
            self?.poll()
        }
    }

    /// The kernel has said something.
    fileprivate func changed() {
        guard onChange != nil, timer == nil else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(in: NetworkWatch.settling) { [weak self] in
            self?.timer = nil
            self?.onChange?()
        }
    }

    /// The socket is gone: the kernel had more to say than fits it.
    fileprivate func lost() {
        channel = nil
        guard onChange != nil else { return }
        timer?.cancel()
        timer = eventLoop.assumeIsolated().scheduleTask(in: NetworkWatch.settling) { [weak self] in
            guard let self else { return }
            self.timer = nil
            self.open()
            self.onChange?()
        }
    }
}

private final class NetworkWatchHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private weak var watch: NetworkWatch?

    init(watch: NetworkWatch) {
        self.watch = watch
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        watch?.changed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        watch?.lost()
    }
}
