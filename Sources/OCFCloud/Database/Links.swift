import CBOR
import Foundation
import GRDB
import OCFModel

/// A link as the resource directory keeps it.
struct DirectoryLink: Sendable, Hashable {
    /// The device that published it.
    let device: Identifier
    /// The link as published: the device's own href with a leading slash, and the cloud's `ins`. `anchor`, `di` and `eps`
    /// are not kept: the cloud sets them when it answers.
    let link: Link
    /// Seconds for which the link stays listed after its device has gone; 0 for ever.
    let ttl: Int64
}

extension CloudDatabase {
    /// Publishes links of a device: new ones get a number, known ones keep theirs and are replaced (the model says
    /// "updates are not allowed", but devices in the field publish everything again after each sign-in).
    ///
    /// - Returns: the links in the order of the request, with their numbers.
    /// - Throws: `.limit` when the device would have more than `mostLinks`; nothing is published then.
    func publish(
        _ requests: [Link], ttl: Int64, by device: Identifier, mostLinks: Int
    ) async throws -> [DirectoryLink] {
        // Encoded here, so that the writer's one thread does only what it must.
        let rows = requests.map { link in
            var kept = link
            kept.anchor = nil
            kept.deviceID = nil
            kept.endpoints = []
            kept.instance = nil
            return (link: kept, body: Data(CBOR.encode(kept.value, .asWritten)))
        }
        return try await pool.write { database in
            let id = device.description
            guard try Row.fetchOne(database, sql: "SELECT 1 FROM device WHERE id = ?", arguments: [id]) != nil else {
                throw CloudError(.notFound, "the device is not registered any more")
            }
            let known = try database.makeStatement(sql: "SELECT ins FROM link WHERE deviceID = ? AND href = ?")
            let write = try database.makeStatement(
                sql: """
                    INSERT INTO link (deviceID, href, ins, ttl, body) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (deviceID, href) DO UPDATE SET ttl = excluded.ttl, body = excluded.body
                    WHERE ttl <> excluded.ttl OR body <> excluded.body
                    """)
            var next = try Int64.fetchOne(database, sql: "SELECT next FROM counter WHERE name = 'ins'") ?? 1
            var links: [DirectoryLink] = []
            for row in rows {
                let ins: Int64
                if let old = try Int64.fetchOne(known, arguments: [id, row.link.href]) {
                    ins = old
                } else {
                    ins = next
                    next += 1
                }
                try write.execute(arguments: [id, row.link.href, ins, ttl, row.body])
                var link = row.link
                link.instance = Int(ins)
                links.append(DirectoryLink(device: device, link: link, ttl: ttl))
            }
            let count =
                try Int.fetchOne(database, sql: "SELECT count(*) FROM link WHERE deviceID = ?", arguments: [id]) ?? 0
            guard count <= mostLinks else {
                throw CloudError(.limit, "the device would have \(count) links, the limit is \(mostLinks)")
            }
            try database.execute(
                sql: "UPDATE counter SET next = ?1 WHERE name = 'ins' AND next <> ?1", arguments: [next])
            return links
        }
    }

    /// Removes links of a device by number, or all of them.
    ///
    /// - Returns: the hrefs that were removed; numbers that name nothing of the device's are passed over.
    func unpublish(_ instances: [Int64]?, of device: Identifier) async throws -> [String] {
        try await pool.write { database in
            let id = device.description
            guard let instances else {
                let hrefs = try String.fetchAll(
                    database, sql: "SELECT href FROM link WHERE deviceID = ?", arguments: [id])
                try database.execute(sql: "DELETE FROM link WHERE deviceID = ?", arguments: [id])
                return hrefs
            }
            let find = try database.makeStatement(sql: "SELECT href FROM link WHERE deviceID = ? AND ins = ?")
            let delete = try database.makeStatement(sql: "DELETE FROM link WHERE deviceID = ? AND ins = ?")
            var hrefs: [String] = []
            for ins in instances {
                guard let href = try String.fetchOne(find, arguments: [id, ins]) else { continue }
                try delete.execute(arguments: [id, ins])
                hrefs.append(href)
            }
            return hrefs
        }
    }

    /// The links of a user's devices (or of one of them) by device and number. Links of devices that have been away for
    /// longer than their time to live are left out.
    func links(of user: Identifier, device: Identifier?, now: WallSeconds) async throws -> [DirectoryLink] {
        try await pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT deviceID, ins, ttl, body FROM link JOIN device ON device.id = deviceID
                    WHERE userID = ?1 AND (?2 IS NULL OR deviceID = ?2)
                        AND (ttl = 0 OR online <> 0 OR coalesce(lastSeen, registeredAt) + ttl > ?3)
                    ORDER BY deviceID, ins
                    """,
                arguments: [user.description, device?.description, now]
            ).compactMap { row in
                guard let device = Identifier(row["deviceID"] as String),
                    let value = try? CBOR.decode(row["body"] as Data), var link = try? Link(value)
                else { return nil }
                link.instance = row["ins"]
                return DirectoryLink(device: device, link: link, ttl: row["ttl"])
            }
        }
    }
}
