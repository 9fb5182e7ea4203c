import ArgumentParser
import JSONText
import ProvisioningServer

/// `gatehouse-cloud provisioning friends`
struct FriendsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "friends", abstract: "Who may be a friend of which device: list, add, remove.",
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    /// `gatehouse-cloud provisioning friends list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the friendships, and the rules for them.")

        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let rules = try options.read { try $0.rules(.friend) }
            RuleOutput.print(rules, json: json, empty: "there are no friends; `friends add` makes some")
        }
    }

    /// `gatehouse-cloud provisioning friends add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let two be friends, and recommend it to the device.",
            discussion: "For all of a domain use `rules add friend DOMAIN`.")

        @Argument(help: "The device.") var device: String
        @Argument(help: "The friend.") var friend: String
        @Flag(help: "Do not tell the device; it will ask when the friend comes.") var quietly = false
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.befriend(friend, device: device, recommends: !quietly) } }
    }

    /// `gatehouse-cloud provisioning friends remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a friendship, and tell the device.",
            discussion: "Rules about reading and controlling stay; `rules list --who` shows them.")

        @Argument(help: "The device.") var device: String
        @Argument(help: "The friend.") var friend: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.unfriend(friend, device: device) } }
    }
}

/// `gatehouse-cloud provisioning rules`
struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Who may do what on which device: list, add, remove.",
        discussion: """
            The most specific rule counts: first by who asks (address, domain, *), then by the device, the node, the name; \
            between two that are equally specific the denial. Certificates and users that a question brings along are \
            looked at by themselves, and the most forgiving result counts.
            """, subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    /// `gatehouse-cloud provisioning rules list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the rules.")

        @Option(help: ArgumentHelp("Only about these.", valueName: "who")) var who: Subject?
        @Option(help: ArgumentHelp("Only on this device.", valueName: "device")) var on: Party?
        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let rules = try options.read { try $0.rules() }.filter {
                (who == nil || $0.who == who) && (on == nil || $0.device == on)
            }
            RuleOutput.print(rules, json: json, empty: "there are no such rules; `rules add` makes one")
        }
    }

    /// `gatehouse-cloud provisioning rules add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Allow or deny something.",
            discussion: """
                  rules add read neighbour@other.example --on gateway@home.example --node ble/A4C1388D18B2 --name Temperature
                  rules add control home.example --node 'gpio/*'
                  rules add read certificate:AB…CD --on gateway@home.example
                  rules add friend work.example --deny
                """)

        @Argument(help: "friend, read or control.") var action: Action
        @Argument(help: "An address, a domain, certificate:SHA256, user:NAME, or *.") var who: Subject
        @Option(help: ArgumentHelp("On this device, or the devices of a domain; all by default.", valueName: "device"))
        var on: Party = .anybody
        @Option(
            help: ArgumentHelp("On this node: id, cache/id or source/cache/id, each may end in *.", valueName: "node"))
        var node: [NodePattern] = []
        @Option(help: ArgumentHelp("This field or parameter.", valueName: "name")) var name: [String] = []
        @Flag(help: "Deny it.") var deny = false
        @Flag(help: "For one question only.") var once = false
        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func validate() throws {
            if deny, once { throw ValidationError("--once is for what is allowed, not with --deny") }
        }

        func run() throws {
            var added: [Rule] = []
            try options.change {
                added = [
                    try $0.addRule(
                        Rule(
                            isAllowed: !deny, action, device: on, who: who, nodes: node, names: name, isOnce: once))
                ]
            }
            RuleOutput.print(added, json: json, empty: "")
        }
    }

    /// `gatehouse-cloud provisioning rules remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a rule away.")

        @Argument(help: "The number, as `rules list` shows it.") var number: Int64
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.removeRule(number) } }
    }
}

/// Rules as people and scripts read them.
enum RuleOutput {
    static func print(_ rules: [Rule], json: Bool, empty: String) {
        if json {
            return Output.json(
                .array(
                    rules.map { rule in
                        [
                            "id": .int(rule.id), "effect": .string(rule.isAllowed ? "allow" : "deny"),
                            "action": .string(rule.action.rawValue), "who": .string(rule.who.description),
                            "device": .string(rule.device.description),
                            "nodes": .array(rule.nodes.map { .string($0.description) }),
                            "names": .array(rule.names.map { .string($0) }), "once": .bool(rule.isOnce),
                        ]
                    }))
        }
        Output.table(
            ["NUMBER", "WHO", "", "WHAT", "ON", "NODES", "NAMES"],
            rules.map { rule in
                let isFriend = rule.action == .friend
                return [
                    "\(rule.id)", rule.who.description,
                    (rule.isAllowed ? "may" : "may not") + (rule.isOnce ? " once" : ""),
                    isFriend ? "be a friend" : rule.action.rawValue, rule.device.description,
                    isFriend ? "" : rule.nodes.isEmpty ? "all" : rule.nodes.map(\.description).joined(separator: " "),
                    isFriend ? "" : rule.names.isEmpty ? "all" : rule.names.joined(separator: ", "),
                ]
            }, empty: empty)
    }
}
