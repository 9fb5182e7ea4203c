import Glibc

/// Tells the service manager how the service fares (`sd_notify(3)`), without linking its library.
///
/// Does nothing when no manager listens, so a program can call it wherever it runs.
public struct ServiceNotifier: Sendable {
    /// What can be said.
    public enum Message: Sendable, Equatable {
        /// Start-up is finished.
        case ready
        /// One line of state for `systemctl status`.
        case status(String)
        /// Still alive; said at half the watchdog's interval.
        case watchdog
        /// Shutting down.
        case stopping

        var text: String {
            switch self {
            case .ready: "READY=1"
            // A line break would begin another assignment.
            case .status(let line): "STATUS=" + line.map { $0.isNewline ? " " : $0 }
            case .watchdog: "WATCHDOG=1"
            case .stopping: "STOPPING=1"
            }
        }
    }

    /// The socket's address: a path, or a name in the abstract space after `@`.
    private let address: String?

    /// How often the manager wants to hear ``Message/watchdog``; `nil` when it does not watch this process.
    public let watchdogInterval: Duration?

    /// A notifier for the manager that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`).
    public init() {
        self.init(environment: { name in getenv(name).map { String(cString: $0) } }, process: getpid())
    }

    /// For tests: the environment as a function.
    init(environment: (String) -> String?, process: Int32) {
        let socket = environment("NOTIFY_SOCKET") ?? ""
        // sun_path holds 108 bytes; a longer address cannot be one.
        address = (2...107).contains(socket.utf8.count) && (socket.first == "/" || socket.first == "@") ? socket : nil
        let watched = environment("WATCHDOG_PID").map { $0 == String(process) } ?? true
        let interval = environment("WATCHDOG_USEC").flatMap(Int64.init)
        watchdogInterval = interval.flatMap { watched && $0 > 0 ? .microseconds($0) : nil }
    }

    /// Whether a manager listens.
    public var isListenedTo: Bool { address != nil }

    /// Says `messages` in one datagram. A manager that is away is no error of ours, so failures are not reported.
    public func send(_ messages: Message...) {
        guard let address else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var path = Array(address.utf8)
        // The abstract space is marked by a leading NUL on the wire, by @ in the environment.
        if path[0] == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + path.count } ?? 0)
        let payload = Array(messages.map(\.text).joined(separator: "\n").utf8)
        _ = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                sendto(descriptor, payload, payload.count, Int32(MSG_NOSIGNAL), generic, length)
            }
        }
    }
}
