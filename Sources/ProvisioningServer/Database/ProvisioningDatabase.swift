import CloudFile
import Foundation
import GRDB

/// What a provisioning server knows, in the cloud's SQLite file: devices, rules, tokens, services, users, and who changed
/// what when.
///
/// Write-ahead log with `synchronous = FULL`: what a person has decided survives a power cut. The command line writes to it
/// beside a running server, which sees by a number (``Ledger/version()``) that something has changed.
public final class ProvisioningDatabase: Sendable {
    let pool: DatabasePool

    /// Opens or creates `cloud.sqlite` in the state directory, and brings its schema up to date.
    ///
    /// - Throws: ``ProvisioningError`` `.storage` naming the file and SQLite's reason.
    public init(directory: String) throws {
        do {
            pool = try CloudFile.open(in: directory, label: "provisioning", ProvisioningSchema.migrator)
        } catch let error as DatabaseError {
            throw Self.failure(error, CloudFile.path(in: directory))
        } catch is CloudFile.Busy {
            throw ProvisioningError(.storage, "another process is still making the tables in \(directory)")
        }
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
