import Access
import Concentrator
import OneLoop
import Testing
import XMPP
import XMPPDoor

@Suite("What docs/xmpp.md says is supported", .timeLimit(.minutes(1)))
@Loop
struct SupportTableTests {
    /// A specification with a table of its own.
    enum Specification: String, CaseIterable {
        case sensorData = "XEP-0323"
        case control = "XEP-0325"
        case concentrators = "XEP-0326"

        var namespace: String {
            switch self {
            case .sensorData: IoTNamespace.sensorData
            case .control: IoTNamespace.control
            case .concentrators: IoTNamespace.concentrators
            }
        }

        /// What the schemas declare; of XEP-0326 also what its text has and its schema forgets.
        var schema: SchemaNames {
            get throws {
                switch self {
                case .sensorData: try SchemaNames("sensordata.xsd")
                case .control: try SchemaNames("control.xsd")
                case .concentrators: try SchemaNames("concentrators.xsd", "relaxed/concentrators.xsd")
                }
            }
        }

        /// What the table has beyond the schema: words of the peers of 2013.
        var others: Set<String> {
            switch self {
            case .sensorData: ["rejected"]
            case .control: ["bool", "responseCode"]
            case .concentrators: []
            }
        }

        /// A command of XEP-0326 stands for its answer too.
        func word(_ element: String) -> String {
            guard self == .concentrators, element.hasSuffix("Response") else { return element }
            return String(element.dropLast("Response".count))
        }
    }

    @Test("No element and no attribute of a schema is left out, none is made up", arguments: Specification.allCases)
    func whole(_ specification: Specification) throws {
        let table = try SupportTable(specification.rawValue)
        let schema = try specification.schema
        #expect(schema.elements.count > 5)
        var words = specification.others
        for (element, attributes) in schema.elements {
            let element = specification.word(element)
            words.formUnion(attributes)
            words.insert(element)
            #expect(table.verdict(element) != nil, "no row for <\(element)>")
            for attribute in attributes {
                #expect(table.verdict(element, attribute) != nil, "no row for \(attribute) of <\(element)>")
            }
        }
        for row in table.rows {
            #expect(row.elements.union(row.attributes).subtracting(words) == [], "no schema knows these")
            #expect(["yes", "no"].contains(row.verdict), "\(row.name)")
            #expect(row.isSupported || !row.reason.isEmpty, "why not: \(row.name)")
        }
    }

    @Test("What is supported is sent or taken as the schemas have it, what is not is never sent")
    func shown() async throws {
        let world = try await TestWorld({
            $0.oldPeers = ["old@example.org"]
            $0.limits.running = 1
        })
        let alice = try world.peer("alice@example.org/phone")
        try await sensorData(world, alice)
        try await control(world, alice)
        try await concentrators(world, alice)
        world.administration.isOver = true
        #expect(try await Schemas.judged(world.server.sent) == "")
        let current = world.server.sent
        try await dialect(world)
        #expect(
            try await Schemas.judged(world.server.sent.filter { $0["to"] != "\(world.house)" }, relaxed: true) == "")
        for specification in Specification.allCases {
            let table = try SupportTable(specification.rawValue)
            let seen = SeenNames(world.server.sent, specification.namespace).elements
            for row in table.rows where row.isSupported {
                for element in row.elements { #expect(seen[element] != nil, "<\(element)> was not in any stanza") }
                for attribute in row.attributes {
                    #expect(
                        seen.contains { row.covers(specification.word($0.key)) && $0.value.contains(attribute) },
                        "\(attribute) was not in any stanza: \(row.name)")
                }
            }
            let ours = current.filter { $0["to"] != "\(world.house)" }
            for (element, attributes) in SeenNames(ours, specification.namespace).elements where element != "x" {
                let element = specification.word(element)
                #expect(table.verdict(element) == true, "<\(element)> was sent")
                for attribute in attributes where attribute != "xmlns" {
                    #expect(table.verdict(element, attribute) == true, "\(attribute) of <\(element)> was sent")
                }
            }
        }
    }

    // MARK: A run that leaves nothing out

    private let tokens = "serviceToken='S' deviceToken='D' userToken='U'"
    private let topology = "sourceId='MeteringTopology'"
    private let line = "sourceId='MeteringTopology' nodeId='relay1' cacheType='gpio'"
    private let thing = "sourceId='MeteringTopology' nodeId='A4C1388D18B2' cacheType='ble'"
    private let gpio = "sourceId='MeteringTopology' nodeId='gpio' cacheType='bus'"
    private let own = "sourceId='Gateway' nodeId='gateway'"

    private func sensorData(_ world: TestWorld, _ alice: Peer) async throws {
        let kinds = FieldFlags.single.map { Field(name: "Kind \($0.rawValue)", value: .text("x"), flags: $0) }
        let qualities = FieldQuality.allCases.map { Field(name: "\($0)", value: .number(1), quality: $0) }
        try world.add(
            ble: "ALL",
            kinds + qualities + [
                Field(name: "Since", value: .timestamp(.now())), Field(name: "On", value: .boolean(true)),
            ])
        let periods = [
            "historicalSecond", "historicalMinute", "historicalHour", "historicalDay", "historicalWeek",
            "historicalMonth",
            "historicalQuarter", "historicalYear", "historicalOther",
        ].map { "\($0)='true'" }.joined(separator: " ")
        let all = try await alice.read(
            1,
            "momentary='1' peak='1' status='1' computed='1' identity='1' \(periods) all='true' historical='true' "
                + "from='2020-01-01T00:00:00Z' to='2099-01-01T00:00:00Z' when='2020-01-01T00:00:00Z' \(tokens)",
            "<node nodeId='ALL' sourceId='MeteringTopology' cacheType='ble'/>")
        #expect(Set(all.flatMap { readings([$0]) }).isSuperset(of: ["ALL On=true"]))
        world.concentrator.setAvailable(sensor, false)
        let last = try await alice.read(2, "momentary='true'", "<node \(thing)/><field name='Open'/>")
        #expect(last.map(\.name) == ["fields", "failure"])
        world.concentrator.setAvailable(sensor, true)
        world.hold(try world.thing("SLOW"))
        func ask(_ sequence: Int) -> String {
            "<req xmlns='\(IoTNamespace.sensorData)' seqnr='\(sequence)' momentary='true'><node nodeId='SLOW'/></req>"
        }
        #expect(try await alice.ask(ask(3))["queued"] == nil)
        for sequence in [4, 5] { #expect(try await alice.ask(ask(sequence))["queued"] == "true") }
        _ = try await alice.ask("<cancel xmlns='\(IoTNamespace.sensorData)' seqnr='4'/>")
        world.driver.held = []
        #expect(try await alice.end(of: 5).first?.name == "started")
    }

    private func control(_ world: TestWorld, _ alice: Peer) async throws {
        func set(_ content: String) -> String { "<set xmlns='\(IoTNamespace.control)' \(tokens)>\(content)</set>" }
        let dimmer = "<node nodeId='dimmer' sourceId='MeteringTopology' cacheType='gpio'/>"
        for (kind, name, value) in [
            ("boolean", "Output", "true"), ("double", "Level", "1.5"), ("int", "Level", "2"), ("long", "Level", "3"),
            ("string", "Mode", "soft"), ("color", "Label", "FF8000"), ("duration", "Label", "PT5M"),
            ("time", "Label", "08:00:00"),
        ] { _ = try await alice.ask(.set, set("\(dimmer)<\(kind) name='\(name)' value='\(value)'/>")) }
        for (kind, value) in [("date", "2026-11-21"), ("dateTime", "2026-11-21T08:00:00Z")] {
            // As texts they are too long for this one.
            let (error, _) = try await alice.refusal(.set, set("\(dimmer)<\(kind) name='Label' value='\(value)'/>"))
            #expect(error.application.first?["var"] == "Label")
        }
        _ = try await alice.ask("<getForm xmlns='\(IoTNamespace.control)' \(tokens)>\(dimmer)</getForm>")
        let x = "<x xmlns='jabber:x:data' type='submit'><field var='Level'><value>4</value></field></x>"
        _ = try await alice.ask(.set, set(dimmer + x))
        #expect(
            world.driver.written
                == [
                    "Output=true", "Level=1.5", "Level=2", "Level=3", "Mode=soft", "Label=FF8000", "Label=PT5M",
                    "Label=08:00:00", "Level=4",
                ].map { "gpio/dimmer \($0)" })
        let carol = try world.peer("carol@example.org/phone")
        let part = try await carol.ask(.set, set("<node nodeId='relay1'/>\(dimmer)<boolean name='Output' value='1'/>"))
        #expect(part.child("parameter")?["name"] == "Output")
    }

    private func dialect(_ world: TestWorld) async throws {
        let old = try world.peer("old@example.org/x")
        _ = try await old.refusal(
            .get, "<req xmlns='\(IoTNamespace.sensorData)' seqnr='1' momentary='true'><node nodeId='none'/></req>")
        _ = try await old.ask(
            .set, "<set xmlns='\(IoTNamespace.control)'><node nodeId='relay1'/><bool name='Output' value='true'/></set>"
        )
    }

    private func concentrators(_ world: TestWorld, _ alice: Peer) async throws {
        world.concentrator.setState(
            relay, .warningUnsigned, messages: [NodeMessage(kind: .warning, eventID: "hot", text: "The relay is hot")])
        let watcher = try world.peer("alice@example.org/watch")
        let events = ["Added", "Updated", "StatusChanged", "Removed", "MovedUp", "MovedDown"].map { "node\($0)='true'" }
            .joined(separator: " ")
        let both = "<node \(line)/><node \(thing)/>"
        let wants = "parameters='true' messages='true'"
        @Loop func ask(_ name: String, _ attributes: String = "", _ content: String = "") async throws {
            let answer = try await alice.command(name, "\(attributes) \(tokens)", content)
            #expect(answer["result"] == "OK", "\(answer)")
        }
        func x(_ fields: KeyValuePairs<String, String>) -> String {
            DataForm(.submit, fields: fields.map { FormField($0.key, values: [$0.value]) }).element.serialized()
        }
        #expect(
            try await watcher.command(
                "subscribe", "\(topology) \(wants) \(events) getEventsSince='\(WallTime.now())'")["result"] == "OK")
        try await ask("getCapabilities")
        try await ask("getAllDataSources")
        try await ask("getRootDataSources")
        try await ask("getChildDataSources", topology)
        try await ask("containsNode", line)
        try await ask("containsNodes", "", both)
        try await ask("getNode", "\(line) \(wants)")
        try await ask("getNodes", wants, both)
        try await ask("getAllNodes", "\(topology) \(wants)", "<onlyIfDerivedFrom>Node</onlyIfDerivedFrom>")
        try await ask("getNodeInheritance", line)
        try await ask("getRootNodes", "\(topology) \(wants)")
        try await ask("getChildNodes", "\(gpio) \(wants)", "<sortOrder parameterName='Name' ascending='false'/>")
        try await ask("getAncestors", "\(line) \(wants)")
        try await ask("getIndices", topology)
        try await ask("getAllIndexValues", "\(topology) index='state'")
        try await ask("getNodesFromIndex", "\(topology) index='state' indexValue='None' \(wants)")
        try await ask("getNodesFromIndices", wants, "<indexRef \(topology) index='state' indexValue='None'/>")
        try await ask("getNodeParametersForEdit", line)
        try await ask("setNodeParametersAfterEdit", line, x(["name": "Well"]))
        let wrong = try await alice.command("setNodeParametersAfterEdit", line, x(["poll": "soon"]))
        #expect(wrong.child("error")?["var"] == "poll")
        try await ask("getCommonNodeParametersForEdit", "", both)
        try await ask("setCommonNodeParametersAfterEdit", "", both + x(["poll": "10"]))
        try await ask("getAddableNodeTypes", gpio)
        try await ask("getParametersForNewNode", "\(gpio) type='GPIO.Line'")
        try await ask("createNewNode", "\(gpio) type='GPIO.Line'", x(["name": "lamp", "line": "5"]))
        let lamp = "sourceId='MeteringTopology' nodeId='lamp' cacheType='gpio'"
        try await ask("moveNodeUp", lamp)
        try await ask("moveNodeDown", lamp)
        try await ask("moveNodesUp", "", "<node \(lamp)/>")
        try await ask("moveNodesDown", "", "<node \(lamp)/>")
        try await ask("destroyNode", lamp)
        try await ask("getNodeCommands", own)
        try await ask("getCommandParameters", "\(line) command='wait'")
        try await ask("executeNodeCommand", "\(line) command='wait'", x(["seconds": "1"]))
        try await ask("getCommonNodeCommands", "", both)
        try await ask("getCommonCommandParameters", "command='wait'", both)
        try await ask("executeCommonNodeCommand", "command='identify'", both)
        try await queries(alice, both, x(["period": "Hour"]))
        world.concentrator.setState(relay, .none)
        try await until("the events") {
            Set(watcher.messages.map(\.name)).isSuperset(of: [
                "nodeAdded", "nodeUpdated", "nodeStatusChanged", "nodeRemoved", "nodeMovedUp", "nodeMovedDown",
            ])
        }
        try await ask("unsubscribe", "\(topology) \(events)")
    }

    private func queries(_ alice: Peer, _ nodes: String, _ form: String) async throws {
        func events(_ query: String) -> [String] {
            alice.messages.filter { $0.name == "queryProgress" && $0["queryId"] == query }.flatMap(\.children).map(
                \.name)
        }
        for (command, last) in [("strangers", "queryDone"), ("broken", "queryDone"), ("endless", "queryAborted")] {
            let answer = try await alice.command("executeNodeQuery", "\(own) command='\(command)' \(tokens)")
            let query = try #require(answer["queryId"])
            if last == "queryAborted" {
                let abort = "\(own) command='\(command)' queryId='\(query)' \(tokens)"
                #expect(try await alice.command("abortNodeQuery", abort)["result"] == "OK")
            }
            try await until("the end of \(command)") { events(query).last == last }
        }
        let answer = try await alice.command("executeCommonNodeQuery", "command='history' \(tokens)", nodes + form)
        let query = try #require(answer["queryId"])
        try await until("the end of both") { events(query).count { $0 == "queryDone" } == 2 }
        let gone = try await alice.command("abortCommonNodeQuery", "command='history' queryId='\(query)'", nodes)
        #expect(gone["result"] == "NotFound")
    }
}
