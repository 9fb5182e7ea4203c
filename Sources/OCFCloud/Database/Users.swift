import Foundation
import GRDB
import OCFModel

/// A person or household: its devices reach each other and no one else's.
public struct User: Sendable, Hashable, Codable {
    /// The `uid` that devices are given.
    public let id: String
    /// The name the operator gave.
    public let name: String
    /// When it was added, in seconds since 1970.
    public let createdAt: WallSeconds
    /// Devices and clients registered.
    public let devices: Int
}

extension CloudDatabase {
    /// Longest user name; long enough for a mail address (RFC 5321 §4.5.3.1: 64 + 1 + 63 of a typical domain).
    static let longestUserName = 128

    /// Adds a user.
    ///
    /// - Throws: `.malformed` for a name that is empty, too long or unprintable, `.exists` when it is taken.
    @discardableResult
    public func addUser(_ name: String, now: WallSeconds = systemClock()) throws -> User {
        guard !name.isEmpty, name.utf8.count <= Self.longestUserName,
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw CloudError(
                .malformed, "a user's name has 1 to \(Self.longestUserName) bytes of printable characters")
        }
        let user = User(id: Identifier.random().description, name: name, createdAt: now, devices: 0)
        return try storing {
            try pool.write { database in
                guard try Row.fetchOne(database, sql: "SELECT 1 FROM user WHERE name = ?", arguments: [name]) == nil
                else { throw CloudError(.exists, "there is a user \(name) already") }
                try database.execute(
                    sql: "INSERT INTO user VALUES (?, ?, ?)", arguments: [user.id, user.name, user.createdAt])
                return user
            }
        }
    }

    /// All users by name.
    public func users() throws -> [User] {
        try storing {
            try pool.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT id, name, createdAt, (SELECT count(*) FROM device WHERE userID = user.id) AS devices
                        FROM user ORDER BY name
                        """
                ).map { User(id: $0["id"], name: $0["name"], createdAt: $0["createdAt"], devices: $0["devices"]) }
            }
        }
    }

    /// Removes a user with all devices, tokens and links. A running server closes their connections within a second.
    ///
    /// - Throws: `.notFound` when there is no such user.
    public func removeUser(_ name: String) throws {
        try storing {
            try pool.write { database in
                try database.execute(sql: "DELETE FROM user WHERE name = ?", arguments: [name])
                guard database.changesCount > 0 else { throw CloudError(.notFound, "there is no user \(name)") }
            }
        }
    }

    /// Makes a one-time token with which one device (or client) may sign up as one of the user's.
    ///
    /// - Parameters:
    ///   - name: the user's name.
    ///   - lifetime: seconds in which it can be used.
    /// - Throws: `.notFound` when there is no such user, `.limit` when the user has too many open tokens.
    public func createToken(user name: String, lifetime: Int64, now: WallSeconds = systemClock()) throws -> Secret {
        let token = Secret.random()
        return try storing {
            try pool.write { database in
                guard
                    let user = try String.fetchOne(
                        database, sql: "SELECT id FROM user WHERE name = ?", arguments: [name])
                else { throw CloudError(.notFound, "there is no user \(name); add it by `gatehouse-cloud user add`") }
                try Self.insert(
                    token, user: user, device: nil, lifetime: lifetime, most: Self.mostOpenTokens, now: now,
                    in: database)
                return token
            }
        }
    }

    /// Makes a one-time token with which one named device may sign up as one of the user's: what a mediator asks for
    /// (device to cloud, 8.1.2.3). A later one for the same device takes the earlier, unused one's place.
    ///
    /// - Throws: `.forbidden` when the device is another user's, `.limit` when the user has too many such tokens open.
    func createToken(
        userID: Identifier, device: Identifier, lifetime: Int64, now: WallSeconds
    ) async throws -> Secret {
        let token = Secret.random()
        try await pool.write { database in
            let owner = try String.fetchOne(
                database, sql: "SELECT userID FROM device WHERE id = ?", arguments: [device.description])
            guard owner == nil || owner == userID.description else {
                throw CloudError(.forbidden, "the device is registered to another user, who has to remove it first")
            }
            try database.execute(
                sql: "DELETE FROM oneTimeToken WHERE userID = ? AND deviceID = ? AND usedBy IS NULL",
                arguments: [userID.description, device.description])
            try Self.insert(
                token, user: userID.description, device: device, lifetime: lifetime, most: Self.mostMediatedTokens,
                now: now, in: database)
        }
        return token
    }

    private static func insert(
        _ token: Secret, user: String, device: Identifier?, lifetime: Int64, most: Int, now: WallSeconds,
        in database: Database
    ) throws {
        // Used tokens are kept a day, for the repeat of a sign-up whose answer was lost.
        try database.execute(
            sql: "DELETE FROM oneTimeToken WHERE expiresAt < ? AND coalesce(usedAt, 0) < ?",
            arguments: [now, now - 86_400])
        let open =
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM oneTimeToken WHERE userID = ? AND usedBy IS NULL",
                arguments: [user]) ?? 0
        guard open < most else {
            throw CloudError(.limit, "there are \(open) unused tokens of this user; wait until some have expired")
        }
        try database.execute(
            sql: "INSERT INTO oneTimeToken (hash, userID, createdAt, expiresAt, deviceID) VALUES (?, ?, ?, ?, ?)",
            arguments: [token.hash, user, now, now + lifetime, device?.description])
    }

    /// Unused one-time tokens a user may have: a whole shelf of new gateways, and yet no way to fill the disk.
    static let mostOpenTokens = 1_000

    /// Unused one-time tokens at which a user's clients get no more: a house full of new devices at once. Fewer than what
    /// the operator may make, so that a client gone wild leaves the operator room.
    static let mostMediatedTokens = 100

    /// Runs a database action, turning SQLite's errors into ``CloudError`` `.storage`.
    func storing<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw CloudError(.storage, "database: \(error.message ?? error.resultCode.description)")
        }
    }
}
