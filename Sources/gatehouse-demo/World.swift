import Foundation
import JSONText
import OCFCloud

/// The whole thing on loopback: a cloud, a gateway with a simulated board, and what a client of the cloud needs; each a
/// program of its own, in a folder that goes when the demonstration ends.
final class World {
    let folder: URL
    let client: URL
    private let programs: URL
    private let root: URL
    private let port: Int
    private(set) var cloud: Child?
    private(set) var gateway: Child?

    /// A world that does not turn yet.
    ///
    /// - Throws: when a program is not built, or no folder can be made.
    init() throws {
        programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        for name in ["gatehouse", "gatehouse-cloud"] {
            guard FileManager.default.isExecutableFile(atPath: programs.appending(path: name).path) else {
                throw Child.Failure(description: "\(name) is not built; run `swift build` first")
            }
        }
        root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        folder = FileManager.default.temporaryDirectory.appending(path: "gatehouse-\(UUID().uuidString.prefix(8))")
        client = folder.appending(path: "client")
        port = try Self.freePort()
        // Keys and tokens lie in it.
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Ends what runs and removes the folder.
    func end() {
        gateway?.stop()
        cloud?.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: - The cloud

    private var cloudProgram: URL { programs.appending(path: "gatehouse-cloud") }
    private var cloudState: String { folder.appending(path: "cloud").path }
    private var gatewayProgram: URL { programs.appending(path: "gatehouse") }
    private var socket: String { folder.appending(path: "control.sock").path }
    private var files: URL { folder.appending(path: "gateway") }

    /// Makes the cloud's certificates and starts it.
    func foundCloud() throws {
        try command(["ca", "init"])
        try startCloud()
    }

    /// Starts the cloud, or starts it again, and waits until it listens.
    func startCloud() throws {
        let log = folder.appending(path: "cloud.log")
        let before = (try? String(contentsOf: log, encoding: .utf8))?.count ?? 0
        let child = try Child(
            cloudProgram,
            [
                "serve", "--state", cloudState, "--address", "127.0.0.1", "--port", "\(port)", "--public-uri",
                "coaps+tcp://127.0.0.1:\(port)",
            ], log: log)
        cloud = child
        try wait(10, "the cloud to listen", child) {
            ((try? String(contentsOf: log, encoding: .utf8)) ?? "").dropFirst(before).contains("READY")
        }
    }

    /// A user, a device for the gateway, and a client.
    func makeAccounts() throws {
        try command(["user", "add", "home"])
        try command(["device", "add", "--user", "home", "--out", files.path, "--installed-at", files.path])
        try command(["client", "add", "--user", "home", "--out", client.path])
    }

    private func command(_ arguments: [String]) throws {
        _ = try Child.output(cloudProgram, arguments + ["--state", cloudState])
    }

    // MARK: - The gateway

    /// Writes the gateway's configuration: a relay, a door, and sensors from a recording.
    func configureGateway(window: Int) throws {
        let made = try String(contentsOf: files.appending(path: "gateway.toml"), encoding: .utf8)
            // This is the way through the cloud; the local network is left alone.
            .replacingOccurrences(of: "[ocf]\n", with: "[ocf]\nlocal = false\n")
        let text = """
            [gateway]
            name = "Demonstration"
            state = "state"
            control = "control.sock"
            control_group = ""

            [board]
            profile = "\(root.path)/board/simulated.toml"

            [pairing]
            window = \(window)

            [[gpio.lines]]
            name = "relay1"
            line = "GPIO17"
            direction = "output"
            kind = "relay"
            title = "Pump"

            [[gpio.lines]]
            name = "door"
            line = "GPIO22"
            direction = "input"
            kind = "contact"
            bias = "pull-down"
            title = "Front door"

            [ble]
            source = "capture"
            capture = "\(root.path)/board/simulated/adverts.jsonl"
            loop = true
            admit = "known-formats"

            [[ble.nodes]]
            address = "54:48:E6:8F:80:A5"
            name = "Cellar"
            key = "231d39c1d7cc1ab1aee224cd096db932"

            \(made)
            """
        try text.write(to: folder.appending(path: "gatehouse.toml"), atomically: true, encoding: .utf8)
    }

    /// Starts the gateway, or starts it again, and waits until it answers.
    func startGateway() throws {
        let child = try Child(
            gatewayProgram, ["run", "--config", folder.appending(path: "gatehouse.toml").path],
            log: folder.appending(path: "gateway.log"))
        gateway = child
        try wait(10, "the gateway to answer", child) { (try? self.ask("status")) != nil }
    }

    /// Asks the gateway as the command line does.
    func ask(_ arguments: String...) throws -> JSON { try asker(arguments) }

    /// ``ask(_:)`` as a function that any thread may call.
    var asker: @Sendable ([String]) throws -> JSON {
        let (program, socket) = (gatewayProgram, socket)
        return { try JSON.parse(Child.output(program, $0 + ["--json", "--socket", socket])) }
    }

    /// Follows the gateway's lamp and phase in a thread of its own.
    func watch(_ each: @escaping @Sendable (JSON) -> Void) throws -> Process {
        let process = Process()
        process.executableURL = gatewayProgram
        process.arguments = ["watch", "--json", "--socket", socket]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading
        Thread.detachNewThread {
            var pending = Data()
            while true {
                let chunk = output.availableData
                guard !chunk.isEmpty else { return }
                pending += chunk
                while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                    if let event = try? JSON.parse(Array(pending[..<end])) { each(event) }
                    pending = Data(pending[(end + 1)...])
                }
            }
        }
        return process
    }

    // MARK: - Waiting

    /// Asks `isDone` again and again until it is, a child has died, or `seconds` are over.
    func wait(_ seconds: Double, _ what: String, _ child: Child? = nil, until isDone: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        while try !isDone() {
            if let child, !child.isRunning {
                throw Child.Failure(description: "waited for \(what), but the program ended:\n\(child.lastWords())")
            }
            guard Date() < end else {
                let words = (child ?? gateway)?.lastWords() ?? ""
                throw Child.Failure(description: "waited \(Int(seconds)) s for \(what) in vain\n\(words)")
            }
            usleep(20_000)
        }
    }

    /// A TCP port of the loopback that nobody listens on.
    private static func freePort() throws -> Int {
        let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 ? getsockname(descriptor, generic, &length) : -1
            }
        }
        guard result == 0 else { throw Child.Failure(description: "no free TCP port can be had on 127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
