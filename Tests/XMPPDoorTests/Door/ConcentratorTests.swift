import Access
import Concentrator
import OneLoop
import Testing
import XMPP
import XMPPDoor

@Suite("XEP-0326: the concentrator", .timeLimit(.minutes(1)))
@Loop
struct ConcentratorDoorTests {
    private let topology = "sourceId='MeteringTopology'"
    private let line = "sourceId='MeteringTopology' nodeId='relay1' cacheType='gpio'"
    private let gpio = "sourceId='MeteringTopology' nodeId='gpio' cacheType='bus'"

    private func ids(_ answer: XMLElement) -> [String] { answer.children("node").compactMap { $0["nodeId"] } }
    private func values(_ answer: XMLElement) -> [String] { answer.children("value").map(\.text) }

    @Test("Capabilities list what works, and nothing of a database; what is not known is not implemented")
    func capabilities() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let known = Set(values(try await alice.command("getCapabilities")))
        #expect(
            known
                == Set(ConcentratorCommand.allCases.map(\.rawValue)).subtracting([
                    "getDatabases", "getDatabaseReadoutParameters", "startDatabaseReadout",
                ]))
        #expect(try await alice.command("getDatabases")["result"] == "NotImplemented")
        #expect(try await alice.command("danceForMe")["result"] == "NotImplemented")
        let (wrong, _) = try await alice.refusal(
            .set, "<getCapabilities xmlns='urn:xmpp:iot:concentrators'/>")
        #expect(wrong.condition == .badRequest)
        let (missing, _) = try await alice.refusal(
            .get, "<getNode xmlns='urn:xmpp:iot:concentrators' nodeId='relay1'/>")
        #expect(missing.condition == .badRequest)
    }

    @Test("Sources, roots, children, ancestors, all nodes by class, sorted, found by index")
    func structure() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        for name in ["getAllDataSources", "getRootDataSources"] {
            let answer = try await alice.command(name)
            #expect(answer.children("dataSource").compactMap { $0["sourceId"] } == ["MeteringTopology", "Gateway"])
        }
        #expect(try await alice.command("getChildDataSources", topology).children.isEmpty)
        #expect(try await alice.command("getChildDataSources", "sourceId='None'")["result"] == "NotFound")
        #expect(ids(try await alice.command("getRootNodes", topology)) == ["gpio", "A4C1388D18B2"])
        #expect(ids(try await alice.command("getRootNodes", "sourceId='Gateway'")) == ["gateway"])
        let children = try await alice.command("getChildNodes", gpio + " parameters='true' messages='1'")
        #expect(ids(children) == ["relay1", "dimmer"])
        let pump = try #require(children.children("node").first)
        #expect(pump["displayName"] == "Pump" && pump["parentId"] == "gpio" && pump["parentCacheType"] == "bus")
        #expect(pump["isControllable"] == "true" && pump["isReadable"] == "true" && pump["state"] == "None")
        #expect(pump.children.contains { $0.name == "int" && $0["id"] == "poll" && $0["value"] == "60" })
        #expect(!pump.children.contains { $0["id"] == "key" })
        let sorted = try await alice.command(
            "getChildNodes", gpio, "<sortOrder parameterName='displayName' ascending='true'/>")
        #expect(ids(sorted) == ["dimmer", "relay1"])
        let reverse = try await alice.command(
            "getChildNodes", gpio,
            "<sortOrder parameterName='poll'/><sortOrder parameterName='Name' ascending='false'/>")
        #expect(ids(reverse) == ["relay1", "dimmer"])
        #expect(ids(try await alice.command("getAncestors", line)) == ["relay1", "gpio"])
        #expect(ids(try await alice.command("getAllNodes", topology)).count == 4)
        let relays = try await alice.command(
            "getAllNodes", topology,
            "<onlyIfDerivedFrom>GPIO.Node</onlyIfDerivedFrom><onlyIfDerivedFrom>GPIO.relay</onlyIfDerivedFrom>")
        #expect(ids(relays) == ["relay1"])
        let inheritance = try await alice.command("getNodeInheritance", line)
        #expect(values(inheritance.child("baseClasses")!) == ["GPIO.Node", "Node"])
        #expect(values(inheritance.child("interfaces")!) == ["Readable", "Controllable"])
        #expect(values(try await alice.command("getIndices", topology)).contains("nodeType"))
        #expect(
            values(try await alice.command("getAllIndexValues", topology + " index='cacheType'")) == [
                "ble", "bus", "gpio",
            ])
        #expect(
            ids(try await alice.command("getNodesFromIndex", topology + " index='nodeType' indexValue='GPIO.light'"))
                == ["dimmer"])
        let found = try await alice.command(
            "getNodesFromIndices", "",
            "<indexRef \(topology) index='cacheType' indexValue='ble'/><indexRef \(topology) index='displayName' indexValue='Pump'/>"
        )
        #expect(ids(found) == ["A4C1388D18B2", "relay1"])
        #expect(try await alice.command("getAllIndexValues", topology + " index='colour'")["result"] == "NotFound")
        try await world.judged()
    }

    @Test("One node, several, and whether they are there")
    func nodes() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        world.concentrator.setState(
            relay, .warningUnsigned, messages: [NodeMessage(kind: .warning, eventID: "hot", text: "The relay is hot")])
        let node = try await alice.command("getNode", line + " messages='true'")
        #expect(node["result"] == "OK" && node["nodeId"] == "relay1" && node["state"] == "WarningUnsigned")
        #expect(node.child("message")?["type"] == "Warning")
        #expect(node["localId"] == "GPIO17")
        #expect(try await alice.command("getNode", topology + " nodeId='none'")["result"] == "NotFound")
        #expect(try await alice.command("containsNode", line).text == "true")
        #expect(try await alice.command("containsNode", topology + " nodeId='none'").text == "false")
        let two = "<node \(line)/><node \(topology) nodeId='none'/>"
        #expect(values(try await alice.command("containsNodes", "", two)) == ["true", "false"])
        #expect(try await alice.command("getNodes", "", two)["result"] == "NotFound")
        #expect(
            ids(
                try await alice.command(
                    "getNodes", "parameters='true'", "<node \(line)/><node \(topology) nodeId='dimmer'/>")) == [
                    "relay1", "dimmer",
                ])
        try await world.judged()
    }

    @Test("Who may read one node sees that and no other, and changes nothing")
    func restricted() async throws {
        let world = try await TestWorld()
        let bob = try world.peer("bob@example.org/phone")
        #expect(ids(try await bob.command("getAllNodes", topology)) == ["A4C1388D18B2"])
        #expect(try await bob.command("getNode", line)["result"] == "InsufficientPrivileges")
        #expect(try await bob.command("containsNode", line).text == "false")
        #expect(try await bob.command("destroyNode", line)["result"] == "InsufficientPrivileges")
        #expect(try await bob.command("moveNodeUp", line)["result"] == "InsufficientPrivileges")
        let commands = try await bob.command("getNodeCommands", topology + " nodeId='A4C1388D18B2'")
        #expect(commands.children("command").compactMap { $0["command"] } == ["history"])
        #expect(
            try await world.peer("mallory@example.org/x").command("getAllDataSources")["result"]
                == "InsufficientPrivileges")
        #expect(world.concentrator.count == 3)
        try await world.judged()
    }

    @Test("Settings are edited by form, of one node and of several; what only tells never changes")
    func editing() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let answer = try await alice.command("getNodeParametersForEdit", line)
        let form = try #require(answer.child("x", Namespace.dataForm).flatMap { DataForm($0) })
        #expect(form["address"]?.marks == .readOnly)
        #expect(form["key"]?.kind == .textPrivate && form["key"]?.values == [])
        #expect(form["poll"]?.validation == FieldValidation("xs:long", .range(minimum: "1", maximum: "3600")))
        #expect(form.pages.compactMap(\.label) == ["Node", "Radio", "State"])
        func submit(_ fields: [(String, String)]) -> String {
            DataForm(.submit, fields: fields.map { FormField($0.0, values: [$0.1]) }).element.serialized()
        }
        let changed = try await alice.command(
            "setNodeParametersAfterEdit", line, submit([("name", "Well"), ("address", "X"), ("key", "")]))
        #expect(changed["result"] == "OK" && changed.child("node")?["displayName"] == "Well")
        #expect(world.administration.done == ["gpio/relay1 name=Well"])
        let bad = try await alice.command(
            "setNodeParametersAfterEdit", line,
            submit([("name", "A name that is much too long"), ("poll", "soon"), ("colour", "red")]))
        #expect(bad["result"] == "FormError")
        #expect(bad.children("error").compactMap { $0["var"] } == ["name", "poll", "colour"])
        let both = "<node \(line)/><node \(topology) nodeId='dimmer'/>"
        let common = try await alice.command("getCommonNodeParametersForEdit", "", both)
        let commonForm = try #require(common.child("x", Namespace.dataForm).flatMap { DataForm($0) })
        #expect(commonForm["name"]?.marks == .notSame)
        #expect(commonForm["poll"]?.value == "60")
        let set = try await alice.command("setCommonNodeParametersAfterEdit", "", both + submit([("poll", "10")]))
        #expect(ids(set) == ["relay1", "dimmer"])
        #expect(world.administration.done.suffix(2) == ["gpio/relay1 poll=10", "gpio/dimmer poll=10"])
        try await world.judged()
    }

    @Test("Nodes are made, moved and destroyed, and subscribers told")
    func life() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let watcher = try world.peer("alice@example.org/watch")
        #expect(
            try await watcher.command("subscribe", topology + " parameters='true' messages='true'")["result"] == "OK")
        let types = try await alice.command("getAddableNodeTypes", gpio)
        #expect(types.children("nodeType").compactMap { $0["type"] } == ["GPIO.Line"])
        #expect(try await alice.command("getAddableNodeTypes", line).children.isEmpty)
        let form = try await alice.command("getParametersForNewNode", gpio + " type='GPIO.Line'")
        #expect(form.child("x", Namespace.dataForm).flatMap { DataForm($0) }?["line"]?.isRequired == true)
        #expect(try await alice.command("getParametersForNewNode", gpio + " type='Teapot'")["result"] == "NotFound")
        func submit(_ fields: [(String, String)]) -> String {
            DataForm(.submit, fields: fields.map { FormField($0.0, values: [$0.1]) }).element.serialized()
        }
        let lacking = try await alice.command("createNewNode", gpio + " type='GPIO.Line'", submit([("name", "lamp")]))
        #expect(lacking["result"] == "FormError" && lacking.child("error")?["var"] == "line")
        let made = try await alice.command(
            "createNewNode", gpio + " type='GPIO.Line'", submit([("name", "lamp"), ("line", "GPIO5")]))
        #expect(made.child("node")?["nodeId"] == "lamp" && made.child("node")?["parentId"] == "gpio")
        let lamp = topology + " nodeId='lamp' cacheType='gpio'"
        #expect(try await alice.command("moveNodeUp", lamp)["result"] == "OK")
        #expect(try await alice.command("moveNodesDown", "", "<node \(line)/><node \(lamp)/>")["result"] == "OK")
        #expect(ids(try await alice.command("getChildNodes", gpio)) == ["dimmer", "relay1", "lamp"])
        #expect(try await alice.command("moveNodeDown", lamp)["result"] == "OK")
        #expect(
            try await alice.command("setNodeParametersAfterEdit", lamp, submit([("name", "Porch")]))["result"] == "OK")
        #expect(try await alice.command("destroyNode", lamp)["result"] == "OK")
        #expect(try await alice.command("destroyNode", lamp)["result"] == "NotFound")
        #expect(try await alice.command("destroyNode", gpio)["result"] == "NotImplemented")
        try await until("the last event") { watcher.messages.contains { $0.name == "nodeRemoved" } }
        let events = watcher.messages.map(\.name)
        #expect(events.first == "nodeAdded")
        #expect(watcher.messages.first?["afterNodeId"] == "dimmer")
        #expect(events.filter { $0 == "nodeMovedUp" }.count == 1)
        #expect(events.contains("nodeMovedDown") && events.contains("nodeUpdated"))
        #expect(events.last == "nodeRemoved")
        #expect(world.server.sent.filter { $0.name == "message" }.allSatisfy { $0["to"] == "alice@example.org/watch" })
        try await world.judged()
    }

    @Test("Subscriptions widen, narrow, end and die with the connection; events are replayed or refused")
    func subscriptions() async throws {
        let world = try await TestWorld()
        let began = WallTime.now()
        let alice = try world.peer("alice@example.org/phone")
        world.concentrator.setState(relay, .errorSigned)
        let off = "nodeAdded='false' nodeUpdated='false' nodeRemoved='false' nodeMovedUp='false' nodeMovedDown='false'"
        let replayed = try await alice.command("subscribe", topology + " \(off) getEventsSince='\(began)'")
        #expect(replayed["result"] == "OK")
        try await until("the replay") { alice.messages.count == 1 }
        #expect(alice.messages[0]["state"] == "ErrorSigned")
        let late = try await world.peer("alice@example.org/late").command(
            "subscribe", topology + " getEventsSince='2020-01-01T00:00:00Z'")
        #expect(late["result"] == "NotImplemented")
        #expect(world.door.subscribers == 1)
        try world.concentrator.move(relay, up: false)
        world.concentrator.setState(relay, .none)
        try await until("the second event") { alice.messages.count == 2 }
        _ = try await alice.command("subscribe", topology)
        world.concentrator.setAvailable(dimmer, false)
        world.concentrator.setDisplayName(dimmer, "Ceiling")
        try await until("both") { alice.messages.count == 4 }
        #expect(alice.messages.suffix(2).map(\.name) == ["nodeStatusChanged", "nodeUpdated"])
        #expect(try await alice.command("unsubscribe", topology + " nodeUpdated='false'")["result"] == "OK")
        world.concentrator.setDisplayName(dimmer, "Lamp")
        world.concentrator.setAvailable(dimmer, true)
        try await until("the one") { alice.messages.count == 5 }
        #expect(alice.messages.last?.name == "nodeUpdated")
        world.server.disconnect(alice.address)
        try await until("nobody") { world.door.subscribers == 0 }
        #expect(
            try await world.peer("alice@example.org/other").command("unsubscribe", topology)["result"] == "OK")
        try await world.judged()
    }

    @Test("An event that comes back from nobody ends the subscription; one that is only not liked does not")
    func undelivered() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        for (condition, left) in [(StanzaError.Condition.notAcceptable, 1), (.recipientUnavailable, 0)] {
            #expect(try await alice.command("subscribe", topology)["result"] == "OK")
            alice.session.send(Message([], kind: .error, to: world.house, error: StanzaError(condition)))
            // The answer comes after what was said before.
            _ = try await alice.command("getCapabilities")
            #expect(world.door.subscribers == left)
        }
        try await world.judged()
    }
}
