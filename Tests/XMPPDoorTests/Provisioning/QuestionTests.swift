import Access
import Concentrator
import OneLoop
import ProvisioningModel
import Testing
import XMPP
import XMPPDoor

@Suite("XEP-0324: questions before read-outs and control", .timeLimit(.minutes(1)))
@Loop
struct ProvisioningQuestionTests {
    private let req = "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'"

    private func world(_ rule: @escaping (ProvisioningPayload) -> Authority.Turn) async throws -> (
        ProvisionedWorld, Authority
    ) {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        return (world, try await world.trusted("provisioning.example.org", rule))
    }

    @Test("A read-out is asked about with the tokens that came, and rejected by a no (listing 14)")
    func rejected() async throws {
        let (world, authority) = try await world { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer.denied(question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        let text = req + " serviceToken='SERVICETOKEN1 SERVICETOKEN2' userToken='USERTOKEN1'/>"
        let (error, _) = try await bob.refusal(.get, text)
        #expect((error.kind, error.condition) == (.cancel, .forbidden))
        guard case .canRead(let question)? = authority.asked.last else { throw TestFailure("no question") }
        #expect(question.jid.description == "bob@example.org")
        #expect(question.types == .momentary)
        #expect(question.tokens.service == ["SERVICETOKEN1", "SERVICETOKEN2"])
        #expect(question.tokens.user == ["USERTOKEN1"])
        // The no is remembered.
        _ = try await bob.refusal(.get, text)
        #expect(authority.questions("canRead") == 1)
        try world.judge()
    }

    @Test("Nodes are restricted (listing 15), fields are (listing 16), and nodes that were not asked for are not given")
    func restricted() async throws {
        let (world, _) = try await world { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(
                ReadAnswer(
                    to: question,
                    nodes: [ProvisioningNode(nodeID: sensor.nodeID), ProvisioningNode(nodeID: "dimmer")],
                    fields: ["Temperature", "Output"]
                ).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        let messages = try await bob.read(
            1, "momentary='true'", "<node nodeId='A4C1388D18B2'/><node nodeId='relay1'/>")
        #expect(readings(messages) == ["A4C1388D18B2 Temperature=25.06"])
        let (error, _) = try await bob.refusal(.get, req + "><node nodeId='relay1'/></req>")
        #expect(error.condition == .forbidden)
        // Asked for all: the lists say which.
        #expect(
            readings(try await bob.read(2, "momentary='true'")).filter { $0.hasPrefix("A4C") } == [
                "A4C1388D18B2 Temperature=25.06"
            ])
        try world.judge()
    }

    @Test("A permission for what stands above is none for what hangs below, and kinds may be fewer")
    func superNodes() async throws {
        let (world, authority) = try await world { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(
                ReadAnswer(to: question, nodes: [ProvisioningNode(nodeID: "gpio")], types: .momentary).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        let messages = try await bob.read(1, "momentary='true' status='true'", "<node nodeId='gpio'/>")
        #expect(!readings(messages).contains { $0.hasPrefix("relay1") })
        guard case .canRead(let question)? = authority.asked.last else { throw TestFailure("no question") }
        #expect(question.nodes.map(\.nodeID).sorted() == ["dimmer", "gpio", "relay1"])
    }

    @Test("What a concentrator's command tells of is what is asked about: other names in the request open nothing")
    func concentrator() async throws {
        let (world, _) = try await world { payload in
            guard case .canRead(let question) = payload, question.nodes.map(\.nodeID) == ["relay1"] else {
                return .refuse(StanzaError(.forbidden))
            }
            return .answer(ReadAnswer(to: question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        let relay = "sourceId='MeteringTopology' nodeId='relay1' cacheType='gpio'"
        let other = "<node sourceId='MeteringTopology' nodeId='dimmer' cacheType='gpio'/>"
        #expect(try await bob.command("getNode", relay)["result"] == "OK")
        for (name, content) in [
            ("getAllNodes", ""), ("getRootNodes", ""), ("getAncestors", ""), ("subscribe", ""), ("getNodes", other),
            ("getCommonNodeCommands", other),
        ] {
            #expect(try await bob.command(name, relay, content)["result"] == "InsufficientPrivileges", "\(name)")
        }
    }

    @Test("Control is asked about, by parameter, and what was left out is told (listings 17 to 19)")
    func control() async throws {
        let (world, authority) = try await world { payload in
            guard case .canControl(let question) = payload else { return .silence }
            guard question.jid.local != "eve" else { return .answer(ControlAnswer.denied(question).element) }
            return .answer(
                ControlAnswer(to: question, nodes: [ProvisioningNode(nodeID: "dimmer")], parameters: ["Output"]).element
            )
        }
        let bob = try world.world.peer("bob@example.org/amr")
        let answer = try await bob.ask(
            .set,
            """
            <set xmlns='urn:xmpp:iot:control'><node nodeId='dimmer'/><node nodeId='relay1'/>\
            <boolean name='Output' value='true'/><double name='Level' value='5'/></set>
            """)
        #expect(answer.children("node").map { $0["nodeId"] } == ["dimmer"])
        #expect(answer.children("parameter").map { $0["name"] } == ["Output"])
        #expect(world.world.driver.written.map { String($0) } == ["\(dimmer) Output=true"])
        guard case .canControl(let question)? = authority.asked.last else { throw TestFailure("no question") }
        #expect(question.parameters.sorted() == ["Level", "Output"])
        let eve = try world.world.peer("eve@example.org/amr")
        let text =
            "<set xmlns='urn:xmpp:iot:control'><node nodeId='dimmer'/><boolean name='Output' value='false'/></set>"
        #expect(try await eve.refusal(.set, text).0.condition == .forbidden)
        // In a message: asked about, done or not, and never answered.
        eve.session.send(Message([try #require(try elements(text).first)], to: world.world.house))
        bob.session.send(Message([try #require(try elements(text).first)], to: world.world.house))
        try await until("the message to be done") { world.world.driver.written.count == 2 }
        #expect(world.world.driver.written.last == "\(dimmer) Output=false")
        try world.judge()
    }

    @Test("A server that grants control of what was not asked for grants nothing of it")
    func controlUnasked() async throws {
        let (world, _) = try await world { payload in
            guard case .canControl(let question) = payload else { return .silence }
            // To Eve the server grants another node and parameter, to Bob more than was asked for.
            let isEve = question.jid.local == "eve"
            return .answer(
                ControlAnswer(
                    to: question,
                    nodes: (isEve ? ["relay1"] : ["dimmer", "relay1"]).map { ProvisioningNode(nodeID: $0) },
                    parameters: isEve ? ["Level"] : ["Output", "Level", "Mode"]
                ).element)
        }
        let text =
            "<set xmlns='urn:xmpp:iot:control'><node nodeId='dimmer'/><boolean name='Output' value='true'/></set>"
        let eve = try world.world.peer("eve@example.org/amr")
        #expect(try await eve.refusal(.set, text).0.condition == .forbidden)
        #expect(world.world.driver.written.isEmpty)
        let bob = try world.world.peer("bob@example.org/amr")
        _ = try await bob.ask(.set, text)
        #expect(world.world.driver.written.map { String($0) } == ["\(dimmer) Output=true"])
        try world.judge()
    }

    @Test("Several servers: what any grants is granted; one that errs or says nonsense has said nothing")
    func several() async throws {
        let world = try await ProvisionedWorld(
            naming("a.example.org", "b.example.org", "c.example.org"), connects: false)
        func restricting(_ names: [String]) -> (ProvisioningPayload) -> Authority.Turn {
            { payload in
                guard case .canRead(let question) = payload else { return .silence }
                return .answer(ReadAnswer(to: question, fields: names).element)
            }
        }
        let a = try world.authority("a.example.org", restricting(["Temperature"]))
        let b = try world.authority("b.example.org", restricting(["Humidity"]))
        let c = try await world.trusted("c.example.org") { _ in .refuse(StanzaError(.internalServerError)) }
        try await until("all three") { world.client.statuses.count == 3 }
        let bob = try world.world.peer("bob@example.org/amr")
        let messages = try await bob.read(1, "momentary='true'", "<node nodeId='A4C1388D18B2'/>")
        #expect(readings(messages) == ["A4C1388D18B2 Temperature=25.06", "A4C1388D18B2 Humidity=48"])
        // Errors are not remembered, answers are.
        _ = try await bob.read(2, "momentary='true'", "<node nodeId='A4C1388D18B2'/>")
        #expect([a, b, c].map { $0.questions("canRead") } == [1, 1, 2])
        // All fail: a no, which is not remembered.
        for authority in [a, b, c] { authority.script = { _ in .answer(XMLElement("holabandola", "urn:x")) } }
        let (error, _) = try await bob.refusal(.get, req + " status='true'/>")
        #expect(error.condition == .forbidden)
        #expect(world.cache.all.count == 2)
    }

    @Test("An answer about somebody else, of another kind, or replayed is none")
    func wrongAnswers() async throws {
        let jid = try #require(JID("alice@example.org"))
        let old = ReadAnswer(to: ReadQuestion(jid: jid, types: .all))
        let (world, authority) = try await world { _ in .answer(old.element) }
        let bob = try world.world.peer("bob@example.org/amr")
        #expect(try await bob.refusal(.get, req + "/>").0.condition == .forbidden)
        authority.script = { payload in
            .answer(FriendAnswer(to: FriendQuestion(jid: jid), isFriend: true).element)
        }
        #expect(try await bob.refusal(.get, req + "/>").0.condition == .forbidden)
        #expect(world.cache.count == 0)
        // An answer that nobody asked for, from the server and from another, changes nothing.
        for number in 0..<50 {
            var iq = IQ(.result(old.element), id: "\(number)", to: world.world.house)
            iq.from = authority.address
            world.world.session.receive(iq.element)
        }
        #expect(try await bob.refusal(.get, req + "/>").0.condition == .forbidden)
    }

    @Test("A silent server is waited for a while, and its late answer is not taken")
    func silent() async throws {
        var settings = naming("provisioning.example.org")
        // Long enough for a slow machine to come to trust the server first.
        settings.timeout = .seconds(2)
        let world = try await ProvisionedWorld(settings, connects: false)
        let authority = try await world.trusted { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .hold(ReadAnswer(to: question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        #expect(try await bob.refusal(.get, req + "/>").0.condition == .forbidden)
        authority.release()
        try await Task.sleep(for: .milliseconds(20))
        #expect(world.cache.count == 0)
        #expect(world.client.statuses.first?.trouble != nil)
        #expect(world.client.statuses.first?.unanswered == 1)
    }

    @Test("Those who ask the same at the same time wait for one answer")
    func together() async throws {
        let (world, authority) = try await world { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .hold(ReadAnswer(to: question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        async let first = bob.ask("<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/>")
        async let second = bob.ask("<req xmlns='urn:xmpp:iot:sensordata' seqnr='2' momentary='true'/>")
        try await until("the question") { authority.questions("canRead") == 1 }
        try await Task.sleep(for: .milliseconds(10))
        authority.release()
        #expect(try await [first, second].map(\.name) == ["accepted", "accepted"])
        #expect(authority.questions("canRead") == 1)
    }

    @Test("clearCache is acknowledged after all is forgotten (listing 20); a stranger's is forbidden")
    func clearCache() async throws {
        let (world, authority) = try await world { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer(to: question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        _ = try await bob.read(1, "momentary='true'")
        #expect(world.cache.count == 1)
        let stranger = try world.authority("stranger@example.org/main")
        guard case .failure(.refused(let error, _)) = await stranger.clearCache() else { throw TestFailure("taken") }
        #expect((error.kind, error.condition) == (.cancel, .forbidden))
        #expect(world.cache.count == 1)
        guard case .success(let answer?) = await authority.clearCache() else { throw TestFailure("not acknowledged") }
        #expect(answer.isNamed("clearCacheResponse", Provisioning.namespace))
        #expect(world.store.scan(prefix: "decision/").isEmpty)
        _ = try await bob.read(2, "momentary='true'")
        #expect(authority.questions("canRead") == 2)
        try world.judge()
    }

    @Test("A subscription to events ends with the answer that it stood on")
    func subscriptionEnds() async throws {
        let (world, authority) = try await world { payload in
            guard case .canRead(let question) = payload else { return .refuse(StanzaError(.forbidden)) }
            return .answer(
                ReadAnswer(
                    to: question,
                    nodes: question.jid.local == "carol" ? [ProvisioningNode(nodeID: "dimmer")] : []
                ).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        let carol = try world.world.peer("carol@example.org/amr")
        for peer in [bob, carol] {
            let answer = try await peer.command(
                "subscribe", "sourceId='MeteringTopology' nodeStatesChanged='true' nodeUpdated='true'")
            #expect(answer["result"] == "OK")
        }
        #expect(world.world.door.subscribers == 2)
        let rule = authority.script
        authority.script = { payload in
            guard case .canRead(let question) = payload, question.jid.local == "bob" else { return rule(payload) }
            return .answer(ReadAnswer.denied(question).element)
        }
        _ = await authority.clearCache()
        try await until("the subscription's end") { world.world.door.subscribers == 1 }
        world.world.concentrator.setDisplayName(dimmer, "Table lamp")
        try await until("an event for who still may") { !carol.messages.isEmpty }
        #expect(bob.messages.isEmpty)
    }

    @Test("A read-out for later is asked about again when its time has come")
    func later() async throws {
        let (world, authority) = try await world { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer(to: question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        let when = WallTime.now().advanced(by: 3)
        let text = req + " when='\(when)'><node nodeId='\(sensor.nodeID)'/></req>"
        #expect(try await bob.ask(text)["queued"] == "true")
        authority.script = { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer.denied(question).element)
        }
        _ = await authority.clearCache()
        #expect(authority.questions("canRead") == 1)
        #expect(try await bob.end(of: 1).map(\.name) == ["started", "failure"])
        #expect(authority.questions("canRead") == 2)
        #expect(world.world.door.openReadouts == 0)
        try world.judge()
    }

    @Test("What clearCache takes back while the next answer is waited for gives no subscription that lasts")
    func subscriptionMeanwhile() async throws {
        let (world, authority) = try await world { payload in
            switch payload {
            case .canRead(let question): .answer(ReadAnswer(to: question).element)
            case .canControl(let question): .hold(ControlAnswer.denied(question).element)
            default: .refuse(StanzaError(.forbidden))
            }
        }
        let bob = try world.world.peer("bob@example.org/amr")
        async let answer = bob.command("subscribe", "sourceId='MeteringTopology' nodeUpdated='true'")
        try await until("the second question") { authority.questions("canControl") == 1 }
        _ = await authority.clearCache()
        authority.script = { payload in
            switch payload {
            case .canRead(let question): .answer(ReadAnswer.denied(question).element)
            case .canControl(let question): .answer(ControlAnswer.denied(question).element)
            default: .refuse(StanzaError(.forbidden))
            }
        }
        authority.release()
        #expect(try await answer["result"] == "OK")
        try await until("the subscription's end") { world.world.door.subscribers == 0 }
        #expect(authority.questions("canRead") == 2)
    }

    @Test("An answer on its way when clearCache comes counts for nothing: it is asked for again")
    func clearCacheMeanwhile() async throws {
        let (world, authority) = try await world { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .hold(ReadAnswer(to: question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        async let answer = bob.refusal(.get, req + "/>")
        try await until("the question") { authority.questions("canRead") == 1 }
        _ = await authority.clearCache()
        authority.script = { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer.denied(question).element)
        }
        authority.release()
        #expect(try await answer.0.condition == .forbidden)
        #expect(authority.questions("canRead") == 2)
        #expect(world.cache.all.map(\.answer.grant) == [nil])
    }

    @Test("The list is looked at first: whom it gives everything asked for no server is asked about")
    func composition() async throws {
        let rules = [
            AccessRule(who: "alice@example.org", right: .control),
            AccessRule(
                who: "bob@example.org", right: .read, nodes: [NodeReference(nodeID: sensor.nodeID)],
                names: ["Temperature"]),
        ]
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), rules: rules, connects: false)
        let authority = try await world.trusted { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer(to: question, fields: ["Humidity"]).element)
        }
        let alice = try world.world.peer("alice@example.org/phone")
        _ = try await alice.read(1, "momentary='true'")
        let bob = try world.world.peer("bob@example.org/phone")
        let node = "<node nodeId='A4C1388D18B2'/>"
        #expect(
            readings(try await bob.read(1, "momentary='true'", node + "<field name='Temperature'/>")) == [
                "A4C1388D18B2 Temperature=25.06"
            ])
        #expect(authority.questions("canRead") == 0)
        // More than the list gives: both count.
        #expect(
            readings(try await bob.read(2, "momentary='true'", node)) == [
                "A4C1388D18B2 Temperature=25.06", "A4C1388D18B2 Humidity=48",
            ])
        #expect(authority.questions("canRead") == 1)
        let reference = NodeReference(nodeID: sensor.nodeID, sourceID: sensor.sourceID, cacheType: sensor.cacheType)
        func explain(_ kinds: ReadingKinds) async -> ProvisioningClient.Explanation {
            await world.client.explain(
                AccessQuestion(who: "bob@example.org", action: .read(kinds), nodes: [reference]), asks: false)
        }
        let known = await explain(ReadingKinds(rawValue: 1))
        #expect(known.replies.first?.when == 1_800_000_000)
        #expect(
            known.result.grant?.allows(
                "bob@example.org", to: .read(ReadingKinds(rawValue: 1)), reference, "Humidity") == true)
        // Readings of another kind were not asked about.
        #expect(await explain(ReadingKinds(rawValue: 2)).replies.map(\.when) == [nil])
    }
}
