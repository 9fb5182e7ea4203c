import GRDB
import PrivateFiles

/// The companions' SQLite file, `cloud.sqlite` in the state directory, where the cloud and the provisioning server have tables
/// of their own.
///
/// Write-ahead log with `synchronous = FULL`: what was answered survives a power cut. Several processes may use it at once:
/// the server, and the command line beside it.
public enum CloudFile {
    /// Another process was making tables for too long.
    public struct Busy: Error {}

    /// Seconds that a writer waits for another process's transaction. The longest of ours (removing a user with all links)
    /// takes milliseconds; five seconds pass only when somebody holds the file open in a SQL shell.
    private static let busyTimeout = 5.0

    /// Where it is.
    public static func path(in directory: String) -> String { directory + "/cloud.sqlite" }

    /// Opens or creates it, and brings one schema in it up to date.
    ///
    /// - Parameter label: whose connections these are, for whoever debugs.
    /// - Throws: `DatabaseError`; ``Busy``; `FileError` when a file cannot be made.
    public static func open(in directory: String, label: String, _ migrator: DatabaseMigrator) throws -> DatabasePool {
        let path = path(in: directory)
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(busyTimeout)
        configuration.foreignKeysEnabled = true
        configuration.label = label
        // Five readers: answers are short reads, and there are seldom more cores than that to serve them.
        configuration.maximumReaderCount = 5
        try PrivateFile.touch(path)
        let pool = try DatabasePool(path: path, configuration: configuration)
        // The pool starts with NORMAL, under which the last transactions may be lost with the power.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try migrate(pool, migrator, lock: path + ".migrating")
        return pool
    }

    /// Brings a schema up to date, one process and one schema after another: a command may run while the server starts.
    private static func migrate(_ pool: DatabasePool, _ migrator: DatabaseMigrator, lock path: String) throws {
        guard try !pool.read(migrator.hasCompletedMigrations) else { return }
        guard let lock = try FileLock.waiting(for: path, seconds: busyTimeout) else { throw Busy() }
        defer { lock.release() }
        try migrator.migrate(pool)
    }
}
