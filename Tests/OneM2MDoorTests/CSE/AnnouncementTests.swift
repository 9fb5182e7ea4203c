import JSONText
import OneLoop
import OneM2MDoor
import OneM2MPrimitives
import Testing

@Suite("Announcement (TS-0001 10.2.18) and registration of other CSEs (7.4.4)")
@Loop
struct AnnouncementTests {
    private func bench() async throws -> (TestCSE, TestRemote) {
        let bench = TestCSE()
        let remote = TestRemote()
        remote.answer = { request in
            guard request.operation == .create else { return ResponsePrimitive(.ok, requestIdentifier: "x") }
            return ResponsePrimitive(
                .created, requestIdentifier: request.requestIdentifier, content: ["m2m:cntA": ["ri": "far1"]])
        }
        bench.cse.remote = remote
        try await bench.register("Capp")
        return (bench, remote)
    }

    @Test("What is announced is made there, follows its original, and goes with it")
    func announcing() async throws {
        let (bench, remote) = try await bench()
        try await bench.create(
            .container, "Capp", #"{"m2m:cnt":{"rn":"box","at":["/in"],"aa":["mni"],"mni":7,"mbs":99,"lbl":["x"]}}"#)
        #expect(await eventually { bench.cse.resource("Capp/box")?.attributes["at"] == ["/in/far1"] })
        let made = try #require(remote.sent.first?.request)
        #expect(made.resourceType == ResourceType.container.announced)
        #expect(made.to == "/in")
        let id = try #require(bench.cse.resource("Capp/box")?.resourceID)
        #expect(
            made.content == ["m2m:cntA": ["mni": 7, "lnk": .string("/gw1/\(id)"), "lbl": ["x"]]]
                || made.content?["m2m:cntA"]?["mni"] == 7 && made.content?["m2m:cntA"]?["mbs"] == nil)
        #expect(made.content?["m2m:cntA"]?["lnk"] == .string("/gw1/\(id)"))
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"mni":8}}"#)
        #expect(await eventually { remote.sent.last?.request.operation == .update })
        #expect(remote.sent.last?.request.to == "/in/far1")
        #expect(remote.sent.last?.request.content?["m2m:cntA"]?["mni"] == 8)
        try await bench.ask(.delete, "Capp/box")
        #expect(await eventually { remote.sent.last?.request.operation == .delete })
    }

    @Test("What is taken out of the list is withdrawn, what comes in is announced")
    func changes() async throws {
        let (bench, remote) = try await bench()
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#)
        #expect(remote.sent.isEmpty)
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"at":["/in"]}}"#)
        #expect(await eventually { bench.cse.resource("Capp/box")?.attributes["at"] == ["/in/far1"] })
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"at":null}}"#)
        #expect(await eventually { remote.sent.last?.request.operation == .delete })
    }

    @Test("rcn 7: an announced resource gives what it stands for, as its CSE shows it to who asks")
    func original() async throws {
        let (bench, remote) = try await bench()
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
        let (bench, remote) = try await bench()
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
        #expect(try await bench.ask(.delete, "cse-gw1/gw2", from: "/gw2").status == .deleted)
        let device = TestCSE { $0.kind = .applicationServiceNode }
        device.origin = bench.origin
        #expect(try await device.create(.remoteCSE, "cse-gw1", from: "/gw2", content).status == .operationNotAllowed)
        #expect(remote.sent.isEmpty)
    }
}
