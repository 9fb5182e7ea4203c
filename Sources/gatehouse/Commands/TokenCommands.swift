import ArgumentParser
import Gateway
import JSONText

/// `gatehouse token`
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Issue, look at and revoke oneM2M access tokens.",
        subcommands: [Issue.self, Inspect.self, Revoke.self, List.self, Keys.self, Rotate.self])

    /// `gatehouse token issue`
    struct Issue: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issue a token within the issuing privileges, whatever the authorization policies say.",
            discussion: """
                For instance, an hour with a lock:
                  gatehouse token issue /gw1/Cphone --resource /gw2/cse-gw2/gpio-lock12/output --may retrieve --may update \
                --for 3600
                """)

        @Argument(help: "Who may use it: an AE-ID or CSE-ID.") var holder: String
        @Option(
            help: ArgumentHelp(
                "A resource it is about; repeat for more. A last part `*` is all below.", valueName: "address"))
        var resource: [String] = []
        @Option(
            help: ArgumentHelp(
                "What it permits there: create, retrieve, update, delete, notify or discover; repeat for more.",
                valueName: "operation"))
        var may: [String] = []
        @Option(help: ArgumentHelp("A role it gives; repeat for more.", valueName: "name@domain")) var role: [String] =
            []
        @Option(help: ArgumentHelp("A CSE it is for; repeat for more.", valueName: "cse-id")) var audience: [String] =
            []
        @Option(name: .customLong("for"), help: ArgumentHelp("How long it is good.", valueName: "seconds"))
        var lifetime: Int?
        @Option(help: "A name for people.") var name: String?
        @OptionGroup var control: ControlOptions

        func run() throws {
            guard !may.isEmpty || !role.isEmpty else {
                throw ValidationError("expected --may with --resource, --role, or both: a token permits something")
            }
            guard may.isEmpty || !resource.isEmpty else {
                throw ValidationError("expected --resource with --may: operations are permitted somewhere")
            }
            let words = ["create", "retrieve", "update", "delete", "notify", "discover"]
            var sum = 0
            for word in may {
                guard let place = words.firstIndex(of: word) else {
                    throw ValidationError("found --may \(word), expected one of \(words.joined(separator: ", "))")
                }
                sum |= 1 << place
            }
            var permission = JSONObject()
            if !resource.isEmpty { permission["ris"] = .array(resource.map { .string($0) }) }
            if !may.isEmpty {
                permission["pv"] = ["acr": [["acor": [.string(holder)], "acop": .int(sum)]]]
            }
            if !role.isEmpty { permission["rids"] = .array(role.map { .string($0) }) }
            var wanted: JSONObject = ["tkps": ["pm": [.object(permission)]]]
            if !audience.isEmpty { wanted["tkau"] = .array(audience.map { .string($0) }) }
            wanted["lft"] = lifetime.map { .int($0) }
            wanted["tknm"] = name.map { .string($0) }
            let content: JSON = .object(["gh:atrq": .object(wanted)])
            try control.ask(.token(.issue(holder: holder, content: content))) { answer in
                let grant = answer["gh:atrs"]
                Failure.tell("\(StatusText.text(grant?["tkid"])), good until \(StatusText.text(grant?["tkna"]))")
                return StatusText.text(grant?["tkob"])
            }
        }
    }

    /// `gatehouse token inspect`
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a token says, and whether the gateway would honour it.",
            discussion: "The token is read from standard input, so that it appears in no list of processes.")

        @OptionGroup var control: ControlOptions

        func run() throws {
            guard let token = readLine(strippingNewline: true), !token.isEmpty else {
                throw ValidationError("no token came on standard input; expected one on one line")
            }
            try control.ask(.token(.inspect(token: token))) { answer in
                var rows: [[String]] = []
                for member in answer["claims"]?.object ?? JSONObject() {
                    rows.append([member.name, member.value.string ?? member.value.serialized()])
                }
                let verdict =
                    answer["good"]?.bool == true
                    ? "Good (\(StatusText.text(answer["protection"])))."
                    : "Refused at step \(StatusText.text(answer["step"])), \(StatusText.text(answer["refused"])): \(StatusText.text(answer["reason"]))."
                return rows.isEmpty ? verdict : TableText.columns(rows, header: ["CLAIM", "VALUE"]) + "\n" + verdict
            }
        }
    }

    /// `gatehouse token revoke`
    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a token.",
            discussion: """
                One that was issued here goes on the revocation list, which other gateways fetch; one of another issuer counts \
                here no more.
                """)

        @Argument(help: "The token's id, as `token list` shows it.") var id: String
        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.token(.revoke(id: id))) { answer in StatusText.text(answer["outcome"]) }
        }
    }

    /// `gatehouse token list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tokens that were issued here and have not expired.")

        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.token(.list)) { answer in
                let rows = (answer["tokens"]?.array ?? []).map { token in
                    ["tkid", "tkhd", "tkna"].map { StatusText.text(token[$0]) }
                        + [token["revoked"]?.bool == true ? "revoked" : "good", StatusText.text(token["tknm"])]
                }
                guard !rows.isEmpty else { return "No token that was issued here is good any more." }
                return TableText.columns(rows, header: ["TOKEN", "HOLDER", "UNTIL", "", "NAME"])
            }
        }
    }

    /// `gatehouse token keys`
    struct Keys: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Show the public keys: those that tokens are signed with, and the one to encrypt for this gateway.",
            discussion:
                "With --json the answer is a file for `onem2m.issuers[].keys` and `onem2m.tokens.recipients[].key`.")

        @OptionGroup var control: ControlOptions

        func run() throws { try control.ask(.token(.keys), people: keysText) }
    }

    /// `gatehouse token rotate`
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new signing key.",
            discussion: """
                It signs after `onem2m.tokens.overlap_hours`, so that other gateways have fetched it by then. With --now it \
                signs at once: they refuse its tokens until they have fetched the next list.
                """)

        @Flag(help: "Sign with it at once.") var now = false
        @OptionGroup var control: ControlOptions

        func run() throws { try control.ask(.token(.rotate(atOnce: now)), people: keysText) }
    }
}

private func keysText(_ answer: JSON) -> String {
    let coming = answer["coming"]?.array ?? []
    let rows = (answer["jwks"]?["keys"]?.array ?? []).map { key in
        let id = key["kid"]
        let use: String
        if key["use"] == "enc" {
            use = "encrypts for \(StatusText.text(answer["issuer"]))"
        } else if id == answer["active"] {
            use = "signs"
        } else if let from = coming.first(where: { $0["kid"] == id })?["from"] {
            use = "signs from \(StatusText.text(from))"
        } else {
            use = "verifies"
        }
        return [StatusText.text(id), StatusText.text(key["alg"]), use]
    }
    return TableText.columns(rows, header: ["KEY", "ALGORITHM", "IT"])
}
