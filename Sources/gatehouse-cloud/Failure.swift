import ArgumentParser
import OCFCloud
import PrivateFiles

/// Failures as people and scripts see them.
enum Failure {
    /// Runs `body`; a failure is told on standard error and becomes the exit code of `sysexits.h`.
    static func reported<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as CloudError {
            throw report(error.reason, code(of: error.code))
        } catch let error as FileError {
            throw report(error.reason, code(of: .storage))
        }
    }

    /// The same for what has to wait.
    static func reported<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as CloudError {
            throw report(error.reason, code(of: error.code))
        } catch let error as FileError {
            throw report(error.reason, code(of: .storage))
        }
    }

    private static func report(_ reason: String, _ code: Int32) -> ExitCode {
        Output.complain(reason)
        return ExitCode(code)
    }

    static func code(of code: CloudError.Code) -> Int32 {
        switch code {
        case .malformed: 65
        case .notFound: 66
        case .away, .connection: 69
        case .exists: 73
        case .storage: 74
        case .limit, .timeout: 75
        case .peer: 76
        case .unauthorized, .forbidden: 77
        case .configuration: 78
        }
    }
}
