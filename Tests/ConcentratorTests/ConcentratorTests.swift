import Concentrator
import OneLoop
import Testing

@Loop
@Suite struct ConcentratorTests {
    let concentrator = Concentrator()
    let driver = RecordingDriver()
    let recorder = Recorder()

    private func add(_ id: NodeID, parent: NodeID? = nil, parameters: [Parameter] = []) throws {
        try concentrator.add(NodeDescription(id: id, parent: parent, parameters: parameters), driver: driver)
    }

    @Test func theMeteringTopologyExists() throws {
        #expect(concentrator.sources.map(\.id) == ["MeteringTopology"])
        let stranger = NodeID(sourceID: "Other", cacheType: "x", nodeID: "y")
        #expect(throws: NodeError(.unknownSource, "")) { try add(stranger) }
        try concentrator.register(source: DataSource(id: "Other", name: "Other"))
        try add(stranger)
        try add(ble("A"))
        #expect(concentrator.roots(of: "Other").map(\.id) == [stranger])
        #expect(concentrator.roots(of: "MeteringTopology").map(\.id) == [ble("A")])
    }

    @Test func namesAreChecked() throws {
        try add(ble("A"))
        #expect(throws: NodeError(.exists, "")) { try add(ble("A")) }
        #expect(throws: NodeError(.invalidName, "")) { try add(ble("a/b")) }
        #expect(throws: NodeError(.badParent, "")) { try add(ble("B"), parent: ble("none")) }
        #expect(concentrator.count == 1)
    }

    @Test func theTree() throws {
        _ = concentrator.subscribe(recorder.record)
        try add(gpio("bus"))
        try add(gpio("a"), parent: gpio("bus"))
        try add(gpio("b"), parent: gpio("bus"))
        try add(gpio("a1"), parent: gpio("a"))
        #expect(concentrator.children(of: gpio("bus")).map(\.id) == [gpio("a"), gpio("b")])
        #expect(concentrator.ancestors(of: gpio("a1")).map(\.id) == [gpio("a1"), gpio("a"), gpio("bus")])
        #expect(concentrator.node(gpio("a"))?.hasChildren == true && concentrator.node(gpio("b"))?.hasChildren == false)
        #expect(concentrator.roots(of: "MeteringTopology").map(\.id) == [gpio("bus")])
        recorder.events = []
        concentrator.remove(gpio("a"))
        #expect(recorder.events == ["removed gpio/a1", "removed gpio/a"])
        #expect(concentrator.children(of: gpio("bus")).map(\.id) == [gpio("b")])
        try add(gpio("a"), parent: gpio("bus"))
        #expect(concentrator.ids == [gpio("bus"), gpio("b"), gpio("a")])
    }

    @Test func readingsReplaceAndTellOnlyChanges() throws {
        try add(ble("A"))
        _ = concentrator.subscribe(recorder.record)
        concentrator.update(ble("A"), fields: [field("Temperature", 21, 1), field("Humidity", 40, 1)])
        concentrator.update(ble("A"), fields: [field("Temperature", 21, 2), field("Humidity", 41, 2)])
        concentrator.update(ble("A"), fields: [field("Temperature", 21, 3)])
        concentrator.update(ble("none"), fields: [field("Temperature", 21, 3)])
        #expect(
            recorder.events == [
                #"updated ble/A ["Temperature=21", "Humidity=40"]"#, #"updated ble/A ["Humidity=41"]"#,
            ])
        let node = try #require(concentrator.node(ble("A")))
        #expect(node.fields.map(\.timestamp) == [at(3), at(2)])
        #expect(node.lastSeen == at(3))
    }

    @Test func decimalsAreAChange() throws {
        try add(ble("A"))
        concentrator.update(ble("A"), fields: [field("T", 10)])
        _ = concentrator.subscribe(recorder.record)
        concentrator.update(
            ble("A"), fields: [Field(name: "T", value: .number(Quantity(mantissa: 100, decimals: 1)), timestamp: at(2))]
        )
        #expect(recorder.events == [#"updated ble/A ["T=10.0"]"#])
    }

    @Test func availabilityAndState() throws {
        try add(ble("A"))
        _ = concentrator.subscribe(recorder.record)
        concentrator.setAvailable(ble("A"), true)
        concentrator.setAvailable(ble("A"), false)
        concentrator.setState(ble("A"), .warningUnsigned, messages: [])
        concentrator.setState(ble("A"), .warningUnsigned, messages: [])
        concentrator.update(ble("A"), fields: [field("T", 1)])
        #expect(
            recorder.events == [
                "status ble/A none false", "status ble/A warningUnsigned false", "status ble/A warningUnsigned true",
                #"updated ble/A ["T=1"]"#,
            ])
        concentrator.setState(
            ble("A"), .none, messages: (0..<20).map { NodeMessage(timestamp: at($0), kind: .error, text: "\($0)") })
        #expect(concentrator.node(ble("A"))?.messages.map(\.text) == (4..<20).map(String.init))
    }

    @Test func eventsKeepTheirOrderWhenHandlersCauseMore() throws {
        let second = Recorder()
        _ = concentrator.subscribe { [concentrator] event in
            if case .added(let node) = event { concentrator.update(node.id, fields: [field("T", 1)]) }
        }
        let ending = concentrator.subscribe(recorder.record)
        _ = concentrator.subscribe { event in
            second.record(event)
            concentrator.unsubscribe(ending)
        }
        try add(ble("A"))
        #expect(second.events == ["added ble/A", #"updated ble/A ["T=1"]"#])
        #expect(recorder.events == ["added ble/A"])
    }

    @Test func namesForPeople() throws {
        try add(ble("A"))
        try add(gpio("A"))
        try add(gpio("B"))
        #expect(try concentrator.resolve("gpio/A") == gpio("A"))
        #expect(try concentrator.resolve("B") == gpio("B"))
        let error = #expect(throws: NodeError.self) { try concentrator.resolve("A") }
        #expect(error?.code == .ambiguous && error?.reason.contains("ble/A or gpio/A") == true)
        #expect(throws: NodeError(.notFound, "")) { try concentrator.resolve("C") }
        #expect(concentrator.ids(withNodeID: "A") == [ble("A"), gpio("A")])
    }

    @Test func readsAreFiltered() throws {
        try add(ble("A"))
        try add(ble("B"), parent: ble("A"))
        concentrator.update(
            ble("A"), fields: [field("T", 1, 10), field("Battery", 2, 20, flags: [.status, .momentary])])
        concentrator.update(ble("B"), fields: [field("T", 3, 30)])
        func read(_ request: ReadRequest) -> [String] {
            concentrator.read(request).flatMap { reading in
                reading.fields.map { "\(reading.node.nodeID).\($0.name)" }
                    + (reading.failure.map { ["\(reading.node.nodeID)!\($0.code)"] } ?? [])
            }
        }
        #expect(read(ReadRequest()) == ["A.T", "A.Battery", "B.T"])
        #expect(read(ReadRequest(nodes: [ble("B")])) == ["B.T"])
        #expect(read(ReadRequest(nodes: [ble("A")], includesDescendants: true)) == ["A.T", "A.Battery", "B.T"])
        #expect(
            read(ReadRequest(nodes: [ble("B"), ble("A")], includesDescendants: true)) == ["B.T", "A.T", "A.Battery"])
        #expect(read(ReadRequest(fields: ["T"])) == ["A.T", "B.T"])
        #expect(read(ReadRequest(flags: .status)) == ["A.Battery"])
        #expect(read(ReadRequest(flags: .historical)) == [])
        #expect(read(ReadRequest(from: at(20), to: at(29))) == ["A.Battery"])
        #expect(
            read(ReadRequest(nodes: [ble("A"), ble("none"), ble("B")], fields: ["Battery"]))
                == ["A.Battery", "none!notFound", "B!unknownField"])
    }

    @Test func parametersCanBeReadAsFields() throws {
        try add(gpio("relay1"), parameters: [Parameter(name: "Output", kind: .boolean)])
        #expect(concentrator.read(ReadRequest()).first?.fields == [])
        _ = concentrator.subscribe(recorder.record)
        concentrator.update(gpio("relay1"), parameter: "Output", value: .boolean(true), at: at(5))
        concentrator.update(gpio("relay1"), parameter: "Output", value: .boolean(true), at: at(6))
        concentrator.update(gpio("relay1"), parameter: "None", value: .boolean(true), at: at(6))
        #expect(recorder.events == ["parameter gpio/relay1 Output=true"])
        #expect(
            concentrator.read(ReadRequest()).first?.fields
                == [Field(name: "Output", value: .boolean(true), flags: .status, timestamp: at(6))])
    }
}
