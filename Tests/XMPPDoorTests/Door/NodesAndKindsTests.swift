import Concentrator
import OneLoop
import Testing
import XMPP
import XMPPDoor

@Suite("XEP-0323: which nodes, which values, and what is told of each", .timeLimit(.minutes(1)))
@Loop
struct NodesAndKindsTests {
    @Test("An id that several nodes have means all of them, with a source or a cache type the one")
    func ambiguous() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        try world.concentrator.register(source: DataSource(id: "Annex", name: "Annex"))
        for (source, type) in [(NodeID.meteringTopology, "ble"), (NodeID.meteringTopology, "gpio"), ("Annex", "ble")] {
            let id = NodeID(sourceID: source, cacheType: type, nodeID: "twin")
            try world.concentrator.add(NodeDescription(id: id), driver: world.driver)
            world.concentrator.update(id, fields: [Field(name: "\(source) \(type)", value: .boolean(true))])
        }
        var number = 0
        for (attributes, names) in [
            ("", ["MeteringTopology ble", "MeteringTopology gpio", "Annex ble"]),
            ("cacheType='ble'", ["MeteringTopology ble"]), ("sourceId='Annex' cacheType='ble'", ["Annex ble"]),
            ("sourceId='MeteringTopology'", ["MeteringTopology ble", "MeteringTopology gpio"]),
        ] {
            number += 1
            let messages = try await alice.read(number, "momentary='true'", "<node nodeId='twin' \(attributes)/>")
            #expect(readings(messages) == names.map { "twin \($0)=true" })
        }
        try await world.judged()
    }

    @Test("Nodes below a named one are read with it, and the house's own nodes tell of themselves")
    func superNodes() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let messages = try await alice.read(1, "status='true'", "<node nodeId='gpio' cacheType='bus'/>")
        #expect(readings(messages) == ["gpio Nodes=3", "relay1 Output=false"])
        try await world.judged()
    }

    @Test("Each kind is given to who asks for it and to no other, and with its mark")
    func kinds() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let now = ["momentary", "peak", "status", "computed", "identity"]
        let kept = ["historicalMinute", "historicalHour", "historicalDay"]
        let names =
            now + ["historicalSecond"] + kept + [
                "historicalWeek", "historicalMonth", "historicalQuarter", "historicalYear", "historicalOther",
            ]
        try world.add(
            ble: "ALL", FieldFlags.single.enumerated().map { Field(name: names[$0], value: .number(1), flags: $1) })
        for (number, name) in names.enumerated() {
            let messages = try await alice.read(number, "\(name)='true'", "<node nodeId='ALL'/>")
            let values = messages.flatMap { $0.children("node") }.flatMap { $0.children("timestamp") }.flatMap(
                \.children)
            #expect(values.allSatisfy { $0[name] == "true" })
            if now.contains(name) {
                #expect(values.map { $0["name"] } == [name])
            } else {
                // A value of each field, its least, greatest and mean; of other periods nothing is kept.
                #expect(values.count == (kept.contains(name) ? 4 * names.count : 0))
            }
        }
        try await world.judged()
    }

    @Test("How far a value can be relied on is told by one mark, and a good one by none")
    func qualities() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let marks = FieldQuality.allCases.map { "\($0)" }
        for (number, quality) in FieldQuality.allCases.enumerated() {
            try world.add(ble: "Q", [Field(name: "Value", value: .timestamp(.now()), quality: quality)])
            let messages = try await alice.read(number, "momentary='1'", "<node nodeId='Q'/>")
            let value = messages.first?.child("node")?.child("timestamp")?.child("dateTime")
            let found = value?.attributes.map(\.name).filter { marks.contains($0) }
            #expect(found == (quality == .automaticReadout ? [] : ["\(quality)"]))
        }
        try await world.judged()
    }

    @Test("A named node without the field that is asked for has failed; those with it have not")
    func noSuchField() async throws {
        let world = try await TestWorld()
        let messages = try await world.peer("alice@example.org/phone").read(
            1, "all='true'", "<node nodeId='A4C1388D18B2'/><node nodeId='relay1'/><field name='Open'/>")
        #expect(readings(messages).contains("A4C1388D18B2 Open=true"))
        let errors = messages.flatMap { $0.children("error") }
        #expect(errors.map { $0["nodeId"] } == ["relay1"])
        #expect(errors.first?.text == "gpio/relay1 has no field \"Open\"; it has Output")
        try await world.judged()
    }
}

extension FieldFlags {
    /// Each kind by itself.
    static let single = (0..<14).map { FieldFlags(rawValue: 1 << $0) }
}
