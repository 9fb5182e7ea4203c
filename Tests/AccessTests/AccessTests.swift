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
        #expect(grant.allows(sensor, "Temperature"))
        #expect(!grant.allows(sensor, "Signal"))
        #expect(grant.allows(relay, "Output"))
        #expect(!grant.isUnrestricted)
        let refused = await list().answer(
            AccessQuestion(who: "bob@example.org", action: .control, nodes: [sensor]))
        #expect(refused.grant.map { $0.allows(sensor) } == false)
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
    @Test("Of several answers the most forgiving counts; a name one allows on a node another allows is not both")
    func union() throws {
        let one = AccessGrant(.init(nodes: [NodeReference(nodeID: "relay1")], names: ["Output"]))
        let two = AccessGrant(.init(nodes: [NodeReference(nodeID: "A4C1388D18B2")], names: ["Temperature"]))
        let sum = try #require(
            AccessAnswer.union([.denied("no"), .granted(one), .unanswered("late"), .granted(two)]).grant)
        #expect(sum.allows(relay, "Output"))
        #expect(sum.allows(sensor, "Temperature"))
        #expect(!sum.allows(relay, "Temperature"))
    }

    @Test("A denial outweighs silence, and silence of all is no answer")
    func silence() {
        #expect(AccessAnswer.union([.unanswered("late"), .denied("no")]) == .denied("no"))
        #expect(AccessAnswer.union([.unanswered("late")]) == .unanswered("late"))
        #expect(AccessAnswer.union([]).grant == nil)
    }

    @Test("Kinds narrow a grant")
    func kinds() {
        let grant = AccessGrant(.init(kinds: ReadingKinds(rawValue: 1)))
        #expect(grant.allows(sensor, "Temperature", ReadingKinds(rawValue: 3)))
        #expect(!grant.allows(sensor, "Temperature", ReadingKinds(rawValue: 4)))
    }

    @Test("A reference leaves parts out for any, and an empty one is left out")
    func references() {
        #expect(NodeReference(nodeID: "relay1", sourceID: "", cacheType: "").matches(relay))
        #expect(!NodeReference(nodeID: "relay1", cacheType: "ble").matches(relay))
        #expect(!NodeReference(nodeID: "relay1", sourceID: "Other").matches(relay))
    }
}
