import Foundation
import GRDB
import Glibc
import PrivateFiles

/// What a provisioning server knows, in the cloud's SQLite file: devices, rules, tokens, services, users, and who changed
/// what when.
///
/// Write-ahead log with `synchronous = FULL`: what a person has decided survives a power cut. The command line writes to it
/// beside a running server, which sees by a number (``Ledger/version()``) that something has changed.
public final class ProvisioningDatabase: Sendable {
    let pool: DatabasePool

    /// How long a writer waits for another process's transaction, which takes milliseconds.
    private static let busyTimeout: TimeInterval = 5

    /// Opens or creates `cloud.sqlite` in the state directory, and brings its schema up to date.
    ///
    /// - Throws: ``ProvisioningError`` `.storage` naming the file and SQLite's reason.
    public init(directory: String) throws {
        let path = directory + "/cloud.sqlite"
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(Self.busyTimeout)
        configuration.foreignKeysEnabled = true
        configuration.label = "provisioning"
        try PrivateFile.touch(path)
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Self.migrate(pool, directory)
        } catch let error as DatabaseError {
            throw Self.failure(error, path)
        }
    }

    /// Brings the schema up to date, one process after another: a command may run while the server starts.
    private static func migrate(_ pool: DatabasePool, _ directory: String) throws {
        let migrator = ProvisioningSchema.migrator
        guard try !pool.read(migrator.hasCompletedMigrations) else { return }
        guard let lock = try FileLock.waiting(for: directory + "/cloud.sqlite.migrating", seconds: busyTimeout) else {
            throw ProvisioningError(.storage, "another process is still making the tables in \(directory)")
        }
        defer { lock.release() }
        try migrator.migrate(pool)
    }

    /// Closes it. Nothing is lost without it.
    public func close() { try? pool.close() }

    /// Reads, as of one moment.
    public func read<Result>(_ body: (Ledger) throws -> Result) throws -> Result {
        try Self.storing { try pool.read { try body(Ledger($0, actor: "", now: systemClock())) } }
    }

    /// Changes something, whole or not at all.
    ///
    /// - Parameter actor: who does it, for the audit trail.
    public func change<Result>(by actor: String, _ body: (Ledger) throws -> Result) throws -> Result {
        try Self.storing { try pool.write { try body(Ledger($0, actor: actor, now: systemClock())) } }
    }

    func reading<Result: Sendable>(
        at now: Int64 = systemClock(), _ body: @escaping @Sendable (Ledger) throws -> Result
    ) async throws -> Result {
        try await pool.read { try body(Ledger($0, actor: "", now: now)) }
    }

    func changing<Result: Sendable>(
        by actor: String, now: Int64 = systemClock(), _ body: @escaping @Sendable (Ledger) throws -> Result
    ) async throws -> Result {
        try await pool.write { try body(Ledger($0, actor: actor, now: now)) }
    }

    private static func storing<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw failure(error, "the database")
        }
    }

    private static func failure(_ error: DatabaseError, _ what: String) -> ProvisioningError {
        ProvisioningError(.storage, "\(what): \(error.message ?? error.resultCode.description)")
    }
}

/// Seconds of the wall clock since 1970.
@Sendable public func systemClock() -> Int64 { Int64(Date().timeIntervalSince1970) }
