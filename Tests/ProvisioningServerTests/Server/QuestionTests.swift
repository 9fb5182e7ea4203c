import OneLoop
import ProvisioningModel
import Testing
import XMPP

@testable import ProvisioningServer

private let gateway = "gateway@home.example"
private let reader = "reader@home.example"
private let tag = node("A4C1388D18B2", "ble")

@Suite("Questions", .timeLimit(.minutes(1)))
@Loop
struct QuestionTests {
    private func judge(_ house: TestHouse) throws {
        let sent = house.router.sent.filter { $0["from"].flatMap { JID($0) }?.bare == house.address.bare }
        let (count, trouble) = try Schema.judge(sent)
        #expect(count > 0)
        #expect(trouble.isEmpty, "\(trouble)")
    }

    @Test(
        "Friend, one field of one node, one parameter; a rule changes, the cache is cleared; unfriended",
        arguments: [true, false])
    func life(isComponent: Bool) async throws {
        let house = try await TestHouse(isComponent: isComponent)
        let device = try house.device()
        try await house.change { ledger in
            try ledger.admit(gateway)
            try ledger.befriend(reader, device: gateway, recommends: true)
            try ledger.addRule(
                Rule(
                    .read, device: .address(gateway), who: .party(.address(reader)), nodes: [NodePattern(tag)],
                    names: ["Temperature"]))
            try ledger.addRule(
                Rule(
                    .control, device: .address(gateway), who: .party(.domain("home.example")),
                    nodes: [try #require(NodePattern("gpio/*"))], names: ["Output"]))
        }
        #expect(device.messages.map(\.name) == ["friend"])
        device.messages = []
        let info = try await device.answer(XMLElement("query", Namespace.discoInfo))
        #expect(DiscoInfo(info)?.features.contains(Provisioning.namespace) == true)

        let friend = try await device.isFriend(reader + "/some resource")
        #expect(friend.isFriend && !friend.allowsSecondaryTrust)
        #expect(try await device.isFriend(house.address.description).isFriend)
        #expect(try await !device.isFriend("stranger@elsewhere.example").isFriend)

        let answer = try await device.mayRead(reader, [tag, node("B0", "ble")], ["Temperature", "Humidity"])
        #expect(answer.isGranted && answer.nodes == [tag] && answer.fields == ["Temperature"])
        #expect(answer.types == .momentary)
        let all = try await device.mayRead(reader)
        #expect(all.nodes == [tag] && all.fields == ["Temperature"])
        #expect(try await !device.mayRead(reader, [node("B0", "ble")]).isGranted)
        let relay = node("relay1", "gpio")
        #expect(try await device.mayControl(reader, [relay, tag], ["Output"]).nodes == [relay])

        // The rule changes: the cache is cleared, and the next answer is another.
        let before = device.clears
        try await house.change { ledger in
            let rule = try #require(try ledger.rules(.read).first)
            try ledger.removeRule(rule.id)
            try ledger.addRule(
                Rule(.read, device: .address(gateway), who: .party(.address(reader)), names: ["Humidity"]))
        }
        #expect(device.clears == before + 1)
        #expect(try await device.mayRead(reader, [tag], ["Temperature", "Humidity"]).fields == ["Humidity"])
        // The acknowledgement is written down after it has come.
        try await house.until { try house.database.read { try $0.devices() }.allSatisfy { !$0.isOutdated } }

        try await house.change { try $0.unfriend(reader, device: gateway) }
        #expect(device.messages.map(\.name) == ["unfriend"])
        #expect(device.clears == before + 2)
        #expect(try await !device.isFriend(reader).isFriend)
        await house.turn()
        #expect(device.clears == before + 2, "once acknowledged it is not sent again")
        try judge(house)
    }

    @Test("A device that is away is told when it comes, and again until it has answered", arguments: [true, false])
    func away(isComponent: Bool) async throws {
        let house = try await TestHouse(isComponent: isComponent)
        try await house.change { try $0.admit(gateway) }
        var device = try house.device()
        _ = try await device.mayRead(reader)
        await house.turn()
        let before = device.clears
        device.leave()
        await house.pause()
        try await house.change { ledger in
            try ledger.addRule(Rule(.read, device: .address(gateway), who: .party(.address(reader))))
            try ledger.recommend(true, reader, to: gateway)
        }
        #expect(device.clears == before)
        device = try house.device("gateway@home.example/another")
        device.answersClears = false
        // A component learns of the device by its question, an account by its presence.
        _ = try await device.mayRead(reader)
        await house.turn()
        #expect(device.clears == 1)
        #expect(device.messages.map(\.name) == ["friend"])
        #expect(try house.database.read { try $0.device(gateway) }?.isOutdated == true)
        device.answersClears = true
        try await Task.sleep(for: .milliseconds(1_200))
        await house.turn()
        #expect(device.clears == 2)
        await house.turn()
        #expect(try house.database.read { try $0.device(gateway) }?.isOutdated == false)
        #expect(device.clears == 2 && device.messages.count == 1)
        try judge(house)
    }

    @Test("What nobody has decided waits for a person: always, once, never")
    func pending() async throws {
        let house = try await TestHouse()
        try await house.change { try $0.admit(gateway) }
        let device = try house.device()
        #expect(try await !device.mayRead(reader, [tag], ["Temperature"]).isGranted)
        #expect(try await !device.mayRead(reader, [tag], ["Humidity"]).isGranted)
        #expect(try await !device.mayControl(reader, [node("relay1", "gpio")], ["Output"]).isGranted)
        #expect(try await !device.isFriend("bad@elsewhere.example").isFriend)
        await house.turn()
        var pending = try house.pending()
        #expect(pending.map(\.kind) == [.read, .control, .friend])
        #expect(pending[0].names == ["Temperature", "Humidity"] && pending[0].count == 2)
        #expect(pending[0].nodes.map(\.description) == ["ble/A4C1388D18B2"])

        // Who asks for more after a person has looked is not allowed more than the person has seen.
        let number = pending[0].id
        #expect(try await !device.mayRead(reader, [tag], ["Humidity"]).isGranted)
        await house.turn()
        #expect(try house.pending().first { $0.kind == .read }?.id == number)
        #expect(try await !device.mayRead(reader, [tag], ["Humidity", "Pressure"]).isGranted)
        await house.turn()
        #expect(throws: ProvisioningError(.notFound, "")) {
            try house.database.change(by: "anna") { try $0.answer(number, PendingAnswer(isAllowed: true)) }
        }
        pending = try house.pending()
        #expect(pending.map(\.kind) == [.control, .friend, .read] && pending[2].count == 4)
        pending = [pending[2], pending[0], pending[1]]

        var clears = device.clears
        try await house.change { [pending] in
            try $0.answer(pending[0].id, PendingAnswer(isAllowed: true, names: ["Temperature"]))
        }
        #expect(device.clears == clears + 1)
        #expect(try await device.mayRead(reader, [tag], ["Temperature", "Humidity"]).fields == ["Temperature"])

        try await house.change { [pending] in
            try $0.answer(pending[1].id, PendingAnswer(isAllowed: true, isOnce: true))
        }
        clears = device.clears
        #expect(try await device.mayControl(reader, [node("relay1", "gpio")], ["Output"]).isGranted)
        await house.turn()
        #expect(device.clears == clears + 1, "what the device remembers of it is no longer true")
        #expect(try await !device.mayControl(reader, [node("relay1", "gpio")], ["Output"]).isGranted)
        #expect(house.server.sizes.rules == 1)

        try await house.change { [pending] in try $0.answer(pending[2].id, PendingAnswer(isAllowed: false)) }
        #expect(try await !device.isFriend("bad@elsewhere.example").isFriend)
        await house.turn()
        pending = try house.pending()
        #expect(pending.map(\.kind) == [.control], "what was denied for good is not asked again")
        let audit = try house.database.read { try $0.audit(most: 50) }
        #expect(audit.contains { $0.actor == "anna" && $0.action == "pending answered" })
        #expect(audit.contains { $0.actor == gateway && $0.action == "rule used up" })
        #expect(throws: ProvisioningError(.notFound, "")) {
            try house.database.change(by: "anna") { try $0.answer(999, PendingAnswer(isAllowed: true)) }
        }
    }

    @Test(
        "What would mean other nodes in a rule waits for nobody",
        arguments: [node("ble/A4C1388D18B2"), node("A4C1388D18B2", "*"), node("A4C1388D18B2", "b*"), node("A*", "ble")])
    func unsaidNodes(_ wrong: ProvisioningNode) async throws {
        let house = try await TestHouse()
        try await house.change { try $0.admit(gateway) }
        let device = try house.device()
        #expect(try await !device.mayRead(reader, [wrong]).isGranted)
        await house.turn()
        #expect(try house.pending().isEmpty)
    }

    @Test("Two questions at once have one permission for one question")
    func onceAtOnce() async throws {
        let house = try await TestHouse()
        try await house.change { ledger in
            try ledger.admit(gateway)
            try ledger.addRule(
                Rule(.read, device: .address(gateway), who: .party(.address(reader)), isOnce: true))
        }
        let device = try house.device()
        async let first = device.mayRead(reader)
        async let second = device.mayRead(reader)
        let answers = try await [first.isGranted, second.isGranted]
        #expect(answers.filter(\.self).count == 1)
    }

    @Test("A device of its own coming waits for a person, and has no answers until then")
    func stranger() async throws {
        let house = try await TestHouse()
        let device = try house.device("stranger@home.example/x")
        let question = ReadQuestion(jid: try #require(JID(reader)), types: .momentary).element
        #expect(try await device.refused(question).condition == .forbidden)
        #expect(try await device.refused(question).kind == .cancel)
        await house.turn()
        let pending = try house.pending()
        #expect(pending.map(\.kind) == [.device])
        // A part of what cannot be given in parts is not the whole of it.
        for answer in [
            PendingAnswer(isAllowed: true, isOnce: true), PendingAnswer(isAllowed: true, names: ["Temperature"]),
            PendingAnswer(isAllowed: true, nodes: [NodePattern(tag)]),
            PendingAnswer(isAllowed: true, who: .party(.domain("other.example"))),
        ] {
            #expect(throws: ProvisioningError(.malformed, "")) {
                try house.database.change(by: "anna") { try $0.answer(pending[0].id, answer) }
            }
        }
        #expect(try await device.refused(question).condition == .forbidden)
        try await house.change { try $0.answer(pending[0].id, PendingAnswer(isAllowed: true)) }
        #expect(try await !device.mayRead(reader).isGranted)
        try await house.change { try $0.refuse("stranger@home.example") }
        #expect(try await device.refused(question).condition == .forbidden)
        try await house.change { try $0.removeDevice("stranger@home.example") }
        #expect(try await device.refused(question).condition == .forbidden)
        await house.turn()
        #expect(try house.pending().map(\.kind) == [.device], "it begins again")
    }

    @Test("Doors that are open, and doors that are shut")
    func admission() async throws {
        let open = try await TestHouse { $0.admission = .all }
        #expect(try await !open.device().mayRead(reader).isGranted)
        #expect(try open.database.read { try $0.devices() }.map(\.state) == [.admitted])
        let shut = try await TestHouse { $0.admission = .none }
        let question = ReadQuestion(jid: try #require(JID(reader)), types: .momentary).element
        #expect(try await shut.device().refused(question).condition == .forbidden)
        #expect(try shut.database.read { try $0.devices() }.isEmpty)
        #expect(try shut.pending().isEmpty)
    }

    @Test("Strangers beyond number leave a hundred rows")
    func manyStrangers() async throws {
        let house = try await TestHouse()
        let question = ReadQuestion(jid: try #require(JID(reader)), types: .momentary).element
        for number in 0..<120 {
            let device = try house.device("stranger\(number)@home.example/x")
            #expect(try await device.refused(question).condition == .forbidden)
            device.leave()
        }
        #expect(try house.database.read { try $0.devices() }.count == ServerLimits.waitingDevices)
    }

    @Test("A knock by command, a friendship, and presence in both directions")
    func knock() async throws {
        let house = try await TestHouse(isComponent: false)
        let device = try house.device()
        try await house.change { try $0.admit(gateway, invites: true) }
        #expect(device.subscriptions == [house.address.bare])
        device.session.subscribe(to: house.address)
        await house.pause()
        #expect(house.router.sent.contains { $0["type"] == "subscribed" && $0["to"] == gateway })
        #expect(try house.database.read { try $0.device(gateway) }?.isInvited == false)
        // One that nobody has let in waits, and is welcomed when somebody does.
        let late = try house.device("late@home.example/x")
        late.session.subscribe(to: house.address)
        await house.pause()
        #expect(!house.router.sent.contains { $0["type"] == "subscribed" && $0["to"] == "late@home.example" })
        try await house.change { try $0.admit("late@home.example") }
        #expect(house.router.sent.contains { $0["type"] == "subscribed" && $0["to"] == "late@home.example" })
        #expect(late.subscriptions == [house.address.bare])
    }

    @Test("Secondary trust, for all and for one")
    func secondaryTrust() async throws {
        let house = try await TestHouse()
        try await house.change { try $0.admit(gateway) }
        let device = try house.device()
        #expect(try await !device.isFriend(reader).allowsSecondaryTrust)
        try await house.change { try $0.setSecondaryTrust(true, of: nil) }
        #expect(try await device.isFriend(reader).allowsSecondaryTrust)
        try await house.change { try $0.setSecondaryTrust(false, of: gateway) }
        #expect(try await !device.isFriend(reader).allowsSecondaryTrust)
        try await house.change { try $0.setSecondaryTrust(nil, of: gateway) }
        #expect(try await device.isFriend(reader).allowsSecondaryTrust)
        #expect(device.clears == 4)
    }

    @Test("What is wrong is refused by name, and every question answered once")
    func hostile() async throws {
        let house = try await TestHouse()
        try await house.change { try $0.admit(gateway) }
        let device = try house.device()
        let space = Provisioning.namespace
        let cases: [(XMLElement, StanzaError.Condition)] = [
            (XMLElement("canRead", space), .badRequest),
            (XMLElement("canRead", space, ["jid": "a@b@c"]), .badRequest),
            (XMLElement("canRead", space, ["jid": "a@b", "momentary": "maybe"]), .badRequest),
            (XMLElement("canRead", space, ["jid": "a@b"], children: [XMLElement("node", space)]), .badRequest),
            (XMLElement("isFriend", space, ["jid": ""]), .badRequest),
            (XMLElement("getToken", space), .badRequest),
            (XMLElement("getToken", space, text: "no base64!"), .badRequest),
            (XMLElement("getToken", space, text: "AAAA"), .badRequest),
            (XMLElement("getTokenChallengeResponse", space, ["seqnr": "1"], text: "AAAA"), .itemNotFound),
            (XMLElement("getTokenChallengeResponse", space, ["seqnr": "99999999999"], text: "AAAA"), .badRequest),
            (
                XMLElement("hasPrivilege", space, ["serviceToken": "t", "userToken": "u", "privilegeId": "a..b"]),
                .badRequest
            ),
            (XMLElement("tokenChallenge", space, ["token": "t"], text: "AAAA"), .featureNotImplemented),
            (XMLElement("clearCache", space), .featureNotImplemented),
            (XMLElement("canReadResponse", space, ["jid": "a@b", "result": "true"]), .featureNotImplemented),
            (XMLElement("nothing", space), .badRequest),
        ]
        for (payload, condition) in cases {
            #expect(try await device.refused(payload).condition == condition, "\(payload)")
        }
        #expect(
            try await device.refused(XMLElement("clearCache", space), set: true).condition == .featureNotImplemented)
        // Messages that only a server sends, or that no service has sent, change nothing.
        for name in ["unfriend", "friend", "userLoggedIn"] {
            device.session.send(
                Message(
                    [XMLElement(name, space, ["jid": reader, "serviceToken": "a", "userToken": "b", "userName": "c"])],
                    to: house.address))
        }
        await house.turn()
        #expect(try house.pending().isEmpty)
    }

    @Test("Payloads with anything changed in them: each is answered, once")
    func mutated() async throws {
        let house = try await TestHouse()
        let devices = try (0..<10).map { try house.device("gateway\($0)@home.example/x") }
        try await house.change { ledger in
            for device in devices { try ledger.admit(device.jid.bare.description) }
            try ledger.addRule(Rule(.read, who: .party(.anybody), nodes: [NodePattern(tag)]))
        }
        let jid = try #require(JID(reader))
        let tokens = ProvisioningTokens(service: ["a"], device: ["b", "c"], user: ["d"])
        let good: [XMLElement] = [
            FriendQuestion(jid: jid).element,
            ReadQuestion(jid: jid, types: .all, tokens: tokens, nodes: [tag, node("x")], fields: ["y"]).element,
            ControlQuestion(jid: jid, tokens: tokens, nodes: [tag], parameters: ["Output"]).element,
            TokenRequest(certificate: try TestIdentity().der).element,
            TokenRequestAnswer(sequence: 1, decrypted: [1, 2, 3]).element,
            ServiceQuestion(serviceTokens: ["a"], credentials: [.ip4("10.0.0.1"), .latitude(1)]).element,
            PrivilegeQuestion(
                serviceTokens: ["a"], userTokens: ["b"], privilege: try #require(PrivilegeID("A.B"))
            ).element,
            PrivilegeListQuestion(serviceTokens: ["a"], userTokens: ["b"]).element,
        ]
        var random = Random(seed: 1)
        for round in 0..<1_000 {
            var payload = good[random.below(good.count)]
            for _ in 0...random.below(3) { payload = mutate(payload, &random) }
            switch await devices[round % devices.count].ask(payload) {
            case .success, .failure(.refused): break
            case .failure(let failure): Issue.record("\(failure) to \(payload)")
            }
        }
        await house.turn()
        let rules = try house.database.read { try $0.rules() }
        #expect(rules.count == 1 && house.server.sizes.devices == 10)
    }

    private func mutate(_ element: XMLElement, _ random: inout Random) -> XMLElement {
        let texts = ["", " ", "true", "-1", "é", "a@b", "*", "\n", "A/B/C", String(repeating: "x", count: 5_000)]
        var element = element
        var children = element.children
        switch random.below(6) {
        case 0 where !element.attributes.isEmpty:
            element[element.attributes[random.below(element.attributes.count)].name] = nil
        case 1 where !element.attributes.isEmpty:
            element[element.attributes[random.below(element.attributes.count)].name] = texts[random.below(texts.count)]
        case 2 where !children.isEmpty: children.remove(at: random.below(children.count))
        case 3 where !children.isEmpty:
            let index = random.below(children.count)
            children[index] = mutate(children[index], &random)
        case 4:
            children.append(
                XMLElement(["node", "field", "other"][random.below(3)], element.namespace, ["nodeId": "z"]))
        default: element.append(text: texts[random.below(texts.count)])
        }
        element.nodes =
            children.map { .element($0) } + element.nodes.filter { if case .text = $0 { true } else { false } }
        return element
    }

    @Test("A thousand questions a second are answered; more are told to wait")
    func rates() async throws {
        let house = try await TestHouse()
        try await house.change { try $0.admit(gateway) }
        let device = try house.device()
        let question = ReadQuestion(jid: try #require(JID(reader)), types: .momentary).element
        var refused = 0
        for _ in 0..<1_500 {
            if case .failure(.refused(let error, _)) = await device.ask(question) {
                #expect(error.condition == .resourceConstraint && error.kind == .wait)
                refused += 1
            }
        }
        // On a slow machine the 1,500 take longer than they must to be too many.
        #expect(refused <= 500)
        #expect(house.server.counters.questions + UInt64(refused) == 1_500)
    }
}
