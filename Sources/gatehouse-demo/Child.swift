import Foundation

/// A program that the demonstration started, and ends when it ends itself.
final class Child {
    /// What went wrong with a child.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let process = Process()
    private let log: URL

    /// Starts `program` with `arguments`; what it writes goes to the file `log`, after what is there.
    init(_ program: URL, _ arguments: [String], log: URL, environment: [String: String] = [:]) throws {
        self.log = log
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Whether it still runs.
    var isRunning: Bool { process.isRunning }

    /// The process id.
    var id: Int32 { process.processIdentifier }

    /// Ends it without any chance to tidy up, as a power cut would.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Asks it to end and waits for that.
    ///
    /// - Returns: its exit code; 137 when it had to be killed after `patience` seconds.
    @discardableResult
    func stop(patience: TimeInterval = 15) -> Int32 {
        guard process.isRunning else { return process.terminationStatus }
        process.terminate()
        let end = Date().addingTimeInterval(patience)
        while process.isRunning && Date() < end { usleep(5_000) }
        if process.isRunning {
            kill()
            return 137
        }
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// The last lines it wrote, for a failure's message.
    func lastWords(_ count: Int = 12) -> String {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(count).map { "    | \($0)" }.joined(separator: "\n")
    }

    /// Runs `program` to its end and gives what it wrote to standard output.
    static func output(_ program: URL, _ arguments: [String], input: String? = nil) throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        if let input {
            let pipe = Pipe()
            process.standardInput = pipe
            try process.run()
            pipe.fileHandleForWriting.write(Data(input.utf8))
            try pipe.fileHandleForWriting.close()
        } else {
            process.standardInput = FileHandle.nullDevice
            try process.run()
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                description:
                    "\(program.lastPathComponent) \(arguments.prefix(3).joined(separator: " ")) ended with \(process.terminationStatus): \(complaint)\(text)"
            )
        }
        return text
    }
}
