import ArgumentParser
import Gateway
import JSONText

/// `gatehouse permit-join`
struct PermitJoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "permit-join", abstract: "Let Bluetooth sensors join for a while, or no longer.",
        discussion: "The button does the same when it is held for three seconds. 254 s is the longest.")

    @Option(name: .customLong("for"), help: "How long: 60s; by default what the configuration says.") var time:
        HoldTime?
    @Option(help: "How many may join; by default what the configuration says.") var limit: Int?
    @Flag(help: "End it now.") var close = false
    @OptionGroup var control: ControlOptions

    func run() throws {
        guard !close else {
            return try control.ask(.closeJoin) { answer in
                guard answer["was_open"]?.bool == true else { return "Nothing could join anyway." }
                return "Nothing can join any more; \(answer["joined"]?.array?.count ?? 0) joined."
            }
        }
        try control.ask(.permitJoin(seconds: time.map { ($0.milliseconds + 999) / 1_000 }, limit: limit)) { answer in
            "Sensors may join for \(StatusText.text(answer["join"]?["ends_in_s"])) s, "
                + "\(StatusText.text(answer["join"]?["limit"])) at most; `gatehouse watch` shows who does."
        }
    }
}

/// `gatehouse strangers`
struct StrangersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "strangers", abstract: "List who is heard and is no node.",
        discussion: "Those with a known format first, then the strongest. `gatehouse allow ADDRESS` makes one a node.")

    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.strangers) { answer in
            let rows = (answer.array ?? []).map { stranger in
                [
                    StatusText.text(stranger["address"]), StatusText.text(stranger["address_kind"]),
                    StatusText.text(stranger["format"])
                        + (stranger["needs_key"]?.bool == true ? ", needs its key" : ""),
                    StatusText.text(stranger["rssi"]) + " dBm", StatusText.text(stranger["count"]),
                    StatusText.duration(stranger["last_heard_s"]?.int ?? 0),
                ]
            }
            guard !rows.isEmpty else { return "Nobody else is heard." }
            return TableText.columns(rows, header: ["ADDRESS", "KIND", "FORMAT", "SIGNAL", "HEARD", "AGO"])
        }
    }
}

/// `gatehouse rename`
struct RenameCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Give a Bluetooth node another name for people.",
        discussion: "Its id stays. An empty name gives back its own.")

    @Argument(help: "The node: ble/A4C1388D18B2, or its id alone.") var node: String
    @Argument(help: "The name, 64 bytes at most.") var name: String
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.rename(node: node, name: name)) { answer in
            "\(StatusText.text(answer["node"])) is named \(StatusText.text(answer["name"]))."
        }
    }
}

/// `gatehouse forget`
struct ForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Remove a Bluetooth node and what is remembered of it: name, key, bond.")

    @Argument(help: "The node: ble/A4C1388D18B2, or its id alone.") var node: String
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.forget(node: node)) { answer in
            let node = StatusText.text(answer["node"])
            guard answer["returns"]?.bool == true else { return "\(node) is forgotten." }
            return "\(node) is forgotten, but the configuration admits it: it comes back when it is heard. "
                + "`gatehouse deny` keeps it out."
        }
    }
}

/// `gatehouse allow`
struct AllowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allow", abstract: "Let a Bluetooth address be a node; without one, show the lists.")

    @Argument(help: "The address, A4:C1:38:8D:18:B2.") var who: String?
    @Flag(help: "Take it out of the list instead.") var remove = false
    @Flag(inversion: .prefixedNo, help: "Connect to it for its standard services.") var connect: Bool?
    @OptionGroup var control: ControlOptions

    func run() throws { try ListText.ask(who, remove ? .unlist : .allow, connect, control) }
}

/// `gatehouse deny`
struct DenyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny", abstract: "Keep a Bluetooth address or node out; without one, show the lists.")

    @Argument(help: "The address, A4:C1:38:8D:18:B2, or a node.") var who: String?
    @Flag(help: "Take it out of the list instead.") var remove = false
    @OptionGroup var control: ControlOptions

    func run() throws { try ListText.ask(who, remove ? .unlist : .deny, nil, control) }
}

/// `gatehouse key`
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Give a sensor that encrypts its bind key.",
        discussion: """
            The key, 32 hex digits, is read from standard input, so that it appears in no list of processes. A sensor that \
            was reset and now sends in the clear is believed again once its key is taken away with --remove.
            """)

    @Argument(help: "The node or the address.") var node: String
    @Flag(help: "Take the key away that was given with this command.") var remove = false
    @OptionGroup var control: ControlOptions

    func run() throws {
        var key = ""
        if !remove {
            key = readLine(strippingNewline: true) ?? ""
            guard !key.isEmpty else {
                throw ValidationError("no key came on standard input; expected 32 hex digits on one line")
            }
        }
        try control.ask(.key(node: node, key: key)) { answer in
            let address = StatusText.text(answer["address"])
            return switch answer["key"]?.string {
            case "given": "\(address) has its key."
            case "configured": "\(address) has the key of the configuration."
            default: "\(address) has no key."
            }
        }
    }
}

/// `gatehouse pair`
struct PairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair", abstract: "Pair with a Bluetooth device that wants a bond; stand beside it.",
        discussion: """
            The bond is kept on flash until `gatehouse forget`. A device with a display shows a number: it is asked for on \
            standard input unless --passkey gives it. With --json nothing is asked: the answer's state tells what to say, \
            with --passkey, --same or --different.
            """)

    @Argument(help: "The node: ble/A4C1388D18B2, or its id alone.") var node: String
    @Option(help: "The number that the device shows, or has on its label.") var passkey: Int?
    @Flag(help: "Both show the same number.") var same = false
    @Flag(help: "They do not.") var different = false
    @OptionGroup var control: ControlOptions

    func validate() throws {
        if same && different { throw ValidationError("found --same and --different; expected one of them") }
        if let passkey, !(0...999_999).contains(passkey) {
            throw ValidationError("found the passkey \(passkey), expected 0 to 999999")
        }
    }

    func run() throws {
        var request = ControlRequest.pair(
            node: node, passkey: passkey, same: same ? true : different ? false : nil)
        if control.json { return try control.ask(request) { _ in "" } }
        while true {
            let answer = try request.ask(at: control.path)
            let number = StatusText.text(answer["number"])
            switch answer["state"]?.string {
            case "passkey":
                Failure.tell("Which number does the device show?")
                guard let line = readLine(), let passkey = Int(line.filter { $0 != " " }) else {
                    throw ValidationError("no number came on standard input; expected the six digits that it shows")
                }
                request = .pair(node: node, passkey: passkey, same: nil)
            case "compare":
                Failure.tell("Does the device show \(number)? Type yes or no.")
                let word = readLine()?.lowercased() ?? ""
                request = .pair(node: node, passkey: nil, same: word == "yes" || word == "y")
            case "show":
                return print("Type \(number) at the device; `gatehouse nodes` shows when it is done.")
            default: return print("\(StatusText.text(answer["node"])) is paired.")
            }
        }
    }
}

/// Lists as people read them.
enum ListText {
    /// Lists an address, or shows the lists.
    static func ask(_ who: String?, _ verdict: ListVerdict, _ connect: Bool?, _ control: ControlOptions) throws {
        guard let who else { return try control.ask(.lists, people: of) }
        try control.ask(.list(who: who, verdict: verdict, connect: connect)) { answer in
            let address = StatusText.text(answer["address"])
            return switch verdict {
            case .allow: "\(address) is allowed; it is a node once it is heard."
            case .deny: "\(address) is denied."
            case .unlist:
                answer["changed"]?.bool == true ? "\(address) is in no list any more." : "\(address) was in no list."
            }
        }
    }

    private static func of(_ lists: JSON) -> String {
        var rows: [[String]] = []
        for verdict in ["allowed", "denied"] {
            rows += (lists[verdict]?.array ?? []).map { [StatusText.text($0), verdict, "by a person"] }
            rows += (lists["configured"]?[verdict]?.array ?? []).map {
                [StatusText.text($0), verdict, "in the configuration"]
            }
        }
        guard !rows.isEmpty else { return "No address is allowed or denied by itself." }
        return TableText.columns(rows, header: ["ADDRESS", "IS", "SAID"])
    }
}
