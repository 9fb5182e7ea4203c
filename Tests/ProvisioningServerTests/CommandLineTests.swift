import Foundation
import JSONText
import Testing

@testable import ProvisioningServer

/// `gatehouse-cloud provisioning` as a person and a script have it, without an XMPP server.
@Suite("The command line of provisioning")
struct ProvisioningCommandTests {
    let scratch: Scratch
    /// The binary lies beside the test bundle.
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("gatehouse-cloud")

    init() throws { scratch = try Scratch() }

    @discardableResult
    private func run(_ arguments: String..., expecting status: Int32 = 0) throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = ["provisioning"] + arguments
        process.environment = [
            "STATE_DIRECTORY": scratch.path, "PATH": "/usr/bin:/bin", "HOME": scratch.path, "SUDO_USER": "anna",
        ]
        let output = Pipe(), errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == status, "\(arguments): \(complaint)")
        return status == 0 ? text : complaint
    }

    private func json(_ arguments: String...) throws -> JSON {
        let process = Process()
        process.executableURL = program
        process.arguments = ["provisioning"] + arguments + ["--json"]
        process.environment = ["STATE_DIRECTORY": scratch.path, "PATH": "/usr/bin:/bin", "HOME": scratch.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try JSON.parse(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines))
    }

    @Test("Devices, friends, rules, what waits, and whose word it was")
    func rules() throws {
        #expect(try run("status").contains("off: there is no [provisioning]"))
        try run("devices", "add", "Gateway@home.example", "--invite")
        try run("friends", "add", "gateway@home.example", "neighbour@other.example")
        try run(
            "rules", "add", "read", "neighbour@other.example", "--on", "gateway@home.example", "--node", "ble/A4*",
            "--name", "Temperature")
        try run("rules", "add", "control", "*", "--deny")
        let rules = try #require(try json("rules").array)
        #expect(rules.count == 3)
        #expect(rules[1].object?["nodes"]?.array?.first?.string == "ble/A4*")
        #expect(rules[2].object?["effect"]?.string == "deny")
        #expect(try json("rules", "list", "--who", "neighbour@other.example").array?.count == 2)
        #expect(try run("rules").contains("neighbour@other.example  may"))
        #expect(try json("friends").array?.count == 1)
        #expect(try json("devices").array?.first?.object?["cacheToClear"]?.bool == true)
        try run("friends", "remove", "gateway@home.example", "neighbour@other.example")
        #expect(
            try run("friends", "remove", "gateway@home.example", "nobody@x", expecting: 66).contains("is no friend"))
        #expect(try run("rules", "remove", "99", expecting: 66).contains("there is no rule 99"))
        try run("rules", "add", "dance", "*", expecting: 64)
        try run("rules", "add", "friend", "*", "--node", "x", expecting: 65)
        try run("rules", "add", "read", "a@b@c", expecting: 64)

        // What waits, as the server writes it down.
        let database = try ProvisioningDatabase(directory: scratch.path)
        try database.change(by: "server") { ledger in
            _ = try ledger.meet("late@home.example", admits: false)
            try ledger.pend(.read, device: "gateway@home.example", who: "guest@other.example", names: ["Humidity"])
        }
        let pending = try #require(try json("pending").array)
        #expect(pending.map { $0.object?["kind"]?.string } == ["device", "read"])
        try run("pending", "allow", "--", pending[0].object?["id"].map { $0.serialized() } ?? "")
        try run("pending", "allow", pending[1].object?["id"].map { $0.serialized() } ?? "", "--to", "other.example")
        #expect(try run("pending").contains("nothing waits for you"))
        #expect(try run("pending", "deny", "5", expecting: 66).contains("nothing of number 5"))
        #expect(try run("rules").contains("Humidity"))
        let audit = try #require(try json("audit").array)
        #expect(audit.first?.object?["actor"]?.string == "anna")
        #expect(audit.contains { $0.object?["action"]?.string == "friend removed" })

        try run("secondary-trust", "on", "gateway@home.example")
        try run("secondary-trust", "inherit", expecting: 64)
        try run("recommend", "friend", "gateway@home.example", "friend@other.example")
        try run("recommend", "friend", "nobody@home.example", "friend@other.example", expecting: 66)
        try run("clear-cache", "*")
        // As people write addresses: in any case, and as they stand in a list of connections.
        try run("devices", "padding", "Gateway@Home.Example/hall", "pkcs1")
        try run("secondary-trust", "on", "GATEWAY@home.example/hall")
        try run("recommend", "unfriend", "Gateway@home.example/hall", "Friend@other.example/phone")
        try run("devices", "refuse", "Late@home.example/hall")
        try run("devices", "refuse", "a@b@c", expecting: 65)
        try run("devices", "remove", "late@home.example")
        let device = try #require(try json("devices").array?.first?.object)
        #expect(device["padding"]?.string == "pkcs1" && device["secondaryTrust"]?.bool == true)
    }

    @Test("Certificates, services, users, roles, privileges")
    func services() throws {
        let identity = try TestIdentity("metrics")
        let database = try ProvisioningDatabase(directory: scratch.path)
        let certificate = try TokenCertificate(der: identity.der)
        _ = try database.change(by: "server") { try $0.issueToken(certificate, to: "metrics@home.example") }
        #expect(try json("tokens").array?.first?.object?["certificate"]?.string == identity.fingerprint)
        try run("services", "add", "metrics", "--certificate", String(identity.fingerprint.prefix(10)))
        try run("services", "add", "metrics", "--certificate", identity.fingerprint, expecting: 73)
        try run("services", "add", "other", "--certificate", "00000000", expecting: 66)
        try run("services", "allow", "metrics", "ip", "10.0.0.0/8")
        try run("services", "deny", "metrics", "user", "Animal")
        try run("services", "allow", "metrics", "ip", "ten", expecting: 65)
        let service = try #require(try json("services").array?.first?.object)
        #expect(service["entries"]?.array?.count == 2)
        try run("services", "forget", "1")
        try run("users", "add", "Kermit")
        try run("roles", "add", "operators")
        try run("users", "role", "Kermit", "operators")
        #expect(try json("users").array?.first?.object?["roles"]?.array?.first?.string == "operators")
        #expect(try json("roles").array?.count == 2)
        try run("privileges", "include", "Databases.Energy", "--role", "operators", "--service", "metrics")
        try run(
            "privileges", "exclude", "Databases.Energy.Delete", "--role", "operators", "--service", "metrics", "--at",
            "1")
        try run("privileges", "include", "Pages", "--role", "guests", "--service", "metrics")
        try run("privileges", "include", "a..b", "--role", "guests", "--service", "metrics", expecting: 64)
        try run("privileges", "include", "Pages", "--user", "Nobody", "--service", "metrics", expecting: 66)
        let lines = try #require(try json("privileges").array)
        #expect(
            lines.map { $0.object?["privilege"]?.string } == ["Pages", "Databases.Energy.Delete", "Databases.Energy"])
        try run("privileges", "remove", "Pages", "--role", "guests", "--service", "metrics")
        try run("users", "role", "Kermit", "operators", "--take")
        try run("users", "remove", "Kermit")
        try run("roles", "remove", "operators")
        #expect(try json("privileges").array?.isEmpty == true)
        try run("tokens", "revoke", identity.fingerprint)
        #expect(try json("tokens").array?.first?.object?["revoked"]?.bool == true)
        try run("services", "remove", "metrics")
    }
}
