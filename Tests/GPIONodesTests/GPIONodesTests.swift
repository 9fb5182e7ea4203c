import Concentrator
import GPIO
import Logging
import OneLoop
import Testing

@testable import GPIONodes

@Loop
final class Hands {
    private(set) var now: Duration = .zero
    private var timers: [(id: Int, at: Duration, body: @Loop () -> Void)] = []
    private var ids = 0

    var count: Int { timers.count }

    func after(_ delay: Duration, _ body: @escaping @Loop () -> Void) -> @Loop () -> Void {
        ids += 1
        let id = ids
        timers.append((id, now + delay, body))
        return { [weak self] in self?.timers.removeAll { $0.id == id } }
    }

    func advance(_ time: Duration) {
        let end = now + time
        while let next = timers.filter({ $0.at <= end }).min(by: { ($0.at, $0.id) < ($1.at, $1.id) }) {
            timers.removeAll { $0.id == next.id }
            now = next.at
            next.body()
        }
        now = end
    }

    var asTimers: Timers { Timers(now: { self.now }, after: { self.after($0, $1) }) }
}

@Loop @Suite struct GPIONodesTests {
    let concentrator = Concentrator()
    let chip = SimulatedChip.raspberryPi()
    let hands = Hands()
    let door = NodeID(cacheType: "gpio", nodeID: "door1")
    let relay = NodeID(cacheType: "gpio", nodeID: "relay1")

    static let doorLine = GPIOLineConfiguration(
        name: "door1", line: .name("GPIO22"),
        direction: .input(InputConfiguration(bias: .pullUp, activeLow: true)), kind: "contact", title: "Front door")
    static let relayLine = GPIOLineConfiguration(
        name: "relay1", line: .offset(5), direction: .output(OutputConfiguration(safe: .off)), kind: "relay")

    func driver() -> GPIONodes {
        GPIONodes(
            concentrator: concentrator, pool: ChipPool(simulated: chip), board: .raspberryPi, timers: hands.asTimers,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Lets the loop do what was handed to it.
    func settle() async {
        for _ in 0..<20 { await Task.yield() }
    }

    func state(_ id: NodeID) -> Bool? { concentrator.node(id)?.field("State")?.value.boolean }
    func edges(_ id: NodeID) -> Int64? { concentrator.node(id)?.field("Edges")?.value.number?.mantissa }

    @Test func linesAreNodes() throws {
        try driver().start([Self.doorLine, Self.relayLine])
        let input = try #require(concentrator.node(door))
        #expect(input.description.displayName == "Front door")
        #expect(input.description.deviceClass == "contact")
        #expect(input.description.localID == "GPIO22")
        #expect(input.description.parameters.isEmpty)
        #expect(input.available)
        #expect(input.fields.map(\.name) == ["State", "Edges"])
        #expect(state(door) == false)
        #expect(edges(door) == 0)
        let output = try #require(concentrator.node(relay))
        #expect(output.parameter("Output")?.value == .boolean(false))
        #expect(output.description.displayName == "relay1")
        #expect(output.available)
        #expect(try chip.lines()[22].consumer == "gatehouse door1")
    }

    @Test func anEdgeIsToldAtOnceAndStampedWhenItWas() async throws {
        let nodes = driver()
        try nodes.start([Self.doorLine])
        let before = WallTime.now()
        try chip.drive(.offset(22), high: false)
        await settle()
        #expect(state(door) == true)
        #expect(edges(door) == 1)
        let stamp = try #require(concentrator.node(door)?.field("State")?.timestamp)
        #expect(stamp.millisecondsSince1970 >= before.millisecondsSince1970 - 2)
        #expect(stamp <= WallTime.now())
        withExtendedLifetime(nodes) {}
    }

    @Test func outputsObeyAndTell() async throws {
        let nodes = driver()
        try nodes.start([Self.relayLine])
        try await concentrator.write([NodeWrite(node: relay, parameter: "Output", value: .boolean(true))])
        #expect(try chip.isHigh(.offset(5)))
        #expect(concentrator.node(relay)?.parameter("Output")?.value == .boolean(true))
        nodes.stop()
        #expect(try chip.isHigh(.offset(5)) == false)
        #expect(try chip.lines().allSatisfy { !$0.isUsed })
        #expect(concentrator.nodes.isEmpty)
        #expect(hands.count == 0)
    }

    @Test func writesThatMakeNoSense() async throws {
        let nodes = driver()
        try nodes.start([Self.doorLine, Self.relayLine])
        let attempts: [(NodeID, String, FieldValue, NodeError.Code)] = [
            (door, "Output", .boolean(true), .unknownParameter), (relay, "State", .boolean(true), .unknownParameter),
            (relay, "Output", .text("on"), .invalidValue),
            (NodeID(cacheType: "gpio", nodeID: "nobody"), "Output", .boolean(true), .notFound),
        ]
        for (id, parameter, value, code) in attempts {
            await #expect { try await nodes.write(id, [(parameter, value)]) } throws: {
                ($0 as? NodeError)?.code == code
            }
        }
        #expect(try chip.isHigh(.offset(5)) == false)
    }

    /// 100 Hz for two seconds: at most ten reports a second, every edge counted, the last level right.
    @Test func chatterIsCoalesced() async throws {
        let nodes = driver()
        try nodes.start([Self.doorLine])
        var reports = 0
        _ = concentrator.subscribe { event in
            if case .updated = event { reports += 1 }
        }
        for _ in 0..<200 {
            try chip.drive(.offset(22), high: false)
            await settle()
            hands.advance(.milliseconds(5))
            try chip.drive(.offset(22), high: true)
            await settle()
            hands.advance(.milliseconds(5))
        }
        try chip.drive(.offset(22), high: false)
        hands.advance(.milliseconds(100))
        await settle()
        #expect(reports <= 22)
        #expect(reports >= 18)
        #expect(edges(door) == 401)
        #expect(state(door) == true)
        let node = try #require(concentrator.node(door))
        #expect(node.state == .warningUnsigned)
        #expect(node.messages.map(\.eventID) == ["gpio.chatter"])
        hands.advance(.seconds(10))
        #expect(concentrator.node(door)?.state == NodeState.none)
        #expect(hands.count == 0)
        // Quiet again: the next edge is told at once.
        try chip.drive(.offset(22), high: true)
        await settle()
        #expect(state(door) == false)
        withExtendedLifetime(nodes) {}
    }

    @Test func metersMayCountFast() async throws {
        let nodes = driver()
        var line = Self.doorLine
        line.kind = "generic"
        try nodes.start([line])
        for _ in 0..<100 {
            try chip.drive(.offset(22), high: false)
            try chip.drive(.offset(22), high: true)
        }
        await settle()
        #expect(edges(door) == 200)
        #expect(concentrator.node(door)?.state == NodeState.none)
        #expect(concentrator.node(door)?.description.deviceClass == nil)
        withExtendedLifetime(nodes) {}
    }

    @Test func aChipThatVanishesAndComesBack() async throws {
        let nodes = driver()
        try nodes.start([Self.doorLine, Self.relayLine])
        try await concentrator.write([NodeWrite(node: relay, parameter: "Output", value: .boolean(true))])
        chip.unplug()
        await settle()
        for id in [door, relay] {
            let node = try #require(concentrator.node(id))
            #expect(node.state == .errorUnsigned)
            #expect(!node.available)
            #expect(node.messages.map(\.eventID) == ["gpio.chipLost"])
        }
        #expect(nodes.troubles.count == 2)
        await #expect { try await nodes.write(relay, [("Output", .boolean(true))]) } throws: {
            ($0 as? NodeError)?.code == .driverFailed
        }
        let messages = concentrator.node(door)?.messages
        hands.advance(.seconds(300))
        await settle()
        #expect(concentrator.node(door)?.messages == messages)
        #expect(hands.count == 1)
        chip.replug()
        try chip.drive(.offset(22), high: false)
        hands.advance(.seconds(60))
        await settle()
        for id in [door, relay] {
            let node = try #require(concentrator.node(id))
            #expect(node.state == NodeState.none)
            #expect(node.available)
            #expect(node.messages.isEmpty)
        }
        #expect(state(door) == true)
        #expect(concentrator.node(relay)?.parameter("Output")?.value == .boolean(false))
        #expect(try chip.isHigh(.offset(5)) == false)
        #expect(nodes.troubles.isEmpty)
        #expect(hands.count == 0)
        try chip.drive(.offset(22), high: true)
        await settle()
        #expect(state(door) == false)
    }

    @Test func aBusyLineIsANodeInErrorUntilItIsFree() async throws {
        let other = try chip.output(.offset(5), OutputConfiguration(), consumer: "kettle") { _ in }
        let nodes = driver()
        try nodes.start([Self.relayLine])
        let node = try #require(concentrator.node(relay))
        #expect(node.state == .errorUnsigned)
        #expect(node.messages.last?.text.contains("kettle") == true)
        #expect(!node.available)
        other.close()
        hands.advance(.seconds(5))
        #expect(concentrator.node(relay)?.available == true)
        withExtendedLifetime(nodes) {}
    }

    @Test func aLineGivenUpIsNoNodeAndCanBeTakenAnew() async throws {
        let driver = driver()
        try driver.start([Self.doorLine, Self.relayLine])
        try await driver.write(relay, [(parameter: "Output", value: .boolean(true))])
        driver.remove(relay)
        #expect(concentrator.node(relay) == nil)
        #expect(concentrator.node(door) != nil)
        // It was left at its safe value, and is free again.
        try driver.start([Self.relayLine])
        #expect(concentrator.node(relay)?.parameter("Output")?.value == .boolean(false))
        #expect(driver.troubles.isEmpty)
        driver.remove(NodeID(cacheType: "gpio", nodeID: "nobody"))
        driver.stop()
    }

    @Test func namesMustBeGoodAndUnique() throws {
        let nodes = driver()
        var bad = Self.relayLine
        bad.name = "relay 1"
        #expect { try nodes.start([bad]) } throws: { ($0 as? NodeError)?.code == .invalidName }
        #expect { try nodes.start([Self.relayLine, Self.relayLine]) } throws: { ($0 as? NodeError)?.code == .exists }
        let many = (0...GPIONodes.maximumLines).map { number in
            GPIOLineConfiguration(name: "n\(number)", line: .offset(9999), direction: Self.relayLine.direction)
        }
        #expect { try nodes.start(many) } throws: { ($0 as? NodeError)?.code == .full }
    }
}

@Suite struct EdgeBoxTests {
    @Test func tellsOnceUntilFoundEmpty() {
        let box = EdgeBox()
        let edge = LineEvent.edge(Edge(active: true, timestamp: 1, missed: 2))
        #expect(box.put(edge))
        #expect(!box.put(edge))
        #expect(box.take().count == 6)
        #expect(!box.put(edge))
        #expect(box.take().count == 3)
        #expect(box.take().last == nil)
        #expect(box.put(.lost("gone")))
        #expect(box.take().loss == "gone")
        #expect(!box.put(edge))
    }
}
