import Foundation
import GRDB
import OCFModel

/// What a registered party is to the cloud.
public enum DeviceKind: String, Sendable, Hashable, Codable {
    /// Serves resources: one connection at a time, publishes links.
    case device
    /// Only asks (phone, console, command line): several connections at a time, publishes nothing. A party says so by
    /// `devicetype: "client"` at sign-up.
    case client
}

/// A registered device or client as the command line lists it.
public struct DeviceRecord: Sendable, Hashable, Codable {
    /// The device id (`di`).
    public let id: String
    /// The name of the user who owns it.
    public let user: String
    /// Device or client.
    public let kind: DeviceKind
    /// Whether it was connected when the server last wrote it down (at most a second ago).
    public let online: Bool
    /// When it last came or went, in seconds since 1970; nil when it never signed in.
    public let lastSeen: WallSeconds?
    /// When it signed up.
    public let registeredAt: WallSeconds
    /// Links published.
    public let links: Int
}

/// What the server keeps in memory of a registration.
struct Registration: Sendable, Hashable {
    let device: Identifier
    let user: Identifier
    let kind: DeviceKind
}

extension CloudDatabase {
    /// All devices and clients by user and id.
    public func devices() throws -> [DeviceRecord] {
        try storing {
            try pool.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT device.id, user.name AS user, kind, online, lastSeen, registeredAt,
                            (SELECT count(*) FROM link WHERE deviceID = device.id) AS links
                        FROM device JOIN user ON user.id = userID ORDER BY user.name, device.id
                        """
                ).map { row in
                    DeviceRecord(
                        id: row["id"], user: row["user"], kind: DeviceKind(rawValue: row["kind"]) ?? .device,
                        online: row["online"], lastSeen: row["lastSeen"], registeredAt: row["registeredAt"],
                        links: row["links"])
                }
            }
        }
    }

    /// Removes a device with its tokens and links; it has to be onboarded again.
    ///
    /// - Throws: `.notFound` when it is not registered.
    public func removeDevice(_ id: Identifier) throws {
        try storing { try pool.write { try Self.removeDevice(id, in: $0) } }
    }

    static func removeDevice(_ id: Identifier, in database: Database) throws {
        try database.execute(sql: "DELETE FROM device WHERE id = ?", arguments: [id.description])
        guard database.changesCount > 0 else { throw CloudError(.notFound, "device \(id) is not registered") }
    }

    /// Every registration, for the routing table.
    func registrations() async throws -> [Registration] {
        try await pool.read { database in
            try Row.fetchAll(database, sql: "SELECT id, userID, kind FROM device").compactMap { row in
                guard let device = Identifier(row["id"] as String), let user = Identifier(row["userID"] as String)
                else { return nil }
                return Registration(device: device, user: user, kind: DeviceKind(rawValue: row["kind"]) ?? .device)
            }
        }
    }

    /// Writes down who came and who went, all in one transaction.
    func recordPresence(_ changes: [Identifier: (online: Bool, at: WallSeconds)]) async throws {
        try await pool.write { database in
            let update = try database.makeStatement(sql: "UPDATE device SET online = ?, lastSeen = ? WHERE id = ?")
            for (id, change) in changes {
                try update.execute(arguments: [change.online, change.at, id.description])
            }
        }
    }

    /// Marks everybody as away, as after a crash. Their links' time to live counts from now.
    func clearPresence(now: WallSeconds) async throws {
        try await pool.write { database in
            try database.execute(sql: "UPDATE device SET online = 0, lastSeen = ? WHERE online <> 0", arguments: [now])
        }
    }
}
