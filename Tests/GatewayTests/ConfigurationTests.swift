import Testing

@testable import Gateway

/// A board file must be found; the repository's own serves.
private let boards = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

private func load(_ text: String) throws -> Configuration {
    try Configuration.load(text: "[board]\nprofile = \"/\(boards)/board/generic.toml\"\n" + text, file: "test.toml")
}

private func problems(_ text: String) -> [ConfigurationProblem] {
    do {
        _ = try load(text)
        return []
    } catch {
        return (error as? ConfigurationError)?.problems ?? []
    }
}

@Suite("Configuration")
struct ConfigurationTests {
    @Test("An empty file gives every default")
    func defaults() throws {
        let read = try load("")
        #expect(read.gateway.name == "Gatehouse")
        #expect(read.gateway.control == "/run/gatehouse/control.sock")
        #expect(read.pairingWindow == 30)
        #expect(read.store.commitAfter == 60)
        #expect(read.board.chips == ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"])
        #expect(read.lines.isEmpty)
    }

    @Test("Every default fits its own key")
    func defaultsFit() {
        for key in ConfigurationSchema.keys where key.fallback != nil {
            let value = ConfigurationSchema.fallback(of: key.path)
            #expect(key.complaint(about: value) == nil, "\(key.path) = \(value)")
        }
    }

    @Test("Every key stands in a table of the reference")
    func tablesExist() {
        for key in ConfigurationSchema.keys { #expect(ConfigurationSchema.isTable(key.table), "\(key.path)") }
    }

    @Test("Every key changes what is read")
    func everyKeyIsRead() throws {
        // A key that the reader forgets would parse and do nothing: give each another value than its default and see
        // that the configuration differs.
        let base = try load(sample(changing: nil))
        for key in ConfigurationSchema.keys where key.table != "board" {
            #expect(try load(sample(changing: key)) != base, "\(key.path) has no effect")
        }
    }

    @Test(
        "A mistake is named with its line, what was found and what was expected",
        arguments: [
            (
                "[pairing]\nwindow = 0", ConfigurationProblem.Code.badValue, 4,
                "found 0, expected a whole number from 1 to 254"
            ),
            ("[pairing]\nwindow = \"long\"", .badValue, 4, "found the text \"long\""),
            ("[pairing]\nwindo = 3", .unknownKey, 4, "did you mean pairing.window?"),
            ("[pairng]\nwindow = 3", .unknownKey, 3, "did you mean pairing?"),
            ("[[gpio.lines]]\nname = \"a\"\nline = \"GPIO1\"", .missing, 3, "direction is missing"),
            ("[ble]\nallow = [\n  \"A4:C1:38:8D:18:B2\",\n  \"nonsense\" ]", .badValue, 4, "\"nonsense\""),
            ("[pairing\nwindow = 3", .syntax, 3, "no TOML"),
            ("[ble]\nsource = \"capture\"", .conflict, 4, "names no file"),
            ("[ocf]\ncertificate = \"a.pem\"", .conflict, 4, "belong together"),
            (
                "[cloud]\naddress = \"coaps+tcp://a:1\"\nid = \"00000000-0000-0000-0000-000000000001\"\ntrust = \"a\"",
                .conflict, 4, "cloud.token is not"
            ),
            ("[[pairing]]\nwindow = 3", .badValue, 3, "found a list of tables, expected the table [pairing]"),
            ("[pairing.window]\na = 1", .badValue, 3, "found a table"),
            ("[gpio]\nlines = 5", .badValue, 4, "expected [[gpio.lines]] tables"),
            ("[gpio.lines]\nname = \"a\"", .badValue, 3, "found a table, expected [[gpio.lines]] tables"),
            ("[[gpio]]\nname = \"a\"", .badValue, 3, "expected the table [gpio]"),
            ("[gateway]\nname = 2020-01-01", .badValue, 4, "a date or time"),
        ])
    func mistakes(text: String, code: ConfigurationProblem.Code, line: Int, says: String) throws {
        let found = problems(text)
        let problem = try #require(found.first)
        #expect(problem.code == code)
        #expect(problem.line == line)
        #expect(problem.reason.contains(says), "\(problem.reason)")
    }

    @Test("All mistakes come in one go, by line")
    func allAtOnce() {
        let found = problems(
            "[pairing]\nwindow = 999\ncolour = 1\n[log]\nlevel = \"loud\"\n[[gpio.lines]]\nname = \"x\"")
        #expect(found.map(\.line) == [4, 5, 7, 8, 8])
    }

    @Test("Two lines of one name are refused")
    func duplicateNames() {
        let line = "[[gpio.lines]]\nname = \"a\"\nline = \"1\"\ndirection = \"input\"\n"
        #expect(problems(line + line).map(\.code) == [.conflict])
    }

    @Test("A board file may hold only the board")
    func boardFile() {
        let problems = ConfigurationDocument(
            text: "[pairing]\nwindow = 3", file: "b", only: ConfigurationSchema.boardTables
        )
        .problems
        #expect(problems.map(\.code) == [.unknownKey])
    }

    @Test("Relative paths are meant from the file's folder")
    func relativePaths() throws {
        let text = "[board]\nprofile = \"/\(boards)/board/generic.toml\"\n[gateway]\nstate = \"state\""
        #expect(
            try Configuration.load(text: text, file: "/etc/gatehouse/a.toml").gateway.state == "/etc/gatehouse/state")
    }

    /// A file that gives every key of repeated tables once, and `changed` another value than its default.
    private func sample(changing changed: ConfigurationKey?) -> String {
        var text = ""
        for table in ConfigurationSchema.tables where table.path != "board" {
            let keys = ConfigurationSchema.keys(of: table.path)
            guard !keys.isEmpty else { continue }
            text += table.path.hasSuffix("[]") ? "[[\(table.path.dropLast(2))]]\n" : "[\(table.path)]\n"
            for key in keys { text += "\(key.name) = \(value(of: key, other: key.path == changed?.path))\n" }
        }
        return text
    }

    private func value(of key: ConfigurationKey, other: Bool) -> String {
        switch key.path {
        case "ble.source": return other ? "\"none\"" : "\"capture\""
        case "ocf.certificate", "ocf.key", "ocf.manufacturer_certificate", "ocf.manufacturer_key", "ble.capture",
            "cloud.trust", "onem2m.tls.certificate", "onem2m.tls.key":
            return other ? "\"y.pem\"" : "\"x.pem\""
        case "cloud.address": return other ? "\"coaps+tcp://b:5\"" : "\"coaps+tcp://a:5\""
        case "cloud.token": return other ? "\"t\"" : "\"s\""
        case "cloud.id", "ocf.device_id":
            return other ? "\"00000000-0000-0000-0000-000000000002\"" : "\"00000000-0000-0000-0000-000000000001\""
        case "ble.nodes[].address", "ble.gatt[].device":
            return other ? "\"00:00:00:00:00:02\"" : "\"00:00:00:00:00:01\""
        case "xmpp.account", "xmpp.peers[].jid": return other ? "\"b@example.org\"" : "\"a@example.org\""
        case "xmpp.password_file": return other ? "\"other\"" : "\"given\""
        case let path where path.hasPrefix("onem2m.") && path.hasSuffix("address"):
            return other ? "\"192.0.2.2\"" : "\"192.0.2.1\""
        case "metrics.address": return other ? "\"192.0.2.2\"" : "\"192.0.2.1\""
        case "onem2m.points_of_access": return other ? "[\"http://192.0.2.1:8080\"]" : "[]"
        case "onem2m.registrar.url": return other ? "\"http://b:80\"" : "\"https://a\""
        case "onem2m.registrar.cse_id": return other ? "\"/other\"" : "\"/id-in\""
        case "onem2m.cse_id", "onem2m.cse_name", "onem2m.sp_id": return other ? "\"other\"" : "\"given\""
        case "onem2m.issuers[].id", "onem2m.tokens.recipients[].cse": return other ? "\"/gw3\"" : "\"/gw2\""
        case "onem2m.tokens.privileges[].operations", "onem2m.tokens.policies[].operations",
            "onem2m.issuers[].operations":
            return other ? "[\"retrieve\"]" : "[]"
        case "onem2m.tokens.privileges[].roles", "onem2m.tokens.policies[].roles", "onem2m.issuers[].roles":
            return other ? "[\"guest@hotel.example.com\"]" : "[]"
        case "onem2m.issuers[].protection": return other ? "[\"nested\"]" : "[\"signed\", \"nested\"]"
        case "xmpp.provisioning": return other ? "[\"auto\"]" : "[]"
        case "xmpp.registry": return other ? "\"auto\"" : "\"\""
        case "ble.gatt[].service": return other ? "\"181A\"" : "\"\""
        case "ble.gatt[].characteristic": return other ? "\"2A6F\"" : "\"2A6E\""
        default: break
        }
        switch key.kind {
        case .text, .path: return other ? "\"other\"" : (key.fallback ?? "\"given\"")
        case .boolean: return other ? (key.fallback == "true" ? "false" : "true") : (key.fallback ?? "false")
        case .integer(let range, _): return other ? "\(range.lowerBound + 1)" : (key.fallback ?? "\(range.lowerBound)")
        case .number(let range, _): return other ? "\(range.lowerBound + 2)" : (key.fallback ?? "\(range.lowerBound)")
        case .choice(let words):
            let first = key.fallback ?? "\"\(words[0])\""
            return other ? words.map { "\"\($0)\"" }.first { $0 != first } ?? first : first
        case .list where key.path == "ocf.interfaces": return other ? "[\"eth0\"]" : "[]"
        case .list where key.path == "ocf.methods": return other ? "[\"just-works\"]" : "[\"pin\"]"
        case .list: return other ? "[\"A4:C1:38:8D:18:B2\"]" : (key.fallback ?? "[]")
        case .form:
            if key.path == "led.drive" { return other ? "\"gpio:X\"" : "\"none\"" }
            if key.name == "key" { return other ? "\"00112233445566778899aabbccddeeff\"" : "\"\"" }
            return other ? "\"other\"" : (key.fallback ?? "\"given\"")
        }
    }
}
