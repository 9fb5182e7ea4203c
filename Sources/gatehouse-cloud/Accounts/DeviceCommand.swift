import ArgumentParser
import Foundation
import JSONText
import OCFCloud
import OCFModel
import PrivateFiles

/// `gatehouse-cloud devices`
struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the devices and clients that have signed up.")

    @OptionGroup var options: StateOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        try Failure.reported {
            let devices = try options.database().devices()
            if json {
                Output.json(
                    .array(
                        devices.map {
                            [
                                "id": .string($0.id), "user": .string($0.user), "kind": .string($0.kind.rawValue),
                                "online": .bool($0.online), "links": .int($0.links),
                                "lastSeen": $0.lastSeen.map { .int($0) } ?? .null,
                                "registeredAt": .int($0.registeredAt),
                            ]
                        }))
            } else {
                Output.table(
                    ["ID", "USER", "KIND", "STATE", "LINKS", "LAST SEEN"],
                    devices.map {
                        [
                            $0.id, $0.user, $0.kind.rawValue, $0.online ? "online" : "away", "\($0.links)",
                            Output.time($0.lastSeen),
                        ]
                    },
                    empty: "no device has signed up; `gatehouse-cloud device add` prepares one")
            }
        }
    }
}

/// `gatehouse-cloud device`
struct DeviceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device", abstract: "Prepare or remove a device.", subcommands: [Add.self, Remove.self])

    /// `gatehouse-cloud device add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prepare everything a new gateway needs: id, certificate, key, token.",
            discussion: """
                Writes device.pem, device-key.pem, ca.pem and gateway.toml to the directory. Copy it to the gateway and add \
                gateway.toml to its configuration; at the next start the gateway knocks, and the button lets the cloud in.
                """)

        @Option(help: "The user whose device it will be.") var user: String
        @Option(help: ArgumentHelp("The device's id; a fresh one by default.", valueName: "uuid")) var di: Identifier?
        @Option(help: ArgumentHelp("How long the token can be used: 30m, 1h, 7d, or seconds.", valueName: "time"))
        var validFor: Lifetime = Lifetime(seconds: 86_400)
        @Option(help: ArgumentHelp("The directory to write to.", valueName: "dir")) var out: String
        @Option(
            help: ArgumentHelp(
                "Where the directory will be on the gateway, for the paths in gateway.toml.", valueName: "dir"))
        var installedAt: String = "/etc/gatehouse/cloud"
        @OptionGroup var options: StateOptions

        func run() throws {
            try Failure.reported {
                let id = di ?? .random()
                let uri = try options.cloudURI()
                let sid = try options.cloudID()
                try IssuedFiles.write(id, by: options.certificates, to: out)
                let token = try options.database().createToken(user: user, lifetime: validFor.seconds).text
                let text = """
                    [ocf]
                    device_id = "\(id)"
                    certificate = "\(installedAt)/device.pem"
                    key = "\(installedAt)/device-key.pem"

                    \(CloudSnippet.text(uri: uri, sid: sid, token: token, trust: installedAt + "/ca.pem"))

                    """
                try PrivateFile.write(text, to: out + "/gateway.toml")
                print("device id: \(id)")
                print("wrote device.pem, device-key.pem, ca.pem and gateway.toml to \(out)")
            }
        }
    }

    /// `gatehouse-cloud device remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a device or client with its tokens and links.",
            discussion: "A running server closes its connection within a second. It returns by a new token only.")

        @Argument(help: "The device's id.") var id: Identifier
        @OptionGroup var options: StateOptions

        func run() throws {
            try Failure.reported { try options.database().removeDevice(id) }
        }
    }
}
