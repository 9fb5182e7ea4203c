import Glibc
import Testing

@testable import Systemd

@Suite("Service notifier")
struct ServiceNotifierTests {
    private func notifier(_ environment: [String: String], process: Int32 = 7) -> ServiceNotifier {
        ServiceNotifier(environment: { environment[$0] }, process: process)
    }

    @Test(
        "The watchdog's interval is read from the environment",
        arguments: [
            ([:], nil), (["WATCHDOG_USEC": "30000000"], Duration.seconds(30)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"], .seconds(30)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], nil), (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "soon"], nil),
        ] as [([String: String], Duration?)])
    func watchdog(environment: [String: String], interval: Duration?) {
        #expect(notifier(environment).watchdogInterval == interval)
    }

    @Test("Without a manager nothing is said", arguments: ["", "relative/path", String(repeating: "/x", count: 80)])
    func nobody(socket: String) {
        #expect(!notifier(["NOTIFY_SOCKET": socket]).isListenedTo)
    }

    @Test("A manager hears every message of one call in one datagram", arguments: [true, false])
    func heard(abstract: Bool) throws {
        let name = "gatehouse-notify-\(getpid())-\(abstract)"
        let address = abstract ? "@\(name)" : "/tmp/\(name)"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(descriptor)
            unlink(address)
        }
        var local = sockaddr_un()
        local.sun_family = sa_family_t(AF_UNIX)
        var path = Array(address.utf8)
        if abstract { path[0] = 0 }
        withUnsafeMutableBytes(of: &local.sun_path) { $0.copyBytes(from: path) }
        let bound = withUnsafePointer(to: &local) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(2 + path.count)) }
        }
        try #require(bound == 0)
        notifier(["NOTIFY_SOCKET": address]).send(.ready, .status("two\nlines"))
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        try #require(count > 0)
        #expect(String(decoding: buffer[..<count], as: UTF8.self) == "READY=1\nSTATUS=two lines")
    }
}
