import Foundation
import GRDB
import ProvisioningModel

extension Ledger {
    // MARK: Rules

    /// The rules, by number; of one action alone if wanted.
    public func rules(_ action: Action? = nil) throws -> [Rule] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM provisioningRule WHERE removed = 0 AND (?1 IS NULL OR action = ?1) ORDER BY id",
            arguments: [action?.rawValue]
        ).compactMap { Self.rule($0) }
    }

    /// How many rules there are: counted as they come and go, since counting a million rows for each new one would take long.
    public func ruleCount() throws -> Int {
        try Int.fetchOne(database, sql: "SELECT value FROM provisioningCounter WHERE name = 'rules'") ?? 0
    }

    /// What has changed since a version: rules that are new, and the numbers of those that are gone.
    func ruleChanges(since version: Int64) throws -> (added: [Rule], removed: [Int64]) {
        var added: [Rule] = []
        var removed: [Int64] = []
        let rows = try Row.fetchCursor(
            database, sql: "SELECT * FROM provisioningRule WHERE version > ?", arguments: [version])
        while let row = try rows.next() {
            if row["removed"] {
                removed.append(row["id"])
            } else if let rule = Self.rule(row) {
                added.append(rule)
            }
        }
        return (added, removed)
    }

    /// Drops the marks of rules that are gone; only when no server runs on what it has read before.
    func forgetRemovedRules() throws { try database.execute(sql: "DELETE FROM provisioningRule WHERE removed") }

    static func rule(_ row: Row) -> Rule? {
        guard let action = Action(rawValue: row["action"]), let device = Party(row["device"] as String),
            let who = Subject(row["who"] as String)
        else { return nil }
        // A rule whose nodes cannot be read would be about all of them.
        let texts = Lines.list(row["nodes"])
        let nodes = texts.compactMap { NodePattern($0) }
        guard nodes.count == texts.count else { return nil }
        return Rule(
            id: row["id"], isAllowed: row["isAllowed"], action, device: device, who: who, nodes: nodes,
            names: Lines.list(row["names"]), isOnce: row["isOnce"])
    }

    /// Adds a rule, and has the caches of the devices cleared that it is about.
    ///
    /// - Returns: the rule with its number.
    /// - Throws: `.malformed` for one that could not be answered with, `.limit` when there are too many.
    @discardableResult
    public func addRule(_ rule: Rule) throws -> Rule {
        try Self.check(rule)
        let together =
            try Int.fetchOne(
                database,
                sql:
                    "SELECT count(*) FROM provisioningRule WHERE action = ? AND who = ? AND device = ? AND removed = 0",
                arguments: [rule.action.rawValue, rule.who.description, rule.device.description]) ?? 0
        guard together < ServerLimits.rulesTogether else {
            throw ProvisioningError(
                .limit,
                "there are \(together) rules of that kind for \(rule.who) on \(rule.device); one rule can name \(ServerLimits.rulePatterns) nodes"
            )
        }
        guard try ruleCount() < ServerLimits.rules else {
            throw ProvisioningError(.limit, "there are \(ServerLimits.rules) rules, which is the limit")
        }
        let version = try advance()
        let added = try insert(rule, version: version)
        try outdate(rule.device, version: version)
        try note(rule.isAllowed ? "rule added" : "denial added", added.sentence)
        return added
    }

    /// Writes a rule without counting the others: for many at once.
    func insert(_ rule: Rule, version: Int64) throws -> Rule {
        try database.execute(
            sql: """
                INSERT INTO provisioningRule (isAllowed, action, device, who, nodes, names, isOnce, createdAt, version)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                rule.isAllowed, rule.action.rawValue, rule.device.description, rule.who.description,
                Lines.text(rule.nodes.map(\.description)), Lines.text(rule.names), rule.isOnce, now, version,
            ])
        var rule = rule
        rule.id = database.lastInsertedRowID
        try database.execute(sql: "UPDATE provisioningCounter SET value = value + 1 WHERE name = 'rules'")
        return rule
    }

    private static func check(_ rule: Rule) throws {
        guard rule.nodes.count <= ServerLimits.rulePatterns, rule.names.count <= ServerLimits.rulePatterns else {
            throw ProvisioningError(
                .malformed, "a rule names at most \(ServerLimits.rulePatterns) nodes and as many names")
        }
        for name in rule.names where name.isEmpty || name.utf8.count > ServerLimits.nameBytes || !isOneLine(name) {
            throw ProvisioningError(.malformed, "\"\(name.prefix(64))\" is no name of a field or parameter")
        }
        for node in rule.nodes where !isOneLine(node.description) {
            throw ProvisioningError(.malformed, "\"\(node)\" is no pattern of nodes")
        }
        if rule.action == .friend, !(rule.nodes.isEmpty && rule.names.isEmpty) {
            throw ProvisioningError(.malformed, "friendship is with a whole device: no nodes and names were expected")
        }
    }

    static func isOneLine(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0.value != 0x85 }
    }

    /// Takes a rule away.
    public func removeRule(_ id: Int64, as word: String = "rule removed") throws {
        guard
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM provisioningRule WHERE id = ? AND removed = 0", arguments: [id])
        else {
            throw ProvisioningError(
                .notFound, "there is no rule \(id); `gatehouse-cloud provisioning rules list` lists them")
        }
        let version = try advance()
        try database.execute(
            sql: "UPDATE provisioningRule SET removed = 1, version = ? WHERE id = ?", arguments: [version, id])
        try database.execute(sql: "UPDATE provisioningCounter SET value = value - 1 WHERE name = 'rules'")
        if let rule = Self.rule(row) {
            try outdate(rule.device, version: version)
            try note(word, rule.sentence)
        }
    }

    /// Takes away the rules that were for one question, after it. What the device keeps of the answer is no longer true.
    func spend(_ ids: [Int64]) throws {
        for id in ids { try removeRule(id, as: "rule used up") }
    }

    // MARK: Friends

    /// Makes two friends, as far as the device's side goes, and recommends it to the device.
    public func befriend(_ who: String, device: String, recommends: Bool) throws {
        let who = try Self.address(who).text
        let device = try Self.address(device).text
        try removeFriendRules(who, device)
        try addRule(Rule(.friend, device: .address(device), who: .party(.address(who))))
        try database.execute(
            sql: "DELETE FROM provisioningPending WHERE action = 'friend' AND device = ? AND who = ?",
            arguments: [device, who])
        if recommends, try self.device(device) != nil { try notify(device, isFriend: true, who) }
    }

    /// Ends a friendship: the device is told when it has ever asked about friends (XEP-0324 3.2.3).
    public func unfriend(_ who: String, device: String) throws {
        let who = try Self.address(who).text
        let device = try Self.address(device).text
        guard try removeFriendRules(who, device) > 0 else {
            throw ProvisioningError(.notFound, "\(who) is no friend of \(device) by a rule of that pair")
        }
        if let known = try self.device(device), known.asksFriends { try notify(device, isFriend: false, who) }
    }

    @discardableResult
    private func removeFriendRules(_ who: String, _ device: String) throws -> Int {
        let ids = try Int64.fetchAll(
            database,
            sql: "SELECT id FROM provisioningRule WHERE action = 'friend' AND device = ? AND who = ? AND removed = 0",
            arguments: [device, who])
        for id in ids { try removeRule(id, as: "friend removed") }
        return ids.count
    }
}

extension Rule {
    /// The rule in words, for the audit trail and lists.
    public var sentence: String {
        var words = "\(who) \(isAllowed ? "may" : "may not") "
        words += action == .friend ? "be a friend of \(device)" : "\(action.rawValue) on \(device)"
        if !nodes.isEmpty { words += ", nodes \(nodes.map(\.description).joined(separator: " "))" }
        if !names.isEmpty { words += ", names \(names.joined(separator: ", "))" }
        if isOnce { words += ", once" }
        return id == 0 ? words : "#\(id): \(words)"
    }
}
