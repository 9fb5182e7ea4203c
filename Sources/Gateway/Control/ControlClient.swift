import Glibc
import JSONText

/// Asks the daemon through its control socket. Blocking: it serves a command line that does one thing.
public final class ControlClient {
    /// Ten thousand nodes of twenty values each, as the concentrator may hold them, with room to spare.
    private static let limits = JSONLimits(bytes: 64 << 20, values: 8_000_000)

    private let descriptor: Int32
    private var pending: [UInt8] = []

    /// Connects to the daemon at `path`.
    ///
    /// - Throws: ``ControlError`` `unreachable`, saying what to do.
    public init(path: String) throws(ControlError) {
        guard let descriptor = UnixSocket.connect(path) else {
            let number = errno
            let advice =
                switch number {
                case EACCES, EPERM: "you may not open it; join its group (see `gateway.control_group`) or use sudo"
                case ENOENT, ECONNREFUSED:
                    "no daemon runs there; start it with `gatehouse run`, or name its socket with --socket"
                default: String(cString: strerror(number))
                }
            throw ControlError(.unreachable, "cannot reach the daemon at \(path): \(advice)")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Sends a request and waits for its answer.
    public func ask(_ request: ControlRequest) throws(ControlError) -> JSON {
        try send(request)
        let answer = try receive()
        if let result = answer["ok"] { return result }
        let error = answer["error"]
        throw ControlError(
            error?["code"]?.string.flatMap(ControlError.Code.init(rawValue:)) ?? .failed,
            error?["reason"]?.string ?? "the daemon's answer makes no sense: \(answer)")
    }

    /// Follows the daemon; `each` tells whether to go on.
    public func watch(_ each: (JSON) -> Bool) throws(ControlError) {
        try send(.watch)
        while true {
            let line = try receive()
            guard let event = line["event"] else { continue }
            if !each(event) { return }
        }
    }

    private func send(_ request: ControlRequest) throws(ControlError) {
        var bytes = Array((request.json.serialized() + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw ControlError(.unreachable, "the daemon hung up") }
            bytes = bytes.dropFirst(count)
        }
    }

    private func receive() throws(ControlError) -> JSON {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(pending[..<end])
                pending.removeFirst(end + 1)
                do { return try JSON.parse(line, limits: Self.limits) } catch {
                    throw ControlError(.failed, "the daemon's answer is no JSON: \(error)")
                }
            }
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw ControlError(.unreachable, "the daemon hung up") }
            pending += chunk[..<count]
        }
    }
}

/// Sockets in the file system.
enum UnixSocket {
    /// Connects to the socket at `path`; `nil`, with `errno` set, when nobody answers.
    static func connect(_ path: String) -> Int32? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        // 108 bytes with the closing NUL: the size of sun_path.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return nil
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result == 0 { return descriptor }
        let number = errno
        close(descriptor)
        errno = number
        return nil
    }
}
