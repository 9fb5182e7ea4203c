import ArgumentParser
import JSONText
import ProvisioningServer

/// `gatehouse-cloud provisioning services`
struct ServicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services", abstract: "Services whose users are judged here: list, add, remove, allow, deny.",
        discussion: """
            A service shows a certificate and gets a token like a device: `tokens list` shows it, `services add` makes it a \
            service. It then asks whether a user may come in, and what the user may do: see `users`, `roles`, `privileges`.
            """,
        subcommands: [List.self, Add.self, Remove.self, Allow.self, Deny.self, Forget.self],
        defaultSubcommand: List.self)

    /// `gatehouse-cloud provisioning services list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the services, and whom they let in.")

        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let services = try options.read { try $0.services() }
            if json {
                return Output.json(
                    .array(
                        services.map { service in
                            [
                                "name": .string(service.name), "certificate": .string(service.certificate),
                                "sessions": .int(Int64(service.sessions)),
                                "entries": .array(
                                    service.entries.map {
                                        [
                                            "id": .int($0.id), "effect": .string($0.isAllowed ? "allow" : "deny"),
                                            "kind": .string($0.kind.rawValue), "value": .string($0.value),
                                        ]
                                    }),
                            ]
                        }))
            }
            let rows = services.flatMap { service -> [[String]] in
                let head = [service.name, String(service.certificate.prefix(16)), "\(service.sessions)"]
                guard !service.entries.isEmpty else { return [head + ["", "nobody", ""]] }
                return service.entries.map {
                    head + ["\($0.id)", $0.isAllowed ? "lets in" : "keeps out", "\($0.kind.rawValue) \($0.value)"]
                }
            }
            Output.table(
                ["SERVICE", "CERTIFICATE", "SESSIONS", "NUMBER", "", "WHOM"], rows,
                empty: "there are no services; `services add` makes one of a certificate")
        }
    }

    /// `gatehouse-cloud provisioning services add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a service of a certificate.")

        @Argument(help: "The service's name.") var name: String
        @Option(help: "The certificate's SHA-256, or its first eight digits or more, as `tokens list` shows it.")
        var certificate: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.addService(name, certificate: certificate) } }
    }

    /// `gatehouse-cloud provisioning services remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a service with its sessions and privileges.")

        @Argument(help: "The service's name.") var name: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.removeService(name) } }
    }

    /// Whom a command is about.
    struct Whom: ParsableArguments {
        @Argument(help: "The service's name.") var service: String
        @Argument(help: "By what: anybody, jid, ip, host, certificate, user, protocol or place.")
        var kind: AccessEntry.Kind
        @Argument(
            help: "Which: an address or domain, a network, a name or *.domain, a hash in hex, S,W,N,E in degrees.")
        var value: String = "*"

        func entry(isAllowed: Bool) throws -> AccessEntry {
            guard let entry = AccessEntry(isAllowed: isAllowed, kind, value) else {
                throw ProvisioningError(.malformed, "\"\(value)\" is no \(kind.rawValue) that can be looked for")
            }
            return entry
        }
    }

    /// `gatehouse-cloud provisioning services allow`
    struct Allow: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let users in who show a credential.")

        @OptionGroup var whom: Whom
        @OptionGroup var options: LedgerOptions

        func run() throws {
            try options.change { try $0.addEntry(whom.entry(isAllowed: true), service: whom.service) }
        }
    }

    /// `gatehouse-cloud provisioning services deny`
    struct Deny: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keep users out who show a credential; counts more than what lets in.")

        @OptionGroup var whom: Whom
        @OptionGroup var options: LedgerOptions

        func run() throws {
            try options.change { try $0.addEntry(whom.entry(isAllowed: false), service: whom.service) }
        }
    }

    /// `gatehouse-cloud provisioning services forget`
    struct Forget: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take an entry of `allow` or `deny` away.")

        @Argument(help: "The number, as `services list` shows it.") var number: Int64
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.removeEntry(number) } }
    }
}

extension AccessEntry.Kind: ExpressibleByArgument {}
