import Glibc
import OneLoop

/// A link over the kernel's socket.
@Loop
final class L2CAPLink: ATTLink {
    /// How many messages may wait for a socket that takes none: requests go one at a time, so these are commands and
    /// confirmations; a peer that takes none of so many is gone.
    static let longestQueue = 32
    /// How many messages are read before the loop does something else.
    private static let messagesAtOnce = 16
    /// How soon sending is tried again while the kernel is busy with making keys: it says neither when it is done nor that
    /// the socket can be written.
    private static let retry = Duration.milliseconds(50)
    /// As long as a pairing may take (Core Specification Vol 3 Part H 3.4: 30 s), and some.
    private static let longestStall = Duration.seconds(35)

    private let socket: L2CAPSocket
    private var watch: ReadinessPoller.Watch?
    private var queue: [[UInt8]] = []
    private var stalledSince: ContinuousClock.Instant?
    private var isOpen = true
    private var pending: [ATTLinkEvent] = []
    private var buffer = Array(repeating: UInt8(0), count: 1024)

    var onEvent: (@Loop (ATTLinkEvent) -> Void)? {
        didSet {
            guard let onEvent, !pending.isEmpty else { return }
            let events = pending
            pending = []
            for event in events { onEvent(event) }
        }
    }

    /// A link over a socket that is connected; takes the socket over.
    init(_ socket: L2CAPSocket) {
        self.socket = socket
        watch = ReadinessPoller.shared.add(socket.descriptor) { [weak self] in
            Loop.eventLoop.execute { Loop.assumeIsolated { self?.readable() } }
        }
        if let watch {
            ReadinessPoller.shared.await(watch, .reading)
        } else {
            fail("the system has no room for another connection")
        }
    }

    var security: LinkSecurity { isOpen ? socket.security : .none }

    func send(_ message: [UInt8]) {
        guard isOpen else { return }
        guard queue.count < L2CAPLink.longestQueue else { return fail("it takes no more messages") }
        queue.append(message)
        if queue.count == 1 { flush() }
    }

    private func flush() {
        guard isOpen else { return }
        while let message = queue.first {
            switch socket.send(message) {
            case 0:
                stalledSince = nil
                queue.removeFirst()
            case EAGAIN, ENOTCONN, ENOBUFS:
                // Not connected is what the kernel says while a key is made, too.
                let since = stalledSince ?? .now
                stalledSince = since
                guard .now - since < L2CAPLink.longestStall else { return fail("it takes no more messages") }
                Loop.after(L2CAPLink.retry) { [weak self] in self?.flush() }
                return
            case let code: return fail("the connection broke: \(L2CAPSocket.text(code))")
            }
        }
    }

    private func readable() {
        guard isOpen, let watch else { return }
        for _ in 0..<L2CAPLink.messagesAtOnce {
            do throws(GATTError) {
                guard let message = try socket.receive(into: &buffer) else { break }
                guard !message.isEmpty else { return fail("it ended the connection") }
                tell(.received(message))
            } catch {
                return fail(error.reason)
            }
            guard isOpen else { return }
        }
        ReadinessPoller.shared.await(watch, .reading)
    }

    func raise(to level: LinkSecurity) throws(GATTError) {
        guard isOpen else { throw GATTError(.disconnected, "the connection is gone") }
        guard socket.security < level else { return }
        let code = socket.set(security: level)
        guard code == 0 else {
            throw GATTError(
                .pairingFailed,
                "the link cannot be secured: \(L2CAPSocket.text(code)); the adapter must be powered on by the gateway")
        }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        onEvent = nil
        if let watch { ReadinessPoller.shared.remove(watch) }
        watch = nil
        Glibc.close(socket.descriptor)
    }

    private func fail(_ reason: String) {
        guard isOpen else { return }
        let tell = onEvent
        close()
        let event = ATTLinkEvent.closed(GATTError(.disconnected, reason))
        if let tell { tell(event) } else { pending.append(event) }
    }

    private func tell(_ event: ATTLinkEvent) {
        if let onEvent { onEvent(event) } else { pending.append(event) }
    }
}
