import Foundation
import Synchronization

/// A gateway with a simulated board, a cloud, and the onboarding tool: each the program that a user runs, in a folder
/// that goes with the test.
final class OnboardingHouse {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let folder: URL
    private var gateway: Process?
    private var cloud: Process?
    /// The plain port of the gateway.
    private(set) var port = 0

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "house-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        for process in [gateway, cloud].compactMap({ $0 }) where process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: Programs

    private func process(_ name: String, _ arguments: [String], tool: String = "tool") -> Process {
        let process = Process()
        process.executableURL = Programs.folder.appending(path: name)
        process.arguments = arguments
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": folder.path, "STATE_DIRECTORY": folder.appending(path: "cloud").path,
            "GATEHOUSE_ONBOARD_STATE": folder.appending(path: tool).path,
            "GATEHOUSE_CLOUD_CLIENT": folder.appending(path: "client").path,
        ]
        process.standardInput = FileHandle.nullDevice
        return process
    }

    private func start(_ name: String, _ arguments: [String]) throws -> Process {
        let process = process(name, arguments)
        let log = folder.appending(path: "\(name).log")
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        return process
    }

    /// Runs a program to its end; what it writes to standard error is in the output, too.
    func run(_ name: String, _ arguments: [String], tool: String = "tool") throws -> Programs.Result {
        let process = process(name, arguments, tool: tool)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Programs.Result(code: process.terminationStatus, output: text)
    }

    /// Runs the onboarding tool.
    func onboard(_ arguments: String..., tool: String = "tool") throws -> Programs.Result {
        try run("gatehouse-onboard", arguments, tool: tool)
    }

    /// Runs the onboarding tool and reads what it prints as JSON.
    func asked(_ arguments: String...) throws -> Any {
        let result = try run("gatehouse-onboard", arguments + ["--json"])
        guard result.code == 0 else { throw Failure(description: "\(arguments): \(result.output)") }
        return try JSONSerialization.jsonObject(with: Data(result.output.utf8), options: .fragmentsAllowed)
    }

    /// Starts the onboarding tool, and lets the caller act while it waits.
    ///
    /// - Parameter body: told what the tool has written so far, until it answers true.
    func onboard(
        _ arguments: [String], input: Pipe? = nil, killedAt words: String? = nil,
        whileWaiting body: (String) throws -> Bool
    ) throws -> Programs.Result {
        let process = process("gatehouse-onboard", arguments)
        let output = Pipe()
        let text = Mutex("")
        output.fileHandleForReading.readabilityHandler = { handle in
            let more = String(decoding: handle.availableData, as: UTF8.self)
            text.withLock { $0 += more }
        }
        process.standardOutput = output
        process.standardError = output
        if let input { process.standardInput = input }
        try process.run()
        let end = Date().addingTimeInterval(60)
        var isDone = false
        while process.isRunning, Date() < end {
            let written = text.withLock { $0 }
            if !isDone { isDone = try body(written) }
            usleep(20_000)
        }
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        output.fileHandleForReading.readabilityHandler = nil
        return Programs.Result(code: process.terminationStatus, output: text.withLock { $0 })
    }

    // MARK: The gateway

    /// Makes a certificate for the board, and starts a gateway that nobody owns.
    ///
    /// - Parameter window: seconds in which the button answers a knock.
    func startGateway(window: Int = 30) throws {
        let board = folder.appending(path: "board").path
        let made = try onboard("ca", "manufacturer", "--name", "0001", "--out", board, "--installed-at", board)
        guard made.code == 0 else { throw Failure(description: made.output) }
        let snippet = try String(contentsOfFile: board + "/gateway.toml", encoding: .utf8)
        try """
        [gateway]
        name = "House"
        state = "state"
        control = "control.sock"
        control_group = ""

        [board]
        profile = "\(Programs.root.path)/board/simulated.toml"

        [pairing]
        window = 30

        [[gpio.lines]]
        name = "relay1"
        line = "GPIO17"
        direction = "output"
        kind = "relay"

        \(snippet)
        port = 0
        secure_port = 0
        """.write(to: folder.appending(path: "gatehouse.toml"), atomically: true, encoding: .utf8)
        gateway = try start("gatehouse", ["run", "--config", folder.appending(path: "gatehouse.toml").path])
        try wait("the gateway to listen") { (try? self.local()["port"] as? Int).map { $0 > 0 } ?? false }
        port = try local()["port"] as? Int ?? 0
    }

    /// What `gatehouse status` says of the local network.
    func local() throws -> [String: Any] {
        let result = try run("gatehouse", ["status", "--json", "--socket", socket])
        guard let status = try? JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any],
            let local = status["ocf"] as? [String: Any]
        else { throw Failure(description: result.output) }
        return local
    }

    /// `dos.s`, by its name.
    var onboardingState: String { (try? local()["state"] as? String) ?? "" }

    /// Where the gateway is.
    var address: String { "127.0.0.1:\(port)" }

    private var socket: String { folder.appending(path: "control.sock").path }

    /// Presses the button of the simulated board.
    func press(_ time: String = "200ms") throws {
        let result = try run("gatehouse", ["press", "--for", time, "--socket", socket])
        guard result.code == 0 else { throw Failure(description: result.output) }
    }

    func wait(_ what: String, seconds: TimeInterval = 20, until body: () -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if body() { return }
            usleep(50_000)
        }
        let log = (try? String(contentsOf: folder.appending(path: "gatehouse.log"), encoding: .utf8)) ?? ""
        throw Failure(description: "waited \(seconds) s for \(what)\n\(log.suffix(2000))")
    }

    // MARK: The cloud

    /// Starts a cloud with a user and a client of that user.
    func startCloud() throws {
        func command(_ arguments: String...) throws {
            let result = try run("gatehouse-cloud", arguments)
            guard result.code == 0 else { throw Failure(description: result.output) }
        }
        try command("ca", "init")
        cloud = try start("gatehouse-cloud", ["serve", "--address", "127.0.0.1", "--port", "0"])
        let log = folder.appending(path: "gatehouse-cloud.log")
        try wait("the cloud to listen") { (try? String(contentsOf: log, encoding: .utf8))?.contains("READY") == true }
        try command("user", "add", "anna")
        try command("client", "add", "--user", "anna", "--out", folder.appending(path: "client").path)
    }

    /// Runs the client of the cloud.
    func remote(_ arguments: String...) throws -> Programs.Result {
        try run("gatehouse-cloud", arguments)
    }
}
