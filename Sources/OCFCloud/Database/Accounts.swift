import Foundation
import GRDB
import OCFModel

/// Lives of tokens.
public struct TokenLifetimes: Sendable, Hashable {
    /// Seconds an access token serves; nil for ever. A day: the device writes its flash once a day for it, and a stolen
    /// token is worth a day.
    public var access: Int64? = 86_400
    /// Seconds after a one-time token's first use in which the same device may repeat its sign-up, because the answer got
    /// lost or power failed before it was stored. An hour covers a board's reboots and back-off, and is short enough that
    /// a token left in a file is soon worthless.
    public var signUpRepeat: Int64 = 3_600

    /// The defaults.
    public init() {}
}

/// What sign-up and refresh give a device.
struct Grant: Sendable {
    let user: Identifier
    let access: Secret
    let refresh: Secret
    let expiresAt: WallSeconds?
}

/// What sign-in finds.
struct SignIn: Sendable, Equatable {
    let registration: Registration
    let expiresAt: WallSeconds?
}

/// Sign-up, sign-in, refresh (OCF Device To Cloud 8.1.4).
///
/// **No answer lost can lock a device out.** Tokens come in pairs with rising ids. Issuing a pair takes nothing away;
/// *using* one (sign-in by its access token, refresh by its refresh token) deletes the earlier ones, for only a device
/// that holds the pair can use it. So whichever side dies between answer and storing, the pair the device still has is
/// good.
extension CloudDatabase {
    /// Pairs issued but never used that a device may have at a time: as many answers may be lost one after the other (or
    /// be answered twice) with each of them still good.
    static let mostUnusedPairs = 4

    /// Registers a device by a one-time token, or repeats it.
    ///
    /// - Throws: `.unauthorized` when the token is unknown, expired, or another device used it; `.forbidden` when the
    ///   device belongs to another user; `.limit` when the user has too many devices.
    func signUp(
        token: String, device: Identifier, kind: DeviceKind, lifetimes: TokenLifetimes, mostDevices: Int,
        now: WallSeconds
    ) async throws -> (grant: Grant, registration: Registration) {
        try await pool.write { database in
            let hash = Secret.hash(of: token)
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT * FROM oneTimeToken WHERE hash = ?", arguments: [hash]),
                Secret.equal(row["hash"], hash), let user = Identifier(row["userID"] as String)
            else {
                throw CloudError(.unauthorized, "the access token is unknown; ask the cloud's operator for a new one")
            }

            let meant: String? = row["deviceID"]
            guard meant == nil || meant == device.description else {
                throw CloudError(.unauthorized, "the access token is for another device")
            }
            let usedBy: String? = row["usedBy"]
            if let usedBy {
                let usedAt: WallSeconds = row["usedAt"] ?? 0
                guard usedBy == device.description else {
                    throw CloudError(.unauthorized, "the access token has served another device; each serves one")
                }
                guard now - usedAt <= lifetimes.signUpRepeat else {
                    throw CloudError(.unauthorized, "the access token has been used; ask for a new one")
                }
            } else {
                guard now < row["expiresAt"] as WallSeconds else {
                    throw CloudError(.unauthorized, "the access token has expired; ask for a new one")
                }
            }

            let owner = try String.fetchOne(
                database, sql: "SELECT userID FROM device WHERE id = ?", arguments: [device.description])
            if let owner {
                guard owner == user.description else {
                    throw CloudError(.forbidden, "the device is registered to another user, who has to remove it first")
                }
                try database.execute(
                    sql: "UPDATE device SET kind = ? WHERE id = ?", arguments: [kind.rawValue, device.description])
                // A new token for a known device: it was set up anew, and what it published before may be gone.
                if usedBy == nil {
                    try database.execute(sql: "DELETE FROM link WHERE deviceID = ?", arguments: [device.description])
                }
            } else {
                let count =
                    try Int.fetchOne(
                        database, sql: "SELECT count(*) FROM device WHERE userID = ?", arguments: [user.description])
                    ?? 0
                guard count < mostDevices else {
                    throw CloudError(.limit, "the user has \(count) devices, which is the limit")
                }
                try database.execute(
                    sql: "INSERT INTO device (id, userID, kind, registeredAt) VALUES (?, ?, ?, ?)",
                    arguments: [device.description, user.description, kind.rawValue, now])
            }
            if usedBy == nil {
                try database.execute(
                    sql: "UPDATE oneTimeToken SET usedBy = ?, usedAt = ? WHERE hash = ?",
                    arguments: [device.description, now, hash])
            }
            let grant = try Self.issue(to: device, of: user, lifetimes: lifetimes, now: now, in: database)
            return (grant, Registration(device: device, user: user, kind: kind))
        }
    }

    /// Checks an access token. Writes only the first time a pair is used.
    ///
    /// - Throws: `.unauthorized` when token, device and user do not belong together or the token has expired.
    func signIn(token: String, device: Identifier, user: Identifier, now: WallSeconds) async throws -> SignIn {
        let hash = Secret.hash(of: token)
        let found = try await pool.read { database in
            try Self.pair(by: "accessHash", hash, device: device, user: user, in: database)
        }
        if let expiresAt = found.accessExpiresAt, expiresAt <= now {
            throw CloudError(.unauthorized, "the access token has expired; refresh it")
        }
        if !found.isNewestUse {
            try await pool.write { try Self.use(found.id, of: device, in: $0) }
        }
        return SignIn(registration: found.registration, expiresAt: found.accessExpiresAt)
    }

    /// Gives a new pair for a refresh token.
    ///
    /// - Throws: `.unauthorized` when token, device and user do not belong together.
    func refresh(
        token: String, device: Identifier, user: Identifier, lifetimes: TokenLifetimes, now: WallSeconds
    ) async throws -> Grant {
        let hash = Secret.hash(of: token)
        return try await pool.write { database in
            let found = try Self.pair(by: "refreshHash", hash, device: device, user: user, in: database)
            try Self.use(found.id, of: device, in: database)
            return try Self.issue(to: device, of: user, lifetimes: lifetimes, now: now, in: database)
        }
    }

    /// Deregisters: removes the device, its tokens and its links.
    func deregister(_ device: Identifier) async throws {
        try await pool.write { try Self.removeDevice(device, in: $0) }
    }

    // MARK: - Pairs

    private struct Pair {
        let id: Int64
        let registration: Registration
        let accessExpiresAt: WallSeconds?
        /// Whether it has been used and no earlier pair is left.
        let isNewestUse: Bool
    }

    private static func pair(
        by column: String, _ hash: Data, device: Identifier, user: Identifier, in database: Database
    ) throws -> Pair {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT tokenPair.id, tokenPair.\(column) AS hash, accessExpiresAt, used, deviceID, userID, kind,
                    (SELECT min(id) FROM tokenPair AS other WHERE other.deviceID = tokenPair.deviceID) AS earliest
                FROM tokenPair JOIN device ON device.id = deviceID WHERE tokenPair.\(column) = ?
                """,
            arguments: [hash])
        guard let row, Secret.equal(row["hash"], hash), (row["deviceID"] as String) == device.description,
            (row["userID"] as String) == user.description
        else { throw CloudError(.unauthorized, "device, user and token do not belong together, or the token is gone") }
        let id: Int64 = row["id"]
        return Pair(
            id: id,
            registration: Registration(
                device: device, user: user, kind: DeviceKind(rawValue: row["kind"]) ?? .device),
            accessExpiresAt: row["accessExpiresAt"],
            isNewestUse: row["used"] && (row["earliest"] as Int64) == id)
    }

    private static func use(_ pair: Int64, of device: Identifier, in database: Database) throws {
        try database.execute(
            sql: "DELETE FROM tokenPair WHERE deviceID = ? AND id < ?", arguments: [device.description, pair])
        try database.execute(sql: "UPDATE tokenPair SET used = 1 WHERE id = ?", arguments: [pair])
    }

    private static func issue(
        to device: Identifier, of user: Identifier, lifetimes: TokenLifetimes, now: WallSeconds, in database: Database
    ) throws -> Grant {
        try database.execute(
            sql: """
                DELETE FROM tokenPair WHERE deviceID = ?1 AND used = 0 AND id NOT IN
                    (SELECT id FROM tokenPair WHERE deviceID = ?1 AND used = 0 ORDER BY id DESC LIMIT ?2)
                """,
            arguments: [device.description, mostUnusedPairs - 1])
        let grant = Grant(
            user: user, access: .random(), refresh: .random(), expiresAt: lifetimes.access.map { now + $0 })
        try database.execute(
            sql: "INSERT INTO tokenPair (deviceID, accessHash, refreshHash, accessExpiresAt) VALUES (?, ?, ?, ?)",
            arguments: [device.description, grant.access.hash, grant.refresh.hash, grant.expiresAt])
        return grant
    }
}
