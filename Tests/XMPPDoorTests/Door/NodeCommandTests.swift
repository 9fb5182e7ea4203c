import Concentrator
import OneLoop
import Testing
import XMPP
import XMPPDoor

@Suite("XEP-0326: commands and queries of nodes", .timeLimit(.minutes(1)))
@Loop
struct NodeCommandTests {
    private let topology = "sourceId='MeteringTopology'"
    private let line = "sourceId='MeteringTopology' nodeId='relay1' cacheType='gpio'"

    @Test("Commands are run, one by one and on several nodes, with what they want to know")
    func commands() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let known = try await alice.command("getNodeCommands", line)
        #expect(
            known.children("command").map { "\($0["command"]!) \($0["type"]!)" } == [
                "identify Simple", "wait Parameterized", "history Query",
            ])
        let reboot = try await alice.command("getNodeCommands", "sourceId='Gateway' nodeId='gateway'")
        #expect(reboot.child("command")?["confirmationString"] == "Reboot the gateway?")
        #expect(try await alice.command("executeNodeCommand", line + " command='identify'")["result"] == "OK")
        #expect(try await alice.command("executeNodeCommand", line + " command='fly'")["result"] == "NotFound")
        let form = try await alice.command("getCommandParameters", line + " command='wait'")
        #expect(form.child("x", Namespace.dataForm).flatMap { DataForm($0) }?["seconds"] != nil)
        let x = "<x xmlns='jabber:x:data' type='submit'><field var='seconds'><value>3</value></field></x>"
        #expect(try await alice.command("executeNodeCommand", line + " command='wait'", x)["result"] == "OK")
        let bad = try await alice.command(
            "executeNodeCommand", line + " command='wait'", "<x xmlns='jabber:x:data' type='submit'/>")
        #expect(bad["result"] == "FormError" && bad.child("error")?["var"] == "seconds")
        #expect(world.administration.done == ["gpio/relay1 identify ", "gpio/relay1 wait seconds=3"])
        let both = "<node \(line)/><node \(topology) nodeId='A4C1388D18B2'/>"
        #expect(try await alice.command("getCommonNodeCommands", "", both).children("command").count == 3)
        #expect(
            try await alice.command("getCommonCommandParameters", "command='wait'", both)["result"] == "OK")
        let common = try await alice.command("executeCommonNodeCommand", "command='identify'", both)
        #expect(common.children("result").map(\.text) == ["true", "false"])
        #expect(common.children("result").last?["error"] == "it has no lamp")
        try await world.judged()
    }

    @Test("Queries answer with tables in messages, of one node and several, and can be aborted")
    func queries() async throws {
        let world = try await TestWorld()
        let alice = try world.peer("alice@example.org/phone")
        let house = "sourceId='Gateway' nodeId='gateway'"
        let answer = try await alice.command("executeNodeQuery", house + " command='strangers'")
        let query = try #require(answer["queryId"])
        func events(_ query: String) -> [XMLElement] {
            alice.messages.filter { $0.name == "queryProgress" && $0["queryId"] == query }.flatMap(\.children)
        }
        try await until("the table") { events(query).last?.name == "queryDone" }
        #expect(
            events(query).map(\.name) == [
                "queryStarted", "title", "newTable", "newRecords", "newRecords", "newRecords", "tableDone", "queryDone",
            ])
        #expect(events(query).flatMap { $0.children("record") }.count == 120)
        let abort = "abortNodeQuery"
        #expect(
            try await alice.command(abort, house + " command='strangers' queryId='\(query)'")["result"] == "NotFound")
        let endless = try #require(try await alice.command("executeNodeQuery", house + " command='endless'")["queryId"])
        // Only who asked can abort it, and only at its node.
        let other = try world.peer("alice@example.org/desk")
        #expect(try await other.command(abort, house + " queryId='\(endless)'")["result"] == "NotFound")
        #expect(try await alice.command(abort, line + " queryId='\(endless)'")["result"] == "NotFound")
        #expect(try await alice.command(abort, house + " queryId='\(endless)'")["result"] == "OK")
        try await until("the abort") { events(endless).map(\.name) == ["queryAborted"] }
        world.administration.isOver = true
        let broken = try #require(try await alice.command("executeNodeQuery", house + " command='broken'")["queryId"])
        try await until("the failure") { events(broken).last?.name == "queryDone" }
        #expect(events(broken).map(\.name) == ["queryStarted", "queryMessage", "queryDone"])
        #expect(events(broken)[1]["type"] == "Error" && events(broken)[1].text == "nobody knows")
        let x = "<x xmlns='jabber:x:data' type='submit'><field var='period'><value>Minute</value></field></x>"
        let both = "<node \(topology) nodeId='A4C1388D18B2'/><node \(line)/>"
        let common = try await alice.command("executeCommonNodeQuery", "command='history'", both + x)
        #expect(common.children("result").count == 2)
        let name = try #require(common["queryId"])
        try await until("both tables") { events(name).filter { $0.name == "queryDone" }.count == 2 }
        #expect(events(name).flatMap { $0.children("record") }.contains { $0.child("string")?.text == "Temperature" })
        let bad = try await alice.command("executeNodeQuery", topology + " nodeId='A4C1388D18B2' command='history'")
        #expect(bad["result"] == "FormError")
        let gone = try await alice.command("abortCommonNodeQuery", "queryId='query99'", both)
        #expect(gone["result"] == "NotFound")
        try await world.judged()
    }
}
