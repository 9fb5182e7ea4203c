import Foundation
import GRDB
import ProvisioningModel
import TLS

/// A service whose users are judged here.
public struct ServiceRecord: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// The certificate that it shows, by SHA-256 in hex.
    public let certificate: String
    /// Whom it lets in.
    public let entries: [AccessEntry]
    /// Sessions of users that are open.
    public let sessions: Int
}

/// A session of a user at a service, by the user's token.
struct UserSession: Sendable, Hashable {
    let service: String
    let user: String?
}

/// Whose privileges: a user's or a role's.
public struct PrivilegeOwner: Sendable, Hashable {
    /// Whether it is a role.
    public let isRole: Bool
    /// The name.
    public let name: String

    /// An owner.
    public init(isRole: Bool, name: String) {
        self.isRole = isRole
        self.name = name
    }
}

/// One line of a list of privileges.
public struct PrivilegeLine: Sendable, Hashable {
    /// Of whom.
    public let owner: PrivilegeOwner
    /// At which service.
    public let service: String
    /// Its place in the list, from 1.
    public let place: Int
    /// The line.
    public let entry: PrivilegeList.Entry
}

extension Ledger {
    /// The role that users have who have not logged in, and those who have no role of their own.
    public static let guests = "guests"

    private func checkName(_ name: String, _ what: String) throws {
        guard !name.isEmpty, name.utf8.count <= 128, Self.isOneLine(name) else {
            throw ProvisioningError(.malformed, "a \(what)'s name has 1 to 128 bytes of printable characters")
        }
    }

    // MARK: Services

    /// The services by name.
    public func services() throws -> [ServiceRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM provisioningService ORDER BY name").map { row in
            let name: String = row["name"]
            let sessions =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM provisioningSession WHERE service = ? AND expiresAt > ?",
                    arguments: [name, now]) ?? 0
            return ServiceRecord(
                name: name, certificate: row["certificate"], entries: try entries(of: name), sessions: sessions)
        }
    }

    /// Knows a service by its certificate, for which it has asked a token.
    public func addService(_ name: String, certificate text: String) throws {
        try checkName(name, "service")
        let certificate = try certificate(text)
        guard try count("provisioningService") < 1_000 else {
            throw ProvisioningError(.limit, "there are 1000 services")
        }
        do {
            try database.execute(
                sql: "INSERT INTO provisioningService VALUES (?, ?, ?)",
                arguments: [name, certificate.fingerprint, now])
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw ProvisioningError(.exists, "there is a service of that name or certificate already")
        }
        try note("service added", "\(name), certificate \(certificate.fingerprint.prefix(16))")
    }

    /// Forgets a service with its users' sessions and privileges.
    public func removeService(_ name: String) throws {
        try checkService(name)
        let users = try users("service = ?", name)
        try database.execute(sql: "DELETE FROM provisioningService WHERE name = ?", arguments: [name])
        for user in users { try outdateRules(of: .user(user)) }
        try note("service removed", name)
    }

    func service(certificate: String) throws -> String? {
        try String.fetchOne(
            database, sql: "SELECT name FROM provisioningService WHERE certificate = ?", arguments: [certificate])
    }

    private func checkService(_ name: String) throws {
        guard
            try String.fetchOne(database, sql: "SELECT name FROM provisioningService WHERE name = ?", arguments: [name])
                != nil
        else {
            throw ProvisioningError(.notFound, "there is no service \(name); `provisioning services list` lists them")
        }
    }

    // MARK: Who is let in

    func entries(of service: String) throws -> [AccessEntry] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM provisioningEntry WHERE service = ? ORDER BY id", arguments: [service]
        ).compactMap { row in
            AccessEntry.Kind(rawValue: row["kind"]).flatMap {
                AccessEntry(id: row["id"], isAllowed: row["isAllowed"], $0, row["value"])
            }
        }
    }

    /// Lets in, or keeps out, whom an entry names.
    public func addEntry(_ entry: AccessEntry, service: String) throws {
        try checkService(service)
        guard try entries(of: service).count < ServerLimits.rulesTogether else {
            throw ProvisioningError(.limit, "the service has \(ServerLimits.rulesTogether) entries, which is the limit")
        }
        try database.execute(
            sql: "INSERT INTO provisioningEntry (service, isAllowed, kind, value) VALUES (?, ?, ?, ?)",
            arguments: [service, entry.isAllowed, entry.kind.rawValue, entry.value])
        try note(
            entry.isAllowed ? "access allowed" : "access denied", "\(service): \(entry.kind.rawValue) \(entry.value)")
    }

    /// Takes an entry away. Sessions that are open stay until their end.
    public func removeEntry(_ id: Int64) throws {
        try database.execute(sql: "DELETE FROM provisioningEntry WHERE id = ?", arguments: [id])
        guard database.changesCount > 0 else { throw ProvisioningError(.notFound, "there is no entry \(id)") }
        try note("access entry removed", "#\(id)")
    }

    // MARK: Users and roles

    /// The users by name, with their roles in order.
    public func users() throws -> [(name: String, roles: [String])] {
        try String.fetchAll(database, sql: "SELECT name FROM provisioningUser ORDER BY name").map {
            ($0, try roles(of: $0))
        }
    }

    /// The roles by name.
    public func roles() throws -> [String] {
        try String.fetchAll(database, sql: "SELECT name FROM provisioningRole ORDER BY name")
    }

    func roles(of user: String) throws -> [String] {
        try String.fetchAll(
            database, sql: "SELECT role FROM provisioningMembership WHERE user = ? ORDER BY id", arguments: [user])
    }

    /// Adds a user or a role.
    public func add(_ owner: PrivilegeOwner) throws {
        try checkName(owner.name, owner.isRole ? "role" : "user")
        let table = owner.isRole ? "provisioningRole" : "provisioningUser"
        guard try count(table) < 10_000 else { throw ProvisioningError(.limit, "there are 10000 of them") }
        do {
            try database.execute(sql: "INSERT INTO \(table) VALUES (?, ?)", arguments: [owner.name, now])
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw ProvisioningError(.exists, "there is a \(owner.isRole ? "role" : "user") \(owner.name) already")
        }
        try note(owner.isRole ? "role added" : "user added", owner.name)
    }

    /// Removes a user with the sessions, or a role.
    public func remove(_ owner: PrivilegeOwner) throws {
        try check(owner)
        let table = owner.isRole ? "provisioningRole" : "provisioningUser"
        try database.execute(sql: "DELETE FROM \(table) WHERE name = ?", arguments: [owner.name])
        try database.execute(
            sql: "DELETE FROM provisioningPrivilege WHERE isRole = ? AND owner = ?",
            arguments: [owner.isRole, owner.name])
        if !owner.isRole {
            try database.execute(sql: "DELETE FROM provisioningSession WHERE user = ?", arguments: [owner.name])
            try outdate(.anybody, version: try advance())
        }
        try note(owner.isRole ? "role removed" : "user removed", owner.name)
    }

    private func check(_ owner: PrivilegeOwner) throws {
        let table = owner.isRole ? "provisioningRole" : "provisioningUser"
        guard
            try String.fetchOne(database, sql: "SELECT name FROM \(table) WHERE name = ?", arguments: [owner.name])
                != nil
        else {
            throw ProvisioningError(.notFound, "there is no \(owner.isRole ? "role" : "user") \(owner.name)")
        }
    }

    /// Gives a user a role, after those it has, or takes it.
    public func setRole(_ role: String, of user: String, isGiven: Bool) throws {
        try check(PrivilegeOwner(isRole: false, name: user))
        try check(PrivilegeOwner(isRole: true, name: role))
        if isGiven {
            try database.execute(
                sql: "INSERT OR IGNORE INTO provisioningMembership (user, role) VALUES (?, ?)", arguments: [user, role])
        } else {
            try database.execute(
                sql: "DELETE FROM provisioningMembership WHERE user = ? AND role = ?", arguments: [user, role])
        }
        try note(isGiven ? "role given" : "role taken", "\(role), \(user)")
    }

    // MARK: Privileges

    /// The lists of privileges, each in its order.
    public func privileges(of owner: PrivilegeOwner? = nil, service: String? = nil) throws -> [PrivilegeLine] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM provisioningPrivilege
                WHERE (?1 IS NULL OR owner = ?1 AND isRole = ?2) AND (?3 IS NULL OR service = ?3)
                ORDER BY isRole, owner, service, place
                """,
            arguments: [owner?.name, owner?.isRole, service]
        ).compactMap { row in
            guard let id = PrivilegeID(row["privilege"]) else { return nil }
            return PrivilegeLine(
                owner: PrivilegeOwner(isRole: row["isRole"], name: row["owner"]), service: row["service"],
                place: row["place"], entry: row["isIncluded"] ? .include(id) : .exclude(id))
        }
    }

    /// Puts a line into a list: at a place, from 1, or at its end. A line of the same id goes from where it was.
    public func addPrivilege(
        _ entry: PrivilegeList.Entry, of owner: PrivilegeOwner, service: String, at place: Int? = nil
    ) throws {
        if !(owner.isRole && owner.name == Self.guests) { try check(owner) }
        try checkService(service)
        let (id, isIncluded) =
            switch entry {
            case .include(let id): (id, true)
            case .exclude(let id): (id, false)
            }
        var lines = try privileges(of: owner, service: service).map(\.entry)
        lines.removeAll { $0 == .include(id) || $0 == .exclude(id) }
        guard lines.count < ProvisioningLimits.privileges else {
            throw ProvisioningError(.limit, "the list has \(lines.count) lines, which is the limit")
        }
        lines.insert(entry, at: min(max((place ?? lines.count + 1) - 1, 0), lines.count))
        try write(lines, of: owner, service: service)
        try note("privilege \(isIncluded ? "included" : "excluded")", "\(owner.name) at \(service): \(id)")
    }

    /// Takes a line out of a list.
    public func removePrivilege(_ id: PrivilegeID, of owner: PrivilegeOwner, service: String) throws {
        var lines = try privileges(of: owner, service: service).map(\.entry)
        let before = lines.count
        lines.removeAll { $0 == .include(id) || $0 == .exclude(id) }
        guard lines.count < before else {
            throw ProvisioningError(.notFound, "\(owner.name) has no line \(id) at \(service)")
        }
        try write(lines, of: owner, service: service)
        try note("privilege removed", "\(owner.name) at \(service): \(id)")
    }

    private func write(_ lines: [PrivilegeList.Entry], of owner: PrivilegeOwner, service: String) throws {
        try database.execute(
            sql: "DELETE FROM provisioningPrivilege WHERE isRole = ? AND owner = ? AND service = ?",
            arguments: [owner.isRole, owner.name, service])
        for (index, line) in lines.enumerated() {
            let (id, isIncluded) =
                switch line {
                case .include(let id): (id, true)
                case .exclude(let id): (id, false)
                }
            try database.execute(
                sql: """
                    INSERT INTO provisioningPrivilege (isRole, owner, service, place, isIncluded, privilege)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [owner.isRole, owner.name, service, index + 1, isIncluded, id.text])
        }
    }

    /// What a user may do at a service, in order: the user's own lines, those of each role, those of guests. Without a
    /// user: what guests may (XEP-0324 3.7.2).
    func privilegeList(of user: String?, service: String) throws -> PrivilegeList {
        var owners: [PrivilegeOwner] = []
        if let user,
            try String.fetchOne(
                database, sql: "SELECT name FROM provisioningUser WHERE name = ?", arguments: [user]) != nil
        {
            owners =
                [PrivilegeOwner(isRole: false, name: user)]
                + (try roles(of: user)).map { PrivilegeOwner(isRole: true, name: $0) }
        }
        owners.append(PrivilegeOwner(isRole: true, name: Self.guests))
        let lines = try owners.flatMap { try privileges(of: $0, service: service).map(\.entry) }
        return PrivilegeList(Array(lines.prefix(ProvisioningLimits.privileges)))
    }

    // MARK: Sessions

    func openSession(service: String, lifetime: Int64) throws -> TokenText {
        try endSessions()
        let open =
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM provisioningSession WHERE service = ?", arguments: [service]) ?? 0
        guard open < ServerLimits.sessionsOfService else {
            throw ProvisioningError(.limit, "\(open) sessions of the service are open, which is the limit")
        }
        let token = TokenText.random()
        try database.execute(
            sql: "INSERT INTO provisioningSession (hash, service, createdAt, expiresAt) VALUES (?, ?, ?, ?)",
            arguments: [token.hash, service, now, now + lifetime])
        return token
    }

    /// Ends the sessions whose time is over, and has the caches cleared that rest on rules for their users.
    func endSessions() throws {
        let users = try users("expiresAt <= ?", now)
        try database.execute(sql: "DELETE FROM provisioningSession WHERE expiresAt <= ?", arguments: [now])
        for user in users { try outdateRules(of: .user(user)) }
    }

    /// The users who have logged in to the sessions that a condition names.
    private func users(_ condition: String, _ argument: some DatabaseValueConvertible) throws -> [String] {
        try String.fetchAll(
            database,
            sql: "SELECT DISTINCT user FROM provisioningSession WHERE user IS NOT NULL AND \(condition)",
            arguments: [argument])
    }

    func session(_ token: TokenText) throws -> UserSession? {
        let hash = token.hash
        let row = try Row.fetchOne(
            database, sql: "SELECT * FROM provisioningSession WHERE hash = ? AND expiresAt > ?", arguments: [hash, now])
        guard let row, Cryptography.constantTimeEquals(Array(row["hash"] as Data), Array(hash)) else { return nil }
        return UserSession(service: row["service"], user: row["user"])
    }

    /// Notes under which name the user of a session has logged in. Only users who are known count; others stay guests.
    func logIn(_ token: TokenText, service: String, user: String) throws {
        guard let session = try session(token), session.service == service else { return }
        let known = try String.fetchOne(
            database, sql: "SELECT name FROM provisioningUser WHERE name = ?", arguments: [user])
        try database.execute(
            sql: "UPDATE provisioningSession SET user = ? WHERE hash = ?", arguments: [known, token.hash])
        if let earlier = session.user, earlier != known { try outdateRules(of: .user(earlier)) }
        try note(known == nil ? "unknown user logged in" : "user logged in", "\(user.prefix(128)) at \(service)")
    }
}
