import Advertising
import BluetoothLE
import GATT
import OCFDoor
import XMPP

/// Every key the gateway's configuration may hold, in the order the reference shows them.
public enum ConfigurationSchema {
    /// The tables of the file with a sentence each; `[]` marks a repeated one.
    public static let tables: [(path: String, help: String)] = [
        ("gateway", "The gateway itself."),
        ("log", "What is written to standard error, or to the journal."),
        ("log.parts", "Levels of single parts; an empty text takes `log.level`."),
        ("store", "The store on flash: trust, tokens, node numbers (docs/flash-format.md)."),
        ("board", "The board: which file of `board/` describes it, and what differs."),
        ("button", "The button that gives trust (docs/pairing.md)."),
        ("led", "The lamp that shows a knock."),
        ("pairing", "The ceremony of lamp and button."),
        ("gpio", "GPIO lines as nodes."),
        ("gpio.lines[]", "One line of a GPIO chip that becomes a node `gpio/NAME`."),
        ("ble", "Bluetooth sensors as nodes."),
        ("ble.nodes[]", "A sensor known by its address: its name, its key."),
        (
            "ble.gatt[]",
            "A characteristic of a device that is connected to: a field, or a parameter that can be set (docs/bluetooth.md)."
        ),
        ("ocf", "The OCF device that the gateway is."),
        ("xmpp", "The XMPP account under which nodes are read and controlled (docs/xmpp.md)."),
        ("xmpp.peers[]", "Somebody who may read, control or administer over XMPP; rules add up."),
        ("cloud", "An OCF cloud to register with; the button must accept it once."),
    ]

    /// All keys, table by table.
    public static let keys: [ConfigurationKey] =
        gatewayKeys + boardKeys + gpioKeys + bleKeys + gattKeys + ocfKeys + xmppKeys

    /// The tables a board file may hold.
    public static let boardTables: Set<String> = ["board", "button", "led"]

    private static let byPath = Dictionary(uniqueKeysWithValues: keys.map { ($0.path, $0) })
    private static let tablePaths: Set<String> = Set(tables.map(\.path))

    /// The key at `path`, if there is one.
    static func key(_ path: String) -> ConfigurationKey? { byPath[path] }

    /// Whether `path` names a table (with `[]` for a repeated one).
    static func isTable(_ path: String) -> Bool { tablePaths.contains(path) }

    /// The keys that stand in the table `path`.
    public static func keys(of path: String) -> [ConfigurationKey] { keys.filter { $0.table == path } }

    /// The known key or table most like `path`, when one is like enough to be a slip of the pen.
    static func nearest(to path: String) -> String? {
        let candidates = keys.map(\.path) + tables.map(\.path)
        let scored = candidates.map { (distance(path, $0), $0) }
        guard let best = scored.min(by: { $0.0 < $1.0 }), best.0 <= max(2, path.count / 4) else { return nil }
        return best.1
    }

    /// How many single-character edits lead from one text to the other (Levenshtein).
    private static func distance(_ one: String, _ other: String) -> Int {
        let columns = Array(other)
        var row = Array(0...columns.count)
        for (i, left) in one.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in columns.enumerated() {
                let substitution = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, diagonal + 1)
            }
        }
        return row[columns.count]
    }
}

extension ConfigurationSchema {
    static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    /// The parts whose log level can be set apart.
    public static let logParts = ["gateway", "gpio", "ble", "pairing", "ocf", "security", "cloud", "xmpp", "control"]

    private static let gatewayKeys: [ConfigurationKey] =
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

    private static let boardKeys: [ConfigurationKey] = [
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

    private static let gpioKeys: [ConfigurationKey] = [
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

    private static let bleKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "ble.source", .choice(["auto", "kernel", "capture", "none"]), default: "\"auto\"",
            "Where adverts come from: `kernel` this machine's adapters, `capture` a recorded file; `auto` is `kernel`, and "
                + "`none` on a simulated board."),
        ConfigurationKey(
            "ble.adapters",
            .list(
                of: "an adapter's name such as hci0, or its address", check: { KernelRadio.Selection([$0]) != nil }),
            default: "[]", "The adapters that listen, by name or by address; all when it is empty."),
        ConfigurationKey(
            "ble.capture", .path, default: "\"\"", "The recording: btsnoop, or JSON lines."),
        ConfigurationKey(
            "ble.speed", .number(0...1_000, unit: "times"), default: "1.0",
            "How fast it is replayed; 0 as fast as possible."),
        ConfigurationKey("ble.loop", .boolean, default: "false", "Begin again at its end."),
        ConfigurationKey(
            "ble.admit", .choice(["listed", "known-formats"]), default: "\"listed\"",
            "Which advertisers become nodes: those listed, or every one that speaks a known sensor format."),
        ConfigurationKey(
            "ble.allow", .list(of: "an address such as A4:C1:38:8D:18:B2", check: isAddress), default: "[]",
            "Addresses admitted besides those of `[[ble.nodes]]`."),
        ConfigurationKey(
            "ble.deny", .list(of: "an address such as A4:C1:38:8D:18:B2", check: isAddress), default: "[]",
            "Addresses never admitted; stronger than every other rule."),
        ConfigurationKey(
            "ble.nodes_maximum", .integer(1...10_000, unit: "nodes"), default: "500",
            "How many advertisers may become nodes."),
        ConfigurationKey(
            "ble.join_window", .integer(1...254, unit: "s"), default: "60",
            "How long sensors may join after the button was held for three seconds, or `gatehouse permit-join`."),
        ConfigurationKey(
            "ble.join_limit", .integer(1...100, unit: "sensors"), default: "5",
            "How many may join in one such time."),
        ConfigurationKey(
            "ble.connections", .integer(1...10, unit: "connections"), default: "3",
            "How many devices are connected to at a time; radios hold about ten, fewer while they scan."),
        ConfigurationKey(
            "ble.read_interval", .integer(10...86_400, unit: "s"), default: "300",
            "How often a device that is connected to is read."),
        ConfigurationKey(
            "ble.nodes[].address", .form("an address such as A4:C1:38:8D:18:B2", check: isAddress), default: nil,
            "The sensor's address; it admits the sensor."),
        ConfigurationKey("ble.nodes[].name", .text(maximum: 64), default: "\"\"", "The name for people."),
        ConfigurationKey(
            "ble.nodes[].key",
            .form(
                "32 hex digits (24 for MiBeacon before version 4), or empty",
                check: { $0.isEmpty || isHex($0, digits: 32) || isHex($0, digits: 24) }),
            default: "\"\"", "The bind key, where the sensor encrypts."),
        ConfigurationKey(
            "ble.nodes[].connect", .boolean, default: "false",
            "Connect to it and show its standard services: battery, device information, environmental sensing, automation I/O."
        ),
    ]

    private static let gattKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "ble.gatt[].device", .form("an address such as A4:C1:38:8D:18:B2", check: isAddress), default: nil,
            "The device's address; it admits the device."),
        ConfigurationKey(
            "ble.gatt[].service",
            .form("a UUID, or its 4 hex digits, or empty", check: { $0.isEmpty || isUUIDOrShort($0) }),
            default: "\"\"", "The service it is in; empty for any."),
        ConfigurationKey(
            "ble.gatt[].characteristic", .form("a UUID, or its 4 hex digits", check: isUUIDOrShort), default: nil,
            "The characteristic: `2A6E`, or all five groups."),
        ConfigurationKey(
            "ble.gatt[].name", .text(maximum: 64), default: "\"\"",
            "The field's or parameter's name; empty for the characteristic's own."),
        ConfigurationKey(
            "ble.gatt[].format", .choice([""] + CharacteristicForm.names), default: "\"\"",
            "How the value lies in the bytes, low byte first; empty for what is assigned to its number."),
        ConfigurationKey("ble.gatt[].unit", .text(maximum: 16), default: "\"\"", "The unit of a number."),
        ConfigurationKey(
            "ble.gatt[].decimals", .integer(0...9, unit: "digits"), default: "0",
            "How many digits of a whole number stand behind the point."),
        ConfigurationKey(
            "ble.gatt[].interval", .integer(0...86_400, unit: "s"), default: "0",
            "How often it is read; 0 for `ble.read_interval`. A device is read as often as the most frequent of its entries says."
        ),
        ConfigurationKey(
            "ble.gatt[].notify", .boolean, default: "false",
            "It tells its value by itself; the connection is kept for that, as long as others need none."),
        ConfigurationKey("ble.gatt[].writable", .boolean, default: "false", "It can be set."),
    ]

    private static let ocfKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "ocf.manufacturer", .text(maximum: 64), default: "\"Gatehouse\"", "`mnmn` of `/oic/p`."),
        ConfigurationKey("ocf.model", .text(maximum: 128), default: "\"\"", "`mnmo` of `/oic/p`; empty leaves it out."),
        ConfigurationKey(
            "ocf.certificate", .path, default: "\"\"",
            "The identity certificate and its chain, PEM, common name `uuid:<di>`; empty for none."),
        ConfigurationKey("ocf.key", .path, default: "\"\"", "The private key of `ocf.certificate`, PEM."),
        ConfigurationKey(
            "ocf.device_id", .form("a UUID, or empty", check: { $0.isEmpty || isUUID($0) }), default: "\"\"",
            "The device id `di`. Empty makes one at the first start; give it when the certificate was made before. Read at the first start and after a factory reset only."
        ),
        ConfigurationKey(
            "ocf.local", .boolean, default: "true",
            "Be found, owned and used on the local network, over CoAP and DTLS; false opens no port."),
        ConfigurationKey(
            "ocf.port", .integer(0...65_535, unit: "port"), default: "5683",
            "The UDP port of plain CoAP; 0 for any. Searches by multicast come to 5683 in every case."),
        ConfigurationKey(
            "ocf.secure_port", .integer(0...65_535, unit: "port"), default: "5684",
            "The UDP port of CoAP over DTLS; 0 for any."),
        ConfigurationKey(
            "ocf.interfaces",
            .list(of: "the name of a network interface", check: { (1...15).contains($0.utf8.count) }), default: "[]",
            "The interfaces on which searches by multicast are heard; empty for all."),
        ConfigurationKey(
            "ocf.methods",
            .list(
                of: "certificate, pin or just-works", check: { ["certificate", "pin", "just-works"].contains($0) }),
            default: "[\"certificate\", \"pin\"]",
            "How a tool may come to own the gateway, each only with the button: by the manufacturer's certificate, by a PIN that log and `gatehouse status` show, or by nothing but the button (`just-works`, which anybody on the network can listen in to as it happens)."
        ),
        ConfigurationKey(
            "ocf.manufacturer_certificate", .path, default: "\"\"",
            "The manufacturer's certificate of this gateway and its chain, PEM; empty offers no ownership by certificate."
        ),
        ConfigurationKey(
            "ocf.manufacturer_key", .path, default: "\"\"", "The private key of `ocf.manufacturer_certificate`, PEM."),
        ConfigurationKey(
            "cloud.address",
            .form("coaps+tcp://HOST:PORT, or empty", check: { $0.isEmpty || CloudAddress($0) != nil }),
            default: "\"\"",
            "The cloud's address (`cis`); empty for none. `gatehouse cloud set` does the same without a restart."),
        ConfigurationKey(
            "cloud.id", .form("a UUID, or empty", check: { $0.isEmpty || isUUID($0) }), default: "\"\"",
            "The cloud's id (`sid`): its certificate must carry it, and its requests act under it."),
        ConfigurationKey(
            "cloud.token", .text(maximum: 4_096), default: "\"\"",
            "The one-time access token the cloud gave for this device."),
        ConfigurationKey(
            "cloud.provider", .text(maximum: 64), default: "\"\"", "The authorisation provider (`apn`); empty for none."
        ),
        ConfigurationKey(
            "cloud.trust", .path, default: "\"\"",
            "The PEM file of the authorities that the cloud's certificate may come from."),
    ]

    private static let xmppKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "xmpp.account",
            .form("an address such as hall@example.org, or empty", check: { $0.isEmpty || JID($0)?.local != nil }),
            default: "\"\"", "The gateway's account; empty for no XMPP."),
        ConfigurationKey(
            "xmpp.password_file", .path, default: "\"\"",
            "The file that holds the account's password and nothing else; the daemon alone should be able to read it."),
        ConfigurationKey(
            "xmpp.server",
            .form("HOST or HOST:PORT, or empty", check: { $0.isEmpty || XMPPServerText.isGood($0) }), default: "\"\"",
            "The server; empty finds it by the service records of the account's domain."),
        ConfigurationKey(
            "xmpp.security", .choice(["starttls", "direct"]), default: "\"starttls\"",
            "How TLS begins at `xmpp.server`; there is no connection without."),
        ConfigurationKey(
            "xmpp.trust", .path, default: "\"/etc/ssl/certs/ca-certificates.crt\"",
            "The PEM file of the authorities that the server's certificate may come from."),
        ConfigurationKey(
            "xmpp.resource", .text(maximum: 64), default: "\"gatehouse\"",
            "The connection's name, the last part of the full address; empty lets the server choose."),
        ConfigurationKey(
            "xmpp.allow_plain", .boolean, default: "false",
            "Tell the server the password itself where it knows nothing better than PLAIN."),
        ConfigurationKey(
            "xmpp.registry",
            .form("an address, `auto`, or empty", check: { $0.isEmpty || $0 == "auto" || JID($0) != nil }),
            default: "\"\"",
            "The thing registry where an owner claims the gateway by its label (`gatehouse label`); `auto` takes the server's, empty none."
        ),
        ConfigurationKey(
            "xmpp.peers[].jid",
            .form("an address, a domain, or `*`", check: { $0 == "*" || JID($0)?.resource == nil && JID($0) != nil }),
            default: nil, "Who: an address without a resource, a domain for everybody there, `*` for everybody."),
        ConfigurationKey(
            "xmpp.peers[].may", .choice(["befriend", "read", "control", "administer"]), default: "\"read\"",
            "How far; each right includes those before it."),
        ConfigurationKey(
            "xmpp.peers[].nodes",
            .list(of: "a node such as gpio/relay1, or an id", check: { !$0.isEmpty && $0.utf8.count <= 130 }),
            default: "[]", "On these nodes only; empty for all."),
        ConfigurationKey(
            "xmpp.peers[].names",
            .list(of: "a field or parameter", check: { !$0.isEmpty && $0.utf8.count <= 64 }), default: "[]",
            "These fields and parameters only; empty for all."),
        ConfigurationKey(
            "xmpp.peers[].dialect", .choice(["current", "2013"]), default: "\"current\"",
            "`2013` adds what peers of that time look for (docs/xmpp.md)."),
    ]
}

extension ConfigurationSchema {
    /// Names that stand in ids, paths and shells without quoting.
    static func isNodeName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
            }
    }

    static func isHex(_ text: String, digits: Int) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy { hexadecimal($0) }
    }

    static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 6 && parts.allSatisfy { isHex(String($0), digits: 2) }
    }

    static func isUUIDOrShort(_ text: String) -> Bool { AttributeType(text) != nil }

    static func isUUID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.joined().utf8.allSatisfy { hexadecimal($0) }
    }

    private static func hexadecimal(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
