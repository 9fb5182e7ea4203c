/// The keys of a board: its chip, button and lamp, and the ceremony of the two.
extension ConfigurationSchema {
    static let boardKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "board.profile", .text(maximum: 256), default: "\"generic\"",
            "The board: the name of a file in `board.directory` without `.toml`, or a path. `simulated` has no hardware."
        ),
        ConfigurationKey(
            "board.directory", .path, default: "\"/usr/share/gatehouse/board\"", "Where the board files are."),
        ConfigurationKey(
            "board.simulated", .boolean, default: "false",
            "No hardware: lines, button and lamp live in memory, and `gatehouse press` is the hand."),
        ConfigurationKey(
            "board.name", .text(maximum: 64), default: "\"\"", "A board file's: the board's name for people."),
        ConfigurationKey(
            "board.compatible",
            .list(of: "a word of /proc/device-tree/compatible", check: { !$0.isEmpty && $0.utf8.count <= 64 }),
            default: "[]", "A board file's: how `gatehouse check` knows the board."),
        ConfigurationKey(
            "board.free_lines", .list(of: "a line's name", check: { !$0.isEmpty && $0.utf8.count <= 64 }),
            default: "[]", "A board file's: lines of the header that nothing else uses, for people."),
        ConfigurationKey(
            "board.chips",
            .list(of: "a label of a GPIO chip, or its path below /dev", check: { !$0.isEmpty && $0.utf8.count <= 64 }),
            default: "[\"pinctrl-rp1\", \"pinctrl-bcm2711\", \"pinctrl-bcm2835\"]",
            "The header's chip: the first label found wins. Numbers of chips change between kernels, labels do not."),
        ConfigurationKey(
            "button.line", .text(maximum: 64), default: "\"\"",
            "The line's name (`GPIO3`) or offset; an empty text for no button."),
        ConfigurationKey("button.active_low", .boolean, default: "true", "Pressed pulls the line to ground."),
        ConfigurationKey(
            "button.bias", .choice(["as-is", "disabled", "pull-up", "pull-down"]), default: "\"pull-up\"",
            "The resistor inside the chip."),
        ConfigurationKey(
            "button.debounce_ms", .integer(0...1_000, unit: "ms"), default: "30",
            "How long the line must be still before a change counts."),
        ConfigurationKey(
            "led.drive",
            .form(
                "\"none\", \"gpio:LINE\" or \"led:NAME\" (a folder of /sys/class/leds)",
                check: {
                    $0 == "none" || ($0.hasPrefix("gpio:") && $0.count > 5) || ($0.hasPrefix("led:") && $0.count > 4)
                }),
            default: "\"none\"", "What lights the lamp; `led:` lets the kernel blink it."),
        ConfigurationKey("led.active_low", .boolean, default: "false", "A low line lights the lamp (`gpio:` only)."),
        ConfigurationKey(
            "pairing.window", .integer(1...254, unit: "s"), default: "30",
            "How long a knock waits for the button; a forgotten open window is a hole, so 254 s is the most."),
    ]
}
