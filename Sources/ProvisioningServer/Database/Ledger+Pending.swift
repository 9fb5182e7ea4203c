import Foundation
import GRDB
import ProvisioningModel

/// A question that no rule answers, for a person.
public struct PendingRequest: Sendable, Hashable {
    /// What is asked for.
    public enum Kind: String, Sendable, Hashable {
        /// To be a friend of a device.
        case friend
        /// To read.
        case read
        /// To control.
        case control
        /// To use a service.
        case access
        /// To have one's questions answered: a device that came by itself.
        case device
    }

    /// Its number; negative for a device that waits to be let in.
    public let id: Int64
    /// What is asked for.
    public let kind: Kind
    /// The device that asks, or the service.
    public let device: String
    /// For whom.
    public let who: String
    /// On these nodes; none for all.
    public let nodes: [NodePattern]
    /// These names; none for all.
    public let names: [String]
    /// The certificates that the one has proved to hold.
    public let certificates: [String]
    /// When it was last asked.
    public let askedAt: Int64
    /// How often.
    public let count: Int
}

/// What a person says to a pending request.
public struct PendingAnswer: Sendable, Hashable {
    /// Whether it is allowed.
    public var isAllowed: Bool
    /// Whether for one question alone.
    public var isOnce: Bool
    /// Only on these nodes; nil for those asked for.
    public var nodes: [NodePattern]?
    /// Only these names; nil for those asked for.
    public var names: [String]?
    /// To whom; nil for the address that asked.
    public var who: Subject?

    /// An answer.
    public init(
        isAllowed: Bool, isOnce: Bool = false, nodes: [NodePattern]? = nil, names: [String]? = nil, who: Subject? = nil
    ) {
        self.isAllowed = isAllowed
        self.isOnce = isOnce
        self.nodes = nodes
        self.names = names
        self.who = who
    }
}

extension Ledger {
    /// All that waits for a person, the oldest first; devices before questions.
    public func pending() throws -> [PendingRequest] {
        let devices = try Row.fetchAll(
            database,
            sql:
                "SELECT rowid AS number, jid, firstSeen FROM provisioningDevice WHERE state = 'waiting' ORDER BY firstSeen, jid"
        ).map {
            PendingRequest(
                id: -($0["number"] as Int64), kind: .device, device: $0["jid"], who: $0["jid"], nodes: [], names: [],
                certificates: [], askedAt: $0["firstSeen"], count: 1)
        }
        return try devices
            + Row.fetchAll(database, sql: "SELECT * FROM provisioningPending ORDER BY id").compactMap(Self.pending)
    }

    private static func pending(_ row: Row) -> PendingRequest? {
        guard let kind = PendingRequest.Kind(rawValue: row["action"]) else { return nil }
        return PendingRequest(
            id: row["id"], kind: kind, device: row["device"], who: row["who"],
            nodes: Lines.list(row["nodes"]).compactMap { NodePattern($0) }, names: Lines.list(row["names"]),
            certificates: Lines.list(row["certificates"]), askedAt: row["askedAt"], count: row["count"])
    }

    /// Notes a question that no rule answers, or that it was asked again. What is past the limits is not noted: the asker
    /// has its denial, and asks again.
    func pend(
        _ kind: PendingRequest.Kind, device: String, who: String, nodes: [ProvisioningNode] = [], names: [String] = [],
        certificates: [String] = []
    ) throws {
        // A rule with all of them could not be made.
        guard nodes.count <= ServerLimits.rulePatterns, names.count <= ServerLimits.rulePatterns else { return }
        let paths = nodes.map(\.path)
        // What would mean another node, a pattern, or two lines can be allowed by a rule of a person's own making alone.
        for node in nodes where !node.isPath { return }
        for name in names where !Self.isOneLine(name) || name.isEmpty { return }
        var nodeText = Lines.text(paths)
        var nameText = Lines.text(names)
        var times = 1
        let earlier = try Row.fetchOne(
            database, sql: "SELECT * FROM provisioningPending WHERE action = ? AND device = ? AND who = ?",
            arguments: [kind.rawValue, device, who])
        if let earlier {
            // Nothing named is everything: it includes what was named before.
            let isWhole = { (old: String, new: [String]) in old.isEmpty || new.isEmpty }
            func merged(_ old: String, _ new: [String]) -> String {
                if isWhole(old, new) { return "" }
                let list = Lines.list(old)
                let both = list + new.filter { !list.contains($0) }
                return Lines.text(Array(both.prefix(ServerLimits.rulePatterns)))
            }
            nodeText = merged(earlier["nodes"], paths)
            nameText = merged(earlier["names"], names)
            times = (earlier["count"] as Int) + 1
            if nodeText == earlier["nodes"] as String, nameText == earlier["names"] as String {
                return try database.execute(
                    sql: "UPDATE provisioningPending SET certificates = ?, askedAt = ?, count = ? WHERE id = ?",
                    arguments: [Lines.text(certificates), now, times, earlier["id"] as Int64])
            }
        } else {
            let own =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM provisioningPending WHERE device = ?", arguments: [device])
                ?? 0
            guard own < ServerLimits.pendingOfDevice, try count("provisioningPending") < ServerLimits.pending else {
                return
            }
            try note("pending", "\(who) asks to \(kind.word) \(device)")
        }
        // More than before is another request: a person who has seen the earlier one has not seen this.
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO provisioningPending
                    (action, device, who, nodes, names, certificates, askedAt, count)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [kind.rawValue, device, who, nodeText, nameText, Lines.text(certificates), now, times])
    }

    /// Takes a person's answer: makes the rule of it, and has the device's cache cleared, which holds the denial.
    public func answer(_ id: Int64, _ answer: PendingAnswer) throws {
        guard let request = try pending().first(where: { $0.id == id }) else {
            throw ProvisioningError(
                .notFound, "nothing of number \(id) waits; `gatehouse-cloud provisioning pending` lists what does")
        }
        if [.device, .access].contains(request.kind) {
            // What these are given has neither parts nor an end, and nobody else has it.
            guard !answer.isOnce, answer.nodes == nil, answer.names == nil, answer.who == nil else {
                throw ProvisioningError(
                    .malformed,
                    "devices and a service's users are let in for good and by themselves, or not at all; leave --once, --node, --name and --to out"
                )
            }
        }
        switch request.kind {
        case .device: try answer.isAllowed ? admit(request.device) : refuse(request.device)
        case .access: try answerAccess(request, answer)
        case .friend, .read, .control: try answerQuestion(request, answer)
        }
        try database.execute(sql: "DELETE FROM provisioningPending WHERE id = ?", arguments: [id])
    }

    private func answerQuestion(_ request: PendingRequest, _ answer: PendingAnswer) throws {
        guard let action = Action(rawValue: request.kind.rawValue), let party = Party(request.who),
            let device = Party(request.device)
        else { throw ProvisioningError(.malformed, "the request \(request.id) cannot be read") }
        try note(
            "pending answered",
            "\(answer.isAllowed ? "allowed" : "denied") \(request.who) to \(request.kind.word) \(request.device)")
        try addRule(
            Rule(
                isAllowed: answer.isAllowed, action, device: device, who: answer.who ?? .party(party),
                nodes: answer.nodes ?? request.nodes, names: answer.names ?? request.names,
                isOnce: answer.isOnce && answer.isAllowed))
    }

    private func answerAccess(_ request: PendingRequest, _ answer: PendingAnswer) throws {
        guard let space = request.who.firstIndex(of: " "),
            let kind = AccessEntry.Kind(rawValue: String(request.who[..<space])),
            let entry = AccessEntry(
                isAllowed: answer.isAllowed, kind, String(request.who[request.who.index(after: space)...]))
        else { throw ProvisioningError(.malformed, "the request \(request.id) cannot be read") }
        try addEntry(entry, service: request.device)
    }
}

extension PendingRequest.Kind {
    /// The verb, for sentences.
    public var word: String {
        switch self {
        case .friend: "befriend"
        case .read: "read"
        case .control: "control"
        case .access: "use"
        case .device: "be served by"
        }
    }
}
