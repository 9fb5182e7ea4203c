import CoAP
import Foundation
import NIOCore
import NIOPosix

/// Somebody else's implementation, as a child process on loopback.
///
/// `GATEHOUSE_PEERS=required` makes a missing peer an error instead of a reason to skip; `GATEHOUSE_PYTHON` names the
/// Python that has aiocoap.
enum Peers {
    static let areRequired = ProcessInfo.processInfo.environment["GATEHOUSE_PEERS"] == "required"
    static let python = ProcessInfo.processInfo.environment["GATEHOUSE_PYTHON"] ?? "python3"

    static let hasLibcoap = areRequired || FileManager.default.isExecutableFile(atPath: "/usr/bin/coap-client-notls")
    static let hasLibcoapTLS =
        areRequired || FileManager.default.isExecutableFile(atPath: "/usr/bin/coap-client-openssl")
    static let hasAiocoap = areRequired || ((try? PeerProcess.run([python, "-c", "import aiocoap"]).status) == 0)

    /// A file beside this one.
    static func script(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// A port of loopback that was free a moment ago.
    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: testGroup).bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    /// A connection of ours over TCP to a server that is being started.
    static func connected(
        to port: Int, limits: Limits = .default, _ body: @Sendable (Connection) async throws -> Void
    ) async throws {
        try await waitForPort(port)
        let connection = try await CoAPTCP.connect(
            host: "127.0.0.1", port: port, on: testGroup.next(), limits: limits
        ).get()
        try await body(connection)
        connection.close()
        try await connection.closeFuture.get()
    }

    /// Waits until something listens.
    static func waitForPort(_ port: Int) async throws {
        for attempt in 0... {
            do {
                let channel = try await ClientBootstrap(group: testGroup).connect(host: "127.0.0.1", port: port).get()
                return try await channel.close()
            } catch  where attempt < 400 {
                try await Task.sleep(for: .milliseconds(25))
            }
        }
    }
}

/// A child process and what it has written.
final class PeerProcess {
    private let process = Process()
    private let output = Pipe()

    /// Starts the program, found on the path.
    init(_ command: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    /// Ends the child if it has not ended, and gives what it wrote.
    func stop() -> String {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        return wait().output
    }

    /// Waits for the child's end.
    func wait() -> (status: Int32, output: String) {
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Runs a program to its end, off the tests' threads.
    static func run(_ command: [String]) throws -> (status: Int32, output: String) {
        try PeerProcess(command).wait()
    }

    static func result(_ command: [String]) async throws -> (status: Int32, output: String) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Swift.Result { try PeerProcess.run(command) })
            }
        }
    }
}

/// A folder that is removed at the end.
func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gatehouse-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}
