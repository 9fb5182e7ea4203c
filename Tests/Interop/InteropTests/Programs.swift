import Foundation

/// The programs of this build, as a user runs them.
enum Programs {
    /// The folder of the build's programs: that of the test bundle itself.
    static let folder: URL = {
        let bundle = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        for candidate in [bundle, root.appending(path: ".build/debug")]
        where FileManager.default.isExecutableFile(atPath: candidate.appending(path: "gatehouse").path) {
            return candidate
        }
        return bundle
    }()

    /// The repository.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Whether the peers of other people must be there, or their absence only skips a test.
    static var peersAreRequired: Bool { ProcessInfo.processInfo.environment["GATEHOUSE_PEERS"] == "required" }

    /// A Python that has the peers' packages.
    static var python: String { ProcessInfo.processInfo.environment["GATEHOUSE_PYTHON"] ?? "/usr/bin/python3" }

    /// What a program wrote and how it ended.
    struct Result {
        let code: Int32
        let output: String
    }

    /// Runs a program to its end; what it writes to standard error is in the output, too.
    static func run(_ program: URL, _ arguments: [String], input: String = "") throws -> Result {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = Pipe()
        let given = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = given
        try process.run()
        // Written from another thread: both pipes may be full at once.
        Thread.detachNewThread {
            try? given.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try? given.fileHandleForWriting.close()
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Result(code: process.terminationStatus, output: text)
    }

    /// Runs one of our programs.
    static func run(_ name: String, _ arguments: [String], input: String = "") throws -> Result {
        try run(folder.appending(path: name), arguments, input: input)
    }
}
