import Foundation
import Testing

/// The onboarding tool's command line as scripts use it.
@Suite("The onboarding tool's command line")
struct OnboardCommandTests {
    @Test(
        "Every command has help",
        arguments: [
            "discover", "own", "devices", "rename", "forget", "reset", "ls", "get", "set", "observe", "acl show",
            "acl add",
            "acl rm", "cred show", "cred add identity", "cred add anchor", "cred add key", "cred rm", "role issue",
            "role list", "role assert", "cloud", "services", "security-domain show", "security-domain set", "ca init",
            "ca show", "ca manufacturer", "ca trust", "serve",
        ])
    func help(command: String) throws {
        let result = try Programs.run(
            "gatehouse-onboard", command.split(separator: " ").map(String.init) + ["--help"])
        #expect(result.code == 0)
        #expect(result.output.contains("USAGE: gatehouse-onboard \(command)"))
    }

    @Test("Shells get completion", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) throws {
        let result = try Programs.run("gatehouse-onboard", ["--generate-completion-script", shell])
        #expect(result.code == 0)
        #expect(result.output.contains("security-domain"))
    }

    @Test("Exit codes tell scripts what went wrong")
    func exitCodes() throws {
        let house = try OnboardingHouse()
        try Data("no certificate".utf8).write(to: house.folder.appending(path: "no.pem"))
        for (arguments, code, says) in [
            (["dance"], 64, "Usage"), (["discover", "--owned", "--unowned"], 64, "exclude"),
            (["get", "nothing", "/oic/d"], 66, "no device"), (["discover", "127.0.0.1:9"], 69, "127.0.0.1"),
            (["own", "127.0.0.1:9"], 69, "127.0.0.1"), (["own", "not an address!"], 65, "neither"),
            (["role", "assert", "nothing", "reader"], 66, "no device"), (["role", "issue", "reader"], 78, "ca init"),
            (["ca", "show"], 78, "ca init"), (["ca", "trust", "/nonexistent.pem"], 74, "no such file"),
            (["ca", "trust", house.folder.appending(path: "no.pem").path], 65, "CERTIFICATE"),
            (["acl", "add", "x", "--subject", "self", "--resource", "nothing", "--allow", "r"], 64, "href"),
            (["acl", "add", "x", "--subject", "self", "--resource", "*", "--allow", "z"], 64, "allow"),
            (["discover", "--interface", "nonesuch0"], 65, "nonesuch0"),
        ] as [([String], Int32, String)] {
            let result = try house.run("gatehouse-onboard", arguments)
            #expect(result.code == code, "\(arguments): \(result.output)")
            #expect(result.output.contains(says), "\(arguments): \(result.output)")
        }
    }

    @Test("The state is the user's alone, and an authority is made once")
    func state() throws {
        let house = try OnboardingHouse()
        #expect(try house.onboard("ca", "init").code == 0)
        #expect(try house.onboard("ca", "init").code == 73)
        let tool = house.folder.appending(path: "tool")
        let files = try #require(FileManager.default.enumerator(at: tool, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files {
            let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int ?? 0
            #expect(mode & 0o077 == 0, "\(file.path) \(String(mode, radix: 8))")
            count += 1
        }
        #expect(count >= 8)
        // A copy of the directory is the same tool.
        let copy = house.folder.appending(path: "copy")
        try FileManager.default.copyItem(at: tool, to: copy)
        let (here, there) = (try house.onboard("ca", "show"), try house.onboard("ca", "show", tool: "copy"))
        #expect(here.output == there.output)
    }

    @Test("The tool serves its own /oic/d, by which another tool takes it for a CMS, and ends when it is asked to")
    func serve() throws {
        let house = try OnboardingHouse()
        let process = Process()
        process.executableURL = Programs.folder.appending(path: "gatehouse-onboard")
        process.arguments = [
            "serve", "--address", "127.0.0.1", "--port", "0", "--state", house.folder.appending(path: "other").path,
            "--json",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let line = try #require(
            try JSONSerialization.jsonObject(with: output.fileHandleForReading.availableData) as? [String: Any])
        let port = try #require(line["coap"] as? Int)
        let found = try #require(try house.asked("discover", "127.0.0.1:\(port)") as? [[String: Any]])
        #expect(found.first?["types"] as? [String] == ["oic.wk.d", "oic.d.dots", "oic.d.cms", "oic.d.ams"])
        process.terminate()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 0)
    }
}
