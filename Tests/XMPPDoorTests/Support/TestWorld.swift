import Access
import Concentrator
import NIOCore
import OneLoop
import Testing
import XMPP
import XMPPDoor

/// A driver of things in memory; some are slow, some fail, some have to be asked.
@Loop
final class TestDriver: NodeDriver {
    weak var concentrator: Concentrator?
    var written: [String] = []
    var failing: Set<NodeID> = []
    /// Nodes that are asked.
    var fetching: Set<NodeID> = []
    /// Nodes whose thing does not answer for now.
    var held: Set<NodeID> = []
    nonisolated init() {}

    func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError) {
        await Task.yield()
        if failing.contains(node) { throw NodeError(.driverFailed, "the line is gone") }
        for (parameter, value) in values {
            written.append("\(node) \(parameter)=\(value)")
            concentrator?.update(node, parameter: parameter, value: value)
        }
    }

    func fetches(_ node: NodeID) -> Bool { fetching.contains(node) }

    func refresh(_ node: NodeID) async throws(NodeError) {
        while held.contains(node) { try? await Task.sleep(for: .milliseconds(2)) }
        if failing.contains(node) { throw NodeError(.driverFailed, "the thing is silent") }
        concentrator?.update(
            node, fields: [Field(name: "Voltage", value: .number(Quantity(mantissa: 231, decimals: 1)), unit: "V")])
    }
}

let relay = NodeID(cacheType: "gpio", nodeID: "relay1")
let dimmer = NodeID(cacheType: "gpio", nodeID: "dimmer")
let sensor = NodeID(cacheType: "ble", nodeID: "A4C1388D18B2")
let bus = NodeID(cacheType: "bus", nodeID: "gpio")
let gateway = NodeID(sourceID: "Gateway", cacheType: "", nodeID: "gateway")

/// A house in memory: some nodes, the door, a server in memory, and those who come.
@Loop
final class TestWorld {
    let concentrator = Concentrator()
    let driver = TestDriver()
    let administration: TestAdministration
    let server: MemoryServer
    let door: XMPPDoor
    let list: AccessList
    let house: JID
    let session: XMPPSession
    /// Who asks provisioning servers, where the test has them.
    let provisioning: ProvisioningClient?
    private var peers: [Peer] = []

    init(
        _ configure: (inout DoorSettings) -> Void = { _ in }, rules: [AccessRule] = TestWorld.rules,
        provision: ((XMPPSession, AccessList) throws -> ProvisioningClient)? = nil, connects: Bool = true
    ) async throws {
        house = try #require(JID("gateway@example.org/house"))
        driver.concentrator = concentrator
        administration = TestAdministration(concentrator)
        var settings = DoorSettings(
            name: "Hall", manufacturer: "Gatehouse", model: "Test", version: "1.0", serialNumber: "1")
        configure(&settings)
        server = MemoryServer(on: Loop.eventLoop)
        session = XMPPSession(
            account: house.bare, info: DiscoInfo(identities: []), software: "urn:test", on: Loop.eventLoop)
        list = AccessList(rules)
        provisioning = try provision?(session, list)
        door = XMPPDoor(
            session: session, concentrator: concentrator, access: provisioning ?? list, provisioning: provisioning,
            administration: administration, settings: settings)
        try concentrator.add(
            NodeDescription(
                id: relay, displayName: "Pump", localID: "GPIO17",
                parameters: [Parameter(name: "Output", kind: .boolean)],
                deviceClass: "relay"), driver: driver)
        try concentrator.add(
            NodeDescription(
                id: dimmer,
                parameters: [
                    Parameter(name: "Output", kind: .boolean),
                    Parameter(
                        name: "Level", kind: .number(minimum: 0, maximum: 100, decimals: 1, unit: "%")),
                    Parameter(name: "Mode", kind: .choice(["soft", "hard"])),
                    Parameter(name: "Label", kind: .text(maximumLength: 8)),
                ], deviceClass: "light"), driver: driver)
        try concentrator.add(NodeDescription(id: sensor, deviceClass: "thermometer"), driver: driver)
        concentrator.update(relay, parameter: "Output", value: .boolean(false))
        concentrator.update(
            sensor,
            fields: [
                Field(name: "Temperature", value: .number(Quantity(mantissa: 2506, decimals: 2)), unit: "°C"),
                Field(name: "Humidity", value: .number(Quantity(48)), unit: "%"),
                Field(name: "Battery", value: .number(Quantity(93)), unit: "%", flags: .status),
                Field(name: "Firmware", value: .text("1.2"), flags: .identity),
                Field(name: "Open", value: .boolean(true)),
            ])
        if connects { server.connect(session, as: house) }
    }

    /// Comes online, when the test has not let it at once.
    func connect() { server.connect(session, as: house) }

    static let rules = [
        AccessRule(who: "alice@example.org", right: .administer),
        AccessRule(
            who: "bob@example.org", right: .read, nodes: [NodeReference(nodeID: sensor.nodeID)], names: ["Temperature"]),
        AccessRule(who: "carol@example.org", right: .control, nodes: [NodeReference(nodeID: relay.nodeID)]),
        AccessRule(who: "old@example.org", right: .control),
    ]

    func peer(_ address: String) throws -> Peer {
        let peer = Peer(try #require(JID(address)), house: house)
        server.connect(peer.session, as: peer.address)
        peers.append(peer)
        return peer
    }

    /// What the house sent, judged by the schemas; some questions of the tests are wrong on purpose.
    func judge(relaxed: Bool = false) throws {
        #expect(try Schemas.judge(told, relaxed: relaxed) == "")
    }

    /// As ``judge(relaxed:)``, while others go on.
    func judged(relaxed: Bool = false) async throws {
        #expect(try await Schemas.judged(told, relaxed: relaxed) == "")
    }

    private var told: [XMLElement] { server.sent.filter { $0["to"] != "\(house)" } }
}

/// Somebody who asks.
@Loop
final class Peer {
    let address: JID
    let session: XMPPSession
    private let house: JID
    /// Payloads of messages that came from the house.
    private(set) var messages: [XMLElement] = []

    init(_ address: JID, house: JID) {
        self.address = address
        self.house = house
        session = XMPPSession(
            account: address.bare, info: DiscoInfo(identities: []), software: "urn:peer", on: Loop.eventLoop)
        for space in [IoTNamespace.sensorData, IoTNamespace.concentrators] {
            session.onMessage(nil, space) { [weak self] _, payload in self?.messages.append(payload) }
        }
    }

    /// Asks by the text of a payload; answers the payload, or throws the error.
    func ask(_ text: String) async throws -> XMLElement { try await ask(.get, text) }

    func ask(_ question: IQ.Question, _ text: String) async throws -> XMLElement {
        let payload = try #require(try elements(text).first)
        let result: Result<XMLElement?, IQFailure> = await withCheckedContinuation { continuation in
            let handler: XMPPSession.AnswerHandler = { continuation.resume(returning: $0) }
            if question == .get {
                session.get(payload, to: house, handler: handler)
            } else {
                session.set(payload, to: house, handler: handler)
            }
        }
        return try #require(try result.get())
    }

    /// Asks, and expects an error.
    func refusal(_ question: IQ.Question, _ text: String) async throws -> (StanzaError, XMLElement?) {
        do {
            let answer = try await ask(question, text)
            throw TestFailure("an error was expected, not \(answer)")
        } catch let failure as IQFailure {
            guard case .refused(let error, let payload) = failure else { throw failure }
            return (error, payload)
        }
    }

    /// Asks a command of XEP-0326; answers its response.
    func command(_ name: String, _ attributes: String = "", _ content: String = "") async throws -> XMLElement {
        let question: IQ.Question = ConcentratorCommand(rawValue: name)?.isChange == true ? .set : .get
        let answer = try await ask(
            question, "<\(name) xmlns='urn:xmpp:iot:concentrators' \(attributes)>\(content)</\(name)>")
        #expect(answer.name == name + "Response")
        return answer
    }

    /// Reads, and waits for the end of the read-out; answers its messages.
    func read(_ sequence: Int, _ attributes: String, _ content: String = "") async throws -> [XMLElement] {
        let answer = try await ask(
            "<req xmlns='urn:xmpp:iot:sensordata' seqnr='\(sequence)' \(attributes)>\(content)</req>")
        #expect(answer.name == "accepted")
        return try await end(of: sequence)
    }

    func end(of sequence: Int) async throws -> [XMLElement] {
        try await until("the end of read-out \(sequence)") { isDone(sequence) }
        return messages(sequence)
    }

    func isDone(_ sequence: Int) -> Bool { messages(sequence).contains { $0["done"] == "true" } }
    func messages(_ sequence: Int) -> [XMLElement] { messages.filter { $0["seqnr"] == "\(sequence)" } }
    func forgetMessages() { messages = [] }
}

/// Waits for something, at most 40 s: a machine that builds beside the tests is slow.
@Loop
func until(_ what: String, _ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(40)
    while !condition() {
        guard ContinuousClock.now < deadline else { throw TestFailure("waited in vain for \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// The readings in messages: `nodeId name=value`.
func readings(_ messages: [XMLElement]) -> [String] {
    messages.filter { $0.name == "fields" }.flatMap { $0.children("node") }.flatMap { node in
        node.children("timestamp").flatMap(\.children).map {
            "\(node["nodeId"] ?? "") \($0["name"] ?? "")=\($0["value"] ?? "")"
        }
    }
}
