import Foundation
import Glibc
import JSONText
import OCFModel
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
    func run(_ arguments: String..., input: String? = nil, expecting status: Int32 = 0) throws -> String {
        let (process, output, errors) = try process(arguments, input: input)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == status, "\(arguments): \(complaint)")
        return status == 0 ? text : complaint
    }

    /// Starts the server and waits for its READY line.
    func serve(port: String) throws -> (process: Process, uri: CloudURI) {
        // Errors go nowhere, since nobody would read the pipe.
        let (process, output, _) = try process([
            "serve", "--address", "127.0.0.1", "--port", port, "--log-level", "critical",
        ])
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let byte = try output.fileHandleForReading.read(upToCount: 1) ?? Data()
            guard !byte.isEmpty else { throw CloudError(.peer, "the server ended before READY") }
            line += byte
        }
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        #expect(words.first == "READY")
        return (process, try CloudURI(String(words[1])))
    }

    @Test func fromNothingToASwitchedLamp() async throws {
        try run("serve", expecting: 78)
        try run("ca", "init")
        try run("ca", "init", expecting: 73)
        try run("user", "add", "anna")
        try run("user", "add", "anna", expecting: 73)
        try run("token", "create", "--user", "nobody", expecting: 66)
        var (server, uri) = try serve(port: "0")
        defer { kill(server.processIdentifier, SIGKILL) }

        // A gateway as `device add` prepares it.
        try run("device", "add", "--user", "anna", "--out", scratch.path + "/gateway")
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
        try run("get", "/oic/d", expecting: 78)
        try run("client", "add", "--user", "anna")
        #expect(try run("login").hasPrefix("signed in at \(uri)"))
        #expect(try run("resources").contains("/\(id)/lamp"))
        #expect(try run("get", "/\(id)/lamp") == "value  false\n")
        #expect(try run("set", "/\(id)/lamp", "value=true") == "value  true\n")
        let got = try JSON.parse(run("get", "/\(id)/lamp", "--json").trimmingCharacters(in: .newlines))
        #expect(got["value"]?.bool == true)
        #expect(try run("observe", "/\(id)/lamp", "--count", "1", "--json") == "{\"value\":true}\n")
        try run("set", "/\(id)/lamp", "nonsense", expecting: 64)
        try run("get", "/\(id)/nothing", expecting: 66)
        try run("get", "/\(Identifier.random())/lamp", expecting: 66)

        // Power fails.
        kill(server.processIdentifier, SIGKILL)
        server.waitUntilExit()
        try await device.connection.closeFuture.get()
        #expect(try run("get", "/\(id)/lamp", expecting: 69).contains("cannot reach the cloud"))
        (server, uri) = try serve(port: "\(uri.port)")
        #expect(try run("get", "/\(id)/lamp", expecting: 69).contains("away"))
        try await device.connect()
        #expect(try await device.signIn().code == .changed)
        #expect(try run("get", "/\(id)/lamp") == "value  true\n")
        #expect(try run("resources").contains("/\(id)/lamp"))

        // Another machine, where things are brought by hand.
        let token = try JSON.parse(run("token", "create", "--user", "anna", "--json").trimmingCharacters(in: .newlines))
        #expect(token["sid"]?.string == sid.description)
        let other = Identifier.random()
        try run("ca", "issue-device", "--di", other.description, "--out", scratch.path + "/laptop")
        try run(
            "login", "--client", scratch.path + "/second", "--cloud", uri.description, "--sid", sid.description,
            "--trust",
            scratch.path + "/laptop/ca.pem", "--certificate", scratch.path + "/laptop/device.pem", "--key",
            scratch.path + "/laptop/device-key.pem", input: token["token"]?.string.map { $0 + "\n" })
        #expect(try run("resources", "--client", scratch.path + "/second").contains("/\(id)/lamp"))
        try run("logout", "--client", scratch.path + "/second")
        try run("get", "/oic/d", "--client", scratch.path + "/second", expecting: 77)

        let list = try JSON.parse(run("devices", "--json").trimmingCharacters(in: .newlines))
        #expect(list.array?.compactMap { $0["id"]?.string }.contains(id.description) == true)
        try run("device", "remove", id.description)
        try await device.connection.closeFuture.get()
        try run("device", "remove", id.description, expecting: 66)

        kill(server.processIdentifier, SIGTERM)
        server.waitUntilExit()
        #expect(server.terminationReason == .exit)
        #expect(server.terminationStatus == 0)
    }

    @Test func mistakesAreNamed() throws {
        let file = scratch.path + "/cloud.toml"
        try PrivateFile.write("[server]\nport = \"x\"\nhost = \"y\"\n", to: file)
        let complaint = try run("check-config", file, expecting: 78)
        #expect(complaint.contains("\(file):2:") && complaint.contains("\(file):3:"))
        try PrivateFile.write(try run("example-config"), to: file)
        try run("check-config", file)
        try run("check-config", scratch.path + "/none.toml", expecting: 74)
        try run("nonsense", expecting: 64)
        try run("token", "create", "--user", "anna", "--valid-for", "forever", expecting: 64)
        for command in [
            "serve", "user", "token", "devices", "device", "client", "login", "get", "set", "observe", "ca",
        ] {
            #expect(try run(command, "--help").contains("USAGE"))
        }
    }
}
