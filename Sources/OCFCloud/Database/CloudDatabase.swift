import CloudFile
import Foundation
import GRDB

/// The cloud's state on disk: users, tokens (hashed), devices and links, in one SQLite file.
///
/// Write-ahead log with `synchronous = FULL`: what was answered to a device survives a power cut, since a token that the
/// device stored and the cloud forgot would lock the device out. Several processes may use the file at once: the server,
/// and the command line beside it; the server sees foreign changes by ``foreignChanges()``.
public final class CloudDatabase: Sendable {
    let pool: DatabasePool

    /// Opens or creates `cloud.sqlite` in the state directory, and brings its schema up to date.
    ///
    /// - Throws: ``CloudError`` `.storage` naming the file and SQLite's reason.
    public init(directory: String) throws {
        do {
            pool = try CloudFile.open(in: directory, label: "cloud", Schema.migrator)
        } catch let error as DatabaseError {
            throw CloudError(
                .storage,
                "cannot open \(CloudFile.path(in: directory)): \(error.message ?? error.resultCode.description)")
        } catch is CloudFile.Busy {
            throw CloudError(.storage, "another process is still making the tables in \(directory)")
        }
    }

    /// Writes what the log holds into the file proper and closes it. Nothing is lost without it.
    public func close() {
        try? pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try? pool.close()
    }

    /// A number that changes when another process has committed something; our own commits leave it.
    func foreignChanges() async throws -> Int {
        try await pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
    }
}

/// Seconds of the wall clock since 1970, as tokens' lives are counted.
public typealias WallSeconds = Int64

/// The wall clock, replaceable in tests.
public typealias WallClock = @Sendable () -> WallSeconds

/// The system's wall clock.
@Sendable public func systemClock() -> WallSeconds {
    WallSeconds(Date().timeIntervalSince1970)
}
