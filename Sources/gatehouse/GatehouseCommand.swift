import ArgumentParser
import Gateway

/// The command line of the gateway: the daemon itself, and what people ask of it.
@main
struct GatehouseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "A gateway for Bluetooth sensors and GPIO lines, trusted by its button.",
        discussion: """
            The daemon is `gatehouse run`. Every other command asks the running daemon over its control socket, which only \
            its group may open. A node is written `ble/A4C1388D18B2`, or by its id alone where that is unambiguous.

            EXIT CODES
              0   done                       69  no daemon answers
              64  the command line is wrong  70  the daemon tried and failed
              65  the value does not fit     75  refused for now; the reason says why
              66  no such node or record     78  the configuration is wrong
            """,
        version: gatehouseVersion,
        subcommands: [
            RunCommand.self, StatusCommand.self, NodesCommand.self, ReadCommand.self, SetCommand.self,
            WatchCommand.self,
            PermitJoinCommand.self, StrangersCommand.self, RenameCommand.self, ForgetCommand.self, AllowCommand.self,
            DenyCommand.self, KeyCommand.self, PairCommand.self,
            TrustCommand.self, DecisionsCommand.self, CloudCommand.self, XMPPCommand.self, TokenCommand.self,
            LabelCommand.self,
            PressCommand.self,
            DriveCommand.self, ResetCommand.self,
            CheckCommand.self, CheckConfigCommand.self, DecodeCommand.self, ReferenceCommand.self,
        ])
}
