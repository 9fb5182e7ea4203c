import ArgumentParser
import Foundation
import Glibc
import JSONText
import OCFModel
import Onboarding
import PrivateFiles
import TLS

/// `gatehouse-onboard ca`
struct CACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "The household's authority, and the certificates of boards.",
        subcommands: [Init.self, Show.self, Manufacturer.self, Trust.self])

    /// `gatehouse-onboard ca init`
    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init",
            abstract: "Make the household's root, a manufacturer's root, and the tool's identity certificate, once.")

        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await Failure.reported {
                let state = try options.household().state
                try ToolAuthority(state).create()
                let tool = try state.tool()
                if options.json { return Output.json(["id": .string(tool.id.description)]) }
                Output.line("made the authority of the household; this tool is \(tool.id)")
                Output.line(
                    "keep a copy of \(state.path): whoever has it owns your devices, and without it nobody does")
            }
        }
    }

    /// `gatehouse-onboard ca show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Print the household's root, or the manufacturer's, PEM.")

        @Flag(help: "The manufacturer's root.") var manufacturer = false
        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await Failure.reported {
                let authority = ToolAuthority(try options.household().state)
                let pem = manufacturer ? try authority.manufacturerRootPEM() : try authority.rootPEM()
                guard let pem else {
                    throw OnboardingError(
                        .configuration, "there is no authority; make one by `gatehouse-onboard ca init`")
                }
                Output.write(pem, to: STDOUT_FILENO)
            }
        }
    }

    /// `gatehouse-onboard ca manufacturer`
    struct Manufacturer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "manufacturer", abstract: "Make the certificate and key that a board is made with.",
            discussion: """
                Writes manufacturer.pem, manufacturer-key.pem and gateway.toml to the directory; copy it to the board. The \
                certificate proves to this tool, or to one that trusts `ca show --manufacturer`, that the board is genuine. \
                Each board needs its own.
                """)

        @Option(help: ArgumentHelp("What the certificate names, such as the serial number.", valueName: "text"))
        var name: String
        @Option(help: ArgumentHelp("The directory to write to.", valueName: "dir")) var out: String
        @Option(
            help: ArgumentHelp(
                "Where the directory will be on the board, for the paths in gateway.toml.", valueName: "dir"))
        var installedAt = "/etc/gatehouse/ocf"
        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await Failure.reported {
                let issued = try ToolAuthority(try options.household().state).issueManufacturer(name)
                guard access("\(out)/manufacturer-key.pem", F_OK) != 0 else {
                    throw OnboardingError(
                        .exists, "\(out)/manufacturer-key.pem is there already; each board has a key of its own")
                }
                try PrivateFile.makeDirectory(out)
                try PrivateFile.write(issued.key, to: "\(out)/manufacturer-key.pem")
                try PrivateFile.write(issued.certificate, to: "\(out)/manufacturer.pem", mode: 0o644)
                try PrivateFile.write(
                    """
                    [ocf]
                    manufacturer_certificate = "\(installedAt)/manufacturer.pem"
                    manufacturer_key = "\(installedAt)/manufacturer-key.pem"

                    """, to: "\(out)/gateway.toml", mode: 0o644)
                if options.json { return Output.json(["name": .string(name), "out": .string(out)]) }
                Output.line("wrote manufacturer.pem, manufacturer-key.pem and gateway.toml to \(out)")
            }
        }
    }

    /// `gatehouse-onboard ca trust`
    struct Trust: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "trust", abstract: "Trust another manufacturer's root, whose devices can then be owned.")

        @Argument(help: ArgumentHelp("The root, PEM.", valueName: "file")) var file: String
        @Option(help: "What to call it; the file's name by default.") var name: String?
        @OptionGroup var options: ToolOptions

        func run() async throws {
            try await Failure.reported {
                let state = try options.household().state
                let pem = try PrivateFile.read(file)
                for certificate in try TrustAnchors(pem: pem, origin: file).certificates where !certificate.isAuthority
                {
                    throw OnboardingError(
                        .malformed, "\(file): \(certificate.subject) is no authority; expected a manufacturer's root")
                }
                let base = name ?? URL(filePath: file).deletingPathExtension().lastPathComponent
                let safe = base.filter { $0.isLetter || $0.isNumber || $0 == "-" }
                guard !safe.isEmpty else { throw OnboardingError(.malformed, "\(base): expected letters and digits") }
                try state.keepRoot(pem, name: "manufacturer-\(safe)")
            }
        }
    }
}
