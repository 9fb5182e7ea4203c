import ArgumentParser
import Foundation
import Glibc
import JSONText
import PrivateFiles
import ProvisioningServer

/// `gatehouse-cloud provisioning`
struct ProvisioningCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provisioning",
        abstract: "Who may befriend, read and control devices over XMPP (XEP-0324), and who decides.",
        discussion: """
            Devices that trust this server ask it; what no rule answers waits for you: see `pending`. These commands work on \
            the state directory, whether or not the server runs; it follows within a second, and has the devices' caches \
            cleared that a change concerns.

              gatehouse-cloud provisioning devices add gateway@home.example --invite   # then press its button
              gatehouse-cloud provisioning friends add gateway@home.example neighbour@other.example
              gatehouse-cloud provisioning rules add read neighbour@other.example --on gateway@home.example \\
                  --node ble/A4C1388D18B2 --name Temperature
            """,
        subcommands: [
            StatusCommand.self, PendingCommand.self, TrustingDevicesCommand.self, FriendsCommand.self,
            RulesCommand.self, TokensCommand.self, ServicesCommand.self, ServiceUsersCommand.self, RolesCommand.self,
            PrivilegesCommand.self, RecommendCommand.self, SecondaryTrustCommand.self, ClearCacheCommand.self,
            AuditCommand.self,
        ])
}

/// What the commands of `provisioning` have in common.
struct LedgerOptions: ParsableArguments {
    @OptionGroup var state: StateOptions

    /// Reads from the database.
    func read<Result>(_ body: (Ledger) throws -> Result) throws -> Result {
        try Failure.reported {
            let database = try open()
            defer { database.close() }
            return try database.read(body)
        }
    }

    /// Changes the database in the name of whoever runs the command.
    func change(_ body: (Ledger) throws -> Void) throws {
        try Failure.reported {
            let database = try open()
            defer { database.close() }
            try database.change(by: Self.person, body)
        }
    }

    private func open() throws -> ProvisioningDatabase {
        umask(0o077)
        try PrivateFile.makeDirectory(state.directory)
        return try ProvisioningDatabase(directory: state.directory)
    }

    /// Who runs the command: the user before `sudo`, else the user.
    static var person: String {
        if let user = ProcessInfo.processInfo.environment["SUDO_USER"], !user.isEmpty { return user }
        return getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(getuid())"
    }
}

/// `gatehouse-cloud provisioning status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "How the server stands, and what waits.")

    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var options: LedgerOptions

    func run() throws {
        let configured = try Failure.reported { try options.state.configuration().provisioning.isConfigured }
        let facts = try options.read { ledger in
            let devices = try ledger.devices()
            return (
                state: try ledger.state(), devices: devices, rules: try ledger.ruleCount(),
                pending: try ledger.pending().count, certificates: try ledger.certificates().count,
                services: try ledger.services().count, secondary: try ledger.allowsSecondaryTrust()
            )
        }
        let state =
            !configured
            ? "off: there is no [provisioning] in the configuration"
            : facts.state ?? "the server does not run"
        let outdated = facts.devices.filter { $0.isOutdated && $0.state == .admitted }.count
        if json {
            return Output.json([
                "state": .string(state), "running": .bool(configured && facts.state != nil),
                "devices": .int(Int64(facts.devices.count)),
                "online": .int(Int64(facts.devices.filter(\.isOnline).count)),
                "cachesToClear": .int(Int64(outdated)), "rules": .int(Int64(facts.rules)),
                "pending": .int(Int64(facts.pending)), "certificates": .int(Int64(facts.certificates)),
                "services": .int(Int64(facts.services)), "secondaryTrust": .bool(facts.secondary),
            ])
        }
        print(
            """
            server           \(state)
            devices          \(facts.devices.count), \(facts.devices.filter(\.isOnline).count) online, \(outdated) with a cache to be cleared
            rules            \(facts.rules)
            waiting for you  \(facts.pending)\(facts.pending > 0 ? "; see `gatehouse-cloud provisioning pending`" : "")
            certificates     \(facts.certificates)
            services         \(facts.services)
            secondary trust  \(facts.secondary ? "allowed" : "not allowed")
            """)
    }
}

/// `gatehouse-cloud provisioning audit`
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Who decided what, and when; the latest first.")

    @Option(help: "How many lines.") var most = 50
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var options: LedgerOptions

    func validate() throws {
        guard (1...1_000_000).contains(most) else { throw ValidationError("--most is \(most), expected 1 or more") }
    }

    func run() throws {
        let lines = try options.read { try $0.audit(most: most) }
        if json {
            return Output.json(
                .array(
                    lines.map {
                        [
                            "id": .int($0.id), "at": .int($0.at), "actor": .string($0.actor),
                            "action": .string($0.action), "detail": .string($0.detail),
                        ]
                    }))
        }
        Output.table(
            ["WHEN", "WHO", "WHAT", "DETAIL"], lines.map { [Output.time($0.at), $0.actor, $0.action, $0.detail] },
            empty: "nothing has been decided yet")
    }
}

/// `gatehouse-cloud provisioning clear-cache`
struct ClearCacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear-cache", abstract: "Have devices forget what they were answered.",
        discussion: """
            Changes of rules do this by themselves. A device that is away is told when it comes, and again until it has \
            acknowledged it.
            """)

    @Argument(help: "A device, a domain for all devices there, or * for all.") var device: Party
    @OptionGroup var options: LedgerOptions

    func run() throws { try options.change { try $0.clearCaches(device) } }
}

/// `gatehouse-cloud provisioning recommend`
struct RecommendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recommend", abstract: "Tell a device that somebody would be a good friend, or is to be none.",
        discussion: """
            Changes no rule: a device may ask whether it may be friends before it follows; `friends add` and `friends \
            remove` do both. A device that is away is told when it comes.
            """)

    @Argument(help: "friend or unfriend.") var word: Word
    @Argument(help: "The device.") var device: String
    @Argument(help: "Who.") var who: String
    @OptionGroup var options: LedgerOptions

    enum Word: String, ExpressibleByArgument, CaseIterable {
        case friend
        case unfriend
    }

    func run() throws { try options.change { try $0.recommend(word == .friend, who, to: device) } }
}

/// `gatehouse-cloud provisioning secondary-trust`
struct SecondaryTrustCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secondary-trust",
        abstract: "Whether devices may trust other servers, and make friends by their button, beside this one.",
        discussion: "Without a device: for all that have no setting of their own. At first it is not allowed.")

    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case on
        case off
        /// As for all.
        case inherit
    }

    @Argument(help: "on, off, or for a device inherit.") var choice: Choice
    @Argument(help: "One device.") var device: String?
    @OptionGroup var options: LedgerOptions

    func validate() throws {
        if choice == .inherit, device == nil { throw ValidationError("inherit is for one device; name it") }
    }

    func run() throws {
        try options.change {
            try $0.setSecondaryTrust(choice == .inherit ? nil : choice == .on, of: device)
        }
    }
}

extension Party: ExpressibleByArgument {
    /// A party from the command line.
    public init?(argument: String) { self.init(argument) }
}

extension Subject: ExpressibleByArgument {
    /// A subject from the command line.
    public init?(argument: String) { self.init(argument) }
}

extension NodePattern: ExpressibleByArgument {
    /// A pattern from the command line.
    public init?(argument: String) { self.init(argument) }
}

extension Action: ExpressibleByArgument {}
extension TokenCertificate.Padding: ExpressibleByArgument {}
