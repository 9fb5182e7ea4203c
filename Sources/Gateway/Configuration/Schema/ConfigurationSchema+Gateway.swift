/// The keys of the gateway itself, its log and its store.
extension ConfigurationSchema {
    static let gatewayKeys: [ConfigurationKey] =
        [
            ConfigurationKey(
                "gateway.name", .text(maximum: 64), default: "\"Gatehouse\"",
                "The name that people see, also as the OCF device's `n`."),
            ConfigurationKey(
                "gateway.state", .path, default: "\"/var/lib/gatehouse\"",
                "The folder of the store; the daemon alone may read it."),
            ConfigurationKey(
                "gateway.control", .path, default: "\"/run/gatehouse/control.sock\"",
                "The socket of the command line."),
            ConfigurationKey(
                "gateway.control_group", .text(maximum: 32), default: "\"gatehouse\"",
                "The group whose members may use the socket; an empty text leaves it to the daemon's own user."),
            ConfigurationKey(
                "gateway.locked", .boolean, default: "false",
                "Once somebody is trusted, refuse every new knock, whatever the button says, until factory reset."),
            ConfigurationKey(
                "log.level", .choice(levels), default: "\"info\"", "The least severe message that is written."),
            ConfigurationKey(
                "log.format", .choice(["auto", "text", "journal"]), default: "\"auto\"",
                "`journal` marks levels for systemd and leaves the time to it; `auto` tells by where standard error goes."
            ),
        ]
        + logParts.map { part in
            ConfigurationKey(
                "log.parts.\(part)", .choice(levels + [""]), default: "\"\"", "The level of the part `\(part)`.")
        } + [
            ConfigurationKey(
                "store.segment_kib", .integer(64...65_536, unit: "KiB"), default: "4096",
                "The size of each of the two preallocated segments. Read when the store is made."),
            ConfigurationKey(
                "store.commit_after", .number(1...3_600, unit: "s"), default: "60",
                "How long a record that may wait is kept in memory before it is written with others."),
            ConfigurationKey(
                "store.commit_count", .integer(1...10_000, unit: "records"), default: "128",
                "How many waiting records are written at once, at the latest."),
        ]
}
