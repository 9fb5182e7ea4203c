import Foundation
import OneLoop

/// Somebody else's implementation, as a child process on loopback.
///
/// `GATEHOUSE_PEERS=required` makes a missing peer an error instead of a reason to skip; `GATEHOUSE_PYTHON` names the
/// Python that has the packages.
enum Peers {
    static let areRequired = ProcessInfo.processInfo.environment["GATEHOUSE_PEERS"] == "required"
    static let python = ProcessInfo.processInfo.environment["GATEHOUSE_PYTHON"] ?? "python3"

    static let hasPython =
        areRequired || ((try? run([python, "-c", "import cbor2, cryptography, aiocoap"]).status) == 0)
    static let hasLibcoap =
        areRequired
        || ["openssl", "gnutls"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: "/usr/bin/coap-client-\($0)")
        }

    /// A file beside this one.
    static func script(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(name).standardized.path
    }

    /// Runs a program, found on the path, to its end.
    static func run(_ command: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// The same, off the threads of tests.
    static func result(_ command: [String]) async throws -> (status: Int32, output: String) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Swift.Result { try run(command) }) }
        }
    }

    /// A folder that is removed at the end.
    @Loop
    static func withFolder(_ body: @Loop (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gatehouse-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        do {
            try await body(folder)
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
