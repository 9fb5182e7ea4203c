// Questions a second to the provisioning server's rules, with 100,000 of them: from memory, and looked up in SQLite alone.
//
//     swift run -c release ProvisioningBench [SECONDS-A-ROW]
//
// The rules are those of a large building: 1,000 devices, each with a hundred rules for addresses, domains and
// certificates, on nodes and fields. The questions are of the sort that gateways ask: an address, a node, two fields; half
// of them have an answer. Both ways decide by the same code; they differ in where the rules come from.

import Foundation
import GRDB
import ProvisioningModel
import ProvisioningServer
import XMPP

let seconds = CommandLine.arguments.dropFirst().first.flatMap(Double.init) ?? 3
let folder = NSTemporaryDirectory() + "provisioning-bench-" + UUID().uuidString
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

func device(_ number: Int) -> String { "gateway\(number)@home.example" }
func reader(_ number: Int) -> String { "reader\(number)@other.example" }

// MARK: The rules

let begun = ContinuousClock.now
let database = try ProvisioningDatabase(directory: folder)
try database.change(by: "bench") { ledger in
    for number in 0..<1_000 {
        for other in 0..<100 {
            let who: Subject =
                switch other % 10 {
                case 8: .party(.domain("domain\(other).example"))
                case 9: .certificate(String(repeating: other < 50 ? "ab" : "cd", count: 31) + String(10 + other % 90))
                default: .party(.address(reader(other)))
                }
            let node = NodePattern("ble/A4C13800\(1_000 + other)")
            try ledger.addRule(
                Rule(
                    other % 5 == 0 ? .control : .read, device: .address(device(number)), who: who,
                    nodes: node.map { [$0] } ?? [], names: ["Temperature"]))
        }
    }
}
print("100,000 rules added one by one in one transaction: \(ContinuousClock.now - begun)")

let loading = ContinuousClock.now
var index = RuleIndex()
for rule in try database.read({ try $0.rules() }) { index.insert(rule) }
print("read into memory: \(ContinuousClock.now - loading), \(index.count) rules")

// MARK: The questions

func address(_ text: String) throws -> JID {
    guard let jid = JID(text) else { throw ProvisioningError(.malformed, "\(text) is no address") }
    return jid
}

let questions = try (0..<4_096).map { number in
    let other = (number * 7) % 100
    return ReadQuestion(
        jid: try address(reader(other)),
        types: .momentary,
        nodes: [ProvisioningNode(nodeID: "A4C13800\(1_000 + other)", sourceID: "MeteringTopology", cacheType: "ble")],
        fields: ["Temperature", "Humidity"])
}
let asked = questions.enumerated().map { number, question in
    Question(
        .read, device: device(number * 13 % 1_000), who: question.jid.description, nodes: question.nodes,
        names: question.fields)
}
let payloads = questions.map(\.element)
func measure(_ name: String, _ body: (Int) throws -> Bool) rethrows {
    var count = 0
    var granted = 0
    let begun = ContinuousClock.now
    let end = begun + .seconds(seconds)
    while ContinuousClock.now < end {
        for _ in 0..<64 {
            if try body(count % asked.count) { granted += 1 }
            count += 1
        }
    }
    let passed = (ContinuousClock.now - begun) / .seconds(1)
    let rate = Double(count) / passed
    print(
        String(
            format: "%-64@ %12.0f /s %10.2f µs  (%.0f %% granted)", name as NSString, rate, 1e6 / rate,
            100 * Double(granted) / Double(count)))
}

measure("decided from memory") { index.decide(asked[$0]).grant != nil }

measure("the same from a payload's element to the answer's bytes") { number in
    guard let question = try? ReadQuestion(payloads[number]) else { return false }
    let ruling = index.decide(
        Question(
            .read, device: asked[number].device, who: question.jid.description, nodes: question.nodes,
            names: question.fields))
    let answer =
        ruling.grant.map { ReadAnswer(to: question, nodes: $0.nodes ?? [], fields: $0.names ?? []) }
        ?? .denied(question)
    return answer.element.bytes().count > 0 && ruling.grant != nil
}

// MARK: SQLite alone

let queue = try DatabaseQueue(path: folder + "/cloud.sqlite")

/// The rules that a question can meet, by the index on action, who and device: what the memory's index finds.
func found(_ question: Question, _ database: Database) throws -> RuleIndex {
    let statement = try database.cachedStatement(
        sql: """
            SELECT id, isAllowed, device, who, nodes, names, isOnce FROM provisioningRule
            WHERE action = ? AND who IN (?, ?, '*') AND device IN (?, ?, '*') AND removed = 0
            """)
    let whoDomain = question.who.split(separator: "@").last.map(String.init) ?? ""
    let deviceDomain = question.device.split(separator: "@").last.map(String.init) ?? ""
    var rules = RuleIndex()
    let rows = try Row.fetchCursor(
        statement,
        arguments: [question.action.rawValue, question.who, whoDomain, question.device, deviceDomain])
    while let row = try rows.next() {
        guard let device = Party(row["device"] as String), let who = Subject(row["who"] as String) else { continue }
        rules.insert(
            Rule(
                id: row["id"], isAllowed: row["isAllowed"], question.action, device: device, who: who,
                nodes: (row["nodes"] as String).split(separator: "\n").compactMap { NodePattern(String($0)) },
                names: (row["names"] as String).split(separator: "\n").map(String.init), isOnce: row["isOnce"]))
    }
    return rules
}

try measure("looked up in SQLite (cached statement), then decided") { number in
    try queue.read { try found(asked[number], $0).decide(asked[number]).grant != nil }
}

// Both ways say the same.
let differing = try queue.read { database in
    try asked.filter { try found($0, database).decide($0).grant != index.decide($0).grant }.count
}
print("questions on which the two ways differ: \(differing) of \(asked.count)")
precondition(differing == 0)
