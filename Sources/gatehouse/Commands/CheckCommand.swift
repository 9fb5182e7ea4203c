import ArgumentParser
import BoardCheck
import Gateway
import JSONText

/// `gatehouse check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say whether everything the gateway needs is there, and what to do if not.",
        discussion: """
            Looks at configuration, board, GPIO chip and lines, button, lamp, Bluetooth adapter and its rights, clock, store \
            and certificates, as the user who runs it: sudo -u gatehouse gatehouse check. It takes no line and asks no \
            daemon. Ends with 0 when nothing is missing, with 69 when something is, with 78 when the configuration is wrong.
            """)

    @Option(name: .customLong("config"), help: "The configuration file.") var file = "/etc/gatehouse/gatehouse.toml"
    @Flag(help: "Print the answer as JSON.") var json = false

    func run() throws {
        let findings: [Finding]
        do throws(ConfigurationError) {
            findings = try GatewayCheck.findings(file: file)
        } catch {
            for problem in error.problems { Failure.report(problem.description) }
            throw ExitCode(78)
        }
        print(json ? CheckCommand.json(findings).serialized(pretty: true) : CheckCommand.text(findings))
        if findings.contains(where: { $0.status == .missing }) { throw ExitCode(69) }
    }

    private static func json(_ findings: [Finding]) -> JSON {
        .array(
            findings.map { finding in
                .object([
                    "part": .string(finding.part), "status": .string(finding.status.rawValue),
                    "found": .string(finding.found), "advice": .string(finding.advice),
                ])
            })
    }

    private static func text(_ findings: [Finding]) -> String {
        let rows = findings.map { [$0.status.rawValue, $0.part, $0.found] }
        let advice = findings.filter { !$0.advice.isEmpty }.map { "\($0.part): \($0.advice)" }
        let table = TableText.columns(rows, header: ["", "PART", "FOUND"])
        return advice.isEmpty ? table : table + "\n\nTo do:\n" + advice.map { "  \($0)" }.joined(separator: "\n")
    }
}
