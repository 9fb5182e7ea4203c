import ArgumentParser
import Foundation
import OCFCloud
import OCFModel
import PrivateFiles

/// `gatehouse-cloud client`
struct ClientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Prepare a client of the cloud, on the cloud's machine.",
        subcommands: [Add.self])

    /// `gatehouse-cloud client add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a client of a user: id, certificate, key and one-time token.",
            discussion: """
                Writes to the client's directory, from which `get`, `set` and `observe` read. With --out the directory can \
                be carried to another machine and used there by --client.
                """)

        @Option(help: "The user whose client it will be.") var user: String
        @Option(help: ArgumentHelp("The directory to write to, instead of the client's default.", valueName: "dir"))
        var out: String?
        @Option(help: ArgumentHelp("How long it may take to sign up: 30m, 1h, 7d, or seconds.", valueName: "time"))
        var validFor: Lifetime = Lifetime(seconds: 86_400)
        @OptionGroup var options: StateOptions
        @OptionGroup var client: ClientOptions

        func run() throws {
            try Failure.reported {
                let id = Identifier.random()
                let issued = try options.certificates.authority().issueIdentity(id)
                let profile = ClientProfile(
                    cloud: try options.cloudURI(), cloudID: try options.certificates.cloudID(), id: id,
                    trust: try PrivateFile.read(options.certificates.authorityPath), certificate: issued.certificate,
                    key: issued.key)
                let token = try options.database().createToken(user: user, lifetime: validFor.seconds).text
                let directory = out.map { ClientDirectory($0) } ?? client.directory
                try directory.create(profile, token: token)
                print("made client \(id) of \(user)")
            }
        }
    }
}

/// `gatehouse-cloud login`
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Register this client with the cloud.",
        discussion: """
            Without options it uses what `client add` wrote. With --cloud and the others it makes the client's directory \
            from what the cloud's operator gave you; the one-time token is read from standard input.
            """)

    @OptionGroup var options: ClientOptions
    @Option(help: ArgumentHelp("The cloud's URI, coaps+tcp://HOST:PORT.", valueName: "uri")) var cloud: String?
    @Option(help: ArgumentHelp("The cloud's id.", valueName: "uuid")) var sid: Identifier?
    @Option(help: ArgumentHelp("PEM file of the cloud's authority.", valueName: "file")) var trust: String?
    @Option(help: ArgumentHelp("PEM file of the client's certificate.", valueName: "file")) var certificate: String?
    @Option(help: ArgumentHelp("PEM file of its key.", valueName: "file")) var key: String?

    func validate() throws {
        guard (cloud == nil) == (trust == nil) else {
            throw ValidationError("--cloud and --trust are given together")
        }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key are given together")
        }
        guard cloud != nil || (sid == nil && certificate == nil) else {
            throw ValidationError("--cloud is missing")
        }
    }

    func run() async throws {
        if let cloud, let trust {
            guard let token = readLine(), !token.isEmpty else {
                throw ValidationError("no token came on standard input; expected the one-time token on one line")
            }
            try Failure.reported {
                let certificate = try certificate.map { try PrivateFile.read($0) }
                let id = try certificate.map { try CertificateAuthority.inspect(certificate: $0).id } ?? .random()
                let profile = ClientProfile(
                    cloud: try CloudURI(cloud), cloudID: sid, id: id, trust: try PrivateFile.read(trust),
                    certificate: certificate, key: try key.map { try PrivateFile.read($0) })
                try options.directory.create(profile, token: token)
            }
        }
        let profile = try await options.use { client in
            try await client.signIn()
            return client.profile
        }
        print("signed in at \(profile.cloud) as \(profile.id)")
    }
}

/// `gatehouse-cloud logout`
struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Deregister this client from the cloud.")

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.use { try await $0.deregister() }
        options.directory.forget()
    }
}
