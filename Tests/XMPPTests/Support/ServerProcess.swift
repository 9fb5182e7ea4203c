import Foundation
import Synchronization
import TLS
import Testing

/// A program of somebody else's, in a folder of the test; ended with the test.
final class ServerProcess: Sendable {
    let pid: pid_t
    private let status = Mutex<Int32?>(nil)

    /// Runs `words[0]`; what it prints goes to `log`.
    init(_ words: [String], environment: [String: String] = [:], folder: String, log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Threads of the test block signals, and a child would inherit that: SIGTERM would never reach it.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let settings = environment.map { "\($0.key)=\($0.value)" }
        var arguments = (["env", "-C", folder] + settings + words).map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        var pid: pid_t = 0
        try #require(posix_spawn(&pid, "/usr/bin/env", &actions, &attributes, &arguments, environ) == 0)
        self.pid = pid
        // Collects the child; holds `self` until then.
        Thread { self.collect() }.start()
    }

    private func collect() {
        var result: Int32 = 0
        while waitpid(pid, &result, 0) < 0 && errno == EINTR {}
        status.withLock { $0 = result & 0x7F == 0 ? (result >> 8) & 0xFF : 128 + (result & 0x7F) }
    }

    /// 0 to 255, or 128 and the signal; nil while it runs.
    var exitStatus: Int32? { status.withLock { $0 } }

    /// Sends a signal, unless it has ended.
    func signal(_ number: Int32) {
        status.withLock { if $0 == nil { kill(pid, number) } }
    }

    func end(_ number: Int32 = SIGKILL) async throws {
        signal(number)
        try await eventually("a server ends") { exitStatus != nil }
    }

    @discardableResult
    static func run(_ words: [String], environment: [String: String] = [:], folder: String) async throws -> String {
        let log = folder + "/run-\(UUID().uuidString).log"
        let process = try ServerProcess(words, environment: environment, folder: folder, log: log)
        try await eventually("\(words[0]) ends") { process.exitStatus != nil }
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        try #require(process.exitStatus == 0, "\(words): \(text)")
        return text
    }
}

/// Waits until something holds; it is looked at often, and given up after a time no healthy machine needs.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(40)
    while !(try condition()) {
        try #require(ContinuousClock.now < deadline, "never happened: \(what)")
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Ports of loopback that were free a moment ago.
func freePorts(_ count: Int) throws -> [Int] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    return try (0..<count).map { _ in
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        sockets.append(descriptor)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(result)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Whether something listens.
func isListening(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

/// An authority of the test, and what it issues.
struct Authority {
    let root: CertificateIssuer
    let key: PrivateKey

    init() throws {
        key = try .generateP256()
        root = try .root(commonName: "XMPP Test Root", key: key, validity: .days(30))
    }

    var trust: TrustAnchors { TrustAnchors([root.certificate]) }

    func identity(
        _ names: [String], validity: CertificateIssuer.Validity = .days(30)
    ) throws -> Identity {
        let key = try PrivateKey.generateP256()
        let leaf = try root.issue(
            .init(commonName: names[0], publicKey: try key.publicKey(), validity: validity, names: names))
        return try Identity(chain: CertificateChain([leaf]), key: key)
    }
}
