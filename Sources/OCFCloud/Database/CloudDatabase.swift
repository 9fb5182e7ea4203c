import Foundation
import GRDB
import PrivateFiles

/// The cloud's state on disk: users, tokens (hashed), devices and links, in one SQLite file.
///
/// Write-ahead log with `synchronous = FULL`: what was answered to a device survives a power cut, since a token that the
/// device stored and the cloud forgot would lock the device out. Several processes may use the file at once: the server,
/// and the command line beside it; the server sees foreign changes by ``foreignChanges()``.
public final class CloudDatabase: Sendable {
    let pool: DatabasePool

    /// How long a writer waits for another process's transaction. The longest of ours (removing a user with all links)
    /// takes milliseconds; five seconds pass only when somebody holds the file open in a SQL shell.
    private static let busyTimeout: TimeInterval = 5

    /// Opens or creates `cloud.sqlite` in the state directory, and brings its schema up to date.
    ///
    /// - Throws: ``CloudError`` `.storage` naming the file and SQLite's reason.
    public init(directory: String) throws {
        let path = directory + "/cloud.sqlite"
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(Self.busyTimeout)
        configuration.foreignKeysEnabled = true
        configuration.label = "cloud"
        // Five readers: directory answers are short reads, and there are seldom more cores than that to serve them.
        configuration.maximumReaderCount = 5
        try PrivateFile.touch(path)
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // The pool starts with NORMAL, under which the last transactions may be lost with the power.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Self.migrate(pool, directory)
        } catch let error as DatabaseError {
            throw CloudError(.storage, "cannot open \(path): \(error.message ?? error.resultCode.description)")
        }
    }

    /// Brings the schema up to date, one process after another: a command may run while the server starts, and the
    /// provisioning server's tables are in the same file.
    private static func migrate(_ pool: DatabasePool, _ directory: String) throws {
        let migrator = Schema.migrator
        guard try !pool.read(migrator.hasCompletedMigrations) else { return }
        guard let lock = try FileLock.waiting(for: directory + "/cloud.sqlite.migrating", seconds: busyTimeout) else {
            throw CloudError(.storage, "another process is still making the tables in \(directory)")
        }
        defer { lock.release() }
        try migrator.migrate(pool)
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
