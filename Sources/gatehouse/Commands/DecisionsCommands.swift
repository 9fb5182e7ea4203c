import ArgumentParser
import Gateway
import JSONText

/// `gatehouse decisions`
struct DecisionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decisions",
        abstract: "Show, explain or forget what provisioning servers have decided (XEP-0324).",
        subcommands: [List.self, Explain.self, Clear.self, Privileges.self], defaultSubcommand: List.self)

    /// `gatehouse decisions list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the answers that are remembered, those used last first.")

        @Option(help: "Of this address only.") var who: String?
        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.decisions(who: who)) { answer in
                let rows = (answer.array ?? []).map { line in
                    [
                        StatusText.text(line["who"]), StatusText.text(line["action"]), Self.list(line["nodes"]),
                        Self.list(line["names"]), StatusText.text(line["answer"]), StatusText.text(line["server"]),
                        StatusText.text(line["since"]),
                    ]
                }
                guard !rows.isEmpty else { return "Nothing is remembered." }
                return TableText.columns(
                    rows, header: ["WHO", "WANTS TO", "NODES", "FIELDS", "ANSWER", "BY", "SINCE"])
            }
        }

        static func list(_ json: JSON?) -> String {
            guard let names = json?.array, !names.isEmpty else { return "all" }
            let shown = names.prefix(3).map { StatusText.text($0) }.joined(separator: ",")
            return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
        }
    }

    /// `gatehouse decisions explain`
    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether somebody may read or control something, who decides that, and since when.")

        @Argument(help: "Who: neighbour@example.net.") var who: String
        @Argument(help: "The node: ble/A4C1388D18B2, or its id alone.") var node: String
        @Argument(help: "A field or a parameter by name, such as Temperature.") var name: String?
        @Flag(name: .customLong("control"), help: "To control instead of to read.") var controls = false
        @Flag(help: "Ask the servers what is not remembered; they then count as having been asked by this one.")
        var ask = false
        @OptionGroup var control: ControlOptions

        func run() throws {
            let request = ControlRequest.decisionsExplain(
                who: who, node: node, name: name, control: controls, asks: ask)
            try control.ask(request) { answer in
                let thing = [StatusText.text(answer["node"]), answer["name"]?.string].compactMap { $0 }
                    .joined(separator: " ")
                let verdict = answer["allowed"]?.bool == true ? "may" : "may not"
                var lines = [
                    "\(StatusText.text(answer["who"])) \(verdict) \(StatusText.text(answer["action"])) \(thing)."
                ]
                var rows = [Self.row("the list", answer["list"])]
                rows += (answer["servers"]?.array ?? []).map { Self.row(StatusText.text($0["server"]), $0) }
                lines.append(TableText.columns(rows))
                return lines.joined(separator: "\n")
            }
        }

        private static func row(_ who: String, _ said: JSON?) -> [String] {
            let verdict = said?["allows"]?.bool == true ? "yes" : said?["answer"]?.string == "none" ? "nothing" : "no"
            var origin = ""
            switch said?["from"]?.string {
            case "memory": origin = "remembered since \(StatusText.text(said?["since"]))"
            case "asked now": origin = "asked now"
            default: break
            }
            if said?["answer"]?.string == "owner" { origin = "the owner" }
            return [
                who, verdict, [origin, said?["reason"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: "; "),
            ]
        }
    }

    /// `gatehouse decisions clear`
    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget what was decided; servers are asked again when it matters.")

        @Option(help: "What this server has said only.") var server: String?
        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.decisionsClear(server: server)) { answer in
                "\(StatusText.text(answer["forgotten"])) answers are forgotten."
            }
        }
    }

    /// `gatehouse decisions privileges`
    struct Privileges: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask the servers what somebody may do with the gateway itself (Gateway.Administer).")

        @Argument(help: "Who: neighbour@example.net.") var who: String
        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.privileges(who: who)) { answer in
                let rows = (answer["servers"]?.array ?? []).flatMap { server in
                    (server["may"]?.object?.members ?? []).map { privilege in
                        [
                            StatusText.text(server["server"]), privilege.name,
                            privilege.value.bool == true ? "yes" : "no", server["reason"]?.string ?? "",
                        ]
                    }
                }
                guard !rows.isEmpty else { return "No provisioning server is trusted." }
                return TableText.columns(rows, header: ["BY", "PRIVILEGE", "GIVEN", "WHY"])
            }
        }
    }
}
