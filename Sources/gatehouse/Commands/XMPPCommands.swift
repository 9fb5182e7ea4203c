import ArgumentParser
import Gateway
import JSONText
import QRCode

/// `gatehouse xmpp`
struct XMPPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "xmpp",
        abstract: "Show the XMPP account: connection, friends, what was asked, who owns the gateway.")

    @OptionGroup var control: ControlOptions

    func run() throws {
        let status = try ControlRequest.status.ask(at: control.path)
        guard let xmpp = status["xmpp"], xmpp != .null else {
            let reason = status["degraded"]?.array?.first { $0["part"]?.string == "xmpp" }?["reason"]?.string
            Failure.report(reason ?? "no account is configured; set xmpp.account (docs/xmpp.md)")
            throw Failure.exitCode(of: .refused)
        }
        let rows = (xmpp.object?.members ?? []).map { [$0.name.spaced, StatusText.text($0.value)] }
        print(control.json ? xmpp.serialized(pretty: true) : TableText.columns(rows))
    }
}

/// `gatehouse label`
struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Print the label by which an owner claims the gateway, as a QR code.",
        discussion: """
            Whoever scans it can claim the gateway at its thing registry (XEP-0347) as long as nobody has: keep it where \
            only those come who may. A factory reset makes another.
            """)

    @Flag(help: "An SVG image instead, to be printed.")
    var svg = false

    @Flag(help: "Dark on light, for terminals with a light background.")
    var light = false

    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.label) { label in
            let text = label["text"]?.string ?? ""
            guard let code = QRCode(text) else { return text }
            if svg { return code.svg }
            let claimed = label["claimed_by"]?.string.map { "\nclaimed by \($0)" } ?? ""
            return "\(code.terminalText(isInverted: !light))\n\(text)\(claimed)"
        }
    }
}
