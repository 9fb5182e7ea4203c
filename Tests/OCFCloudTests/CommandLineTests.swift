import CoAP
import Foundation
import Glibc
import JSONText
import OCFModel
import PrivateFiles
import Synchronization
import Testing

@testable import OCFCloud

/// The program as a user has it, from an empty directory to a switched lamp, kill -9 between.
@Suite struct CommandLineTests {
    let scratch: Scratch
    /// The binary lies beside the test bundle.
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("gatehouse-cloud")

    init() throws {
        scratch = try Scratch()
    }

    func process(_ arguments: [String], input: String? = nil) throws -> (Process, Pipe, Pipe) {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = [
            "STATE_DIRECTORY": scratch.path + "/state", "GATEHOUSE_CLOUD_CLIENT": scratch.path + "/client",
            "PATH": "/usr/bin:/bin", "HOME": scratch.path,
        ]
        let output = Pipe(), errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        if let input {
            let pipe = Pipe()
            process.standardInput = pipe
            pipe.fileHandleForWriting.write(Data(input.utf8))
            try pipe.fileHandleForWriting.close()
        }
        try process.run()
        return (process, output, errors)
    }

    @discardableResult
    func run(_ arguments: String..., input: String? = nil, expecting status: Int32 = 0) async throws -> String {
        let (found, text, complaint) = try await blocking {
            let (process, output, errors) = try process(arguments, input: input)
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, text, complaint)
        }
        #expect(found == status, "\(arguments): \(complaint)")
        return status == 0 ? text : complaint
    }

    /// Starts the server and waits for its READY line.
    func serve(port: String) async throws -> (process: Process, uri: CloudURI) {
        // Errors go nowhere, since nobody would read the pipe.
        let (process, output, _) = try process([
            "serve", "--address", "127.0.0.1", "--port", port, "--log-level", "critical",
        ])
        let reading = output.fileHandleForReading
        let line = try await blocking {
            var line = Data()
            while line.last != UInt8(ascii: "\n") {
                let byte = try reading.read(upToCount: 1) ?? Data()
                guard !byte.isEmpty else { throw CloudError(.peer, "the server ended before READY") }
                line += byte
            }
            return line
        }
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        #expect(words.first == "READY")
        return (process, try CloudURI(String(words[1])))
    }

    /// Waits for the end of a process.
    func exit(of process: Process) async throws {
        try await blocking { process.waitUntilExit() }
    }

    @Test func fromNothingToASwitchedLamp() async throws {
        try await run("serve", expecting: 78)
        try await run("ca", "init")
        try await run("ca", "init", expecting: 73)
        try await run("user", "add", "anna")
        try await run("user", "add", "anna", expecting: 73)
        try await run("token", "create", "--user", "nobody", expecting: 66)
        var (server, uri) = try await serve(port: "0")
        defer { kill(server.processIdentifier, SIGKILL) }

        // A gateway as `device add` prepares it.
        try await run("device", "add", "--user", "anna", "--out", scratch.path + "/gateway")
        let snippet = try PrivateFile.read(scratch.path + "/gateway/gateway.toml")
        func value(_ key: String) throws -> String {
            let line = try #require(snippet.split(separator: "\n").first { $0.hasPrefix(key + " = ") })
            return String(line.split(separator: "\"")[1])
        }
        let sid = try #require(Identifier(value("id")))
        let id = try #require(Identifier(value("device_id")))
        #expect(try value("address") == uri.description)
        let device = try await FakeDevice(
            profile: ClientProfile(
                cloud: uri, cloudID: sid, id: id, trust: PrivateFile.read(scratch.path + "/gateway/ca.pem"),
                certificate: PrivateFile.read(scratch.path + "/gateway/device.pem"),
                key: PrivateFile.read(scratch.path + "/gateway/device-key.pem")))
        device.set("/lamp", ["value": false])
        #expect(try await device.signUp(token: value("token")).code == .changed)
        #expect(try await device.signIn().code == .changed)
        #expect(try await device.publish(["/lamp"]).code == .changed)

        // A client on the same machine.
        try await run("get", "/oic/d", expecting: 78)
        try await run("client", "add", "--user", "anna")
        #expect(try await run("login").hasPrefix("signed in at \(uri)"))
        #expect(try await run("resources").contains("/\(id)/lamp"))
        #expect(try await run("get", "/\(id)/lamp") == "value  false\n")
        #expect(try await run("set", "/\(id)/lamp", "value=true") == "value  true\n")
        let got = try await JSON.parse(run("get", "/\(id)/lamp", "--json").trimmingCharacters(in: .newlines))
        #expect(got["value"]?.bool == true)
        #expect(try await run("observe", "/\(id)/lamp", "--count", "1", "--json") == "{\"value\":true}\n")
        try await run("set", "/\(id)/lamp", "nonsense", expecting: 64)
        try await run("get", "/\(id)/nothing", expecting: 66)
        try await run("get", "/\(Identifier.random())/lamp", expecting: 66)

        // Power fails.
        kill(server.processIdentifier, SIGKILL)
        try await exit(of: server)
        try await device.connection.closeFuture.get()
        #expect(try await run("get", "/\(id)/lamp", expecting: 69).contains("cannot reach the cloud"))
        (server, uri) = try await serve(port: "\(uri.port)")
        #expect(try await run("get", "/\(id)/lamp", expecting: 69).contains("away"))
        try await device.connect()
        #expect(try await device.signIn().code == .changed)
        #expect(try await run("get", "/\(id)/lamp") == "value  true\n")
        #expect(try await run("resources").contains("/\(id)/lamp"))

        // Another machine, where things are brought by hand.
        let token = try await JSON.parse(
            run("token", "create", "--user", "anna", "--json").trimmingCharacters(in: .newlines))
        #expect(token["sid"]?.string == sid.description)
        let other = Identifier.random()
        try await run("ca", "issue-device", "--di", other.description, "--out", scratch.path + "/laptop")
        try await run(
            "login", "--client", scratch.path + "/second", "--cloud", uri.description, "--sid", sid.description,
            "--trust",
            scratch.path + "/laptop/ca.pem", "--certificate", scratch.path + "/laptop/device.pem", "--key",
            scratch.path + "/laptop/device-key.pem", input: token["token"]?.string.map { $0 + "\n" })
        #expect(try await run("resources", "--client", scratch.path + "/second").contains("/\(id)/lamp"))
        try await run("logout", "--client", scratch.path + "/second")
        try await run("get", "/oic/d", "--client", scratch.path + "/second", expecting: 77)

        let list = try await JSON.parse(run("devices", "--json").trimmingCharacters(in: .newlines))
        #expect(list.array?.compactMap { $0["id"]?.string }.contains(id.description) == true)
        try await run("device", "remove", id.description)
        try await device.connection.closeFuture.get()
        try await run("device", "remove", id.description, expecting: 66)

        kill(server.processIdentifier, SIGTERM)
        try await exit(of: server)
        #expect(server.terminationReason == .exit)
        #expect(server.terminationStatus == 0)
    }

    /// A device that rotates its tokens as fast as it can while the server is killed again and again: every answer may be
    /// lost, and yet what the device holds is always good.
    @Test func killingTheServerNeverLocksADeviceOut() async throws {
        try await run("ca", "init")
        try await run("user", "add", "anna")
        var (server, uri) = try await serve(port: "0")
        defer { kill(server.processIdentifier, SIGKILL) }
        let prepared = scratch.path + "/gateway"
        try await run("device", "add", "--user", "anna", "--out", prepared)
        let certificate = try PrivateFile.read(prepared + "/device.pem")
        let id = try CertificateAuthority.inspect(certificate: certificate).id
        let token = try #require(
            try PrivateFile.read(prepared + "/gateway.toml").split(separator: "\n").first { $0.hasPrefix("token") }
        ).split(separator: "\"")[1]
        let device = try await FakeDevice(
            profile: ClientProfile(
                cloud: uri, cloudID: nil, id: id, trust: PrivateFile.read(prepared + "/ca.pem"),
                certificate: certificate, key: PrivateFile.read(prepared + "/device-key.pem")))
        let rounds = Atomic(0)
        let life = Task {
            while !Task.isCancelled {
                do {
                    if !device.connection.channel.isActive { try await device.connect() }
                    if device.state.withLock({ $0.account == nil }) {
                        let answer = try await device.signUp(token: String(token))
                        guard answer.code == .changed else {
                            throw CloudError(.unauthorized, "sign-up: \(answer.code)")
                        }
                    }
                    let refresh = try await device.refresh()
                    guard refresh.code == .changed else { throw CloudError(.unauthorized, "refresh: \(refresh.code)") }
                    let signIn = try await device.signIn()
                    guard signIn.code == .changed else { throw CloudError(.unauthorized, "sign-in: \(signIn.code)") }
                    let publish = try await device.publish(["/n\(rounds.load(ordering: .relaxed) % 50)"])
                    guard publish.code == .changed else { throw CloudError(.unauthorized, "publish: \(publish.code)") }
                    rounds.add(1, ordering: .relaxed)
                } catch is CoAPError {
                    // The server has just been killed.
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
        }
        for _ in 0..<10 {
            let before = rounds.load(ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(.random(in: 0...150)))
            kill(server.processIdentifier, SIGKILL)
            try await exit(of: server)
            (server, uri) = try await serve(port: "\(uri.port)")
            try await eventually("the device is back") { rounds.load(ordering: .relaxed) > before }
        }
        life.cancel()
        // Fails when the device was refused at any time.
        try await life.value
    }

    @Test func mistakesAreNamed() async throws {
        let file = scratch.path + "/cloud.toml"
        try PrivateFile.write("[server]\nport = \"x\"\nhost = \"y\"\n", to: file)
        let complaint = try await run("check-config", file, expecting: 78)
        #expect(complaint.contains("\(file):2:") && complaint.contains("\(file):3:"))
        try PrivateFile.write(await run("example-config"), to: file)
        try await run("check-config", file)
        try await run("check-config", scratch.path + "/none.toml", expecting: 74)
        try await run("nonsense", expecting: 64)
        try await run("token", "create", "--user", "anna", "--valid-for", "forever", expecting: 64)
        for command in [
            "serve", "user", "token", "devices", "device", "client", "login", "get", "set", "observe", "ca",
        ] {
            let help = try await run(command, "--help")
            #expect(help.contains("USAGE"))
        }
    }
}
