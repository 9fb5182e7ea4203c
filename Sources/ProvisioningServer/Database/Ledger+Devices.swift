import Foundation
import GRDB

/// A device that has this server among those it trusts, or would have.
public struct DeviceRecord: Sendable, Hashable {
    /// Whether it is let in.
    public enum State: String, Sendable, Hashable {
        /// It came by itself, and a person has not said yet.
        case waiting
        /// Its questions are answered.
        case admitted
        /// A person has said no.
        case refused
    }

    /// Its bare address.
    public let jid: String
    /// Whether it is let in.
    public var state: State
    /// How challenges are encrypted for it.
    public var padding: TokenCertificate.Padding
    /// Whether it may trust others beside; nil for what is set for all.
    public var secondaryTrust: Bool?
    /// Whether it has ever asked about friends: only then is it told of those who are none any more (XEP-0324 3.2.3).
    public var asksFriends: Bool
    /// Whether it is to be asked for its friendship: the knock at its door.
    public var isInvited: Bool
    /// Its full address when it was last there.
    public var resource: String?
    /// Whether it was there when the running server last wrote it down.
    public var isOnline: Bool
    /// When it first came or was added.
    public let firstSeen: Int64
    /// When it was last heard of.
    public var lastSeen: Int64?
    /// The last change that concerns what it remembers.
    public var changed: Int64
    /// The last change after which it has said that its cache is clear.
    public var cleared: Int64

    /// Whether it has to be told to clear its cache.
    public var isOutdated: Bool { changed > cleared }

    init(_ row: Row) {
        jid = row["jid"]
        state = State(rawValue: row["state"]) ?? .refused
        padding = TokenCertificate.Padding(rawValue: row["padding"]) ?? .oaep
        secondaryTrust = row["secondaryTrust"]
        asksFriends = row["asksFriends"]
        isInvited = row["invited"]
        resource = row["resource"]
        isOnline = row["online"]
        firstSeen = row["firstSeen"]
        lastSeen = row["lastSeen"]
        changed = row["changed"]
        cleared = row["cleared"]
    }
}

/// A message for a device that was not there.
struct Notice: Sendable, Hashable {
    let id: Int64
    let device: String
    let isFriend: Bool
    let jid: String
}

extension Ledger {
    private static let secondaryTrustSetting = "secondaryTrust"

    /// All devices by address.
    public func devices() throws -> [DeviceRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM provisioningDevice ORDER BY jid").map { DeviceRecord($0) }
    }

    /// One device.
    public func device(_ jid: String) throws -> DeviceRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM provisioningDevice WHERE jid = ?", arguments: [jid])
            .map { DeviceRecord($0) }
    }

    /// The device that a person means: in any case, with or without a resource.
    func knownDevice(_ text: String) throws -> DeviceRecord {
        let jid = try Self.address(text).text
        guard let device = try device(jid) else {
            throw ProvisioningError(
                .notFound, "there is no device \(jid); `gatehouse-cloud provisioning devices` lists them")
        }
        return device
    }

    /// Lets a device in, whether it is known or not.
    ///
    /// - Parameter invites: whether to ask for its friendship, so that its lamp flashes and a button can let us in.
    public func admit(_ text: String, invites: Bool = false) throws {
        let address = try Self.address(text)
        if try device(address.text) == nil { try insert(address.text, .admitted) }
        let version = try advance()
        // What it remembers was said while it was not let in.
        try database.execute(
            sql:
                "UPDATE provisioningDevice SET state = 'admitted', invited = max(invited, ?), changed = ? WHERE jid = ?",
            arguments: [invites, version, address.text])
        try database.execute(
            sql: "DELETE FROM provisioningPending WHERE device = ? AND who = ?",
            arguments: [address.text, address.text])
        try note("device admitted", address.text)
    }

    /// Answers a device no more, and not by a question to a person either.
    public func refuse(_ text: String) throws {
        let jid = try knownDevice(text).jid
        try database.execute(
            sql: "UPDATE provisioningDevice SET state = 'refused', invited = 0 WHERE jid = ?", arguments: [jid])
        try advance()
        try note("device refused", jid)
    }

    /// Forgets a device with everything about it but rules, which may name devices that are to come.
    public func removeDevice(_ text: String) throws {
        let jid = try knownDevice(text).jid
        try database.execute(sql: "DELETE FROM provisioningDevice WHERE jid = ?", arguments: [jid])
        try database.execute(sql: "DELETE FROM provisioningPending WHERE device = ?", arguments: [jid])
        try advance()
        try note("device removed", jid)
    }

    /// Notes a device that came by itself; false when too many wait already.
    func meet(_ jid: String, admits: Bool) throws -> Bool {
        guard try device(jid) == nil else { return true }
        let waiting = try count("provisioningDevice WHERE state = 'waiting'")
        let all = try count("provisioningDevice")
        guard all < ServerLimits.devices, admits || waiting < ServerLimits.waitingDevices else { return false }
        try insert(jid, admits ? .admitted : .waiting)
        try advance()
        try note(admits ? "device admitted" : "device came", jid)
        return true
    }

    private func insert(_ jid: String, _ state: DeviceRecord.State) throws {
        guard try count("provisioningDevice") < ServerLimits.devices else {
            throw ProvisioningError(.limit, "there are \(ServerLimits.devices) devices, which is the limit")
        }
        try database.execute(
            sql: "INSERT INTO provisioningDevice (jid, domain, state, firstSeen) VALUES (?, ?, ?, ?)",
            arguments: [jid, Party.domain(of: jid), state.rawValue, now])
    }

    func count(_ table: String) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
    }

    static func address(_ text: String) throws -> Address {
        guard let address = Address(text) else {
            throw ProvisioningError(
                .malformed, "\"\(text)\" is no address, name@domain or a component's domain was expected")
        }
        return address
    }

    // MARK: Settings of a device

    /// How challenges are encrypted for a device.
    public func setPadding(_ padding: TokenCertificate.Padding, of text: String) throws {
        let jid = try knownDevice(text).jid
        try database.execute(
            sql: "UPDATE provisioningDevice SET padding = ? WHERE jid = ?", arguments: [padding.rawValue, jid])
        try advance()
        try note("padding", "\(jid) \(padding.rawValue)")
    }

    /// Whether a device, or with nil every one that has no setting of its own, may trust others beside this server.
    public func setSecondaryTrust(_ isAllowed: Bool?, of text: String?) throws {
        let jid = try text.map { try knownDevice($0).jid }
        let version = try advance()
        if let jid {
            try database.execute(
                sql: "UPDATE provisioningDevice SET secondaryTrust = ? WHERE jid = ?", arguments: [isAllowed, jid])
            try outdate(.address(jid), version: version)
        } else {
            try set(Self.secondaryTrustSetting, isAllowed == true ? "true" : "false")
            try outdate(.anybody, version: version)
        }
        let word = isAllowed.map { $0 ? "allowed" : "not allowed" } ?? "as for all"
        try note("secondary trust", "\(jid ?? "all devices"): \(word)")
    }

    /// Whether devices without a setting of their own may trust others.
    public func allowsSecondaryTrust() throws -> Bool { try setting(Self.secondaryTrustSetting) == "true" }

    // MARK: Messages

    /// Has a device told that somebody would be a good friend, or is to be none any more.
    public func recommend(_ isFriend: Bool, _ who: String, to device: String) throws {
        let who = try Self.address(who).text
        let jid = try knownDevice(device).jid
        try notify(jid, isFriend: isFriend, who)
        try advance()
        try note(isFriend ? "friend recommended" : "unfriending", "\(who) to \(jid)")
    }

    func notify(_ device: String, isFriend: Bool, _ who: String) throws {
        // The latest word about somebody counts.
        try database.execute(
            sql: "DELETE FROM provisioningNotice WHERE device = ? AND jid = ?", arguments: [device, who])
        let waiting =
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM provisioningNotice WHERE device = ?", arguments: [device]) ?? 0
        guard waiting < ServerLimits.noticesOfDevice else {
            throw ProvisioningError(.limit, "\(waiting) messages wait for \(device) to come, which is the limit")
        }
        try database.execute(
            sql: "INSERT INTO provisioningNotice (device, isFriend, jid) VALUES (?, ?, ?)",
            arguments: [device, isFriend, who])
    }

    func notices() throws -> [Notice] {
        try Row.fetchAll(database, sql: "SELECT * FROM provisioningNotice ORDER BY id").map {
            Notice(id: $0["id"], device: $0["device"], isFriend: $0["isFriend"], jid: $0["jid"])
        }
    }

    func removeNotices(_ ids: [Int64]) throws {
        for id in ids { try database.execute(sql: "DELETE FROM provisioningNotice WHERE id = ?", arguments: [id]) }
    }

    // MARK: What the server saw

    func record(_ device: DeviceRecord) throws {
        try database.execute(
            sql: """
                UPDATE provisioningDevice SET asksFriends = max(asksFriends, ?), resource = ?, online = ?, lastSeen = ?
                WHERE jid = ?
                """,
            arguments: [device.asksFriends, device.resource, device.isOnline, device.lastSeen, device.jid])
    }

    func clearPresence() throws { try database.execute(sql: "UPDATE provisioningDevice SET online = 0 WHERE online") }

    func invited(_ jid: String) throws {
        try database.execute(sql: "UPDATE provisioningDevice SET invited = 0 WHERE jid = ?", arguments: [jid])
    }

    /// The nodes and names noted of all devices.
    func things() throws -> [String: [(isNode: Bool, thing: String)]] {
        try Row.fetchAll(database, sql: "SELECT * FROM provisioningThing").reduce(into: [:]) {
            $0[$1["device"], default: []].append(($1["isNode"], $1["thing"]))
        }
    }

    func note(things: [(isNode: Bool, thing: String)], of device: String) throws {
        guard try self.device(device) != nil else { return }
        for (isNode, thing) in things {
            try database.execute(
                sql: "INSERT OR IGNORE INTO provisioningThing VALUES (?, ?, ?)", arguments: [device, isNode, thing])
        }
    }
}
