import Access
import Concentrator
import OneLoop
import Testing
import XMPP
import XMPPDoor

@Suite("XEP-0325: control", .timeLimit(.minutes(1)))
@Loop
struct ControlTests {
    private func set(_ content: String) -> String { "<set xmlns='urn:xmpp:iot:control'>\(content)</set>" }

    @Test("Typed parameters are set in their order, on all nodes named")
    func typed() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let answer = try await alice.ask(
            .set,
            set(
                "<node nodeId='dimmer'/><double name='Level' value='12.5'/><boolean name='Output' value='1'/><string name='Mode' value='soft'/>"
            ))
        #expect(answer.name == "setResponse" && answer.children.isEmpty && answer["responseCode"] == nil)
        #expect(world.driver.written == ["gpio/dimmer Level=12.5", "gpio/dimmer Output=true", "gpio/dimmer Mode=soft"])
        world.driver.written = []
        _ = try await alice.ask(
            .set, set("<node nodeId='relay1'/><node nodeId='dimmer'/><bool name='Output' value='true'/>"))
        #expect(world.driver.written == ["gpio/relay1 Output=true", "gpio/dimmer Output=true"])
        _ = try await alice.ask(.set, set("<node nodeId='dimmer'/><int name='Level' value='7'/>"))
        _ = try await alice.ask(.set, set("<node nodeId='dimmer'/><long name='Level' value='8'/>"))
        _ = try await alice.ask(.set, set("<node nodeId='dimmer'/><double name='Level' value='1e1'/>"))
        #expect(
            world.driver.written.suffix(3) == [
                "gpio/dimmer Level=7", "gpio/dimmer Level=8", "gpio/dimmer Level=10.000000",
            ])
        try await world.judged(relaxed: true)
    }

    @Test(
        "One that does not do, and nothing is done on any node; errors name the parameter",
        arguments: [
            (
                "<node nodeId='relay1'/><node nodeId='dimmer'/><boolean name='Output' value='true'/><int name='Level' value='5'/>",
                "item-not-found", "Level"
            ),
            (
                "<node nodeId='dimmer'/><boolean name='Output' value='true'/><int name='Level' value='500'/>",
                "bad-request", "Level"
            ),
            (
                "<node nodeId='dimmer'/><int name='Level' value='5'/><string name='Mode' value='medium'/>",
                "bad-request", "Mode"
            ),
            ("<node nodeId='dimmer'/><date name='Level' value='2026-11-21'/>", "bad-request", "Level"),
            ("<node nodeId='dimmer'/><string name='Label' value='much too long'/>", "bad-request", "Label"),
            ("<node nodeId='dimmer'/><string name='Nothing' value='x'/>", "item-not-found", "Nothing"),
            ("<node nodeId='nobody'/><boolean name='Output' value='true'/>", "item-not-found", nil),
            ("<node nodeId='dimmer'/><int name='Level' value='5.5'/>", "bad-request", nil),
            ("<node nodeId='dimmer'/><duration name='Level' value='1 day'/>", "bad-request", nil),
            ("<node nodeId='dimmer'/>", "bad-request", nil),
            ("<boolean name='Output' value='true'/>", "bad-request", nil),
        ])
    func refused(_ content: String, _ condition: String, _ parameter: String?) async throws {
        let world = try await TestWorld()
        let (error, payload) = try await world.peer("alice@example.org/phone").refusal(.set, set(content))
        #expect(error.condition.rawValue == condition)
        #expect(error.application.first?["var"] == parameter)
        #expect(payload == nil)
        #expect(world.driver.written.isEmpty)
        try await world.judged()
    }

    @Test("The form tells what can be set and how; what was edited comes back and is set")
    func forms() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let answer = try await alice.ask(
            "<getForm xmlns='urn:xmpp:iot:control'><node nodeId='dimmer'/></getForm>")
        let form = try #require(DataForm(answer))
        #expect(form.kind == .form)
        #expect(form.fields.compactMap(\.name) == ["xdd session", "Output", "Level", "Mode", "Label"])
        #expect(form["Level"]?.validation == FieldValidation("xs:double", .range(minimum: "0", maximum: "100")))
        #expect(form["Mode"]?.options.map(\.value) == ["soft", "hard"])
        #expect(form.fields.dropFirst().allSatisfy { $0.marks.contains(.notSame) && $0.validation != nil })
        _ = try await alice.ask(
            .set,
            set(
                "<node nodeId='dimmer'/><x xmlns='jabber:x:data' type='submit'><field var='xdd session'><value>1</value></field><field var='Level'><value>33</value></field><field var='Output'><value>true</value></field></x>"
            ))
        #expect(world.driver.written == ["gpio/dimmer Level=33", "gpio/dimmer Output=true"])
        let both = try await alice.ask(
            "<getForm xmlns='urn:xmpp:iot:control'><node nodeId='dimmer'/><node nodeId='relay1'/></getForm>")
        #expect(DataForm(both)?.fields.compactMap(\.name) == ["xdd session", "Output"])
        let (none, _) = try await alice.refusal(
            .get, "<getForm xmlns='urn:xmpp:iot:control'><node nodeId='dimmer'/><node nodeId='A4C1388D18B2'/></getForm>"
        )
        #expect(none.condition == .featureNotImplemented)
        let (bad, _) = try await alice.refusal(
            .set,
            set(
                "<node nodeId='dimmer'/><x xmlns='jabber:x:data' type='submit'><field var='Level'><value>warm</value></field></x>"
            ))
        #expect(bad.application.first?["var"] == "Level")
        try await world.judged()
    }

    @Test("In a message it is done and never answered")
    func messages() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        for value in ["nonsense", "true"] {
            let payload = try elements(set("<node nodeId='relay1'/><boolean name='Output' value='\(value)'/>"))
            alice.session.send(Message(payload, to: world.house))
        }
        try await until("the relay") { world.driver.written == ["gpio/relay1 Output=true"] }
        #expect(alice.messages.isEmpty)
        let carol = try world.peer("carol@example.org/phone")
        let payload = try elements(set("<node nodeId='dimmer'/><boolean name='Output' value='true'/>"))
        carol.session.send(Message(payload, to: world.house))
        try await until("the refusal") { world.door.counters.denied == 1 }
        #expect(world.driver.written.count == 1)
    }

    @Test("A restriction does its part and says which; nothing left is forbidden; a thing that fails is no bad request")
    func restricted() async throws {
        let world = try await TestWorld()
        let carol = try world.peer("carol@example.org/phone")
        let part = try await carol.ask(
            .set, set("<node nodeId='relay1'/><node nodeId='dimmer'/><boolean name='Output' value='true'/>"))
        #expect(part.children("node").map { $0["nodeId"] } == ["relay1"])
        #expect(part.children("parameter").map { $0["name"] } == ["Output"])
        #expect(world.driver.written == ["gpio/relay1 Output=true"])
        let (none, _) = try await carol.refusal(
            .set, set("<node nodeId='dimmer'/><boolean name='Output' value='true'/>"))
        #expect(none.condition == .forbidden)
        world.driver.failing = [relay]
        let (failed, _) = try await carol.refusal(
            .set, set("<node nodeId='relay1'/><boolean name='Output' value='true'/>"))
        #expect(failed.condition == .internalServerError)
        try await world.judged()
    }

    @Test("A peer of 2013 finds its responseCode, beside what is current")
    func dialect() async throws {
        let world = try await TestWorld({ $0.oldPeers = ["old@example.org"] })
        let old = try world.peer("old@example.org/x")
        let done = try await old.ask(.set, set("<node nodeId='relay1'/><boolean name='Output' value='true'/>"))
        #expect(done["responseCode"] == "OK")
        let (error, payload) = try await old.refusal(
            .set, set("<node nodeId='dimmer'/><int name='Level' value='500'/>"))
        #expect(error.condition == .badRequest)
        #expect(payload?["responseCode"] == "FormError")
        #expect(payload?.child("error")?["var"] == "Level")
        let (_, missing) = try await old.refusal(.set, set("<node nodeId='none'/><int name='Level' value='5'/>"))
        #expect(missing?["responseCode"] == "NotFound")
        try await world.judged(relaxed: true)
    }
}
