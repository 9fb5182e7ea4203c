import Concentrator
import GPIO
import GPIONodes

/// GPIO lines as forms: what is told of one, and what a new one wants to know.
enum LineForm {
    private static let kinds = [
        "generic", "contact", "motion", "button", "water", "smoke", "switch", "relay", "light", "lock",
    ]
    private static let biases = ["as-is", "disabled", "pull-up", "pull-down"]

    /// What a new line wants to know.
    static let settingsOfNew =
        [
            NodeSetting("name", title: "Node id", kind: .text(maximumLength: 32), isRequired: true),
            NodeSetting(
                "line", title: "Line", explanation: "By name, such as GPIO17, or by offset.",
                kind: .text(maximumLength: 64),
                isRequired: true),
            NodeSetting(
                "direction", title: "Direction", kind: .choice(["input", "output"]), value: .text("input"),
                isRequired: true),
        ] + changeable(nil)

    private static func changeable(_ line: Configuration.Line?) -> [NodeSetting] {
        [
            NodeSetting("title", title: "Name", kind: .text(maximumLength: 64), value: .text(line?.title ?? "")),
            NodeSetting("kind", title: "What hangs on it", kind: .choice(kinds), value: .text(line?.kind ?? "generic")),
            NodeSetting(
                "activeLow", title: "Low means on", page: "Line", kind: .boolean,
                value: .boolean(line?.activeLow ?? false)),
            NodeSetting(
                "bias", title: "Resistor", page: "Line", kind: .choice(biases), value: .text(line?.bias ?? "as-is")),
            NodeSetting(
                "debounce", title: "Debounce", page: "Line",
                kind: .number(minimum: 0, maximum: 1_000, decimals: 0, unit: "ms"),
                value: .number(Quantity(line?.debounce ?? 5))),
            NodeSetting(
                "atExit", title: "Left at, when the gateway ends", page: "Line", kind: .choice(["off", "on", "keep"]),
                value: .text(line?.atExit ?? "off")),
        ]
    }

    /// What is told of a line. One that the configuration file gives is changed there alone.
    static func settings(of line: GPIOLines.Line) -> [NodeSetting] {
        let fixed = [
            NodeSetting(
                "line", title: "Line", kind: .text(maximumLength: 64), value: .text(line.line.line), isReadOnly: true),
            NodeSetting(
                "direction", title: "Direction", kind: .choice(["input", "output"]),
                value: .text(line.line.output ? "output" : "input"), isReadOnly: true),
        ]
        return fixed
            + changeable(line.line).map { setting in
                var setting = setting
                setting.isReadOnly = line.isConfigured
                return setting
            }
    }

    /// The line that was filled in; what was left out is as before.
    static func line(
        _ values: [SettingValue], from old: GPIOLines.Line?
    ) throws(AdministrationError) -> Configuration.Line {
        func text(_ id: String, _ fallback: String) -> String { values.first { $0.id == id }?.value.text ?? fallback }
        func flag(_ id: String, _ fallback: Bool) -> Bool { values.first { $0.id == id }?.value.boolean ?? fallback }
        let before = old?.line
        let name = before?.name ?? text("name", "")
        guard ConfigurationSchema.isNodeName(name) else {
            throw AdministrationError([
                .init("name", "a name of letters, digits, - and _ was expected, 32 at most")
            ])
        }
        let title = text("title", before?.title ?? "")
        return Configuration.Line(
            name: name, line: before?.line ?? text("line", ""), chip: before?.chip ?? "",
            output: before?.output ?? (text("direction", "input") == "output"),
            kind: text("kind", before?.kind ?? "generic"), title: title.isEmpty ? name : title,
            activeLow: flag("activeLow", before?.activeLow ?? false), bias: text("bias", before?.bias ?? "as-is"),
            debounce: values.first { $0.id == "debounce" }?.value.number.map { Int(clamping: $0.integerValue) }
                ?? before?.debounce ?? 5,
            initial: before?.initial ?? false, atExit: text("atExit", before?.atExit ?? "off"))
    }
}
