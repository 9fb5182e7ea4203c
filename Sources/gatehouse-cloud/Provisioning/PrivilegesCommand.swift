import ArgumentParser
import JSONText
import ProvisioningModel
import ProvisioningServer

/// `gatehouse-cloud provisioning users`
struct ServiceUsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Users of services, and their roles: list, add, remove, role.",
        subcommands: [List.self, Add.self, Remove.self, Role.self], defaultSubcommand: List.self)

    /// `gatehouse-cloud provisioning users list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the users.")

        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let users = try options.read { try $0.users() }
            if json {
                return Output.json(
                    .array(
                        users.map {
                            ["name": .string($0.name), "roles": .array($0.roles.map { .string($0) })]
                        }))
            }
            Output.table(
                ["USER", "ROLES"], users.map { [$0.name, $0.roles.joined(separator: ", ")] },
                empty: "there are no users; `users add` makes one")
        }
    }

    /// `gatehouse-cloud provisioning users add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user, by the name that services tell at the login.")

        @Argument(help: "The name.") var name: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.add(PrivilegeOwner(isRole: false, name: name)) } }
    }

    /// `gatehouse-cloud provisioning users remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a user, and end the user's sessions.")

        @Argument(help: "The name.") var name: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.remove(PrivilegeOwner(isRole: false, name: name)) } }
    }

    /// `gatehouse-cloud provisioning users role`
    struct Role: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a user a role, after those the user has, or take it.")

        @Argument(help: "The user.") var user: String
        @Argument(help: "The role.") var role: String
        @Flag(help: "Take it.") var take = false
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.setRole(role, of: user, isGiven: !take) } }
    }
}

/// `gatehouse-cloud provisioning roles`
struct RolesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roles", abstract: "Roles of users: list, add, remove.",
        discussion: "The role `guests` is that of all, also of those who have not logged in; it is always there.",
        subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

    /// `gatehouse-cloud provisioning roles list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the roles.")

        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let roles = [Ledger.guests] + (try options.read { try $0.roles() }).filter { $0 != Ledger.guests }
            if json { return Output.json(.array(roles.map { .string($0) })) }
            Output.table(["ROLE"], roles.map { [$0] }, empty: "")
        }
    }

    /// `gatehouse-cloud provisioning roles add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a role.")

        @Argument(help: "The name.") var name: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.add(PrivilegeOwner(isRole: true, name: name)) } }
    }

    /// `gatehouse-cloud provisioning roles remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a role, also from those who have it.")

        @Argument(help: "The name.") var name: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.remove(PrivilegeOwner(isRole: true, name: name)) } }
    }
}

/// `gatehouse-cloud provisioning privileges`
struct PrivilegesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "privileges",
        abstract: "What users and roles may do at a service: list, include, exclude, remove.",
        discussion: """
            Privileges are named by parts with dots between, a tree: Databases.Energy is all below it. A user's own lines \
            come first, then those of each role in order, then those of `guests`; the first that fits decides, none is no.

              privileges exclude Databases.Energy.Delete --role operators --service metrics
              privileges include Databases.Energy --role operators --service metrics
            """,
        subcommands: [List.self, Include.self, Exclude.self, Remove.self], defaultSubcommand: List.self)

    /// Whose list.
    struct Whose: ParsableArguments {
        @Option(help: ArgumentHelp("The user's.", valueName: "user")) var user: String?
        @Option(help: ArgumentHelp("The role's; guests for everybody.", valueName: "role")) var role: String?
        @Option(help: ArgumentHelp("At this service.", valueName: "service")) var service: String

        func validate() throws {
            guard (user == nil) != (role == nil) else { throw ValidationError("give --user or --role, one of them") }
        }

        var owner: PrivilegeOwner { PrivilegeOwner(isRole: role != nil, name: role ?? user ?? "") }
    }

    /// A line for a list, and its place.
    struct Line: ParsableArguments {
        @Argument(help: "The privilege's id.") var privilege: PrivilegeID
        @Option(help: "The place in the list, from 1; its end by default.") var at: Int?
        @OptionGroup var whose: Whose
        @OptionGroup var options: LedgerOptions

        func add(_ entry: (PrivilegeID) -> PrivilegeList.Entry) throws {
            let entry = entry(privilege)
            try options.change { try $0.addPrivilege(entry, of: whose.owner, service: whose.service, at: at) }
        }
    }

    /// `gatehouse-cloud provisioning privileges list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the lines, each list in its order.")

        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let lines = try options.read { try $0.privileges() }
            let parts = lines.map { line -> (word: String, id: String) in
                switch line.entry {
                case .include(let id): ("include", id.text)
                case .exclude(let id): ("exclude", id.text)
                }
            }
            if json {
                return Output.json(
                    .array(
                        zip(lines, parts).map { line, part in
                            [
                                line.owner.isRole ? "role" : "user": .string(line.owner.name),
                                "service": .string(line.service), "place": .int(Int64(line.place)),
                                "effect": .string(part.word), "privilege": .string(part.id),
                            ]
                        }))
            }
            Output.table(
                ["WHOSE", "SERVICE", "PLACE", "", "PRIVILEGE"],
                zip(lines, parts).map { line, part in
                    [
                        "\(line.owner.isRole ? "role" : "user") \(line.owner.name)", line.service, "\(line.place)",
                        part.word, part.id,
                    ]
                }, empty: "nobody has privileges; `privileges include` gives some")
        }
    }

    /// `gatehouse-cloud provisioning privileges include`
    struct Include: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let them do this and all below it.")

        @OptionGroup var line: Line

        func run() throws { try line.add { .include($0) } }
    }

    /// `gatehouse-cloud provisioning privileges exclude`
    struct Exclude: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Do not let them do this, nor anything below it.")

        @OptionGroup var line: Line

        func run() throws { try line.add { .exclude($0) } }
    }

    /// `gatehouse-cloud provisioning privileges remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a line out of a list.")

        @Argument(help: "The privilege's id.") var privilege: PrivilegeID
        @OptionGroup var whose: Whose
        @OptionGroup var options: LedgerOptions

        func run() throws {
            try options.change { try $0.removePrivilege(privilege, of: whose.owner, service: whose.service) }
        }
    }
}

extension PrivilegeID: ExpressibleByArgument {
    /// An id from the command line.
    public init?(argument: String) { self.init(argument) }
}
