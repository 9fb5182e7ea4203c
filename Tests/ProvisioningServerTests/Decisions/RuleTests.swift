import ProvisioningModel
import Testing

@testable import ProvisioningServer

/// Rules and questions in short: what people write on the command line.
private func rule(
    _ id: Int64, _ word: String, _ action: Action, _ who: String, on device: String = "*", nodes: [String] = [],
    names: [String] = [], once: Bool = false
) throws -> Rule {
    Rule(
        id: id, isAllowed: word == "allow", action, device: try #require(Party(device)),
        who: try #require(Subject(who)),
        nodes: try nodes.map { try #require(NodePattern($0)) }, names: names, isOnce: once)
}

private func node(_ text: String) -> ProvisioningNode {
    let parts = text.split(separator: "/").map(String.init)
    return ProvisioningNode(
        nodeID: parts[parts.count - 1], sourceID: parts.count > 2 ? parts[0] : nil,
        cacheType: parts.count > 1 ? parts[parts.count - 2] : nil)
}

private let gateway = "gateway@home.example"
private let reader = "reader@home.example"
private let certificate = String(repeating: "ab", count: 32)
private let other = String(repeating: "cd", count: 32)

/// One line of the table: a question, and what is to come of it.
struct RuleCase: Sendable, CustomTestStringConvertible {
    let name: String
    let rules: [Rule]
    var who = reader
    var certificates: [String] = []
    var users: [String] = []
    var nodes: [String] = []
    var names: [String] = []
    var known = KnownThings()
    /// Nil for no.
    let answer: Grant?
    var isUndecided = false

    var testDescription: String { name }
}

private func cases() throws -> [RuleCase] {
    let tag = "ble/A4C1388D18B2"
    let all = Grant()
    func nodes(_ texts: String...) -> Grant { Grant(nodes: texts.map(node)) }
    func names(_ texts: String...) -> Grant { Grant(names: texts) }
    return [
        RuleCase(name: "no rule", rules: [], answer: nil, isUndecided: true),
        RuleCase(name: "everything", rules: [try rule(1, "allow", .read, reader)], answer: all),
        RuleCase(
            name: "another action", rules: [try rule(1, "allow", .control, reader)], answer: nil, isUndecided: true),
        RuleCase(
            name: "another device", rules: [try rule(1, "allow", .read, reader, on: "other@home.example")], answer: nil,
            isUndecided: true),
        RuleCase(
            name: "devices of the domain", rules: [try rule(1, "allow", .read, reader, on: "home.example")], answer: all
        ),
        RuleCase(name: "everybody of a domain", rules: [try rule(1, "allow", .read, "home.example")], answer: all),
        RuleCase(
            name: "a domain's end is not the domain", rules: [try rule(1, "allow", .read, "example")], answer: nil,
            isUndecided: true),
        RuleCase(name: "everybody", rules: [try rule(1, "allow", .read, "*")], answer: all),
        RuleCase(
            name: "a component is its domain", rules: [try rule(1, "allow", .read, "things.example")],
            who: "things.example", answer: all),
        // Nodes.
        RuleCase(
            name: "one of two nodes", rules: [try rule(1, "allow", .read, reader, nodes: [tag])],
            nodes: [tag, "ble/B0"], answer: nodes(tag)),
        RuleCase(
            name: "both nodes need no list", rules: [try rule(1, "allow", .read, reader, nodes: [tag, "ble/B0"])],
            nodes: [tag, "ble/B0"], answer: all),
        RuleCase(
            name: "none of the nodes is no", rules: [try rule(1, "allow", .read, reader, nodes: [tag])],
            nodes: ["ble/B0"], answer: nil, isUndecided: true),
        RuleCase(
            name: "no node asked for is the rule's", rules: [try rule(1, "allow", .read, reader, nodes: [tag])],
            answer: nodes(tag)),
        RuleCase(
            name: "a node that is known by more of its name is listed once",
            rules: [try rule(1, "allow", .read, reader, nodes: [tag])],
            known: KnownThings(nodes: [node("MeteringTopology/" + tag)]), answer: nodes(tag)),
        RuleCase(
            name: "a pattern",
            rules: [try rule(1, "allow", .control, reader, nodes: ["gpio/*"])].map {
                var rule = $0
                rule.action = .read
                return rule
            }, nodes: ["gpio/relay1", tag], answer: nodes("gpio/relay1")),
        RuleCase(
            name: "a pattern without known nodes cannot be listed",
            rules: [try rule(1, "allow", .read, reader, nodes: ["ble/*"])], answer: nil, isUndecided: true),
        RuleCase(
            name: "a pattern lists the nodes that were seen",
            rules: [try rule(1, "allow", .read, reader, nodes: ["ble/*"])],
            known: KnownThings(nodes: [node(tag), node("gpio/relay1")]), answer: nodes(tag)),
        RuleCase(
            name: "an ambiguous node is narrowed to what is allowed",
            rules: [try rule(1, "allow", .read, reader, nodes: [tag])], nodes: ["A4C1388D18B2"], answer: nodes(tag)),
        RuleCase(
            name: "a narrow node is within a wide rule",
            rules: [try rule(1, "allow", .read, reader, nodes: ["A4C1388D18B2"])], nodes: [tag], answer: all),
        RuleCase(
            name: "an ambiguous node touches a denial",
            rules: [
                try rule(1, "allow", .read, reader), try rule(2, "deny", .read, reader, nodes: ["gpio/relay1"]),
            ], nodes: ["relay1"], answer: nil),
        RuleCase(
            name: "all but one: what is asked for",
            rules: [
                try rule(1, "allow", .read, reader), try rule(2, "deny", .read, reader, nodes: ["gpio/door1"]),
            ], nodes: ["gpio/door1", "gpio/relay1"], answer: nodes("gpio/relay1")),
        RuleCase(
            name: "all but one: only what is known can be listed",
            rules: [
                try rule(1, "allow", .read, reader), try rule(2, "deny", .read, reader, nodes: ["gpio/door1"]),
            ], known: KnownThings(nodes: [node("gpio/relay1"), node("gpio/door1")]), answer: nodes("gpio/relay1")),
        RuleCase(
            name: "all but a pattern leaks no unknown node",
            rules: [
                try rule(1, "allow", .read, reader), try rule(2, "deny", .read, reader, nodes: ["ble/*"]),
            ], known: KnownThings(nodes: [node("gpio/relay1")]), answer: nodes("gpio/relay1")),
        // Names.
        RuleCase(
            name: "one of two fields", rules: [try rule(1, "allow", .read, reader, names: ["Temperature"])],
            names: ["Temperature", "Humidity"], answer: names("Temperature")),
        RuleCase(
            name: "no field asked for is the rule's",
            rules: [try rule(1, "allow", .read, reader, names: ["Temperature", "Humidity"])],
            answer: names("Humidity", "Temperature")),
        RuleCase(
            name: "one node and one field",
            rules: [try rule(1, "allow", .read, reader, nodes: [tag], names: ["Temperature"])],
            answer: Grant(nodes: [node(tag)], names: ["Temperature"])),
        RuleCase(
            name: "different fields on two nodes: never the product",
            rules: [
                try rule(1, "allow", .read, reader, nodes: ["A"], names: ["x"]),
                try rule(2, "allow", .read, reader, nodes: ["B"], names: ["y", "z"]),
            ], nodes: ["A", "B"], names: ["x", "y", "z"], answer: Grant(nodes: [node("B")], names: ["y", "z"])),
        RuleCase(
            name: "what two nodes have in common, when it is more",
            rules: [
                try rule(1, "allow", .read, reader, nodes: ["A"], names: ["x", "y"]),
                try rule(2, "allow", .read, reader, nodes: ["B"], names: ["y", "x"]),
                try rule(3, "allow", .read, reader, nodes: ["B"], names: ["z"]),
            ], nodes: ["A", "B"], names: ["x", "y", "z"],
            answer: Grant(names: ["x", "y"])),
        // What counts more.
        RuleCase(
            name: "the address counts more than its domain",
            rules: [try rule(1, "allow", .read, "home.example"), try rule(2, "deny", .read, reader)], answer: nil),
        RuleCase(
            name: "and the other way round",
            rules: [try rule(1, "deny", .read, "home.example"), try rule(2, "allow", .read, reader)], answer: all),
        RuleCase(
            name: "between equals the denial",
            rules: [try rule(1, "allow", .read, reader), try rule(2, "deny", .read, reader)], answer: nil),
        RuleCase(
            name: "the node counts more than all",
            rules: [try rule(1, "deny", .read, reader), try rule(2, "allow", .read, reader, nodes: [tag])],
            nodes: [tag, "ble/B0"], answer: nodes(tag)),
        RuleCase(
            name: "the device counts more than all devices",
            rules: [try rule(1, "deny", .read, reader), try rule(2, "allow", .read, reader, on: gateway)], answer: all),
        // Tokens: the most forgiving.
        RuleCase(
            name: "a certificate's rule without its proof",
            rules: [try rule(1, "allow", .read, "certificate:\(certificate)")], answer: nil, isUndecided: true),
        RuleCase(
            name: "a certificate", rules: [try rule(1, "allow", .read, "certificate:\(certificate)")],
            certificates: [certificate], answer: all),
        RuleCase(
            name: "a certificate forgives what the address is denied",
            rules: [
                try rule(1, "deny", .read, reader),
                try rule(2, "allow", .read, "certificate:\(certificate)", names: ["Temperature"]),
            ], certificates: [certificate], answer: names("Temperature")),
        RuleCase(
            name: "the most forgiving of two tokens",
            rules: [
                try rule(1, "deny", .read, "certificate:\(certificate)"),
                try rule(2, "allow", .read, "certificate:\(other)"),
            ], certificates: [certificate, other], answer: all),
        RuleCase(
            name: "a user", rules: [try rule(1, "allow", .read, "user:Kermit")], users: ["Kermit"], answer: all),
        RuleCase(
            name: "another user", rules: [try rule(1, "allow", .read, "user:Kermit")], users: ["Gonzo"], answer: nil,
            isUndecided: true),
    ]
}

@Suite("Rules")
struct RuleTests {
    @Test("Questions and what comes of them", arguments: try cases())
    func decisions(_ example: RuleCase) {
        var index = RuleIndex()
        for rule in example.rules { index.insert(rule) }
        let question = Question(
            .read, device: gateway, who: example.who, certificates: example.certificates, users: example.users,
            nodes: example.nodes.map(node), names: example.names)
        let ruling = index.decide(question, known: example.known)
        #expect(ruling.grant == example.answer)
        #expect(ruling.isUndecided == example.isUndecided)
    }

    @Test("Whatever is granted, the rules allow: a million cells of random rules and questions")
    func neverTooMuch() throws {
        var random = Random(seed: 324)
        let ids = ["A", "B", "C", "D"], caches = ["ble", "gpio"], names = ["x", "y", "z"]
        var cells = 0
        for _ in 0..<4_000 {
            var index = RuleIndex()
            var rules: [Rule] = []
            for id in 1...Int64(random.below(6) + 1) {
                let nodes = (0..<random.below(3)).compactMap { _ in
                    NodePattern(
                        [
                            caches[random.below(2)] + "/" + ids[random.below(4)], ids[random.below(4)],
                            caches[random.below(2)] + "/*",
                        ][
                            random.below(3)])
                }
                let rule = Rule(
                    id: id, isAllowed: random.below(3) > 0, .read,
                    device: [.anybody, .address(gateway)][random.below(2)],
                    who: [
                        .party(.anybody), .party(.domain("home.example")), .party(.address(reader)),
                        .certificate(certificate),
                    ][
                        random.below(4)], nodes: nodes, names: (0..<random.below(3)).map { _ in names[random.below(3)] }
                )
                rules.append(rule)
                index.insert(rule)
            }
            var question = Question(
                .read, device: gateway, who: reader, certificates: random.below(2) == 0 ? [] : [certificate])
            question.nodes = (0..<random.below(4)).map { _ in
                ProvisioningNode(
                    nodeID: ids[random.below(4)], cacheType: random.below(2) == 0 ? nil : caches[random.below(2)])
            }
            question.names = (0..<random.below(3)).map { _ in names[random.below(3)] }
            let everything = caches.flatMap { cache in
                ids.map { ProvisioningNode(nodeID: $0, sourceID: "S", cacheType: cache) }
            }
            let known = KnownThings(
                nodes: Set(everything.prefix(random.below(9))), names: Set(names.prefix(random.below(4))))
            guard let grant = index.decide(question, known: known).grant else { continue }
            // A device reads the answer so: every real node that a listed one can mean, and every listed name.
            for node in everything + [ProvisioningNode(nodeID: "unseen", sourceID: "S", cacheType: "ble")] {
                let isAsked = question.nodes.isEmpty || question.nodes.contains { $0.covers(node) }
                guard isAsked, grant.nodes.map({ $0.contains { $0.covers(node) } }) ?? true else { continue }
                for name in names + ["unseen"] {
                    guard question.names.isEmpty || question.names.contains(name), grant.names?.contains(name) ?? true
                    else { continue }
                    cells += 1
                    #expect(
                        oracle(rules, question, node, name),
                        "\(rules.map(\.sentence)) \(question) \(node) \(name) \(grant)")
                }
            }
        }
        #expect(cells > 10_000)
    }

    /// The rule as the documentation says it, for one real node and one name, without any of the index's ways.
    private func oracle(_ rules: [Rule], _ question: Question, _ node: ProvisioningNode, _ name: String) -> Bool {
        func best(_ rules: [Rule]) -> Bool {
            let meant = rules.filter { rule in
                (rule.nodes.isEmpty || rule.nodes.contains { $0.covers(node) })
                    && (rule.names.isEmpty || rule.names.contains(name))
            }
            func place(_ rule: Rule) -> [Int] {
                let who = if case .party(let party) = rule.who { party.rank } else { 2 }
                let reach = rule.nodes.isEmpty ? 0 : rule.nodes.contains { $0.covers(node) && $0.isExact } ? 2 : 1
                return [who, rule.device.rank, reach, rule.names.isEmpty ? 0 : 1, rule.isAllowed ? 0 : 1]
            }
            return meant.max { place($0).lexicographicallyPrecedes(place($1)) }?.isAllowed ?? false
        }
        let byAddress = rules.filter { if case .party = $0.who { true } else { false } }
        let byCertificate = rules.filter {
            if case .certificate(let hex) = $0.who { question.certificates.contains(hex) } else { false }
        }
        return best(byAddress) || best(byCertificate)
    }

    @Test("Many nodes that each lack another name are decided at once")
    func manyKinds() throws {
        var index = RuleIndex()
        index.insert(try rule(1, "allow", .read, reader))
        for id in 2...Int64(16) {
            index.insert(try rule(id, "deny", .read, reader, nodes: ["node\(id)"], names: ["name\(id)"]))
        }
        let ids = (2...16).map { "node\($0)" }
        let question = Question(
            .read, device: gateway, who: reader, nodes: (ids + ["free"]).map(node), names: (2...16).map { "name\($0)" })
        let started = ContinuousClock.now
        let grant = try #require(index.decide(question).grant)
        #expect(ContinuousClock.now - started < .seconds(5))
        for node in grant.nodes ?? question.nodes {
            let lacking = "name\(node.nodeID.dropFirst(4))"
            #expect(!(grant.names ?? question.names).contains(lacking))
        }
    }

    @Test("No more names are listed than a device reads")
    func manyNames() throws {
        var index = RuleIndex()
        index.insert(try rule(1, "allow", .read, reader))
        index.insert(try rule(2, "deny", .read, reader, names: ["a secret"]))
        let known = KnownThings(names: Set((0..<1_000).map { "name\($0)" }))
        let names = try #require(index.decide(Question(.read, device: gateway, who: reader), known: known).grant?.names)
        #expect(names.count == ProvisioningLimits.names && !names.contains("a secret"))
    }

    @Test("Friends: the pair, the domain, everybody; from the other side the pair alone")
    func friends() throws {
        var index = RuleIndex()
        index.insert(try rule(1, "allow", .friend, reader, on: gateway))
        index.insert(try rule(2, "allow", .friend, "friendly.example"))
        index.insert(try rule(3, "deny", .friend, "bad@friendly.example"))
        func decide(_ who: String, _ device: String = gateway) -> Ruling {
            index.decide(Question(.friend, device: device, who: who))
        }
        #expect(decide(reader).grant == Grant())
        #expect(decide("anybody@friendly.example").grant == Grant())
        #expect(decide("bad@friendly.example").grant == nil)
        #expect(!decide("bad@friendly.example").isUndecided)
        #expect(decide("stranger@elsewhere.example").isUndecided)
        #expect(decide(gateway, reader).isUndecided)
        #expect(index.pairs(.friend, device: gateway, who: reader))
        #expect(!index.pairs(.friend, device: gateway, who: "anybody@friendly.example"))
    }

    @Test("Once: the rule says that it is spent")
    func once() throws {
        var index = RuleIndex()
        index.insert(
            try rule(7, "allow", .control, reader, on: gateway, nodes: ["gpio/relay1"], names: ["Output"], once: true))
        let question = Question(.control, device: gateway, who: reader, nodes: [node("gpio/relay1")], names: ["Output"])
        let ruling = index.decide(question)
        #expect(ruling.grant == Grant())
        #expect(ruling.spent == [7])
        let isRemoved = index.remove(7)
        let isRemovedAgain = index.remove(7)
        #expect(isRemoved && !isRemovedAgain)
        #expect(index.decide(question).isUndecided)
        #expect(index.count == 0)
    }

    @Test("A rule for one question is spent by what is answered, not by what is looked at or left out")
    func onceIsSpent() throws {
        func spent(_ rules: [Rule], _ nodes: [String], _ names: [String], _ certificates: [String] = []) -> [Int64] {
            var index = RuleIndex()
            for rule in rules { index.insert(rule) }
            let ruling = index.decide(
                Question(
                    .read, device: gateway, who: reader, certificates: certificates, nodes: nodes.map(node),
                    names: names))
            return ruling.spent
        }
        // Two names on one node for good, another node's one name once: the block is the first node's alone.
        let block = [
            try rule(1, "allow", .read, reader, nodes: ["ble/a"], names: ["T", "H"]),
            try rule(2, "allow", .read, reader, nodes: ["ble/b"], names: ["P"], once: true),
        ]
        #expect(spent(block, ["ble/a", "ble/b"], ["T", "H", "P"]) == [])
        #expect(spent(block, ["ble/b"], ["P"]) == [2])
        // Of two that allow the same the one that stays is used.
        let both = [
            try rule(1, "allow", .read, reader, once: true), try rule(2, "allow", .read, reader),
        ]
        #expect(spent(both, ["ble/a"], ["T"]) == [])
        #expect(spent(both.reversed(), ["ble/a"], ["T"]) == [])
        // Also when that is about another who the question brings along.
        let hex = String(repeating: "ab", count: 32)
        let token = [
            try rule(1, "allow", .read, reader, once: true), try rule(2, "allow", .read, "certificate:\(hex)"),
        ]
        #expect(spent(token, ["ble/a"], ["T"], [hex]) == [])
        #expect(spent(token, ["ble/a"], ["T"]) == [1])
        // Nothing is allowed, and nothing is spent.
        let denied = [
            try rule(1, "allow", .read, reader, nodes: ["ble/a"], once: true),
            try rule(2, "deny", .read, reader, on: gateway),
        ]
        #expect(spent(denied, ["ble/a"], ["T"]) == [])
    }

    @Test("A friendship for good is not taken from one that serves once")
    func onceAmongFriends() throws {
        for ids in [(1, 2), (2, 1)] as [(Int64, Int64)] {
            var index = RuleIndex()
            index.insert(try rule(ids.0, "allow", .friend, reader, on: gateway, once: true))
            index.insert(try rule(ids.1, "allow", .friend, reader, on: gateway))
            let ruling = index.decide(Question(.friend, device: gateway, who: reader))
            #expect(ruling.grant == Grant() && ruling.spent.isEmpty)
        }
    }

    @Test(
        "What people write",
        arguments: [
            ("*", "*"), ("Home.Example", "home.example"), ("Reader@Home.example/res", "reader@home.example"),
            (
                "certificate:" + String(repeating: "AB:", count: 31) + "AB",
                "certificate:" + String(repeating: "ab", count: 32)
            ),
            ("user:Kermit", "user:Kermit"), ("", nil),
            ("certificate:" + String(repeating: "\u{FF11}", count: 16) + "0123456789abcdef", nil),
            ("certificate:12", nil), ("user:", nil), ("a@b@c", nil),
        ] as [(String, String?)])
    func subjects(_ text: String, _ expected: String?) { #expect(Subject(text)?.description == expected) }

    @Test(
        "Patterns of nodes",
        arguments: [
            ("relay1", "relay1"), ("gpio/relay1", "gpio/relay1"), ("gpio/*", "gpio/*"), ("ble/A4C1*", "ble/A4C1*"),
            ("MeteringTopology/ble/X", "MeteringTopology/ble/X"), ("M/*/X", "M/*/X"), ("*", "*"),
            ("a/b/c/d", "a/b/c/d"), ("", nil),
            ("/x", nil), ("x/", nil), (String(repeating: "x", count: 257), nil),
        ] as [(String, String?)])
    func patterns(_ text: String, _ expected: String?) { #expect(NodePattern(text)?.description == expected) }
}

/// The same numbers on each run (SplitMix64).
struct Random {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
