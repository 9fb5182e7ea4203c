import ArgumentParser
import Foundation
import OCFCloud
import OCFModel
import PrivateFiles

extension Identifier: ExpressibleByArgument {
    /// A UUID from the command line.
    public init?(argument: String) { self.init(argument) }
}

/// `gatehouse-cloud ca`
struct CACommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "The cloud's own certificate authority.",
        subcommands: [Init.self, Renew.self, Show.self, IssueDevice.self, Sign.self])

    /// `gatehouse-cloud ca init`
    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the authority, and the cloud's certificate and id.",
            discussion:
                "Done once. The key, ca/ca-key.pem in the state directory, may be taken to a safe place afterwards.")

        @OptionGroup var options: StateOptions
        @Option(help: ArgumentHelp("The cloud's id (sid), a UUID; a fresh one by default.", valueName: "uuid"))
        var sid: Identifier?
        @Option(
            help: ArgumentHelp(
                "A DNS name to put into the cloud's certificate, for clients that check one.", valueName: "name"))
        var dns: [String] = []

        func run() throws {
            try Failure.reported {
                try PrivateFile.makeDirectory(options.directory)
                try options.certificates.create(id: sid ?? .random(), hostNames: dns)
                print("cloud id (sid): \(try options.certificates.cloudID())")
                print("authority:      \(options.certificates.authorityPath)")
            }
        }
    }

    /// `gatehouse-cloud ca renew`
    struct Renew: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give the cloud a new certificate under the same id; restart the server to use it.")

        @OptionGroup var options: StateOptions
        @Option(help: ArgumentHelp("A DNS name to put into it.", valueName: "name")) var dns: [String] = []

        func run() throws {
            try Failure.reported { try options.certificates.renewCloud(hostNames: dns) }
        }
    }

    /// `gatehouse-cloud ca show`
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the authority's certificate, for devices to trust.")

        @OptionGroup var options: StateOptions

        func run() throws {
            try Failure.reported { print(try PrivateFile.read(options.certificates.authorityPath), terminator: "") }
        }
    }

    /// `gatehouse-cloud ca issue-device`
    struct IssueDevice: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "issue-device", abstract: "Issue an identity certificate with its key.",
            discussion:
                "Writes device.pem, device-key.pem and ca.pem. Where the device can make a request, prefer `ca sign`: its key never leaves it then."
        )

        @OptionGroup var options: StateOptions
        @Option(help: ArgumentHelp("The device's id (di).", valueName: "uuid")) var di: Identifier
        @Option(help: ArgumentHelp("The directory to write to.", valueName: "dir")) var out: String

        func run() throws {
            try Failure.reported {
                try IssuedFiles.write(di, by: options.certificates, to: out)
                print("wrote device.pem, device-key.pem and ca.pem to \(out)")
            }
        }
    }

    /// `gatehouse-cloud ca sign`
    struct Sign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign a device's certificate request (PKCS #10, PEM, CN=uuid:<di>); print the certificate.")

        @OptionGroup var options: StateOptions
        @Argument(help: "The request's file.") var file: String

        func run() throws {
            try Failure.reported {
                let signed = try options.certificates.authority().sign(request: PrivateFile.read(file))
                print(signed.issued.certificate, terminator: "")
            }
        }
    }
}

/// What a device needs on disk to be known.
enum IssuedFiles {
    /// Issues a certificate and writes it with its key and the authority's certificate.
    static func write(_ id: Identifier, by store: CertificateStore, to directory: String) throws {
        let issued = try store.authority().issueIdentity(id)
        try PrivateFile.makeDirectory(directory)
        if let key = issued.key { try PrivateFile.write(key, to: directory + "/device-key.pem") }
        try PrivateFile.write(issued.certificate, to: directory + "/device.pem", mode: 0o644)
        try PrivateFile.write(try PrivateFile.read(store.authorityPath), to: directory + "/ca.pem", mode: 0o644)
    }
}
