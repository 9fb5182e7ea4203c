import ArgumentParser
import Gateway
import JSONText

/// `gatehouse status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how the gateway fares, at a glance.")

    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.status, people: StatusText.of)
    }
}

/// The status as people read it: one line a part, what needs attention last.
enum StatusText {
    static func of(_ status: JSON) -> String {
        var rows: [(String, String)] = [
            (
                "gateway",
                "\(text(status["name"])) \(text(status["version"])), up \(duration(status["uptime_s"]?.int ?? 0))"
            )
        ]
        if let board = status["board"] { rows.append(("board", text(board["profile"]))) }
        if let lamp = status["led"] {
            rows.append(("lamp", (lamp["on"]?.bool == true ? "on" : "off") + ", " + text(lamp["pattern"])))
        }
        if let pairing = status["pairing"] { rows.append(("pairing", self.pairing(pairing))) }
        if let left = status["join"]?["ends_in_s"]?.int {
            let joined = status["join"]?["joined"]?.array?.count ?? 0
            rows.append(
                ("joining", "for \(left) s more, \(joined) of at most \(text(status["join"]?["limit"])) have joined"))
        }
        if let ocf = status["ocf"], ocf["local"]?.bool == true { rows.append(("ocf", self.ocf(ocf))) }
        if let cloud = status["cloud"] { rows.append(("cloud", self.cloud(cloud))) }
        if let oneM2M = status["onem2m"], oneM2M != .null { rows.append(("onem2m", self.oneM2M(oneM2M))) }
        if let xmpp = status["xmpp"], xmpp != .null { rows.append(("xmpp", self.xmpp(xmpp))) }
        for server in status["xmpp"]?["provisioning"]?.array ?? [] {
            rows.append(("provisioning", provisioning(server)))
        }
        if let nodes = status["nodes"] {
            rows.append(("nodes", "\(nodes["total"]?.int ?? 0), \(nodes["available"]?.int ?? 0) of them available"))
        }
        if let ble = status["ble"] {
            rows.append(
                (
                    "bluetooth",
                    ble.object?.members.filter { $0.value.array == nil }
                        .map { "\($0.name.spaced) \(text($0.value))" }.joined(separator: ", ") ?? ""
                ))
            for adapter in ble["adapters"]?.array ?? [] { rows.append(("adapter", self.adapter(adapter))) }
            for trouble in ble["troubles"]?.array ?? [] {
                rows.append(("trouble", "\(text(trouble["node"])): \(text(trouble["reason"]))"))
            }
        }
        if let store = status["store"] {
            rows.append(
                (
                    "store",
                    store.object?.members.map { "\($0.name.spaced) \(text($0.value))" }.joined(separator: ", ") ?? ""
                ))
        }
        for part in status["degraded"]?.array ?? [] {
            rows.append(("degraded", "\(text(part["part"])): \(text(part["reason"]))"))
        }
        return TableText.columns(rows.map { [$0.0, $0.1] })
    }

    private static func pairing(_ pairing: JSON) -> String {
        var line = text(pairing["phase"])
        if let candidate = pairing["candidate"]?.string { line += ": \(candidate)" }
        if let left = pairing["ends_in_s"]?.int { line += ", press the button within \(left) s" }
        if pairing["locked"]?.bool == true { line += ", locked" }
        return line
    }

    private static func adapter(_ adapter: JSON) -> String {
        var line = "\(text(adapter["name"])) \(text(adapter["address"])), \(text(adapter["state"]))"
        if adapter["active"]?.bool == true { line += ", actively" }
        line += ", \(text(adapter["reports"])) reports"
        if let silence = adapter["last_heard_s"]?.int { line += ", the last \(duration(silence)) ago" }
        let recoveries = adapter["recoveries"]?.object?.members ?? []
        if !recoveries.isEmpty {
            line += "; " + recoveries.map { "\($0.name) \(text($0.value)) times" }.joined(separator: ", ")
        }
        return line
    }

    private static func ocf(_ ocf: JSON) -> String {
        var line = text(ocf["state"])
        if let owner = ocf["owner"]?.string { line += ", owned by \(owner)" } else { line += ", nobody's" }
        line += "; coap \(ocf["port"]?.int ?? 0), coaps \(ocf["secure_port"]?.int ?? 0)"
        line += ", \(ocf["sessions"]?.int ?? 0) sessions"
        if let pin = ocf["pin"]?.string { line += "; PIN \(pin)" }
        return line
    }

    /// The CSE, what is in it, and what was asked of it.
    static func oneM2M(_ cse: JSON) -> String {
        var line =
            "\(text(cse["cse"])), \(text(cse["resources"])) resources, \(text(cse["instances"])) content instances"
        line += "; \(text(cse["requests"])) requests, \(text(cse["refused"])) refused"
        if let waiting = cse["notifications_waiting"]?.int, waiting > 0 { line += "; \(waiting) notifications wait" }
        if let trouble = cse["trouble"]?.string { line += "; \(trouble)" }
        return line
    }

    /// The connection, and what was asked over it.
    static func xmpp(_ xmpp: JSON) -> String {
        var line =
            xmpp["online"]?.bool == true
            ? "online as \(text(xmpp["address"]))" : "\(text(xmpp["state"])), \(text(xmpp["account"]))"
        if let trouble = xmpp["trouble"]?.string { line += "; \(trouble)" }
        line +=
            "; \(text(xmpp["friends"])) friends, \(text(xmpp["readouts"])) read-outs, \(text(xmpp["controls"])) controls"
        if let owner = xmpp["owner"]?.string { line += ", owned by \(owner)" }
        return line
    }

    /// A provisioning server: how it is trusted, and how it answers.
    private static func provisioning(_ server: JSON) -> String {
        var line = "\(text(server["address"])), trusted by \(text(server["by"]))"
        line += server["there"]?.bool == true ? ", there" : ", away"
        if server["token"]?.bool != true { line += ", no token yet" }
        line += "; \(text(server["asked"])) questions, \(text(server["unanswered"])) without an answer"
        if server["secondary_trust"]?.bool == true { line += "; allows others beside it" }
        if let trouble = server["trouble"]?.string { line += "; \(trouble)" }
        return line
    }

    private static func cloud(_ cloud: JSON) -> String {
        var line = text(cloud["state"])
        if let address = cloud["address"]?.string, !address.isEmpty { line += " with \(address)" }
        if cloud["signed_in"]?.bool == true { line += ", signed in, \(cloud["published"]?.int ?? 0) links published" }
        if let error = cloud["error"]?.string, !error.isEmpty { line += "; \(error)" }
        return line
    }

    static func text(_ json: JSON?) -> String {
        switch json {
        case .string(let text): text
        case nil, .null: "-"
        case .some(let other): other.serialized()
        }
    }

    static func duration(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) days"
        }
    }
}

extension String {
    /// A member's name as words.
    var spaced: String { String(map { $0 == "_" ? " " : $0 }) }
}
