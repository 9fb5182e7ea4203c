import ArgumentParser
import Foundation
import Glibc
import LogOutput
import Logging
import OCFCloud
import PrivateFiles
import ProvisioningServer
import ServiceLifecycle
import Systemd

/// `gatehouse-cloud serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the cloud in the foreground until it is told to stop.",
        discussion: """
            Prints `READY <uri> <sid>` on standard output once it listens, and logs to standard error. SIGTERM and SIGINT \
            let requests under way end, then close; the exit code is 0.
            """)

    @OptionGroup var options: StateOptions
    @Option(help: ArgumentHelp("The address to listen on, instead of the configured one.", valueName: "ip"))
    var address: String?
    @Option(help: "The TCP port, instead of the configured one; 0 takes a free one.")
    var port: Int?
    @Option(help: ArgumentHelp("What devices connect to, instead of the configured URI.", valueName: "uri"))
    var publicURI: String?
    @Option(help: "The least severe level to log.")
    var logLevel: String?

    func validate() throws {
        if let port, !(0...65_535).contains(port) { throw ValidationError("--port is \(port), expected 0 to 65535") }
        if let logLevel, Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError(
                "--log-level is \(logLevel), expected \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }

    func run() async throws {
        umask(0o077)
        // A peer that hangs up while we write is told by the write's error, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        let (server, provisioning, logger) = try await Failure.reported {
            var configuration = try options.configuration()
            if let address { configuration.address = address }
            if let port { configuration.port = port }
            if let publicURI { configuration.publicURI = try CloudURI(publicURI).description }
            let levels = LogLevels(standard: logLevel ?? configuration.logLevel)
            let logger = levels.logger("cloud", form: .automatic)
            let server = try CloudServer(configuration: configuration, state: options.directory, logger: logger)
            // After the server, which holds the state directory's lock.
            let provisioning = try await ConfiguredProvisioning.service(
                configuration.provisioning, state: options.directory,
                log: levels.logger("provisioning", form: .automatic))
            return (server, provisioning, logger)
        }
        let service = CloudService(server: server, provisioning: provisioning, uriFile: options.uriFile)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await Failure.reported {
            do {
                try await group.run()
            } catch let error as CloudError {
                throw error
            }
        }
    }
}

/// The server under the service group: start, tell everybody, wait, drain.
private struct CloudService: Service {
    let server: CloudServer
    let provisioning: ProvisioningService?
    let uriFile: String
    private let notifier = ServiceNotifier()

    init(server: CloudServer, provisioning: ProvisioningService?, uriFile: String) {
        self.server = server
        self.provisioning = provisioning
        self.uriFile = uriFile
    }

    func run() async throws {
        try await server.start()
        try await provisioning?.start()
        try PrivateFile.write("\(server.uri)\n", to: uriFile)
        Output.line("READY \(server.uri) \(server.id)")
        notifier.send(.ready, .status("serving at \(server.uri)"))
        let watchdog = notifier.watchdogInterval.map { interval in
            Task { [server, provisioning, notifier] in
                while !Task.isCancelled {
                    let isWell = await server.isAlive()
                    if isWell, await provisioning?.isAlive() ?? true { notifier.send(.watchdog) }
                    try? await Task.sleep(for: interval / 2)
                }
            }
        }
        try? await gracefulShutdown()
        notifier.send(.stopping, .status("draining"))
        watchdog?.cancel()
        await provisioning?.stop()
        await server.stop()
    }
}

/// `gatehouse-cloud check-config`
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config", abstract: "Name every mistake of a configuration file.")

    @Argument(help: "The file.") var file: String

    func run() throws {
        try Failure.reported { _ = try ConfigurationFile.read(PrivateFile.read(file), file: file) }
        print("\(file) is good")
    }
}

/// `gatehouse-cloud example-config`
struct ExampleConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "example-config", abstract: "Print a configuration file with every key, explained, at its default."
    )

    func run() {
        print(ConfigurationFile.example(), terminator: "")
    }
}
