import Foundation
import Glibc

/// A client that writes bytes as they are and reads until the server closes or is silent; it blocks, on a thread of its own.
struct RawConnection {
    private let socket: Int32

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        guard connected == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }

    func endInput() { shutdown(socket, Int32(SHUT_WR)) }

    func close() { Glibc.close(socket) }

    /// What comes until the server closes, the text stands in it so many times, or nothing comes for so long.
    func receive(until text: String? = nil, times: Int = 1, seconds: Int = 5) -> String {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            received += buffer[..<count]
            if let text {
                let parts = String(decoding: received, as: UTF8.self).components(separatedBy: text)
                if parts.count > times { break }
            }
        }
        return String(decoding: received, as: UTF8.self)
    }

    /// Runs a conversation off the test's thread.
    static func talk<Result: Sendable>(
        to port: Int, _ body: @escaping @Sendable (RawConnection) -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                do {
                    let connection = try RawConnection(port: port)
                    let result = body(connection)
                    connection.close()
                    continuation.resume(returning: result)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}

/// Sending that does not wait for reading.
enum DispatchSend {
    static func detached(_ body: @escaping @Sendable () -> Void) { DispatchQueue.global().async { body() } }
}
