import Foundation
import Testing

/// What these tests need of the machine.
private enum Machine {
    static let hasPython =
        Programs.peersAreRequired
        || (try? Programs.run(URL(filePath: Programs.python), ["-c", "import cbor2, cryptography"]))?.code == 0
    /// Whether there can be networks of our own. As root they have to be possible where peers are required.
    static let hasNamespaces: Bool = {
        guard getuid() == 0 else { return false }
        let name = "gatehouse-probe-\(getpid())"
        guard (try? ip("netns", "add", name))?.code == 0 else { return Programs.peersAreRequired }
        _ = try? ip("netns", "delete", name)
        return true
    }()

    static func file(_ path: String) -> String { Programs.root.appending(path: path).path }

    @discardableResult
    static func ip(_ arguments: String...) throws -> Programs.Result {
        try Programs.run(URL(filePath: "/usr/bin/env"), ["ip"] + arguments)
    }
}

/// The gateway as a user has it on the local network: owned by a tool that shares no code with it, asked and reset from the
/// command line, found from another host.
@Suite(
    "The device on the local network", .serialized,
    .enabled(if: Machine.hasPython, "GATEHOUSE_PYTHON has no cbor2 and cryptography"))
struct LocalDeviceTests {
    /// A gateway that runs, and whoever asks it.
    private final class Gateway {
        let folder: URL
        private let wrapper: [String]
        private var process: Process?

        /// - Parameters:
        ///   - namespace: the network it runs in; nil for ours, on ports that are free.
        init(namespace: String? = nil) throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "gatehouse-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            wrapper = namespace.map { ["ip", "netns", "exec", $0] } ?? []
            let ports = namespace == nil ? "port = 0\nsecure_port = 0" : ""
            try """
            [gateway]
            name = "Local"
            state = "state"
            control = "control.sock"
            control_group = ""
            [board]
            profile = "\(Machine.file("board/simulated.toml"))"
            [[gpio.lines]]
            name = "relay1"
            line = "GPIO17"
            direction = "output"
            [ocf]
            methods = ["pin", "just-works"]
            \(ports)
            """.write(to: folder.appending(path: "gatehouse.toml"), atomically: true, encoding: .utf8)
        }

        deinit {
            stop(SIGKILL)
            try? FileManager.default.removeItem(at: folder)
        }

        func start() throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments =
                wrapper + [
                    Programs.folder.appending(path: "gatehouse").path, "run", "--config",
                    folder.appending(path: "gatehouse.toml").path,
                ]
            let log = folder.appending(path: "log")
            if !FileManager.default.fileExists(atPath: log.path) {
                _ = FileManager.default.createFile(atPath: log.path, contents: nil)
            }
            let handle = try FileHandle(forWritingTo: log)
            try handle.seekToEnd()
            process.standardOutput = handle
            process.standardError = handle
            try process.run()
            self.process = process
            try until("the gateway answers") { (try? status()) != nil }
        }

        func stop(_ signal: Int32 = SIGTERM) {
            guard let process else { return }
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
            self.process = nil
        }

        var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }

        func command(_ arguments: String...) throws -> Programs.Result {
            try Programs.run("gatehouse", arguments + ["--socket", folder.appending(path: "control.sock").path])
        }

        func status() throws -> [String: Any] {
            let result = try command("status", "--json")
            guard result.code == 0,
                let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            else { throw CocoaError(.fileReadCorruptFile) }
            return value
        }

        func ocf() throws -> [String: Any] { try status()["ocf"] as? [String: Any] ?? [:] }

        func until(_ what: String, _ condition: () throws -> Bool) throws {
            for _ in 0..<200 {
                if try condition() { return }
                Thread.sleep(forTimeInterval: 0.05)
            }
            Issue.record("\(what): not within 10 s\n\(log.suffix(2000))")
        }

        /// Runs the tool, and presses the button when the lamp flashes.
        func own() throws -> Programs.Result {
            let ocf = try ocf()
            let tool = Process()
            let output = Pipe()
            tool.executableURL = URL(filePath: "/usr/bin/env")
            tool.arguments =
                wrapper + [
                    Programs.python, Machine.file("Tests/OCFDoorTests/Local/Peers/onboarding_tool.py"),
                    Machine.file("Tests/TLSTests/Peers"), "\(ocf["port"] ?? 0)", "\(ocf["secure_port"] ?? 0)",
                    "just-works",
                ]
            tool.standardOutput = output
            tool.standardError = output
            try tool.run()
            try until("the lamp flashes") {
                try !tool.isRunning || (status()["pairing"] as? [String: Any])?["phase"] as? String == "knocking"
            }
            _ = try command("press")
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            tool.waitUntilExit()
            return Programs.Result(code: tool.terminationStatus, output: text)
        }
    }

    @Test("Owned with the button, still owned after a cut, taken away, owned again, reset by the button")
    func life() throws {
        let gateway = try Gateway()
        try gateway.start()
        #expect(try gateway.ocf()["state"] as? String == "RFOTM")
        let first = try gateway.own()
        #expect(first.code == 0, "\(first.output)\n\(gateway.log)")
        #expect(first.output.contains("acknowledged; waiting"), "the button came after the question")
        let owner = try #require(try gateway.ocf()["owner"] as? String)
        #expect(try gateway.ocf()["state"] as? String == "RFNOP")
        let owned = try #require(try gateway.status()["device"] as? String)
        let trust = try gateway.command("trust", "list", "--json").output
        #expect(trust.contains("ocf-owner") && trust.contains(owner), "\(trust)")

        gateway.stop(SIGKILL)
        try gateway.start()
        #expect(try gateway.ocf()["owner"] as? String == owner)
        #expect(try gateway.status()["device"] as? String == owned)

        #expect(try gateway.command("trust", "remove", owner).code == 0)
        try gateway.until("nobody's again") { try gateway.ocf()["state"] as? String == "RFOTM" }
        #expect(try gateway.command("trust", "list", "--json").output.contains("ocf-owner") == false)
        let new = try #require(try gateway.status()["device"] as? String)
        #expect(new != owned)

        let second = try gateway.own()
        #expect(second.code == 0, "\(second.output)\n\(gateway.log)")
        #expect(try gateway.command("press", "--for", "12s").code == 0)
        try gateway.until("nobody's after the button") { (try? gateway.ocf()["state"] as? String) == "RFOTM" }
        #expect(try gateway.command("trust", "list", "--json").output.contains("ocf-owner") == false)
        gateway.stop()
        #expect(!gateway.log.contains("Fatal"), "\(gateway.log)")
    }

    @Test(
        "Found by multicast from another host, at the addresses it has at the time",
        .enabled(if: Machine.hasNamespaces, "network namespaces need root"))
    func multicast() throws {
        let number = Int.random(in: 10_000...99_999)
        let (one, other, left, right) = ("gh-a-\(number)", "gh-b-\(number)", "gha\(number)", "ghb\(number)")
        for name in [one, other] { #expect(try Machine.ip("netns", "add", name).code == 0) }
        defer { for name in [one, other] { _ = try? Machine.ip("netns", "delete", name) } }
        try Machine.ip("link", "add", left, "netns", one, "type", "veth", "peer", "name", right, "netns", other)
        for (name, device, host) in [(one, left, 1), (other, right, 2)] {
            try Machine.ip("-n", name, "link", "set", "lo", "up")
            try Machine.ip("-n", name, "address", "add", "10.77.0.\(host)/24", "dev", device)
            try Machine.ip("-n", name, "address", "add", "fd00:77::\(host)/64", "dev", device, "nodad")
            try Machine.ip("-n", name, "link", "set", device, "up")
        }
        let gateway = try Gateway(namespace: one)
        try gateway.start()
        // A link that comes up has no IPv6 multicast until the kernel has seen to it.
        Thread.sleep(forTimeInterval: 1.5)
        func search(_ path: String, _ query: String) throws -> [[String: Any]] {
            let result = try Programs.run(
                URL(filePath: "/usr/bin/env"),
                [
                    "ip", "netns", "exec", other, Programs.python,
                    Machine.file("Tests/Interop/local_device/search.py"), right, path, query,
                ])
            #expect(result.code == 0, "\(result.output)")
            return try result.output.split(separator: "\n").compactMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
        }
        let found = try search("/oic/sec/doxm", "owned=FALSE")
        #expect(found.count == 2, "once by IPv4, once by IPv6: \(found)\n\(gateway.log)")
        #expect(found.allSatisfy { ($0["after"] as? Double ?? 9) <= 2.2 && $0["code"] as? String == "2.05" })
        #expect(try search("/oic/sec/doxm", "owned=TRUE").isEmpty)
        #expect(try search("/oic/res", "rt=oic.r.light").isEmpty)

        func endpoints() throws -> Set<String> {
            let links = try #require(try search("/oic/res", "rt=oic.r.doxm").first?["body"] as? [[String: Any]])
            let endpoints = links.first?["eps"] as? [[String: Any]] ?? []
            return Set(endpoints.compactMap { $0["ep"] as? String })
        }
        let before = try endpoints()
        #expect(
            before.isSuperset(of: ["coaps://10.77.0.1:5684", "coap://10.77.0.1:5683", "coaps://[fd00:77::1]:5684"]))
        try Machine.ip("-n", one, "address", "add", "10.77.0.9/24", "dev", left)
        try Machine.ip("-n", one, "address", "delete", "fd00:77::1/64", "dev", left)
        Thread.sleep(forTimeInterval: 0.5)
        let after = try endpoints()
        #expect(after.contains("coaps://10.77.0.9:5684") && !after.contains("coaps://[fd00:77::1]:5684"), "\(after)")
        gateway.stop()
    }
}
