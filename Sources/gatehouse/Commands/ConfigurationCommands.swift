import ArgumentParser
import Gateway

/// `gatehouse check-config`
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config", abstract: "Name every mistake of a configuration file.",
        discussion: "Ends with 0 when there is none, with 78 otherwise.")

    @Argument(help: "The file.") var file = "/etc/gatehouse/gatehouse.toml"

    func run() throws {
        do throws(ConfigurationError) {
            _ = try Configuration.load(file: file)
            print("\(file): no mistakes")
        } catch {
            for problem in error.problems { print(problem) }
            throw ExitCode(78)
        }
    }
}

/// `gatehouse reference`
struct ReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference",
        abstract: "Print the configuration's reference, a commented example, or oneM2M's resource types.")

    @Argument(help: "configuration (Markdown), example (TOML) or onem2m (Markdown).") var page: Page

    /// What can be printed.
    enum Page: String, ExpressibleByArgument, CaseIterable { case configuration, example, onem2m }

    func run() {
        switch page {
        case .configuration: print(ConfigurationReference.markdown, terminator: "")
        case .example: print(ConfigurationReference.example, terminator: "")
        case .onem2m: print(ConfigurationReference.resourceTypes, terminator: "")
        }
    }
}

/// `gatehouse run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the daemon in the foreground until it is told to stop.",
        discussion: "SIGTERM and SIGINT drain and end it with 0; a wrong configuration ends it with 78.")

    @Option(name: .customLong("config"), help: "The configuration file.") var file = "/etc/gatehouse/gatehouse.toml"

    func run() async throws {
        let loaded: Configuration
        do throws(ConfigurationError) {
            loaded = try Configuration.load(file: file)
        } catch {
            for problem in error.problems { Failure.report(problem.description) }
            throw ExitCode(78)
        }
        do {
            try await Daemon.run(loaded)
        } catch let error as ControlError {
            Failure.report(error.reason)
            throw Failure.exitCode(of: error.code)
        }
    }
}
