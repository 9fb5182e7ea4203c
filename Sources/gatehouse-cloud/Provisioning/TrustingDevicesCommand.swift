import ArgumentParser
import JSONText
import ProvisioningServer

/// `gatehouse-cloud provisioning devices`
struct TrustingDevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "The devices that ask this server: list, add, refuse, remove.",
        subcommands: [List.self, Add.self, Refuse.self, Remove.self, Padding.self], defaultSubcommand: List.self)

    /// `gatehouse-cloud provisioning devices list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the devices.")

        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let devices = try options.read { try $0.devices() }
            if json {
                return Output.json(
                    .array(
                        devices.map { device in
                            [
                                "jid": .string(device.jid), "state": .string(device.state.rawValue),
                                "online": .bool(device.isOnline),
                                "resource": device.resource.map { .string($0) } ?? .null,
                                "lastSeen": device.lastSeen.map { .int($0) } ?? .null,
                                "firstSeen": .int(device.firstSeen), "cacheToClear": .bool(device.isOutdated),
                                "padding": .string(device.padding.rawValue),
                                "secondaryTrust": device.secondaryTrust.map { .bool($0) } ?? .null,
                                "asksFriends": .bool(device.asksFriends),
                            ]
                        }))
            }
            Output.table(
                ["DEVICE", "STATE", "ONLINE", "CACHE", "LAST SEEN"],
                devices.map {
                    [
                        $0.jid, $0.state.rawValue, $0.isOnline ? "yes" : "no",
                        $0.isOutdated ? "to be cleared" : "up to date", Output.time($0.lastSeen),
                    ]
                }, empty: "no device asks this server; `gatehouse-cloud provisioning devices add` lets one in")
        }
    }

    /// `gatehouse-cloud provisioning devices add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a device in, so that its questions are answered.",
            discussion: """
                With --invite the server asks for the device's friendship: a gateway's lamp flashes, and whoever presses \
                its button within the time gives this server its trust. Run it again to knock again.
                """)

        @Argument(help: "The device's address.") var device: String
        @Flag(help: "Knock at its door.") var invite = false
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.admit(device, invites: invite) } }
    }

    /// `gatehouse-cloud provisioning devices refuse`
    struct Refuse: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Answer a device no more.",
            discussion: "What it remembers it goes on with until its trust is taken back at the device itself.")

        @Argument(help: "The device's address.") var device: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.refuse(device) } }
    }

    /// `gatehouse-cloud provisioning devices remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a device.", discussion: "Its rules stay. When it asks again, it comes as a new one.")

        @Argument(help: "The device's address.") var device: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.removeDevice(device) } }
    }

    /// `gatehouse-cloud provisioning devices padding`
    struct Padding: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How challenges are encrypted for a device.",
            discussion: "oaep for devices of today; pkcs1 for those of 2013 to 2018, which read no other.")

        @Argument(help: "The device's address.") var device: String
        @Argument(help: "oaep or pkcs1.") var padding: TokenCertificate.Padding
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.setPadding(padding, of: device) } }
    }
}
