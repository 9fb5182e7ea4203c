import ArgumentParser
import JSONText
import OCFCloud
import OCFModel
import Onboarding
import PrivateFiles
import TLS

/// `gatehouse-onboard cred`
struct CredCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cred", abstract: "The credentials of a device.",
        subcommands: [Show.self, Add.self, Rm.self])

    /// `gatehouse-onboard cred show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "List them; keys are never shown by a device.")

        @Argument(help: "The device.") var device: String
        @OptionGroup var options: ToolOptions

        func run() async throws {
            let list = try await options.with(device) { household, _, link in
                try await household.credentials(on: link)
            }
            if options.json { return Output.json(CBORText.json(.map(list.representation()))) }
            Output.table(
                ["CREDID", "SUBJECT", "TYPE", "USAGE", "CERTIFICATE"],
                list.entries.map { entry in
                    [
                        "\(entry.id)", entry.subject.description, "\(entry.type.rawValue)",
                        entry.usage?.rawValue.replacing("oic.sec.cred.", with: "") ?? "",
                        (try? CertificateRules.read(pem: entry.publicPEM))?.first?.subject ?? "",
                    ]
                }, empty: "the device has no credentials")
        }
    }

    /// `gatehouse-onboard cred add`
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Give a device a credential.",
            subcommands: [IdentityCertificate.self, Anchor.self, Key.self])
    }

    /// `gatehouse-onboard cred add identity`
    struct IdentityCertificate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "identity",
            abstract: "Sign the device's own request for an identity certificate; its key never leaves it.")

        @Argument(help: "The device.") var device: String
        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await options.with(device) { household, device, link in
                try await household.giveIdentity(device, on: link)
            }
            if options.json { Output.json(["added": true]) }
        }
    }

    /// `gatehouse-onboard cred add anchor`
    struct Anchor: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "anchor", abstract: "Have a device trust a root.")

        @Argument(help: "The device.") var device: String
        @Argument(help: ArgumentHelp("The root, PEM.", valueName: "file")) var file: String
        @Option(help: ArgumentHelp("For this peer alone; for all by default.", valueName: "uuid")) var subject:
            Identifier?
        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await options.with(device) { household, device, link in
                let pem = try PrivateFile.read(file)
                try await household.give(
                    identity: nil, root: pem, subject: subject.map { .device($0) } ?? .anyone, to: device, on: link)
            }
            if options.json { Output.json(["added": true]) }
        }
    }

    /// `gatehouse-onboard cred add key`
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "key", abstract: "Have two devices share a fresh key.",
            discussion: "Another device of ours gets it as well. For a foreign one it is written to a file.")

        @Argument(help: "The device.") var device: String
        @Option(help: ArgumentHelp("The other device: one of ours, or a UUID with --out.", valueName: "device"))
        var with: String
        @Option(help: ArgumentHelp("Write the key to this file, as it is: 22 characters.", valueName: "file")) var out:
            String?
        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await options.with(device) { household, device, link in
                // Printable, so that a file with it can be carried and typed: 22 characters of 64 are 132 bits.
                let key = Array(Self.printable())
                let other = try? household.state.device(with)
                guard let id = other?.id ?? Identifier(with), other != nil || out != nil else {
                    throw OnboardingError(
                        .malformed, "\(with) is no device that we own; for a foreign one give its UUID and --out FILE")
                }
                func give(_ peer: Identifier, on link: DeviceLink) async throws {
                    _ = try await household.run(
                        Provisioning([
                            .update(
                                .cred, CredentialList.Update(entries: [.pairwiseKey(key, with: peer)]).representation)
                        ]), on: link)
                }
                if let out { try PrivateFile.write(String(decoding: key, as: UTF8.self), to: out) }
                try await give(id, on: link)
                if let other { try await household.with(other) { try await give(device.id, on: $0) } }
            }
            if options.json { Output.json(["added": true]) }
        }

        private static func printable() -> [UInt8] {
            let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
            return Cryptography.random(22).map { letters[Int($0 & 63)] }
        }
    }

    /// `gatehouse-onboard cred rm`
    struct Rm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove credentials by number.")

        @Argument(help: "The device.") var device: String
        @Argument(help: ArgumentHelp("Numbers, as `show` lists them.", valueName: "credid")) var ids: [Int]
        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await options.with(device) { household, device, link in
                let present = try await household.credentials(on: link)
                let tool = try household.state.tool().id
                for id in ids {
                    guard let entry = present.entries.first(where: { $0.id == id }) else {
                        throw OnboardingError(.notFound, "no credential has the number \(id); `cred show` lists them")
                    }
                    guard entry.subject != .device(tool) || entry.type != .pairwiseKey else {
                        throw OnboardingError(
                            .malformed,
                            "credential \(id) is the key by which we own \(device.name); `reset` gives the device up")
                    }
                }
                _ = try await household.run(
                    Provisioning(ids.map { .delete(.cred, query: ["credid=\($0)"]) }), on: link)
            }
            if options.json { Output.json(["removed": .array(ids.map { .int($0) })]) }
        }
    }
}
