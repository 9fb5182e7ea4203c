import ArgumentParser
import OCFCloud
import Onboarding
import PrivateFiles
import TLS

/// Failures as people and scripts see them.
enum Failure {
    /// Runs `body`; a failure is told on standard error and becomes the exit code that `--help` lists.
    static func reported<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do {
            let result = try await body()
            Progress.shared.end()
            return result
        } catch let error as OnboardingError {
            throw report(error.reason, code(of: error.code))
        } catch let error as LinkFault {
            throw report(error.reason, code(of: error.error.code))
        } catch let error as FileError {
            throw report(error.reason, 74)
        } catch let error as TLSError {
            throw report(error.reason, 65)
        } catch let error as CloudError {
            throw report(error.reason, error.code.exitStatus)
        }
    }

    private static func report(_ reason: String, _ code: Int32) -> ExitCode {
        Progress.shared.end()
        Output.complain(reason)
        return ExitCode(code)
    }

    static func code(of code: OnboardingError.Code) -> Int32 {
        switch code {
        case .malformed: 65
        case .notFound: 66
        case .unreachable: 69
        case .exists, .ownedByAnother: 73
        case .storage: 74
        case .timeout, .notAllowed: 75
        case .peer: 76
        case .wrongPIN, .untrusted, .refused, .serviceNotHosted, .methodNotOffered, .wrongState: 77
        case .configuration: 78
        case .interrupted: 79
        }
    }
}
