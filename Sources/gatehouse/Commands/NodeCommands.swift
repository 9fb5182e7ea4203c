import ArgumentParser
import Gateway
import JSONText

/// `gatehouse nodes`
struct NodesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "List the nodes with their values.")

    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.nodes) { answer in
            let rows = (answer.array ?? []).map { node in
                [
                    StatusText.text(node["id"]), StatusText.text(node["name"]),
                    node["available"]?.bool == true ? StatusText.text(node["state"]) : "away",
                    NodeText.values(node),
                ]
            }
            guard !rows.isEmpty else { return "There are no nodes yet." }
            return TableText.columns(rows, header: ["NODE", "NAME", "STATE", "VALUES"])
        }
    }
}

/// `gatehouse read`
struct ReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Read a node: all its fields and parameters, or one.")

    @Argument(help: "The node: ble/A4C1388D18B2, or its id alone.") var node: String
    @Argument(help: "A field or a parameter by name, such as Temperature.") var field: String?
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.read(node: node, field: field)) { answer in
            let fields = (answer["fields"]?.array ?? []) + (answer["parameters"]?.array ?? [])
            if field != nil, let only = fields.first { return NodeText.value(only) }
            return TableText.columns(
                fields.map { [StatusText.text($0["name"]), NodeText.value($0), $0["time"]?.string ?? "settable"] })
        }
    }
}

/// `gatehouse set`
struct SetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set a control parameter of a node.",
        discussion: "Switches take true and false (on and off as well), numbers their digits, others their text.")

    @Argument(help: "The node: gpio/relay1, or its id alone.") var node: String
    @Argument(help: "The parameter, such as Output.") var parameter: String
    @Argument(help: "The value.") var value: String
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.set(node: node, parameter: parameter, value: value)) { answer in
            "\(StatusText.text(answer["node"])) \(StatusText.text(answer["parameter"])) is \(StatusText.text(answer["value"]))"
        }
    }
}

/// Nodes as people read them.
enum NodeText {
    /// A value with its unit.
    static func value(_ field: JSON) -> String {
        let unit = field["unit"]?.string ?? ""
        return StatusText.text(field["value"]) + (unit.isEmpty ? "" : " \(unit)")
    }

    /// All values of a node on one line.
    static func values(_ node: JSON) -> String {
        let all = (node["fields"]?.array ?? []) + (node["parameters"]?.array ?? [])
        return all.map { "\(StatusText.text($0["name"])) \(value($0))" }.joined(separator: ", ")
    }
}
