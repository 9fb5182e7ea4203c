import Foundation
import Synchronization
import Testing

@testable import TLS

/// The `openssl` command as a peer and as a maker of odd certificates, in a folder of its own.
final class OpenSSL: Sendable {
    let folder: String
    /// Kept until the test is over.
    private let children = Mutex<[Child]>([])

    init() throws {
        folder = NSTemporaryDirectory() + "tls-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit {
        for child in children.withLock({ $0 }) {
            child.signal(SIGKILL)
            child.closeInput()
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    static let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    func path(_ name: String) -> String { folder + "/" + name }

    func file(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    /// The files of an identity: certificates and key.
    func files(_ identity: Identity, _ name: String) throws -> (certificate: String, key: String) {
        (try file(name + ".pem", identity.chain.pem), try file(name + ".key", identity.key.pem()))
    }

    /// Runs to the end; what it printed on both outputs.
    @discardableResult
    func run(_ arguments: String...) async throws -> String { try await run(arguments) }

    @discardableResult
    func run(_ arguments: [String]) async throws -> String {
        let child = try child(arguments)
        child.closeInput()
        try #require(try await child.exit() == 0, "openssl \(arguments): \(child.text)")
        return child.text
    }

    func child(_ arguments: [String]) throws -> Child {
        let child = try Child(arguments, folder: folder)
        children.withLock { $0.append(child) }
        return child
    }

    /// A server on a free loopback port, listening.
    func server(_ arguments: [String]) async throws -> (child: Child, port: Int) {
        let child = try child(["s_server", "-accept", "127.0.0.1:0"] + arguments)
        let line = Mutex<Int?>(nil)
        try await eventually("s_server listens") {
            for text in child.text.split(separator: "\n") where text.hasPrefix("ACCEPT ") {
                line.withLock { $0 = text.split(separator: ":").last.flatMap { Int($0) } }
            }
            return line.withLock { $0 } != nil
        }
        return (child, try #require(line.withLock { $0 }))
    }

    /// A running `openssl`; the owner kills it.
    ///
    /// By `posix_spawn`: Foundation's Process now and then misses the end of a short-lived child.
    final class Child: Sendable {
        private struct State {
            var output = Data()
            var status: Int32?
            var input: Int32
        }

        let pid: pid_t
        private let state: Mutex<State>

        init(_ arguments: [String], folder: String, program: String = "openssl") throws {
            // One at a time: between `pipe` and `fcntl` another child would inherit the ends, and a pipe whose end
            // lives on elsewhere never ends.
            let (pid, input, output) = try Self.spawning.withLock { _ in
                try Self.spawn(program, arguments, folder: folder)
            }
            self.pid = pid
            state = Mutex(State(input: input))
            // Holds `self` until the child has ended: then its number is free for another process.
            Thread { self.collect(output) }.start()
        }

        private static let spawning = Mutex(())

        private static func spawn(_ program: String, _ arguments: [String], folder: String) throws -> (
            pid_t, Int32, Int32
        ) {
            var input: [Int32] = [0, 0]
            var output: [Int32] = [0, 0]
            try #require(pipe(&input) == 0 && pipe(&output) == 0)
            for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_adddup2(&actions, input[0], 0)
            posix_spawn_file_actions_adddup2(&actions, output[1], 1)
            posix_spawn_file_actions_adddup2(&actions, output[1], 2)
            var words = (["env", "-C", folder, program] + arguments).map { strdup($0) } + [nil]
            defer { for word in words { free(word) } }
            var pid: pid_t = 0
            let result = posix_spawn(&pid, "/usr/bin/env", &actions, nil, &words, environ)
            try #require(result == 0)
            Glibc.close(input[0])
            Glibc.close(output[1])
            return (pid, input[1], output[0])
        }

        private func collect(_ descriptor: Int32) {
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = Glibc.read(descriptor, &chunk, chunk.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { break }
                state.withLock { $0.output.append(contentsOf: chunk[..<count]) }
            }
            Glibc.close(descriptor)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            let result = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
            state.withLock { $0.status = result }
        }

        /// 0 to 255, or 128 and the signal; nil while it runs.
        var status: Int32? { state.withLock { $0.status } }
        var isRunning: Bool { status == nil }
        var bytes: Data { state.withLock { $0.output } }
        var text: String { String(decoding: bytes, as: UTF8.self) }

        /// On a thread of its own: a full pipe blocks.
        func write(_ data: Data, thenClose: Bool = false) {
            let descriptor = state.withLock { $0.input }
            Thread {
                data.withUnsafeBytes { bytes in
                    var done = 0
                    while done < bytes.count {
                        let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(done))
                        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                        if count < 0 && errno != EINTR { return }
                        done += max(0, count)
                    }
                }
                if thenClose { self.closeInput() }
            }.start()
        }

        func closeInput() {
            let descriptor = state.withLock { state in
                defer { state.input = -1 }
                return state.input
            }
            if descriptor >= 0 { Glibc.close(descriptor) }
        }

        /// Sends a signal, unless the child has ended.
        func signal(_ number: Int32) {
            state.withLock { if $0.status == nil { kill(pid, number) } }
        }

        /// Its status, once it has ended.
        @discardableResult
        func exit() async throws -> Int32 {
            try await eventually("openssl ends") { !isRunning }
            return status ?? -1
        }
    }
}

/// Waits until something holds; it is looked at often, and given up after a time no healthy machine needs.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while !(try condition()) {
        try #require(ContinuousClock.now < deadline, "never happened: \(what)")
        try await Task.sleep(for: .milliseconds(5))
    }
}
