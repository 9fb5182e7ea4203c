import Access
import OneLoop
import Testing

private let relay = NodeReference(nodeID: "relay1", sourceID: "MeteringTopology", cacheType: "gpio")
private let sensor = NodeReference(nodeID: "A4C1388D18B2", sourceID: "MeteringTopology", cacheType: "ble")

@Suite("Who may do what, by a list")
@Loop
struct AccessListTests {
    private func list() -> AccessList {
        AccessList([
            AccessRule(who: "Alice@Example.org", right: .control),
            AccessRule(
                who: "bob@example.org", right: .read, nodes: [NodeReference(nodeID: "A4C1388D18B2")],
                names: ["Temperature", "Humidity"]),
            AccessRule(who: "bob@example.org", right: .control, nodes: [NodeReference(nodeID: "relay1")]),
            AccessRule(who: "friends.example", right: .befriend),
        ])
    }

    @Test(
        "Rights include those before them, and a rule is about an address, a domain or everybody",
        arguments: [
            ("alice@example.org", AccessQuestion.Action.read(.all), true), ("alice@example.org", .control, true),
            ("alice@example.org", .administer, false), ("carol@friends.example", .befriend, true),
            ("carol@friends.example", .read(.all), false), ("friends.example", .befriend, true),
            ("mallory@example.org", .befriend, false), ("x@alice@example.org", .read(.all), false),
        ])
    func rights(_ who: String, _ action: AccessQuestion.Action, _ expected: Bool) async {
        let answer = await list().answer(AccessQuestion(who: who, action: action))
        #expect((answer.grant != nil) == expected)
    }

    @Test("Names are restricted on the nodes of their rule, and rules add up")
    func whitelists() async throws {
        let answer = await list().answer(AccessQuestion(who: "bob@example.org", action: .read(.all)))
        let grant = try #require(answer.grant)
        func allows(_ node: NodeReference, _ name: String) -> Bool {
            grant.allows("bob@example.org", to: .read(.all), node, name)
        }
        #expect(allows(sensor, "Temperature"))
        #expect(!allows(sensor, "Signal"))
        #expect(allows(relay, "Output"))
        #expect(!grant.isUnrestricted)
        let refused = await list().answer(
            AccessQuestion(who: "bob@example.org", action: .control, nodes: [sensor]))
        #expect(refused.grant.map { $0.allows("bob@example.org", to: .control, sensor) } == false)
    }

    @Test("A question about names that no rule has is denied")
    func names() async {
        let only = AccessList([AccessRule(who: "*", right: .read, names: ["Temperature"])])
        let answer = await only.answer(AccessQuestion(who: "a@b.c", action: .read(.all), names: ["Signal"]))
        #expect(answer.grant == nil)
    }

    @Test("The owner may do everything")
    func owner() async {
        let list = list()
        list.owner = "Dora@example.org"
        let answer = await list.answer(AccessQuestion(who: "dora@example.org", action: .administer))
        #expect(answer.grant?.isUnrestricted == true)
    }
}

@Suite("Answers")
struct AnswerTests {
    private let question = AccessQuestion(who: "bob@example.org", action: .read(.all))

    @Test("Of several answers the most forgiving counts; a name one allows on a node another allows is not both")
    func union() throws {
        let one = AccessGrant(question, .init(nodes: [NodeReference(nodeID: "relay1")], names: ["Output"]))
        let two = AccessGrant(question, .init(nodes: [NodeReference(nodeID: "A4C1388D18B2")], names: ["Temperature"]))
        let sum = try #require(
            AccessAnswer.union([.denied("no"), .granted(one), .unanswered("late"), .granted(two)]).grant)
        #expect(sum.allows("bob@example.org", to: .read(.all), relay, "Output"))
        #expect(sum.allows("bob@example.org", to: .read(.all), sensor, "Temperature"))
        #expect(!sum.allows("bob@example.org", to: .read(.all), relay, "Temperature"))
    }

    @Test("A grant is of no use to another one, for another thing to do, on a node or name that was not asked about")
    func bound() throws {
        let grant = AccessGrant(
            AccessQuestion(
                who: "bob@example.org", action: .read(ReadingKinds(rawValue: 3)),
                nodes: [NodeReference(nodeID: sensor.nodeID)], names: ["Temperature"]))
        func allows(
            _ who: String = "bob@example.org", _ action: AccessQuestion.Action = .read(ReadingKinds(rawValue: 1)),
            _ node: NodeReference = sensor, _ name: String = "Temperature"
        ) -> Bool { grant.allows(who, to: action, node, name) }
        #expect(grant.isUnrestricted)
        #expect(allows())
        #expect(!allows("eve@example.org"))
        #expect(!allows("bob@example.org", .control))
        #expect(!allows("bob@example.org", .administer))
        #expect(!allows("bob@example.org", .read(ReadingKinds(rawValue: 4))))
        #expect(!allows("bob@example.org", .read(.all), relay))
        #expect(!allows("bob@example.org", .read(.all), sensor, "Humidity"))
        #expect(grant.allows("bob@example.org", to: .read(.all), sensor))
        #expect(!grant.allows("bob@example.org", to: .read(.all), relay))
        #expect(!grant.allows("eve@example.org", to: .read(.all), sensor))
        #expect(!grant.allows("bob@example.org", to: .befriend))
        #expect(
            AccessGrant(AccessQuestion(who: "bob@example.org", action: .befriend)).allows(
                "bob@example.org", to: .befriend))
    }

    @Test("What was granted to one question is not added to the answer to another")
    func otherQuestion() throws {
        let eve = AccessQuestion(who: "eve@example.org", action: .read(.all))
        let own = AccessGrant(eve, .init(names: ["Temperature"]))
        let sum = try #require(AccessAnswer.union([.granted(own), .granted(AccessGrant(question))]).grant)
        #expect(sum == own)
        #expect(!sum.allows("bob@example.org", to: .read(.all), sensor, "Temperature"))
    }

    @Test("An answer is narrowed to a part of its question, and says nothing to any other")
    func narrowed() throws {
        let wide = AccessQuestion(who: "bob@example.org", action: .read(ReadingKinds(rawValue: 3)), names: ["A", "B"])
        let answer = AccessAnswer.granted(AccessGrant(wide, .init(names: ["A"])))
        func narrow(_ change: (inout AccessQuestion) -> Void) -> AccessGrant? {
            var part = wide
            change(&part)
            return answer.narrowed(to: part).grant
        }
        let part = try #require(
            narrow {
                $0.nodes = [sensor]; $0.names = ["A"]
            })
        #expect(part.allows("bob@example.org", to: .read(ReadingKinds(rawValue: 1)), sensor, "A"))
        #expect(!part.allows("bob@example.org", to: .read(ReadingKinds(rawValue: 1)), relay, "A"))
        #expect(narrow { $0.tokens.user = ["T"] } != nil)
        #expect(narrow { $0.who = "eve@example.org" } == nil)
        #expect(narrow { $0.action = .control } == nil)
        #expect(narrow { $0.names = nil } == nil)
        #expect(narrow { $0.names = ["A", "C"] } == nil)
        #expect(narrow { $0.action = .read(ReadingKinds(rawValue: 4)) } == nil)
        // Of kinds that were only partly asked about, those alone.
        let kinds = try #require(narrow { $0.action = .read(ReadingKinds(rawValue: 6)) })
        #expect(kinds.allows("bob@example.org", to: .read(ReadingKinds(rawValue: 2)), sensor, "A"))
        #expect(!kinds.allows("bob@example.org", to: .read(ReadingKinds(rawValue: 4)), sensor, "A"))
        var withTokens = wide
        withTokens.tokens.user = ["T"]
        #expect(AccessAnswer.granted(AccessGrant(withTokens)).narrowed(to: wide).grant == nil)
        // The order of tokens means nothing: who asks the same meanwhile waits for the same answer.
        withTokens.tokens.user = ["T", "U"]
        var reordered = withTokens
        reordered.tokens.user = ["U", "T"]
        #expect(AccessAnswer.granted(AccessGrant(withTokens)).narrowed(to: reordered).grant?.question == reordered)
        reordered.tokens.user = ["U"]
        #expect(AccessAnswer.granted(AccessGrant(withTokens)).narrowed(to: reordered).grant == nil)
        #expect(AccessAnswer.denied("no").narrowed(to: question) == .denied("no"))
    }

    @Test("A denial outweighs silence, and silence of all is no answer")
    func silence() {
        #expect(AccessAnswer.union([.unanswered("late"), .denied("no")]) == .denied("no"))
        #expect(AccessAnswer.union([.unanswered("late")]) == .unanswered("late"))
        #expect(AccessAnswer.union([]).grant == nil)
    }

    @Test("Kinds narrow a grant")
    func kinds() {
        let grant = AccessGrant(question, .init(kinds: ReadingKinds(rawValue: 1)))
        #expect(grant.allows("bob@example.org", to: .read(ReadingKinds(rawValue: 3)), sensor, "Temperature"))
        #expect(!grant.allows("bob@example.org", to: .read(ReadingKinds(rawValue: 4)), sensor, "Temperature"))
    }

    @Test("A reference leaves parts out for any, and an empty one is left out")
    func references() {
        #expect(NodeReference(nodeID: "relay1", sourceID: "", cacheType: "").matches(relay))
        #expect(!NodeReference(nodeID: "relay1", cacheType: "ble").matches(relay))
        #expect(!NodeReference(nodeID: "relay1", sourceID: "Other").matches(relay))
    }
}
