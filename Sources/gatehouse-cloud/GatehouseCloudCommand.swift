import ArgumentParser

/// The command line of the cloud: the server, what its operator does, and a client of it.
@main
struct GatehouseCloudCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse-cloud",
        abstract: "A small OCF cloud for one household or one building, and a client of it.",
        discussion: """
            On the server: `ca init` once, then `serve`, then `user add`, and for each gateway `device add` or `token \
            create`. These work on the state directory, whether or not the server runs. `provisioning` decides who may befriend, \
            read and control devices over XMPP.

            Anywhere: `login` once with what `client add` wrote, then `resources`, `get`, `set` and `observe`.

            EXIT CODES
              0   done                                74  a file or the database failed
              64  the command line is wrong           75  refused or late; try again later
              65  the value does not fit              76  the peer does not keep to the protocol
              66  no such user, device or resource    77  not permitted
              69  the cloud or the device is away     78  the configuration is wrong
              73  it exists already
            """,
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, CheckConfigCommand.self, ExampleConfigCommand.self, CACommand.self, UserCommand.self,
            TokenCommand.self, DevicesCommand.self, DeviceCommand.self, ProvisioningCommand.self, ClientCommand.self,
            LoginCommand.self,
            LogoutCommand.self, ResourcesCommand.self, GetCommand.self, SetCommand.self, ObserveCommand.self,
        ])
}
