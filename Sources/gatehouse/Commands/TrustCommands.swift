import ArgumentParser
import Gateway
import JSONText

/// `gatehouse trust`
struct TrustCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust", abstract: "Show or take away the trust that the button gave.",
        subcommands: [List.self, Show.self, Remove.self, Lock.self], defaultSubcommand: List.self)

    /// `gatehouse trust list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List who is trusted, since when.")

        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.trustList) { answer in
                let rows = (answer.array ?? []).map { record in
                    ["identifier", "kind", "title", "since"].map { StatusText.text(record[$0]) }
                }
                guard !rows.isEmpty else { return "Nobody is trusted yet." }
                return TableText.columns(rows, header: ["IDENTIFIER", "KIND", "WHO", "SINCE"])
            }
        }
    }

    /// `gatehouse trust show`
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one of those who are trusted, and what is known of it.")

        @Argument(help: "The identifier as `trust list` shows it, or a configured provisioning server.")
        var identifier: String
        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.trustShow(identifier: identifier)) { answer in
                var rows: [[String]] = []
                for record in answer["records"]?.array ?? [] {
                    rows += (record.object?.members ?? []).map { [$0.name, StatusText.text($0.value)] }
                }
                rows += (answer["provisioning"]?.object?.members ?? []).map {
                    ["provisioning \($0.name.spaced)", StatusText.text($0.value)]
                }
                rows.append(["decisions remembered", StatusText.text(answer["decisions"])])
                if answer["locked"]?.bool == true { rows.append(["gateway", "locked: nobody new is let in"]) }
                return TableText.columns(rows)
            }
        }
    }

    /// `gatehouse trust lock`
    struct Lock: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse every new knock until a factory reset; who is trusted stays so.")

        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.trustLock) { StatusText.text($0["outcome"]) }
        }
    }

    /// `gatehouse trust remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take trust away; to come back it must knock again.",
            discussion: """
                A provisioning server that stands in xmpp.provisioning is trusted again at the next start, and a cloud that \
                stands in the configuration knocks again: take them out there, too.
                """)

        @Argument(help: "The identifier as `trust list` shows it.") var identifier: String
        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.trustRemove(identifier: identifier)) { StatusText.text($0["outcome"]) }
        }
    }
}

/// `gatehouse cloud`
struct CloudCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud", abstract: "Register with an OCF cloud, or leave it.",
        subcommands: [Set.self, Clear.self])

    /// `gatehouse cloud set`
    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a cloud knock; the button must accept it within the window.",
            discussion: "The token is read from standard input, so that it appears in no list of processes.")

        @Argument(help: "The cloud's address, coaps+tcp://HOST:PORT.") var address: String
        @Option(help: "The cloud's id, a UUID.") var id: String
        @Option(help: "The authorisation provider's name, where the cloud wants one.") var provider = ""
        @Option(help: "A PEM file of the authorities the cloud's certificate comes from; by default those configured.")
        var trust: String?
        @OptionGroup var control: ControlOptions

        func run() throws {
            guard let token = readLine(strippingNewline: true), !token.isEmpty else {
                throw ValidationError(
                    "no token came on standard input; expected the cloud's one-time token on one line")
            }
            let anchors = try Failure.reported { () throws(ControlError) in
                guard let trust else { return "" }
                do throws(TextFile.Failure) { return try TextFile.read(trust, maximum: 8_192) } catch {
                    throw ControlError(.notFound, error.reason)
                }
            }
            let request = ControlRequest.cloudSet(
                address: address, id: id, token: token, provider: provider, trust: anchors)
            Failure.tell("Asking the gateway. When its lamp flashes, press its button.")
            try control.ask(request) { answer in StatusText.text(answer["outcome"]) }
        }
    }

    /// `gatehouse cloud clear`
    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Deregister from the cloud and forget it.")

        @OptionGroup var control: ControlOptions

        func run() throws {
            try control.ask(.cloudClear) { answer in StatusText.text(answer["outcome"]) }
        }
    }
}
