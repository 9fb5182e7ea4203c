import Advertising
import GATT

extension Configuration {
    /// Reads a configuration file and the board file it names.
    ///
    /// - Throws: ``ConfigurationError`` with every problem of both files, in one go.
    public static func load(file: String) throws(ConfigurationError) -> Configuration {
        try load(text: contents(of: file), file: file)
    }

    /// Reads a configuration from its text; `file` is the name that messages give, and board paths are relative to its
    /// folder.
    public static func load(text: String, file: String) throws(ConfigurationError) -> Configuration {
        var document = ConfigurationDocument(text: text, file: file)
        if document.problems.contains(where: { $0.code == .syntax }) {
            // Nothing can be said of the rest, not even which board file is meant.
            throw ConfigurationError(problems: document.problems)
        }
        var problems: [ConfigurationProblem] = []
        var board: ConfigurationDocument?
        let boardFile = boardPath(of: document, file: file)
        do throws(ConfigurationError) {
            let read = ConfigurationDocument(
                text: try contents(of: boardFile), file: boardFile, only: ConfigurationSchema.boardTables)
            problems += read.problems
            board = read
        } catch {
            document.complain(
                .unreadable, at: "board.profile",
                "the board file \(boardFile) cannot be read; expected one of the files of board.directory, or a path")
        }
        let reader = ConfigurationReader(document: document, board: board)
        let configuration = reader.configuration()
        checkConflicts(configuration, &document)
        problems += document.problems
        guard problems.isEmpty else {
            throw ConfigurationError(problems: problems.sorted { ($0.file, $0.line) < ($1.file, $1.line) })
        }
        return configuration
    }

    /// The board file's path: `board.profile` as it is when it is a path, else a file of `board.directory`.
    private static func boardPath(of document: ConfigurationDocument, file: String) -> String {
        let profile = document.text("board.profile")
        // By bytes: TOMLKit brings Foundation's `contains(_:)` for texts into view, and with it 40 MB of ICU's data.
        if profile.utf8.contains(UInt8(ascii: "/")) {
            return profile.hasPrefix("/") ? profile : FilePathText.join(FilePathText.folder(of: file), profile)
        }
        let directory = document.text("board.directory")
        let folder = directory.hasPrefix("/") ? directory : FilePathText.join(FilePathText.folder(of: file), directory)
        return folder + "/" + profile + ".toml"
    }

    private static func contents(of file: String) throws(ConfigurationError) -> String {
        do {
            return try TextFile.read(file, maximum: 1_048_576)
        } catch {
            throw ConfigurationError(problems: [
                ConfigurationProblem(code: .unreadable, file: file, line: 0, reason: error.reason)
            ])
        }
    }

    /// Settings that are each possible but not together.
    private static func checkConflicts(_ read: Configuration, _ document: inout ConfigurationDocument) {
        var names: Set<String> = []
        for (index, line) in read.lines.enumerated() where !names.insert(line.name).inserted {
            document.complain(
                .conflict, at: "gpio.lines[\(index)].name",
                "two lines are named \"\(line.name)\"; a node's name is its id, expected each once")
        }
        var addresses: Set<String> = []
        for (index, node) in read.ble.nodes.enumerated() where !addresses.insert(node.address.uppercased()).inserted {
            document.complain(
                .conflict, at: "ble.nodes[\(index)].address",
                "the address \(node.address) is given twice; expected once")
        }
        for (index, entry) in read.ble.gatt.enumerated() where entry.format.isEmpty {
            guard let type = AttributeType(entry.characteristic),
                type.short.flatMap({ CharacteristicDefinition.assigned($0) }) == nil
            else { continue }
            document.complain(
                .conflict, at: "ble.gatt[\(index)].characteristic",
                "what the value of \(entry.characteristic) is made of is not known; expected ble.gatt.format with it")
        }
        if read.ble.source == "capture" && read.ble.capture.isEmpty {
            document.complain(
                .conflict, at: "ble.source",
                "ble.source is \"capture\" but ble.capture names no file; expected its path")
        }
        if read.ocf.certificate.isEmpty != read.ocf.key.isEmpty {
            document.complain(
                .conflict, at: read.ocf.certificate.isEmpty ? "ocf.key" : "ocf.certificate",
                "ocf.certificate and ocf.key belong together; found one, expected both or none")
        }
        if read.ocf.manufacturerCertificate.isEmpty != read.ocf.manufacturerKey.isEmpty {
            document.complain(
                .conflict,
                at: read.ocf.manufacturerCertificate.isEmpty
                    ? "ocf.manufacturer_key" : "ocf.manufacturer_certificate",
                "ocf.manufacturer_certificate and ocf.manufacturer_key belong together; found one, expected both or none"
            )
        }
        document.checkOneM2MBindings(read.oneM2MBindings)
        if !read.cloud.address.isEmpty {
            for (name, value) in [("id", read.cloud.id), ("token", read.cloud.token)] where value.isEmpty {
                document.complain(
                    .conflict, at: "cloud.address",
                    "cloud.address is given but cloud.\(name) is not; expected address, id and token together")
            }
            if read.cloud.trust.isEmpty {
                document.complain(
                    .conflict, at: "cloud.address",
                    "cloud.trust is not given; expected the PEM file of the authorities the cloud's certificate comes from"
                )
            }
        }
    }
}

extension ConfigurationDocument {
    /// The value of a key, its default when absent. The key must be of the schema; the schema's own test holds that
    /// every default fits.
    fileprivate func resolved(_ path: String) -> ConfigurationValue {
        value(path) ?? ConfigurationSchema.fallback(of: path)
    }

    /// A text of the file, or its default.
    func text(_ path: String) -> String { resolved(path).textValue }
}

extension ConfigurationSchema {
    /// The default of a key as a value; an empty text for a key that has none.
    static func fallback(of path: String) -> ConfigurationValue {
        guard let key = key(path), let text = key.fallback else { return .text("") }
        if text == "true" || text == "false" { return .boolean(text == "true") }
        if text.hasPrefix("\"") { return .text(String(text.dropFirst().dropLast())) }
        if text.hasPrefix("[") {
            let items = text.dropFirst().dropLast().split(separator: ",")
            return .list(items.map { String($0.filter { $0 != "\"" && $0 != " " }) })
        }
        if let number = Int(text) { return .integer(number) }
        return Double(text).map { .number($0) } ?? .text(text)
    }
}

extension ConfigurationValue {
    var textValue: String { if case .text(let text) = self { text } else { "" } }
    var flag: Bool { self == .boolean(true) }
    var listValue: [String] { if case .list(let items) = self { items } else { [] } }
    var integerValue: Int { if case .integer(let number) = self { number } else { 0 } }
    var numberValue: Double {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: 0
        }
    }
}

/// Takes the checked values of a file, and of the board file below it, into a ``Configuration``.
struct ConfigurationReader {
    let document: ConfigurationDocument
    let board: ConfigurationDocument?

    func value(_ path: String) -> ConfigurationValue {
        document.value(path) ?? board?.value(path) ?? ConfigurationSchema.fallback(of: path)
    }

    /// A path, meant from the file's folder when it is relative; empty stays empty.
    func path(_ path: String) -> String { resolve(value(path).textValue) }

    func resolve(_ path: String) -> String {
        path.isEmpty || path.hasPrefix("/")
            ? path : FilePathText.join(FilePathText.folder(of: document.file), path)
    }

    func value(
        _ table: ConfigurationDocument.Table, _ name: String, of path: String
    ) -> ConfigurationValue {
        table[name] ?? ConfigurationSchema.fallback(of: "\(path)[].\(name)")
    }

    func configuration() -> Configuration {
        Configuration(
            gateway: .init(
                name: value("gateway.name").textValue, state: path("gateway.state"),
                control: path("gateway.control"), controlGroup: value("gateway.control_group").textValue,
                locked: value("gateway.locked").flag),
            log: .init(
                level: value("log.level").textValue, format: value("log.format").textValue,
                parts: Dictionary(
                    uniqueKeysWithValues: ConfigurationSchema.logParts.map { ($0, value("log.parts.\($0)").textValue) }
                ).filter { !$0.value.isEmpty }),
            store: .init(
                segmentKiB: value("store.segment_kib").integerValue,
                commitAfter: value("store.commit_after").numberValue,
                commitCount: value("store.commit_count").integerValue),
            board: boardValues(),
            pairingWindow: value("pairing.window").integerValue,
            lines: document.repeated("gpio.lines").map(line),
            ble: ble(),
            ocf: .init(
                manufacturer: value("ocf.manufacturer").textValue, model: value("ocf.model").textValue,
                certificate: path("ocf.certificate"), key: path("ocf.key"),
                deviceID: value("ocf.device_id").textValue, local: value("ocf.local").flag,
                port: value("ocf.port").integerValue, securePort: value("ocf.secure_port").integerValue,
                interfaces: value("ocf.interfaces").listValue, methods: value("ocf.methods").listValue,
                manufacturerCertificate: path("ocf.manufacturer_certificate"),
                manufacturerKey: path("ocf.manufacturer_key")),
            cloud: .init(
                address: value("cloud.address").textValue, id: value("cloud.id").textValue,
                token: value("cloud.token").textValue, provider: value("cloud.provider").textValue,
                trust: path("cloud.trust")),
            xmpp: xmpp(), oneM2M: oneM2M(), tokens: tokens(), oneM2MBindings: oneM2MBindings(),
            metrics: .init(
                port: value("metrics.port").integerValue, address: value("metrics.address").textValue,
                secretFile: path("metrics.secret_file")))
    }

    private func boardValues() -> Configuration.Board {
        .init(
            profile: value("board.profile").textValue, simulated: value("board.simulated").flag,
            chips: value("board.chips").listValue, buttonLine: value("button.line").textValue,
            buttonActiveLow: value("button.active_low").flag, buttonBias: value("button.bias").textValue,
            buttonDebounce: value("button.debounce_ms").integerValue, ledDrive: value("led.drive").textValue,
            ledActiveLow: value("led.active_low").flag)
    }

    private func line(_ table: ConfigurationDocument.Table) -> Configuration.Line {
        func value(_ name: String) -> ConfigurationValue { self.value(table, name, of: "gpio.lines") }
        let name = value("name").textValue
        let title = value("title").textValue
        return .init(
            name: name, line: value("line").textValue, chip: value("chip").textValue,
            output: value("direction").textValue == "output", kind: value("kind").textValue,
            title: title.isEmpty ? name : title, activeLow: value("active_low").flag, bias: value("bias").textValue,
            debounce: value("debounce_ms").integerValue, initial: value("initial").flag,
            atExit: value("at_exit").textValue)
    }

    private func xmpp() -> Configuration.XMPP {
        .init(
            account: value("xmpp.account").textValue, passwordFile: path("xmpp.password_file"),
            server: value("xmpp.server").textValue, security: value("xmpp.security").textValue,
            trust: path("xmpp.trust"), resource: value("xmpp.resource").textValue,
            allowPlain: value("xmpp.allow_plain").flag, certificate: path("xmpp.certificate"), key: path("xmpp.key"),
            channelBinding: value("xmpp.channel_binding").textValue, registry: value("xmpp.registry").textValue,
            provisioning: value("xmpp.provisioning").listValue, tokenCertificate: path("xmpp.token_certificate"),
            tokenKey: path("xmpp.token_key"),
            peers: document.repeated("xmpp.peers").map { table in
                func value(_ name: String) -> ConfigurationValue { self.value(table, name, of: "xmpp.peers") }
                return .init(
                    jid: value("jid").textValue, may: value("may").textValue, nodes: value("nodes").listValue,
                    names: value("names").listValue, dialect: value("dialect").textValue)
            })
    }

    private func oneM2M() -> Configuration.OneM2M {
        .init(
            isEnabled: value("onem2m.enabled").flag, kind: value("onem2m.kind").textValue,
            cseID: value("onem2m.cse_id").textValue, cseName: value("onem2m.cse_name").textValue,
            spID: value("onem2m.sp_id").textValue, administrators: value("onem2m.administrators").listValue,
            registrants: value("onem2m.registrants").listValue, readers: value("onem2m.readers").listValue,
            controllers: value("onem2m.controllers").listValue, insecure: value("onem2m.insecure").textValue,
            durable: value("onem2m.durable").flag, history: value("onem2m.history").integerValue,
            resourcesMaximum: value("onem2m.resources_maximum").integerValue,
            instancesMaximum: value("onem2m.instances_maximum").integerValue,
            contentMaximumKiB: value("onem2m.content_maximum_kib").integerValue)
    }

    private func tokens() -> Configuration.Tokens {
        func value(_ name: String) -> ConfigurationValue { self.value("onem2m.tokens.\(name)") }
        func entry(_ table: ConfigurationDocument.Table, of path: String) -> Configuration.Tokens.Entry {
            .init(
                resources: self.value(table, "resources", of: path).listValue,
                operations: self.value(table, "operations", of: path).listValue,
                roles: self.value(table, "roles", of: path).listValue)
        }
        return .init(
            issue: value("issue").flag, authority: value("authority").textValue, domain: value("domain").textValue,
            audience: value("audience").listValue, lifetime: value("lifetime").integerValue,
            requesters: value("requesters").listValue, secure: value("secure").flag,
            protection: value("protection").textValue, rotateDays: value("rotate_days").integerValue,
            overlapHours: value("overlap_hours").integerValue, listHours: value("list_hours").integerValue,
            refresh: value("refresh").integerValue,
            privileges: document.repeated("onem2m.tokens.privileges").map {
                entry($0, of: "onem2m.tokens.privileges")
            },
            policies: document.repeated("onem2m.tokens.policies").map { table in
                func value(_ name: String) -> ConfigurationValue {
                    self.value(table, name, of: "onem2m.tokens.policies")
                }
                return .init(
                    name: value("name").textValue, holders: value("holders").listValue,
                    entry: entry(table, of: "onem2m.tokens.policies"), lifetime: value("lifetime").integerValue)
            },
            recipients: document.repeated("onem2m.tokens.recipients").map { table in
                .init(
                    cse: self.value(table, "cse", of: "onem2m.tokens.recipients").textValue,
                    key: resolve(self.value(table, "key", of: "onem2m.tokens.recipients").textValue))
            },
            issuers: document.repeated("onem2m.issuers").map(issuer))
    }

    private func issuer(_ table: ConfigurationDocument.Table) -> Configuration.Tokens.Issuer {
        func value(_ name: String) -> ConfigurationValue { self.value(table, name, of: "onem2m.issuers") }
        return .init(
            id: value("id").textValue, keys: resolve(value("keys").textValue),
            entry: .init(
                resources: value("resources").listValue, operations: value("operations").listValue,
                roles: value("roles").listValue),
            lifetime: value("lifetime").integerValue, protection: value("protection").listValue,
            claims: value("claims").textValue, authority: value("authority").textValue,
            domain: value("domain").textValue, needsCurrentList: value("current_list").flag)
    }

    /// A simulated board has simulated sensors, if any; a real one listens with what it has.
    private func source() -> String {
        let wanted = value("ble.source").textValue
        guard wanted == "auto" else { return wanted }
        return value("board.simulated").flag ? "none" : "kernel"
    }

    private func ble() -> Configuration.BLE {
        .init(
            source: source(), adapters: value("ble.adapters").listValue, capture: path("ble.capture"),
            speed: value("ble.speed").numberValue, loop: value("ble.loop").flag, admit: value("ble.admit").textValue,
            allow: value("ble.allow").listValue, deny: value("ble.deny").listValue,
            maximum: value("ble.nodes_maximum").integerValue,
            joinWindow: value("ble.join_window").integerValue, joinLimit: value("ble.join_limit").integerValue,
            connections: value("ble.connections").integerValue, readInterval: value("ble.read_interval").integerValue,
            nodes: document.repeated("ble.nodes").map { table in
                func text(_ name: String) -> String { value(table, name, of: "ble.nodes").textValue }
                return .init(
                    address: text("address"), name: text("name"), key: text("key"),
                    connect: value(table, "connect", of: "ble.nodes").flag)
            }, gatt: document.repeated("ble.gatt").map(characteristic))
    }

    private func characteristic(_ table: ConfigurationDocument.Table) -> Configuration.Characteristic {
        func value(_ name: String) -> ConfigurationValue { self.value(table, name, of: "ble.gatt") }
        return .init(
            device: value("device").textValue, service: value("service").textValue,
            characteristic: value("characteristic").textValue, name: value("name").textValue,
            format: value("format").textValue, unit: value("unit").textValue,
            decimals: value("decimals").integerValue, interval: value("interval").integerValue,
            notify: value("notify").flag, writable: value("writable").flag)
    }
}
