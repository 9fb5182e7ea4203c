import Foundation
import Testing

/// The command line as scripts use it.
@Suite("The command line")
struct CommandLineTests {
    @Test(
        "Every command has help",
        arguments: [
            "run", "status", "nodes", "read", "set", "watch", "trust", "trust list", "trust remove", "cloud set",
            "cloud clear", "xmpp", "label",
            "press", "drive", "reset", "check-config", "decode", "reference",
        ])
    func help(command: String) throws {
        let result = try Programs.run("gatehouse", command.split(separator: " ").map(String.init) + ["--help"])
        #expect(result.code == 0)
        #expect(result.output.contains("USAGE: gatehouse \(command)"))
    }

    @Test("Shells get completion", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) throws {
        let result = try Programs.run("gatehouse", ["--generate-completion-script", shell])
        #expect(result.code == 0)
        #expect(result.output.contains("check-config"))
    }

    @Test(
        "Exit codes tell scripts what went wrong",
        arguments: [
            (["status", "--socket", "/nonexistent.sock"], 69 as Int32, "no daemon runs there"),
            (["dance"], 64, "Usage"), (["reset"], 64, "--factory"), (["decode", "0g"], 64, "no hex"),
            (["decode", "020106"], 65, ""), (["check-config", "/nonexistent.toml"], 78, "No such file"),
            (["run", "--config", "/nonexistent.toml"], 78, "No such file"),
        ])
    func exitCodes(arguments: [String], code: Int32, says: String) throws {
        let result = try Programs.run("gatehouse", arguments)
        #expect(result.code == code, "\(result.output)")
        if !says.isEmpty { #expect(result.output.contains(says), "\(result.output)") }
    }

    @Test("Every vector of the formats decoded here decodes to its value; others are answered with an error")
    func vectors() throws {
        let file = Programs.root.appending(path: "Tests/AdvertisingTests/Vectors/ble.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let result = try Programs.run("gatehouse", ["decode", "--json"], input: lines.joined(separator: "\n") + "\n")
        let answers = result.output.split(separator: "\n")
        #expect(result.code == 0)
        #expect(answers.count == lines.count)
        let families = [
            "bthome-v2", "bthome-v2-encrypted", "ruuvi-df3", "ruuvi-df5", "ruuvi-df6", "ruuvi-e1", "atc-pvvx-181a",
        ]
        var checked = 0
        for (line, answer) in zip(lines, answers) {
            let wanted = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let found = try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any])
            #expect(found["id"] as? String == wanted["id"] as? String)
            guard let family = wanted["format"] as? String, families.contains(family) else { continue }
            let expected = try #require(wanted["expected"] as? [String: [String: Any]])
            checked += 1
            guard !expected.isEmpty else {
                #expect(found["error"] != nil, "\(line)")
                continue
            }
            let decoded = try #require(found["decoded"] as? [String: [String: Any]], "\(answer)")
            #expect(Set(decoded.keys) == Set(expected.keys), "\(answer)")
            for (name, entry) in expected {
                #expect(entry["unit"] as? String == decoded[name]?["unit"] as? String, "\(name) in \(answer)")
                let (left, right) = (entry["value"], decoded[name]?["value"])
                if let left = left as? NSNumber, let right = right as? NSNumber {
                    #expect(abs(left.doubleValue - right.doubleValue) < 1e-6, "\(name) in \(answer)")
                } else {
                    #expect("\(left ?? "none")" == "\(right ?? "none")", "\(name) in \(answer)")
                }
            }
        }
        #expect(checked >= 200)
    }
}
