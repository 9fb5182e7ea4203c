import ArgumentParser
import Gateway
import Glibc
import JSONText

/// What every command that asks the daemon has in common.
struct ControlOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's control socket.", discussion: "The environment variable GATEHOUSE_SOCKET serves as well.",
            valueName: "path"))
    var socket: String?

    @Flag(help: "Print the answer as JSON.")
    var json = false

    /// Asks the daemon and prints its answer: as JSON when wanted, else as `people` writes it.
    func ask(_ request: ControlRequest, people: (JSON) -> String) throws {
        let answer = try request.ask(at: path)
        print(json ? answer.serialized(pretty: true) : people(answer))
    }

    /// The socket's path: the option, the environment, or the default.
    var path: String {
        socket ?? getenv("GATEHOUSE_SOCKET").map { String(cString: $0) } ?? "/run/gatehouse/control.sock"
    }
}

extension ControlRequest {
    /// Asks the daemon at `path`; a failure is printed and ends the command with its exit code.
    func ask(at path: String) throws -> JSON {
        try Failure.reported { () throws(ControlError) in try ControlClient(path: path).ask(self) }
    }
}

/// Failures as people and scripts see them.
enum Failure {
    /// Runs `body`; prints why it failed and throws the exit code.
    static func reported<Result>(_ body: () throws(ControlError) -> Result) throws -> Result {
        do throws(ControlError) {
            return try body()
        } catch {
            report(error.reason)
            throw exitCode(of: error.code)
        }
    }

    /// One line on standard error.
    static func report(_ reason: String) {
        tell("gatehouse: \(reason)")
    }

    /// A line on standard error, beside the answer.
    static func tell(_ line: String) {
        var line = line + "\n"
        _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// The exit code of `sysexits.h` for each kind of failure.
    static func exitCode(of code: ControlError.Code) -> ExitCode {
        switch code {
        case .badRequest: ExitCode(64)
        case .badValue: ExitCode(65)
        case .notFound: ExitCode(66)
        case .unreachable: ExitCode(69)
        case .failed: ExitCode(70)
        case .refused: ExitCode(75)
        }
    }
}
