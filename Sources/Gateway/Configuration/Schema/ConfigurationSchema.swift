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
        ("onem2m", "The oneM2M CSE that the gateway is (docs/onem2m.md)."),
        ("onem2m.tokens", "Access tokens: what the gateway issues, and how (docs/onem2m.md, Tokens)."),
        ("onem2m.tokens.privileges[]", "The issuing privileges: the most that is delegated here; entries add up."),
        ("onem2m.tokens.policies[]", "An authorization policy: who may get what of the issuing privileges."),
        ("onem2m.tokens.recipients[]", "A CSE that tokens are encrypted for."),
        ("onem2m.issuers[]", "An issuer elsewhere whose tokens count here, and how far."),
        ("onem2m.http", "oneM2M over HTTP (docs/onem2m.md)."),
        ("onem2m.coap", "oneM2M over CoAP."),
        ("onem2m.tls", "What the oneM2M door shows over TLS and DTLS, as server and as client, and whom it believes."),
        (
            "onem2m.peers[]",
            "A peer of TLS or DTLS that has a key, or whose certificate does not name its AE-ID or CSE-ID."
        ),
        ("onem2m.registrar", "The CSE where this one is registered, by which it reaches the rest of the world."),
        ("metrics", "A page of metrics for Prometheus, at /metrics (docs/operations.md)."),
        ("cloud", "An OCF cloud to register with; the button must accept it once."),
    ]

    /// All keys, table by table.
    public static let keys: [ConfigurationKey] =
        gatewayKeys + boardKeys + gpioKeys + bleKeys + gattKeys + ocfKeys + xmppKeys + oneM2MKeys + oneM2MBindingKeys
        + tokenKeys + metricsKeys

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
    public static let logParts = [
        "gateway", "gpio", "ble", "pairing", "ocf", "security", "cloud", "xmpp", "onem2m", "control",
    ]
}
