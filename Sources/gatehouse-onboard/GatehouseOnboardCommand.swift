import ArgumentParser

/// The command line of the onboarding tool: mediator, DOTS, CMS and AMS.
@main
struct GatehouseOnboardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse-onboard",
        abstract: "Own Gatehouse gateways and other OCF devices, and provision them.",
        discussion: """
            `ca init` once; `discover`, then `own` with somebody at the device's button; then `acl`, `cred`, `role`, and \
            `cloud` to connect the device to its cloud.

            A DEVICE is a device we own, by its name, its id or the beginning of its id; `own` and `discover` take \
            HOST:PORT as well.

            EXIT CODES
              0   done                                75  not in time: nobody pressed the button, no answer
              64  the command line is wrong           76  the device does not keep to the protocol
              65  what was given does not fit         77  refused: wrong PIN, certificate not trusted, not permitted
              66  no such device, entry or resource   78  the tool lacks something: an authority, a profile
              69  nobody answers there                79  the device was left half-way; run the command again
              73  it exists already, or is owned
              74  a file failed
            """,
        version: "0.1.0",
        subcommands: [
            DiscoverCommand.self, OwnCommand.self, DevicesCommand.self, RenameCommand.self, ForgetCommand.self,
            ResetCommand.self, LsCommand.self, GetCommand.self, SetCommand.self, ObserveCommand.self, ACLCommand.self,
            CredCommand.self, RoleCommand.self, CloudCommand.self, ServicesCommand.self, SecurityDomainCommand.self,
            CACommand.self, ServeCommand.self,
        ])
}
