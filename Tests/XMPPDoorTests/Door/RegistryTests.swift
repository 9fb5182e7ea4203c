import Concentrator
import OneLoop
import Testing
import XMPP
import XMPPDoor

/// A thing registry in memory, the gateway at it, and what the gateway told.
@Loop
private final class RegistryWorld {
    let server = MemoryServer(on: Loop.eventLoop)
    let thing: ThingRegistry
    let registry: XMPPSession
    let address: JID
    let house: JID
    /// What the gateway registered and updated.
    private(set) var told: [XMLElement] = []
    var owners: [String?] { ownersTold.all }
    private let ownersTold: Owners
    private let session: XMPPSession

    /// Whether the registry takes the gateway out.
    var unregisters = true

    init(owner: String? = nil, claimed: String? = nil) async throws {
        address = try #require(JID("registry.example.org"))
        house = try #require(JID("gateway@example.org/house"))
        session = XMPPSession(
            account: house.bare, info: DiscoInfo(identities: []), software: "urn:test", on: Loop.eventLoop)
        registry = XMPPSession(
            account: address, isComponent: true, info: DiscoInfo(identities: [], features: [IoTNamespace.discovery]),
            software: "urn:registry", on: Loop.eventLoop)
        let settings = DoorSettings(
            name: "Hall", manufacturer: "Gate;house", model: "G1", version: "1.2.3", serialNumber: "42")
        let told = Owners()
        thing = ThingRegistry(session: session, address: address, settings: settings, key: "K7", owner: owner) {
            told.all.append($0)
        }
        ownersTold = told
        registry.onRequest(.set, nil, IoTNamespace.discovery) { [weak self] request in
            self?.told.append(request.payload)
            if request.payload.name == "unregister", self?.unregisters == false {
                return request.error(StanzaError(.itemNotFound))
            }
            let isClaimed = request.payload.name == "register" ? claimed : nil
            request.result(isClaimed.map { XMLElement("claimed", IoTNamespace.discovery, ["jid": $0]) })
        }
        server.connect(registry, as: address)
        server.connect(session, as: house)
    }

    func say(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], from other: XMPPSession? = nil) async
        -> Bool
    {
        await say(XMLElement(name, IoTNamespace.discovery, attributes), from: other)
    }

    func say(_ payload: XMLElement, from other: XMPPSession? = nil) async -> Bool {
        await withCheckedContinuation { continuation in
            (other ?? registry).set(payload, to: house) { result in
                if case .success = result {
                    continuation.resume(returning: true)
                } else {
                    continuation.resume(returning: false)
                }
            }
        }
    }

    func tags(_ payload: XMLElement) -> [String: String] {
        Dictionary(payload.children.map { ($0["name"] ?? "", $0["value"] ?? "") }) { $1 }
    }
}

@Loop
private final class Owners {
    var all: [String?] = []
}

@Suite("XEP-0347: the registry and the label", .timeLimit(.minutes(1)))
@Loop
struct RegistryTests {
    @Test("The label says what is registered, with what is special escaped, and is XEP-0347's string")
    func label() {
        let settings = DoorSettings(
            name: "Hall", manufacturer: "Gate;house\\", model: "G1", version: "1.2.3", serialNumber: "42")
        #expect(
            ThingTags(settings, key: "K7").label
                == "IoTDisco;SN:42;MAN:Gate\\;house\\\\;MODEL:G1;#V:1.2;CLASS:Gateway;KEY:K7")
        #expect(ThingTags(settings, key: nil).label.hasSuffix("CLASS:Gateway"))
    }

    @Test("Registered with the key; claimed, it has an owner and the key is blanked; disowned, it can be claimed again")
    func claimed() async throws {
        let world = try await RegistryWorld()
        try await until("the registration") { world.thing.state == .unclaimed }
        #expect(world.told.map(\.name) == ["register"])
        #expect(
            world.tags(world.told[0]) == [
                "SN": "42", "MAN": "Gate;house", "MODEL": "G1", "V": "1.2", "CLASS": "Gateway", "KEY": "K7",
            ])
        #expect(await world.say("claimed", ["jid": "dora@example.org/phone", "public": "false"]))
        try await until("the blanked key") { world.told.count == 2 }
        #expect(world.told[1].name == "update" && world.tags(world.told[1]) == ["KEY": ""])
        #expect(world.thing.owner == "dora@example.org" && world.thing.state == .claimed)
        #expect(await world.say("removed"))
        #expect(world.thing.state == .removed && world.thing.owner != nil)
        #expect(await world.say("disowned"))
        try await until("the registration anew") { world.told.count == 3 }
        #expect(world.tags(world.told[2])["KEY"] == "K7")
        #expect(world.owners == ["dora@example.org", nil])
        #expect(try await Schemas.judged(world.server.sent) == "")
    }

    @Test("Somebody else is not the registry, whatever is said")
    func strangers() async throws {
        let world = try await RegistryWorld()
        let stranger = XMPPSession(
            account: try #require(JID("mallory@example.org")), info: DiscoInfo(identities: []), software: "urn:m",
            on: Loop.eventLoop)
        world.server.connect(stranger, as: try #require(JID("mallory@example.org/x")))
        #expect(await !world.say("claimed", ["jid": "mallory@example.org"], from: stranger))
        #expect(await !world.say("disowned", from: stranger))
        #expect(await !world.say("claimed"))
        #expect(world.thing.owner == nil && world.owners.isEmpty)
    }

    @Test("What a registry says in the XEP's examples is understood; of nodes, that there is none")
    func examplesOfTheText() async throws {
        let stanzas = try examples("xep-0347")
        #expect(try await Schemas.judged(stanzas) == "")
        let world = try await RegistryWorld()
        try await until("the registration") { world.thing.state == .unclaimed }
        var answers: [String: Bool] = [:]
        for payload in stanzas.filter({ $0["type"] == "set" }).flatMap(\.children)
        where ["claimed", "removed", "disowned"].contains(payload.name) {
            let isOfNode = payload["nodeId"] != nil
            let isTaken = await world.say(payload)
            #expect(isTaken != isOfNode, "\(payload)")
            answers["\(payload.name) \(isOfNode)"] = isTaken
        }
        #expect(answers.count == 6, "each of the three, of the thing itself and of a node")
        // What the text has a thing send is what is sent here.
        let text = Set(stanzas.filter { $0["type"] == "set" }.flatMap(\.children).map(\.name))
        #expect(Set(world.told.map(\.name)).isSubset(of: text))
    }

    @Test("Taken out, it is not registered again; without a session nobody is told")
    func unregistered() async throws {
        let session = XMPPSession(
            account: try #require(JID("gateway@example.org")), info: DiscoInfo(identities: []), software: "urn:test",
            on: Loop.eventLoop)
        let alone = ThingRegistry(
            session: session, address: JID("registry.example.org"),
            settings: DoorSettings(name: "", manufacturer: "", model: "", version: "1", serialNumber: "1"), key: "K",
            owner: nil
        ) { _ in }
        #expect(await !alone.unregister())
        let other = try await RegistryWorld()
        try await until("the registration") { other.thing.state == .unclaimed }
        #expect(await other.thing.unregister())
        #expect(other.thing.state == .idle)
        #expect(await other.say("disowned"))
        #expect(other.told.map(\.name) == ["register", "unregister"])
        #expect(try await Schemas.judged(other.server.sent) == "")
        #expect(await !other.say("claimed", ["jid": "mallory@example.org"]))
        #expect(other.thing.owner == nil)
        let unwilling = try await RegistryWorld()
        try await until("the registration") { unwilling.thing.state == .unclaimed }
        unwilling.unregisters = false
        #expect(await !unwilling.thing.unregister())
    }

    @Test("What is owned is registered without its key; the registry's answer may tell the owner")
    func owned() async throws {
        let world = try await RegistryWorld(owner: "dora@example.org")
        try await until("the registration") { world.thing.state == .claimed }
        #expect(world.tags(world.told[0])["KEY"] == nil)
        let other = try await RegistryWorld(claimed: "emil@example.org")
        try await until("the owner") { other.thing.owner == "emil@example.org" }
        #expect(other.thing.state == .claimed)
        #expect(try await Schemas.judged(world.server.sent + other.server.sent) == "")
    }
}
