import ArgumentParser
import OCFCloud
import PrivateFiles
import ProvisioningServer

/// Failures as people and scripts see them.
enum Failure {
    /// Runs `body`; a failure is told on standard error and becomes the exit code of `sysexits.h`.
    static func reported<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as CloudError {
            throw report(error.reason, error.code.exitStatus)
        } catch let error as ProvisioningError {
            throw report(error.reason, error.code.exitStatus)
        } catch let error as FileError {
            throw report(error.reason, CloudError.Code.storage.exitStatus)
        }
    }

    /// The same for what has to wait.
    static func reported<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as CloudError {
            throw report(error.reason, error.code.exitStatus)
        } catch let error as ProvisioningError {
            throw report(error.reason, error.code.exitStatus)
        } catch let error as FileError {
            throw report(error.reason, CloudError.Code.storage.exitStatus)
        }
    }

    private static func report(_ reason: String, _ code: Int32) -> ExitCode {
        Output.complain(reason)
        return ExitCode(code)
    }
}
