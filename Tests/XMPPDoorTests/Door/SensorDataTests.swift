import Access
import Concentrator
import OneLoop
import Testing
import XMPP
import XMPPDoor

@Suite("XEP-0323: read-outs", .timeLimit(.minutes(1)))
@Loop
struct SensorDataTests {
    private let node = "<node nodeId='A4C1388D18B2'/>"

    @Test("Kinds, nodes and names choose; values keep decimals, unit and zone; the last message is done")
    func chosen() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let messages = try await alice.read(1, "momentary='true'", node)
        #expect(
            readings(messages) == [
                "A4C1388D18B2 Temperature=25.06", "A4C1388D18B2 Humidity=48", "A4C1388D18B2 Open=true",
            ])
        let stamp = try #require(messages.first?.child("node")?.child("timestamp"))
        #expect(stamp["value"]?.hasSuffix("Z") == true)
        #expect(stamp.child("numeric")?["unit"] == "°C")
        #expect(stamp.child("numeric")?["momentary"] == "true")
        #expect(
            readings(try await alice.read(2, "status='1' identity='true'", node)) == [
                "A4C1388D18B2 Battery=93", "A4C1388D18B2 Firmware=1.2",
            ])
        #expect(
            readings(try await alice.read(3, "all='true'", node + "<field name='Humidity'/>")).contains(
                "A4C1388D18B2 Humidity=48"))
        // A parameter's state is read as the field of its name, and can be set.
        let output = try await alice.read(4, "status='true'", "<node nodeId='relay1' cacheType='gpio'/>")
        #expect(readings(output) == ["relay1 Output=false"])
        #expect(output.first?.child("node")?.child("timestamp")?.child("boolean")?["writable"] == "true")
        #expect(readings(try await alice.read(5, "momentary='true'")).count == 3)
        try await world.judged()
    }

    @Test("From and to limit what is stored; history comes by minute, hour and day")
    func history() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let start: Int64 = 1_795_248_000
        for minute in 0..<5 {
            let field = Field(
                name: "Temperature", value: .number(Quantity(mantissa: Int64(200 + minute), decimals: 1)), unit: "°C",
                timestamp: WallTime(millisecondsSince1970: (start + Int64(minute) * 60) * 1000))
            try world.add(ble: "H", [field])
        }
        let all = try await alice.read(1, "historicalMinute='true'", "<node nodeId='H'/><field name='Temperature'/>")
        #expect(readings(all).count == 5)
        let some = try await alice.read(
            2, "historicalMinute='true' from='2026-11-21T08:01:00Z' to='2026-11-21T10:02:30+02:00'",
            "<node nodeId='H'/><field name='Temperature'/>")
        #expect(readings(some) == ["H Temperature=20.1", "H Temperature=20.2"])
        let day = try await alice.read(
            3, "historicalDay='true'", "<node nodeId='H'/><field name='Temperature, Day Max'/>")
        #expect(readings(day) == ["H Temperature, Day Max=20.4"])
        try await world.judged()
    }

    @Test(
        "What is wrong is refused by type and condition",
        arguments: [
            (
                "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'><node nodeId='none'/></req>",
                "cancel/item-not-found"
            ),
            ("<req xmlns='urn:xmpp:iot:sensordata' momentary='true'/>", "modify/bad-request"),
            ("<req xmlns='urn:xmpp:iot:sensordata' seqnr='x' momentary='true'/>", "modify/bad-request"),
            ("<req xmlns='urn:xmpp:iot:sensordata' seqnr='1'/>", "modify/bad-request"),
            ("<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='maybe'/>", "modify/bad-request"),
            (
                "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true' from='yesterday'/>",
                "modify/bad-request"
            ),
            (
                "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true' when='2099-01-01T00:00:00Z'/>",
                "modify/bad-request"
            ),
            ("<cancel xmlns='urn:xmpp:iot:sensordata' seqnr='9'/>", "cancel/item-not-found"),
            ("<other xmlns='urn:xmpp:iot:sensordata'/>", "cancel/feature-not-implemented"),
        ])
    func refused(_ text: String, _ expected: String) async throws {
        let world = try await TestWorld()
        let (error, payload) = try await world.peer("alice@example.org/phone").refusal(.get, text)
        #expect("\(error.kind.rawValue)/\(error.condition.rawValue)" == expected)
        #expect(error.text != nil)
        #expect(payload == nil)
    }

    @Test(
        "Who may read one field of one node gets that and no more; a stranger nothing; peers of 2013 are told in their way"
    )
    func access() async throws {
        let world = try await TestWorld({ $0.oldPeers = ["stranger@old.example"] })
        let bob = try world.peer("bob@example.org/phone")
        #expect(
            readings(try await bob.read(1, "all='true'", "<field name='Temperature'/>")).allSatisfy {
                $0 == "A4C1388D18B2 Temperature=25.06"
            })
        #expect(readings(try await bob.read(2, "momentary='true'")) == ["A4C1388D18B2 Temperature=25.06"])
        let (denied, _) = try await bob.refusal(
            .get, "<req xmlns='urn:xmpp:iot:sensordata' seqnr='3' momentary='true'><node nodeId='relay1'/></req>")
        #expect(denied.condition == .forbidden && denied.kind == .cancel)
        let (_, none) = try await world.peer("mallory@example.org/x").refusal(
            .get, "<req xmlns='urn:xmpp:iot:sensordata' seqnr='3' momentary='true'/>")
        #expect(none == nil)
        let (_, old) = try await world.peer("stranger@old.example/x").refusal(
            .get, "<req xmlns='urn:xmpp:iot:sensordata' seqnr='3' momentary='true'/>")
        #expect(old?.name == "rejected" && old?["seqnr"] == "3" && old?.child("error") != nil)
        try await world.judged(relaxed: true)
    }

    @Test("Each of several at once is accepted before anything of it comes")
    func accepted() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        for sequence in 1..<40 {
            let request = try elements("<req xmlns='urn:xmpp:iot:sensordata' seqnr='\(sequence)' momentary='true'/>")
            alice.session.get(request[0], to: world.house) { _ in }
        }
        for sequence in 1..<40 { _ = try await alice.end(of: sequence) }
        for sequence in 1..<40 {
            let told = world.server.sent.flatMap(\.children).filter { $0["seqnr"] == "\(sequence)" }.map(\.name)
            // Those that had to wait for others say when they start.
            #expect(told == ["req", "accepted", "fields"] || told == ["req", "accepted", "started", "fields"])
        }
        try await world.judged()
    }

    @Test("Later is queued, and told when it starts; cancelled, nothing comes; a number is one peer's own")
    func queued() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        func ask(_ sequence: Int, in seconds: Double) async throws -> (WallTime, XMLElement) {
            let when = WallTime.now().advanced(by: seconds)
            return (
                when,
                try await alice.ask(
                    "<req xmlns='urn:xmpp:iot:sensordata' seqnr='\(sequence)' momentary='true' when='\(when)'>\(node)</req>"
                )
            )
        }
        #expect(try await ask(7, in: 3_600).1["queued"] == "true")
        let (twice, _) = try await alice.refusal(
            .get, "<req xmlns='urn:xmpp:iot:sensordata' seqnr='7' momentary='true'>\(node)</req>")
        #expect(twice.condition == .conflict)
        let other = try world.peer("alice@example.org/desk")
        #expect(try await other.read(7, "momentary='true'", node).count == 1)
        #expect(try await alice.ask("<cancel xmlns='urn:xmpp:iot:sensordata' seqnr='7'/>").name == "cancelled")
        #expect(world.door.openReadouts == 0)
        // On a slow machine a moment that is near lies in the past when the question comes.
        for (sequence, seconds) in [(8, 0.2), (9, 2), (10, 20)] {
            let (when, accepted) = try await ask(sequence, in: seconds)
            let messages = try await alice.end(of: sequence)
            guard accepted["queued"] == "true" || sequence == 10 else { continue }
            #expect(messages.map(\.name) == ["started", "fields"])
            #expect(WallTime.now() >= when)
            break
        }
        // What lies in the past begins at once.
        #expect(try await ask(11, in: -3_600).1["queued"] == nil)
        _ = try await alice.end(of: 11)
        let local = try await alice.ask(
            "<req xmlns='urn:xmpp:iot:sensordata' seqnr='12' momentary='true' when='2020-01-01T00:00:00'>\(node)</req>")
        #expect(local["queued"] == nil)
        _ = try await alice.end(of: 12)
        #expect(alice.messages(7).isEmpty)
        #expect(world.door.openReadouts == 0)
        try await world.judged()
    }

    @Test("A slow thing holds up no other node and no other request; one that fails does so alone")
    func slow() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        for name in ["SLOW", "BROKEN"] { world.hold(try world.thing(name)) }
        world.driver.failing = [NodeID(cacheType: "ble", nodeID: "BROKEN")]
        _ = try await alice.ask("<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/>")
        try await until("the quick nodes") { readings(alice.messages(1)).count == 3 }
        #expect(readings(try await alice.read(2, "momentary='true'", node)).count == 3)
        #expect(!alice.isDone(1))
        world.driver.held = []
        let messages = try await alice.end(of: 1)
        #expect(readings(messages).contains("SLOW Voltage=23.1"))
        let failures = messages.flatMap { $0.children("error") }
        #expect(failures.compactMap { $0["nodeId"] } == ["BROKEN"])
        #expect(messages.last?["done"] == "true")
        #expect(messages.filter { $0["done"] == "true" }.count == 1)
        try await world.judged()
    }

    @Test("A silent thing is waited for so long and no longer, and fails alone")
    func silent() async throws {
        let world = try await TestWorld({ $0.limits.thingTimeout = .milliseconds(50) })
        let alice = try world.peer("alice@example.org/phone")
        world.hold(try world.thing("SILENT"))
        let messages = try await alice.read(1, "momentary='true'")
        #expect(readings(messages).count == 3)
        #expect(messages.flatMap { $0.children("error") }.map { $0["nodeId"] } == ["SILENT"])
        #expect(messages.filter { $0["done"] == "true" }.count == 1)
        world.driver.held = []
        try await world.judged()
    }

    @Test("Much is told in messages of bounded size, in turns with others, and all of it")
    func chunks() async throws {
        let world = try await TestWorld({ $0.limits.messageBytes = 2_000 })
        let alice = try world.peer("alice@example.org/phone")
        for index in 0..<200 {
            try world.add(
                ble: "N\(index)",
                (0..<5).map {
                    Field(name: "Value\($0)", value: .number(Quantity(mantissa: Int64(index), decimals: 1)), unit: "V")
                })
        }
        let messages = try await alice.read(1, "momentary='true'")
        #expect(readings(messages).count == 1_003)
        #expect(Set(readings(messages)).count == 1_003)
        #expect(messages.allSatisfy { $0.serialized().utf8.count < 4_000 })
        #expect(messages.filter { $0["done"] == "true" }.count == 1)
        try await world.judged()
    }

    @Test("Past the limits requests wait, then are refused; a cancelled one sends nothing; who goes is forgotten")
    func limits() async throws {
        let world = try await TestWorld({
            $0.limits.running = 1
            $0.limits.readoutsPerPeer = 3
        })
        let alice = try world.peer("alice@example.org/phone")
        world.hold(try world.thing("SLOW"))
        func ask(_ sequence: Int) -> String {
            "<req xmlns='urn:xmpp:iot:sensordata' seqnr='\(sequence)' momentary='true'><node nodeId='SLOW'/></req>"
        }
        for sequence in 1...3 {
            #expect((try await alice.ask(ask(sequence))["queued"] == "true") == (sequence > 1))
        }
        let (error, _) = try await alice.refusal(.get, ask(4))
        #expect(error.condition == .resourceConstraint && error.kind == .wait)
        #expect(try await alice.ask("<cancel xmlns='urn:xmpp:iot:sensordata' seqnr='2'/>").name == "cancelled")
        world.driver.held = []
        #expect(try await alice.end(of: 1).map(\.name) == ["fields"])
        #expect(try await alice.end(of: 3).map(\.name) == ["started", "fields"])
        #expect(alice.messages(2).isEmpty)
        #expect(world.door.openReadouts == 0)
        world.hold(NodeID(cacheType: "ble", nodeID: "SLOW"))
        _ = try await alice.ask(ask(5))
        world.server.disconnect(alice.address)
        try await until("the read-out's end") { world.door.openReadouts == 0 }
        world.driver.held = []
        try await world.judged()
    }

    @Test("A node that is not heard from tells its last values, and that it failed")
    func unavailable() async throws {
        let world = try await TestWorld()
        world.concentrator.setAvailable(sensor, false)
        let messages = try await world.peer("alice@example.org/phone").read(1, "momentary='true'", node)
        #expect(readings(messages).count == 3)
        #expect(messages.last?.name == "failure" && messages.last?["done"] == "true")
        try await world.judged()
    }
}

extension TestWorld {
    func add(ble name: String, _ fields: [Field]) throws {
        concentrator.update(try thing(name), fields: fields)
    }

    /// A thing on the radio; made where there is none yet.
    func thing(_ name: String) throws -> NodeID {
        let id = NodeID(cacheType: "ble", nodeID: name)
        if concentrator.node(id) == nil { try concentrator.add(NodeDescription(id: id), driver: driver) }
        return id
    }

    /// Lets a thing be one that is asked, and that does not answer for now.
    func hold(_ id: NodeID) {
        driver.fetching.insert(id)
        driver.held.insert(id)
    }
}
