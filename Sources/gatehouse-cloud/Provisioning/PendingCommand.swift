import ArgumentParser
import JSONText
import ProvisioningServer

/// `gatehouse-cloud provisioning pending`
struct PendingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pending", abstract: "What nobody has decided yet: list, allow, deny.",
        discussion: """
            A question that no rule answers is denied, and waits here. Your answer becomes a rule, and the device that asked \
            forgets the denial.
            """, subcommands: [List.self, Allow.self, Deny.self], defaultSubcommand: List.self)

    /// `gatehouse-cloud provisioning pending list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what waits, the oldest first.")

        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let pending = try options.read { try $0.pending() }
            if json {
                return Output.json(
                    .array(
                        pending.map { request in
                            [
                                "id": .int(request.id), "kind": .string(request.kind.rawValue),
                                "device": .string(request.device), "who": .string(request.who),
                                "nodes": .array(request.nodes.map { .string($0.description) }),
                                "names": .array(request.names.map { .string($0) }),
                                "certificates": .array(request.certificates.map { .string($0) }),
                                "askedAt": .int(request.askedAt), "count": .int(Int64(request.count)),
                            ]
                        }))
            }
            Output.table(
                ["NUMBER", "WHO", "WANTS TO", "WHERE", "NODES", "NAMES", "ASKED", "TIMES"],
                pending.map { request in
                    let isPlain = [.friend, .device, .access].contains(request.kind)
                    return [
                        "\(request.id)", request.who, request.kind.word,
                        request.kind == .device ? "this server" : request.device,
                        isPlain
                            ? ""
                            : request.nodes.isEmpty ? "all" : request.nodes.map(\.description).joined(separator: " "),
                        isPlain ? "" : request.names.isEmpty ? "all" : request.names.joined(separator: ", "),
                        Output.time(request.askedAt), "\(request.count)",
                    ]
                }, empty: "nothing waits for you")
        }
    }

    /// `gatehouse-cloud provisioning pending allow`
    struct Allow: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Allow what was asked for, or a part of it: for good, or once.",
            discussion: """
                Without --node and --name: exactly what was asked for, which is everything when no node or name was named. \
                The numbers of devices are negative: write them after `--`, as in `pending allow -- -3`.
                """)

        @Argument(help: "The number, as `pending` lists it.") var number: Int64
        @Flag(help: "For one question only.") var once = false
        @Option(help: ArgumentHelp("Only this node, such as ble/A4C1388D18B2 or gpio/*.", valueName: "node"))
        var node: [NodePattern] = []
        @Option(help: ArgumentHelp("Only this field or parameter.", valueName: "name")) var name: [String] = []
        @Option(
            help: ArgumentHelp(
                "Not to the one who asked but to: a domain, certificate:SHA256, user:NAME, *.", valueName: "who"))
        var to: Subject?
        @OptionGroup var options: LedgerOptions

        func run() throws {
            try options.change {
                try $0.answer(
                    number,
                    PendingAnswer(
                        isAllowed: true, isOnce: once, nodes: node.isEmpty ? nil : node,
                        names: name.isEmpty ? nil : name,
                        who: to))
            }
        }
    }

    /// `gatehouse-cloud provisioning pending deny`
    struct Deny: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deny what was asked for, for good.", discussion: "`rules remove` takes the denial back.")

        @Argument(help: "The number, as `pending` lists it.") var number: Int64
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.answer(number, PendingAnswer(isAllowed: false)) } }
    }
}
