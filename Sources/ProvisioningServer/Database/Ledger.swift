import Foundation
import GRDB
import Glibc

/// One transaction on the database, in the name of somebody: what was changed is in the audit trail with who and when, and
/// the devices that it concerns are marked so that their caches are cleared.
public struct Ledger {
    let database: Database
    let actor: String
    let now: Int64

    init(_ database: Database, actor: String, now: Int64) {
        self.database = database
        self.actor = actor
        self.now = now
    }

    /// A number that rises with each change that the running server has to know of.
    public func version() throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT value FROM provisioningCounter WHERE name = 'version'") ?? 0
    }

    /// The number of a new change.
    @discardableResult
    func advance() throws -> Int64 {
        try database.execute(sql: "UPDATE provisioningCounter SET value = value + 1 WHERE name = 'version'")
        return try version()
    }

    // MARK: Audit

    /// A line of the audit trail.
    public struct AuditLine: Sendable, Hashable {
        /// Its number.
        public let id: Int64
        /// When, in seconds since 1970.
        public let at: Int64
        /// Who.
        public let actor: String
        /// What, in a word or two.
        public let action: String
        /// With what.
        public let detail: String
    }

    func note(_ action: String, _ detail: String) throws {
        try database.execute(
            sql: "INSERT INTO provisioningAudit (at, actor, action, detail) VALUES (?, ?, ?, ?)",
            arguments: [now, actor, action, String(detail.prefix(1_024))])
        let id = database.lastInsertedRowID
        // In steps, so that not each line costs a removal.
        if id % 1_000 == 0 {
            try database.execute(
                sql: "DELETE FROM provisioningAudit WHERE id <= ?", arguments: [id - Int64(ServerLimits.auditLines)])
        }
    }

    /// The latest lines, the newest first.
    public func audit(most: Int) throws -> [AuditLine] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM provisioningAudit ORDER BY id DESC LIMIT ?", arguments: [most]
        ).map { AuditLine(id: $0["id"], at: $0["at"], actor: $0["actor"], action: $0["action"], detail: $0["detail"]) }
    }

    // MARK: Settings

    /// A setting, nil when it was never made.
    func setting(_ name: String) throws -> String? {
        try String.fetchOne(
            database, sql: "SELECT value FROM provisioningSetting WHERE name = ?", arguments: [name])
    }

    func set(_ name: String, _ value: String) throws {
        try database.execute(
            sql: "INSERT INTO provisioningSetting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            arguments: [name, value])
    }

    // MARK: Caches

    /// Marks the devices of a party: what they remember of our answers is no longer true.
    func outdate(_ party: Party, version: Int64) throws {
        let (condition, argument) =
            switch party {
            case .anybody: ("?1 = '*'", "*")
            case .domain(let domain): ("domain = ?1", domain)
            case .address(let address): ("jid = ?1", address)
            }
        try database.execute(
            sql: "UPDATE provisioningDevice SET changed = ?2 WHERE state = 'admitted' AND \(condition)",
            arguments: [argument, version])
    }

    /// Has the caches of a party's devices cleared.
    public func clearCaches(_ party: Party) throws {
        try outdate(party, version: try advance())
        try note("cache to be cleared", party.description)
    }

    /// Notes that a device has cleared its cache after what was changed up to this number.
    func cleared(_ device: String, upTo version: Int64) throws {
        try database.execute(
            sql: "UPDATE provisioningDevice SET cleared = max(cleared, ?) WHERE jid = ?", arguments: [version, device])
    }
}

/// Lists of texts in one column, one a line; none of them can have a line's end.
enum Lines {
    static func text(_ list: [String]) -> String { list.joined(separator: "\n") }
    static func list(_ text: String) -> [String] { text.isEmpty ? [] : text.split(separator: "\n").map(String.init) }
}

extension Ledger {
    private static let stateSetting = "state"

    /// How the connection of the server that runs stood when it last changed; nil when none runs.
    public func state() throws -> String? {
        guard let text = try setting(Self.stateSetting), let space = text.firstIndex(of: " "),
            let process = pid_t(text[..<space]), kill(process, 0) == 0 || errno == EPERM
        else { return nil }
        return String(text[text.index(after: space)...])
    }

    func setState(_ text: String) throws { try set(Self.stateSetting, "\(getpid()) \(text)") }
}
