import JSONText
import OneLoop
import OneM2MDoor
import OneM2MPrimitives
import Testing

@Suite("Announcement (TS-0001 10.2.13) and registration of other CSEs (7.4.4)")
@Loop
struct AnnouncementTests {
    /// A CSE that takes announcements, and what it has of them: made in this order as `far1`, `far2` …
    @Loop
    private final class Far {
        var made: [String] = []
        var base: String?
        nonisolated init() {}

        func answer(_ request: RequestPrimitive) -> ResponsePrimitive {
            func respond(_ status: ResponseStatus, _ content: JSON?) -> ResponsePrimitive {
                ResponsePrimitive(status, requestIdentifier: request.requestIdentifier, content: content)
            }
            switch request.operation {
            case .retrieve: return respond(.ok, ["m2m:uril": base.map { [.string($0)] } ?? []])
            case .create:
                guard request.to == "/in/-" || made.contains(where: { request.to == "/in/\($0)" }) else {
                    return respond(.notFound, nil)
                }
                let id = "far\(made.count + 1)"
                made.append(id)
                if request.resourceType == ResourceType.cseBase.announced { base = id }
                return respond(.created, ["m2m:xA": ["ri": .string(id)]])
            case .update:
                return respond(made.contains { request.to == "/in/\($0)" } ? .updated : .notFound, nil)
            default: return respond(.deleted, nil)
            }
        }
    }

    private func bench() async throws -> (TestCSE, TestRemote, Far) {
        let bench = TestCSE()
        let remote = TestRemote()
        let far = Far()
        remote.answer = { far.answer($0) }
        bench.cse.remote = remote
        try await bench.register("Capp")
        return (bench, remote, far)
    }

    private func at(_ bench: TestCSE, _ address: String) -> JSON? { bench.cse.resource(address)?.attributes["at"] }

    @Test("An address that a client writes into `at` is refused: what stands there is changed in this CSE's name")
    func foreignAddress() async throws {
        let (bench, remote, _) = try await bench()
        #expect(
            try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"a","at":["/in/theirs"]}}"#).status
                == .badRequest)
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box","at":["/in"]}}"#)
        #expect(await eventually { at(bench, "Capp/box") == ["/in/far2"] })
        func set(_ list: String) async throws -> ResponseStatus {
            try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"at":\#(list)}}"#).status
        }
        #expect(try await set(#"["/in/far2","/in/theirs"]"#) == .badRequest)
        #expect(try await set(#"["-/Capp/box"]"#) == .badRequest)
        #expect(at(bench, "Capp/box") == ["/in/far2"])
        // What this CSE has put there may stay.
        #expect(try await set(#"["/in/far2"]"#) == .updated)
        #expect(try await bench.ask(.delete, "Capp/box").status == .deleted)
        #expect(await eventually { remote.sent.last?.request.operation == .delete })
        #expect(remote.sent.map(\.request).filter { $0.operation == .delete }.map(\.to) == ["/in/far2"])
    }

    @Test("What is announced is made there below this CSE's base, follows its original, and goes with it")
    func announcing() async throws {
        let (bench, remote, _) = try await bench()
        try await bench.create(
            .container, "Capp", #"{"m2m:cnt":{"rn":"box","at":["/in"],"aa":["mni"],"mni":7,"mbs":99,"lbl":["x"]}}"#)
        #expect(await eventually { at(bench, "Capp/box") == ["/in/far2"] })
        let asked = remote.sent.map(\.request)
        #expect(asked.map(\.operation) == [.retrieve, .create, .create])
        // 9.6.26.1: is there a <CSEBaseAnnc>? There is none, so it is made; what is announced comes below it.
        #expect(asked[0].to == "/in/-" && asked[0].filterCriteria.types == [ResourceType.cseBase.announced])
        #expect(asked[1].to == "/in/-" && asked[1].resourceType == ResourceType.cseBase.announced)
        #expect(asked[1].content?["m2m:cbA"]?["lnk"]?.string?.hasPrefix("/gw1/") == true)
        #expect(asked[2].to == "/in/far1" && asked[2].resourceType == ResourceType.container.announced)
        #expect(asked.allSatisfy { $0.from == "/gw1" })
        let id = try #require(bench.cse.resource("Capp/box")?.resourceID)
        let shown = asked[2].content?["m2m:cntA"]
        #expect(shown?["mni"] == 7 && shown?["lbl"] == ["x"] && shown?["lnk"] == .string("/gw1/\(id)"))
        #expect(shown?.object?.count == 3)
        // Below what is announced, what is announced goes below; nobody is asked for a base again.
        try await bench.create(.container, "Capp/box", #"{"m2m:cnt":{"rn":"inner","at":["/in"]}}"#)
        #expect(await eventually { at(bench, "Capp/box/inner") == ["/in/far3"] })
        #expect(remote.sent.count == 4 && remote.sent.last?.request.to == "/in/far2")
        try await bench.ask(.delete, "Capp/box")
        #expect(await eventually { remote.sent.suffix(2).allSatisfy { $0.request.operation == .delete } })
        #expect(Set(remote.sent.suffix(2).map(\.request.to)) == ["/in/far2", "/in/far3"])
    }

    @Test("Changes of what is announced are told there, and nothing else is")
    func changing() async throws {
        let (bench, remote, far) = try await bench()
        try await bench.create(
            .container, "Capp", #"{"m2m:cnt":{"rn":"box","at":["/in"],"aa":["mni"],"mni":7,"mbs":99,"lbl":["x"]}}"#)
        #expect(await eventually { at(bench, "Capp/box") == ["/in/far2"] })
        let count = remote.sent.count
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"mbs":100}}"#)
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"mni":8}}"#)
        #expect(await eventually { remote.sent.count == count + 1 })
        #expect(remote.sent.last?.request.to == "/in/far2")
        #expect(remote.sent.last?.request.content == ["m2m:cntA": ["mni": 8]])
        // An attribute that is announced no more goes there (10.2.13.8), one that is from now on comes (10.2.13.7).
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"aa":["mbs"],"lbl":null}}"#)
        #expect(await eventually { remote.sent.count == count + 2 })
        let change = remote.sent.last?.request.content?["m2m:cntA"]
        #expect(change?["mni"] == .null && change?["lbl"] == .null && change?["mbs"] == 100, "\(change ?? .null)")
        // The other was put up anew and has forgotten everything: it is told everything.
        far.made = []
        far.base = nil
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"mbs":101}}"#)
        #expect(await eventually { at(bench, "Capp/box") == ["/in/far2"] && far.made.count == 2 })
        #expect(remote.sent.last?.request.content?["m2m:cntA"]?["mbs"] == 101)
        // So is the parent of what comes below it.
        far.made = []
        far.base = nil
        try await bench.create(.container, "Capp/box", #"{"m2m:cnt":{"rn":"inner","at":["/in"]}}"#)
        #expect(await eventually { at(bench, "Capp/box/inner") == ["/in/far3"] })
        #expect(at(bench, "Capp/box") == ["/in/far2"])
    }

    @Test(
        "What could not be announced is announced when the way is open; policies are those above, where there are none")
    func waiting() async throws {
        let (bench, remote, far) = try await bench()
        remote.answer = { ResponsePrimitive(.targetNotReachable, requestIdentifier: $0.requestIdentifier) }
        try await bench.create(
            .accessControlPolicy, "Capp",
            #"{"m2m:acp":{"rn":"acp","pv":{"acr":[{"acor":["Capp"],"acop":63}]},"pvs":{"acr":[{"acor":["Capp"],"acop":63}]}}}"#
        )
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box","acpi":["Capp/acp"]}}"#)
        try await bench.create(.container, "Capp/box", #"{"m2m:cnt":{"rn":"inner","at":["/in"]}}"#)
        #expect(await eventually { remote.sent.count == 2 })
        #expect(at(bench, "Capp/box/inner") == ["/in"])
        remote.answer = { far.answer($0) }
        bench.cse.announceWhatWaits()
        #expect(await eventually { at(bench, "Capp/box/inner") == ["/in/far2"] })
        let content = remote.sent.last?.request.content?["m2m:cntA"]
        #expect(content?["acpi"]?[0]?.string?.hasPrefix("/gw1/") == true, "\(content ?? .null)")
        bench.cse.announceWhatWaits()
        let count = remote.sent.count
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"other"}}"#)
        #expect(remote.sent.count == count)
    }

    @Test("What changes while its announcement is on its way is told once that is made")
    func changingMeanwhile() async throws {
        let (bench, remote, _) = try await bench()
        remote.meanwhile = { [weak bench, weak remote] request in
            guard request.resourceType == ResourceType.container.announced else { return }
            remote?.meanwhile = nil
            try await bench?.ask(.update, "Capp/box", #"{"m2m:cnt":{"mni":8,"mbs":100}}"#)
        }
        try await bench.create(
            .container, "Capp", #"{"m2m:cnt":{"rn":"box","at":["/in"],"aa":["mni"],"mni":7,"mbs":99}}"#)
        #expect(await eventually { remote.sent.last?.request.operation == .update })
        #expect(remote.meanwhile == nil && at(bench, "Capp/box") == ["/in/far2"])
        #expect(remote.sent.map(\.request.operation) == [.retrieve, .create, .create, .update])
        #expect(remote.sent[2].request.content?["m2m:cntA"]?["mni"] == 7)
        #expect(remote.sent.last?.request.to == "/in/far2")
        #expect(remote.sent.last?.request.content == ["m2m:cntA": ["mni": 8]])
    }

    @Test("What is taken out of the list is withdrawn, what comes in is announced")
    func changes() async throws {
        let (bench, remote, _) = try await bench()
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#)
        #expect(remote.sent.isEmpty)
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"at":["/in"]}}"#)
        #expect(await eventually { at(bench, "Capp/box") == ["/in/far2"] })
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"at":null}}"#)
        #expect(await eventually { remote.sent.last?.request.operation == .delete })
    }

    @Test("rcn 7: an announced resource gives what it stands for, as its CSE shows it to who asks")
    func original() async throws {
        let (bench, remote, _) = try await bench()
        try await bench.register("Cguest")
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box","mni":4}}"#)
        func announce(_ name: String, _ link: String) async throws {
            let made = try await bench.create(
                ResourceType.container.announced, "cse-gw1", from: "Cadmin",
                "{\"m2m:cntA\":{\"rn\":\"\(name)\",\"lnk\":\"\(link)\"}}")
            #expect(made.status == .created, "\(made)")
        }
        try await announce("far", "/gw2/cse-gw2/box")
        try await announce("near", "/gw1/cse-gw1/Capp/box")
        try await announce("broken", "a//b")
        remote.answer = {
            ResponsePrimitive(
                .ok, requestIdentifier: $0.requestIdentifier, content: ["m2m:cnt": ["rn": "box", "mni": 9]])
        }
        func ask(_ name: String, from: String = "Cadmin") async throws -> ResponsePrimitive {
            try await bench.ask(.retrieve, "cse-gw1/\(name)", from: from) { $0.resultContent = .originalResource }
        }
        let far = try await ask("far")
        #expect(far.status == .ok && far.content?["m2m:cnt"]?["mni"] == 9)
        let sent = try #require(remote.sent.last)
        #expect(sent.request.to == "/gw2/cse-gw2/box" && sent.request.resultContent == nil)
        #expect(sent.request.from == "/gw1/Cadmin" && sent.request.operation == .retrieve)
        #expect(try await ask("near").content?["m2m:cnt"]?["mni"] == 4)
        #expect(try await ask("broken").status == .notFound)
        // Who may not see the announced resource learns nothing of the other.
        let count = remote.sent.count
        #expect(try await ask("far", from: "Cguest").status == .originatorHasNoPrivilege)
        #expect(remote.sent.count == count)
    }

    @Test("Another CSE registers itself over TLS, announces below itself, and is known from then on")
    func registration() async throws {
        let (bench, remote, _) = try await bench()
        let plain = bench.origin
        bench.origin = RequestOrigin(transport: .https, address: "192.0.2.9", isSecure: true, identities: ["/gw2"])
        let content =
            #"{"m2m:csr":{"cb":"/gw2/cse-gw2","rr":true,"srv":["3"],"csi":"/gw2","poa":["https://192.0.2.9/"]}}"#
        let made = try await bench.create(.remoteCSE, "cse-gw1", from: "/gw2", content)
        #expect(made.status == .created, "\(made.debugText ?? "")")
        #expect(made.content?["m2m:csr"]?["csi"] == "/gw2")
        #expect(
            try await bench.create(.remoteCSE, "cse-gw1", from: "/gw2", content).status
                == .originatorHasAlreadyRegistered)
        #expect(
            bench.cse.reachability(of: EntityID(spID: "sp.example.com", cseID: "gw2", stem: "Cx"))?.points == [
                "https://192.0.2.9/"
            ])
        let announced = try await bench.create(
            ResourceType.ae.announced, "cse-gw1/gw2", from: "/gw2", #"{"m2m:aeA":{"lnk":"/gw2/Cx","api":"N1"}}"#)
        #expect(announced.status == .created, "\(announced.debugText ?? "")")
        #expect(
            try await bench.create(ResourceType.ae.announced, "cse-gw1/gw2", from: "/gw2", #"{"m2m:aeA":{}}"#).status
                == .badRequest)
        // By release 3 it does so below a <CSEBaseAnnc>, of which it has one. Its policies are its own; ACME says null of what
        // is not there.
        let base = try await bench.create(
            ResourceType.cseBase.announced, "cse-gw1", from: "/gw2",
            #"{"m2m:cbA":{"rn":"far","lnk":"/gw2/1","acpi":["/gw2/acp"],"srv":["3"],"et":null}}"#)
        #expect(base.content?["m2m:cbA"]?["acpi"] == ["/gw2/acp"])
        #expect(base.status == .created, "\(base.debugText ?? "")")
        #expect(
            try await bench.create(
                ResourceType.cseBase.announced, "cse-gw1", from: "/gw2", #"{"m2m:cbA":{"lnk":"/gw2/1"}}"#
            ).status == .conflict)
        #expect(
            try await bench.create(
                ResourceType.ae.announced, "cse-gw1/far", from: "/gw2", #"{"m2m:aeA":{"rn":"y","lnk":"/gw2/Cy"}}"#
            ).status == .created)
        #expect(
            try await bench.ask(.update, "cse-gw1/far/y", from: "/gw2", #"{"m2m:aeA":{"lbl":["a"]}}"#).status
                == .updated)
        // Other policies of its own come as the first did; one of this CSE has to be there.
        func change(_ policy: String) async throws -> ResponseStatus {
            try await bench.ask(.update, "cse-gw1/far", from: "/gw2", "{\"m2m:cbA\":{\"acpi\":[\"\(policy)\"]}}").status
        }
        #expect(try await change("/gw2/other") == .updated)
        #expect(try await change("cse-gw1/nowhere") == .badRequest)
        #expect(bench.cse.resource("cse-gw1/far")?.attributes["acpi"] == ["/gw2/other"])
        let secure = bench.origin
        bench.origin = plain
        #expect(try await bench.ask(.retrieve, "cse-gw1/far/y").status == .originatorHasNoPrivilege)
        #expect(
            try await bench.create(
                ResourceType.cseBase.announced, "cse-gw1", #"{"m2m:cbA":{"lnk":"/gw1/Capp"}}"#
            ).status == .originatorHasNoPrivilege)
        bench.origin = secure
        #expect(try await bench.ask(.delete, "cse-gw1/gw2", from: "/gw2").status == .deleted)
        let device = TestCSE { $0.kind = .applicationServiceNode }
        device.origin = bench.origin
        #expect(try await device.create(.remoteCSE, "cse-gw1", from: "/gw2", content).status == .operationNotAllowed)
        #expect(remote.sent.isEmpty)
    }
}
