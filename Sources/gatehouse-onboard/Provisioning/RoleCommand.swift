import ArgumentParser
import JSONText
import OCFModel
import Onboarding

/// `gatehouse-onboard role`
struct RoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "Roles: certificates that say who may act as what.",
        discussion: """
            A role is asserted on a connection with identity certificates: `get`, `set` and `observe` do so by --role. The \
            device has to trust our root, which `cred add identity` sees to.
            """,
        subcommands: [Issue.self, List.self, Assert.self])

    /// `gatehouse-onboard role issue`
    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "issue", abstract: "Give a role to the tool, or to a device.")

        @Argument(help: "The role, such as oic.role.owner or reader.") var name: String
        @Option(help: "Who gives the role its meaning.") var authority: String?
        @Option(
            name: .customLong("to"), help: ArgumentHelp("A device of ours instead of the tool.", valueName: "device"))
        var device: String?
        @OptionGroup var options: ToolOptions

        func run() async throws {
            let role = Requester.Role(name, authority: authority)
            if let device {
                try await options.with(device) { household, device, link in
                    let certificate = try ToolAuthority(household.state).issueRole(
                        role, to: device.id, request: await household.signingRequest(on: link))
                    _ = try await household.run(
                        Provisioning([
                            .update(
                                .cred,
                                CredentialList.Update(entries: [
                                    .certificate(pem: certificate, .role, subject: .device(device.id))
                                ]).representation)
                        ]), on: link)
                }
            } else {
                try await Failure.reported {
                    let state = try options.household().state
                    let tool = try state.tool().id
                    try state.keepRole(
                        try ToolAuthority(state).issueRole(role, to: tool, request: nil), name: name)
                }
            }
            if options.json { Output.json(["issued": .string(name)]) }
        }
    }

    /// `gatehouse-onboard role list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the roles of the tool.")

        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await Failure.reported {
                let roles = try options.toolState.roles()
                if options.json { return Output.json(.array(roles.map { .string($0) })) }
                Output.table(
                    ["ROLE"], roles.map { [$0] }, empty: "the tool has no role; `role issue NAME` gives it one")
            }
        }
    }

    /// `gatehouse-onboard role assert`
    struct Assert: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "assert", abstract: "Show what roles a device takes from us.",
            discussion: "A role holds for the connection it was asserted on; this shows that the device takes it.")

        @Argument(help: "The device.") var device: String
        @Argument(help: "Roles of the tool.") var names: [String]
        @OptionGroup var options: ToolOptions

        func run() async throws {
            let held = try await options.with(device, .identity) { household, _, link in
                try await household.assert(names, on: link)
            }
            if options.json {
                return Output.json(
                    .array(held.map { ["role": .string($0.name), "authority": .string(orNull: $0.authority)] }))
            }
            Output.table(["ROLE", "AUTHORITY"], held.map { [$0.name, $0.authority ?? ""] }, empty: "none was taken")
        }
    }
}
