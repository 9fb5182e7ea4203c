/// The keys of GPIO lines.
extension ConfigurationSchema {
    static let gpioKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "gpio.lines[].name", .form("a name of letters, digits, `-` and `_`, at most 32", check: isNodeName),
            default: nil, "The node's id; it never changes, and no other line may have it."),
        ConfigurationKey(
            "gpio.lines[].line", .text(maximum: 64), default: nil,
            "The line's name (`GPIO17`) or its offset on the chip."),
        ConfigurationKey(
            "gpio.lines[].chip", .text(maximum: 64), default: "\"\"",
            "The chip's label or path; empty for the board's (`board.chips`)."),
        ConfigurationKey("gpio.lines[].direction", .choice(["input", "output"]), default: nil, "Reads or drives."),
        ConfigurationKey(
            "gpio.lines[].kind",
            .choice(["generic", "contact", "motion", "button", "water", "smoke", "switch", "relay", "light", "lock"]),
            default: "\"generic\"", "What hangs on it, so that the doors can show it as what it is."),
        ConfigurationKey(
            "gpio.lines[].title", .text(maximum: 64), default: "\"\"", "The name for people; empty for `name`."),
        ConfigurationKey("gpio.lines[].active_low", .boolean, default: "false", "Low means on."),
        ConfigurationKey(
            "gpio.lines[].bias", .choice(["as-is", "disabled", "pull-up", "pull-down"]), default: "\"as-is\"",
            "The resistor inside the chip (inputs)."),
        ConfigurationKey(
            "gpio.lines[].debounce_ms", .integer(0...1_000, unit: "ms"), default: "5",
            "How long an input must be still before a change counts; 0 counts every edge."),
        ConfigurationKey("gpio.lines[].initial", .boolean, default: "false", "What an output is set to at start."),
        ConfigurationKey(
            "gpio.lines[].at_exit", .choice(["off", "on", "keep"]), default: "\"off\"",
            "What an output is left at when the daemon ends."),
    ]
}
