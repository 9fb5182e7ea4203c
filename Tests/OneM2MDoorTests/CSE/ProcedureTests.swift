import JSONText
import OneLoop
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("Procedures of the CSE (TS-0004 7.3)")
@Loop
struct ProcedureTests {
    /// One request and the status it must get; `Capp` is registered, with the container `box` and an instance in it.
    struct Case: Sendable, CustomTestStringConvertible {
        let status: Int
        let operation: OneM2MPrimitives.Operation
        let to: String
        var from: String? = "Capp"
        var type: Int?
        var content: String?
        var change: @Sendable (inout RequestPrimitive) -> Void = { _ in }
        var testDescription: String { "\(status) \(operation) \(to) \(content ?? "")" }
    }

    nonisolated static let cases: [Case] = [
        // The request as such.
        Case(status: 4000, operation: .retrieve, to: "cse-gw1") { $0.requestIdentifier = "" },
        Case(status: 4000, operation: .retrieve, to: "cse-gw1", from: nil),
        Case(status: 4000, operation: .retrieve, to: "cse-gw1", from: "C app"),
        Case(status: 4001, operation: .retrieve, to: "cse-gw1") { $0.releaseVersion = "9" },
        Case(status: 4008, operation: .retrieve, to: "cse-gw1") { $0.requestExpiration = .after(0) },
        Case(status: 4008, operation: .retrieve, to: "cse-gw1") {
            $0.requestExpiration = .at(OneM2MTime(microseconds: 1))
        },
        Case(status: 5207, operation: .retrieve, to: "cse-gw1") { $0.operationExecutionTime = .after(60_001) },
        Case(status: 5207, operation: .retrieve, to: "cse-gw1") {
            $0.operationExecutionTime = .after(3_600_001)
            $0.responseType = .nonBlockingSynch
        },
        Case(status: 4008, operation: .retrieve, to: "cse-gw1") {
            $0.operationExecutionTime = .after(5000)
            $0.requestExpiration = .after(4000)
        },
        Case(status: 2000, operation: .retrieve, to: "cse-gw1") { $0.operationExecutionTime = .after(-5000) },
        Case(status: 5001, operation: .retrieve, to: "cse-gw1") { $0.tokens = ["a.b.c"] },
        Case(status: 4000, operation: .retrieve, to: "a//b"),
        Case(status: 4106, operation: .retrieve, to: "cse-gw1", from: "Cstranger"),
        Case(status: 4106, operation: .retrieve, to: "cse-gw1", from: "Cadmin2"),
        Case(status: 4106, operation: .retrieve, to: "cse-gw1", from: "/gw1"),
        Case(status: 4107, operation: .retrieve, to: "cse-gw1", from: "/gw2"),
        Case(status: 4106, operation: .retrieve, to: "cse-gw1", from: "/gw2/Cthere"),
        Case(status: 4004, operation: .retrieve, to: "cse-gw1/nothing"),
        Case(status: 4004, operation: .retrieve, to: "zzz"),
        Case(status: 5103, operation: .retrieve, to: "/gw2/x"),
        Case(status: 5103, operation: .retrieve, to: "//other.example/gw1/x"),
        // All forms of one address.
        Case(status: 2000, operation: .retrieve, to: "cse-gw1"), Case(status: 2000, operation: .retrieve, to: "-"),
        Case(status: 2000, operation: .retrieve, to: "/gw1"), Case(status: 2000, operation: .retrieve, to: "/gw1/-"),
        Case(status: 2000, operation: .retrieve, to: "cse-gw1/Capp/box"),
        Case(status: 2000, operation: .retrieve, to: "Capp/box/la"),
        Case(status: 2000, operation: .retrieve, to: "//sp.example.com/gw1/cse-gw1/Capp/box/ol"),
        // CREATE
        Case(status: 4000, operation: .create, to: "Capp", content: #"{"m2m:cnt":{}}"#),
        Case(status: 5001, operation: .create, to: "Capp", type: 29, content: #"{"m2m:ts":{}}"#),
        Case(status: 4005, operation: .create, to: "cse-gw1", type: 21, content: #"{"m2m:x":{}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3) { $0.filterCriteria.limit = 1 },
        Case(status: 4103, operation: .create, to: "cse-gw1", type: 3, content: #"{"m2m:cnt":{}}"#),
        Case(status: 4108, operation: .create, to: "Capp", type: 4, content: #"{"m2m:cin":{"con":"1"}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cin":{}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{},"m2m:x":{}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"zz":1}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"cni":1}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"ri":"x"}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"mni":"1"}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"mni":-1}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"cr":"Capp"}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"et":"20200101T000000"}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"rn":"la"}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"rn":"a/b"}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"acpi":["nobody"]}}"#),
        Case(
            status: 5207, operation: .create, to: "Capp", type: 3,
            content: #"{"m2m:cnt":{"at":["/a","/b","/c","/d","/e","/f","/g","/h","/i"]}}"#),
        Case(
            status: 4000, operation: .create, to: "Capp", type: 9, content: #"{"m2m:grp":{"mnm":1,"mid":[],"at":[]}}"#),
        Case(
            status: 4000, operation: .create, to: "Capp", type: 9,
            content: #"{"m2m:grp":{"mnm":1,"mid":[],"macp":["Capp"]}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{}}"#) {
            $0.resultContent = .childResources
        },
        Case(status: 4105, operation: .create, to: "Capp", type: 3, content: #"{"m2m:cnt":{"rn":"box"}}"#),
        Case(status: 4000, operation: .create, to: "Capp/box", type: 4, content: #"{"m2m:cin":{}}"#),
        Case(status: 4000, operation: .create, to: "Capp/box", type: 4, content: #"{"m2m:cin":{"con":null}}"#),
        Case(status: 5207, operation: .create, to: "Capp/box", type: 4, content: #"{"m2m:cin":{"con":"0123456789x"}}"#),
        Case(status: 4005, operation: .create, to: "Capp/box/la", type: 4, content: #"{"m2m:cin":{"con":"1"}}"#),
        Case(
            status: 5203, operation: .create, to: "Capp/box/named", type: 23, content: #"{"m2m:sub":{"nu":["Capp"]}}"#),
        Case(status: 4125, operation: .create, to: "Capp", type: 28, content: #"{"cod:x":{"cnd":"org.example.x"}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 28, content: #"{"cod:x":{}}"#),
        Case(
            status: 4000, operation: .create, to: "Capp", type: 28,
            content: #"{"cod:binSh":{"cnd":"org.onem2m.common.moduleclass.temperature","curT0":1}}"#),
        Case(
            status: 4000, operation: .create, to: "Capp", type: 28,
            content: #"{"cod:tempe":{"cnd":"org.onem2m.common.moduleclass.temperature"}}"#),
        Case(
            status: 2001, operation: .create, to: "Capp", type: 28,
            content: #"{"cod:tempe":{"cnd":"org.onem2m.common.moduleclass.temperature","curT0":21.50}}"#),
        Case(
            status: 4117, operation: .create, to: "cse-gw1", type: 2,
            content: #"{"m2m:ae":{"api":"N1","rr":false,"srv":["3"]}}"#),
        Case(
            status: 4000, operation: .create, to: "cse-gw1", from: "Cb", type: 2,
            content: #"{"m2m:ae":{"api":"X1","rr":false,"srv":["3"]}}"#),
        Case(
            status: 4000, operation: .create, to: "cse-gw1", from: "Cb", type: 2,
            content: #"{"m2m:ae":{"rr":false,"srv":["3"]}}"#),
        Case(
            status: 5001, operation: .create, to: "cse-gw1", from: "Sb", type: 2,
            content: #"{"m2m:ae":{"api":"N1","rr":false,"srv":["3"]}}"#),
        Case(
            status: 4108, operation: .create, to: "Capp", from: "Cb", type: 2,
            content: #"{"m2m:ae":{"api":"N1","rr":false,"srv":["3"]}}"#),
        Case(status: 4000, operation: .create, to: "Capp", type: 1, content: #"{"m2m:acp":{"pv":{},"pvs":{}}}"#),
        Case(
            status: 4005, operation: .create, to: "cse-gw1", type: 17, content: #"{"m2m:req":{}}"#,
            change: {
                $0.from = "Cadmin"
            }),
        // RETRIEVE
        Case(status: 4000, operation: .retrieve, to: "Capp/box") { $0.resultContent = .nothing },
        Case(status: 4000, operation: .retrieve, to: "Capp/box") { $0.attributeList = ["zz"] },
        Case(status: 4000, operation: .retrieve, to: "Capp/box") { $0.resultContent = .originalResource },
        Case(status: 4000, operation: .retrieve, to: "Capp/box/la") { $0.resultContent = .originalResource },
        Case(status: 5001, operation: .retrieve, to: "Capp/box") {
            $0.filterCriteria.usage = .ipeOnDemandDiscovery
        },
        // UPDATE
        Case(status: 4005, operation: .update, to: "Capp/box/la", content: #"{"m2m:cin":{"con":"2"}}"#),
        Case(status: 4103, operation: .update, to: "cse-gw1", content: #"{"m2m:cb":{}}"#),
        Case(status: 4000, operation: .update, to: "Capp/box", content: #"{"m2m:ae":{}}"#),
        Case(status: 4000, operation: .update, to: "Capp/box"),
        Case(status: 4000, operation: .update, to: "Capp/box", content: #"{"m2m:cnt":{"rn":"x"}}"#),
        Case(status: 4000, operation: .update, to: "Capp/box", content: #"{"m2m:cnt":{"ty":3}}"#),
        Case(status: 4000, operation: .update, to: "Capp/box", content: #"{"m2m:cnt":{"acpi":[],"lbl":[]}}"#),
        Case(status: 4000, operation: .update, to: "Capp", content: #"{"m2m:ae":{"api":"N2"}}"#),
        Case(status: 4000, operation: .update, to: "Capp", content: #"{"m2m:ae":{"rr":null}}"#),
        Case(status: 2004, operation: .update, to: "Capp", content: #"{"m2m:ae":{"apn":"x"}}"#),
        // DELETE
        Case(status: 4103, operation: .delete, to: "cse-gw1"),
        Case(status: 2002, operation: .delete, to: "Capp/box/la"),
        // NOTIFY
        Case(status: 4005, operation: .notify, to: "Capp/box", content: #"{"m2m:sgn":{}}"#),
        Case(status: 5103, operation: .notify, to: "Capp", content: #"{"m2m:sgn":{}}"#),
    ]

    @Test("Every fault has its status, in the order of the procedures", arguments: cases)
    func statuses(item: Case) async throws {
        let bench = TestCSE()
        try await bench.register("Capp")
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box","mbs":10}}"#)
        try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"1","rn":"named"}}"#)
        var request = try bench.request(
            item.operation, item.to, item.from, item.type.map { ResourceType(rawValue: $0) }, item.content)
        item.change(&request)
        let answer = await bench.cse.receive(
            request, from: request.from == "Cadmin" ? TestCSE.administrator : bench.origin)
        #expect(answer.status.rawValue == item.status, "\(answer.debugText ?? "")")
        #expect(answer.requestIdentifier == request.requestIdentifier)
        if !answer.status.isSuccess { #expect(answer.debugText?.isEmpty == false) }
    }

    @Test("An AE gets the ID it wished for, or one of its own")
    func registration() async throws {
        let bench = TestCSE()
        let first = try await bench.register("Clamp", #","rn":"lamp","apn":"Lamp""#)
        #expect(first.content?["m2m:ae"]?["aei"] == "Clamp")
        #expect(first.content?["m2m:ae"]?["rn"] == "lamp")
        let second = try await bench.create(.ae, "-", from: nil, #"{"m2m:ae":{"api":"Nx","rr":false,"srv":["3"]}}"#)
        let stem = try #require(second.content?["m2m:ae"]?["aei"]?.string)
        #expect(stem.hasPrefix("C") && stem.count > 1)
        #expect(try await bench.get(stem, from: stem)?["ri"]?.string == stem)
        // Only the AE itself and administrators take it away; then it is a stranger again.
        #expect(try await bench.ask(.delete, "cse-gw1/lamp", from: stem).status == .originatorHasNoPrivilege)
        #expect(try await bench.ask(.delete, "cse-gw1/lamp", from: "Clamp").status == .deleted)
        #expect(try await bench.ask(.retrieve, "cse-gw1", from: "Clamp").status == .originatorNotAuthenticated)
    }

    @Test("Who may register is a list")
    func registrants() async throws {
        let bench = TestCSE { $0.registrants = ["Ca*", "/gw2"] }
        #expect(try await bench.register("Cabc").status == .created)
        #expect(try await bench.register("Cxyz").status == .appRuleValidationFailed)
    }

    @Test("A secure connection's identity must speak for the originator")
    func identities() async throws {
        let bench = TestCSE()
        try await bench.register("Capp")
        for (identities, from, status) in [
            (["Capp"], "Capp", 2000), (["/gw1/Capp"], "Capp", 2000), (["Cother"], "Capp", 4106),
            (["/gw2"], "/gw2/Cfar", 2000), (["/gw3"], "/gw2/Cfar", 4106), (["Capp"], "Cadmin", 4106),
            (["Cadmin"], "Cadmin", 2000), (["/gw1"], "/gw1", 4106),
        ] {
            let request = try bench.request(.retrieve, "cse-gw1", from, nil, nil)
            let origin = RequestOrigin(transport: .https, address: "192.0.2.7", isSecure: true, identities: identities)
            let answer = await bench.cse.receive(request, from: origin)
            // Whoever proves to be one of another CSE is known, but may see nothing by default.
            let wanted = status == 2000 && from.hasPrefix("/gw2") ? 4103 : status
            #expect(answer.status.rawValue == wanted, "\(identities) for \(from): \(answer.debugText ?? "")")
        }
    }

    @Test("Administrators are believed on loopback and inside TLS alone")
    func administrators() async throws {
        let bench = TestCSE()
        let request = try bench.request(.retrieve, "cse-gw1", "Cadmin", nil, nil)
        #expect(await bench.cse.receive(request, from: bench.origin).status == .originatorNotAuthenticated)
        #expect(await bench.cse.receive(request, from: TestCSE.administrator).status == .ok)
        // Nor is there an AE of that name whose deeds would be the administrator's.
        let registration = try bench.request(
            .create, "cse-gw1", "Cadmin", .ae, #"{"m2m:ae":{"api":"Nadmin","rr":false,"srv":["3"]}}"#)
        #expect(await bench.cse.receive(registration, from: bench.origin).status == .originatorNotAuthenticated)
        #expect(await bench.cse.receive(registration, from: TestCSE.administrator).status == .created)
    }

    @Test("Nobody registers as a node that may come", arguments: ["Cgpio-relay1", "Cble-A4C1388D18B2"])
    func nodesNames(name: String) async throws {
        #expect(try await TestCSE().register(name).status == .appRuleValidationFailed)
    }

    @Test("The insecure are refused where the configuration says so")
    func insecure() async throws {
        let bench = TestCSE { $0.allowsInsecureAEs = false }
        #expect(try await bench.register("Capp").status == .securityAssociationRequired)
        bench.origin = RequestOrigin(transport: .http, address: "::1")
        #expect(try await bench.register("Capp").status == .created)
    }

    @Test("What an answer to CREATE holds", arguments: [0, 1, 2, 3, 9])
    func createResult(rcn: Int) async throws {
        let bench = TestCSE()
        try await bench.register("Capp")
        let answer = try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box","mni":5,"cr":null}}"#) {
            $0.resultContent = ResultContent(rawValue: rcn)
        }
        let content = answer.content
        switch rcn {
        case 0: #expect(content == nil)
        case 1:
            #expect(content?["m2m:cnt"]?["mni"] == 5)
            #expect(content?["m2m:cnt"]?["cr"] == "Capp")
        case 2: #expect(content == ["m2m:uri": "cse-gw1/Capp/box"])
        case 3:
            #expect(content?["m2m:rce"]?["uri"] == "cse-gw1/Capp/box")
            #expect(content?["m2m:rce"]?["m2m:cnt"]?["mni"] == 5)
        default:
            #expect(content?["m2m:cnt"]?["mni"] == nil)
            #expect(content?["m2m:cnt"]?["ri"] != nil)
        }
    }

    @Test("Nothing is nothing: no null stands for content or attributes that are not there")
    func nothing() async throws {
        let bench = TestCSE()
        try await bench.register("Capp")
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box","lbl":["x"]}}"#)
        try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"1"}}"#)
        let update = try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"lbl":null}}"#) {
            $0.resultContent = .nothing
        }
        #expect(update.status == .updated && update.content == Optional<JSON>.none)
        let members = try #require(try await bench.get("Capp/box")?.object)
        #expect(!members.names.contains("lbl"))
        for to in ["Capp/box/la", "Capp/box"] {
            let answer = try await bench.ask(.delete, to) { $0.resultContent = .nothing }
            #expect(answer.status == .deleted && answer.content == Optional<JSON>.none)
        }
    }

    @Test("A parent's end is its children's latest")
    func expirations() async throws {
        let bench = TestCSE()
        let soon = bench.clock.now.adding(milliseconds: 60_000)
        let late = bench.clock.now.adding(milliseconds: 600_000)
        try await bench.register("Capp", ",\"et\":\"\(soon)\"")
        let answer = try await bench.create(.container, "Capp", "{\"m2m:cnt\":{\"rn\":\"box\",\"et\":\"\(late)\"}}")
        #expect(answer.content?["m2m:cnt"]?["et"] == .string("\(soon)"))
        bench.clock.pass(milliseconds: 61_000)
        bench.cse.removeExpired()
        #expect(bench.cse.counters.expired >= 1)
        #expect(try await bench.ask(.retrieve, "Capp/box", from: "Cadmin").status == .notFound)
    }

    @Test("A request that is not waited for tells its outcome later")
    func nonBlocking() async throws {
        let bench = TestCSE()
        let remote = TestRemote()
        bench.cse.remote = remote
        try await bench.register("Capp", #","poa":["http://192.0.2.7/n"]"#)
        let accepted = try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#) {
            $0.responseType = .nonBlockingSynch
        }
        #expect(accepted.status == .acceptedNonBlockingSynch)
        let address = try #require(accepted.content?["m2m:uri"]?.string)
        #expect(await eventually { bench.cse.resource(address)?.attributes["rs"] == 1 })
        let outcome = try await bench.get(address)
        #expect(outcome?["ors"]?["rsc"] == 2001)
        #expect(try await bench.ask(.retrieve, address, from: "Cother").status == .originatorNotAuthenticated)
        let asynchronous = try await bench.ask(.retrieve, "Capp/box") { $0.responseType = .nonBlockingAsynch }
        #expect(asynchronous.status == .acceptedNonBlockingAsynch)
        #expect(await eventually { remote.sent.contains { $0.request.content?["m2m:rsp"]?["rsc"] == 2000 } })
        #expect(try await bench.ask(.retrieve, "Capp/box") { $0.responseType = .noResponse }.status == .accepted)
    }

    @Test("What a request remembers of its answer is bounded")
    func longAnswers() async throws {
        let bench = TestCSE { $0.limits.requestAnswerBytes = 2_000 }
        try await bench.register("Capp")
        let label = String(repeating: "x", count: 3_000)
        func outcome(_ answer: ResponsePrimitive) async throws -> JSON? {
            let address = try #require(answer.content?["m2m:uri"]?.string)
            #expect(await eventually { bench.cse.resource(address)?.attributes["rs"] != 3 })
            return try await bench.get(address)
        }
        let made = try await outcome(
            try await bench.create(.container, "Capp", "{\"m2m:cnt\":{\"rn\":\"box\",\"lbl\":[\"\(label)\"]}}") {
                $0.responseType = .nonBlockingSynch
            })
        // It was made, and only what it looks like is left out.
        #expect(made?["rs"] == 1 && made?["ors"]?["rsc"] == 2001)
        #expect(made?["ors"]?["cnst"] == 1 && made?["ors"]?["pc"] == nil)
        #expect(bench.cse.resource("Capp/box") != nil)
        let read = try await outcome(
            try await bench.ask(.retrieve, "Capp/box") { $0.responseType = .nonBlockingSynch })
        #expect(read?["rs"] == 2 && read?["ors"]?["rsc"] == 5207)
        let short = try await outcome(
            try await bench.ask(.retrieve, "Capp") { $0.responseType = .nonBlockingSynch })
        #expect(short?["rs"] == 1 && short?["ors"]?["pc"]?["m2m:ae"]?["api"] == "Ntest")
    }

    @Test("oet: done when its time has come, by the rights of then")
    func delayed() async throws {
        let bench = TestCSE { $0.limits.delayedRequestsPerOriginator = 2 }
        try await bench.register("Capp")
        let begun = ContinuousClock.now
        #expect(
            try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#) {
                $0.operationExecutionTime = .after(120)
            }.status == .created)
        #expect(ContinuousClock.now - begun >= .milliseconds(120))
        // Answered at once, done later.
        let accepted = try await bench.ask(.delete, "Capp/box") {
            $0.operationExecutionTime = .at(bench.clock.now.adding(milliseconds: 100))
            $0.responseType = .nonBlockingSynch
        }
        let address = try #require(accepted.content?["m2m:uri"]?.string)
        #expect(bench.cse.resource("Capp/box") != nil && bench.cse.resource(address)?.attributes["rs"] == 3)
        #expect(await eventually { bench.cse.resource(address)?.attributes["rs"] == 1 })
        #expect(bench.cse.resource("Capp/box") == nil)
        // Whose registration ends meanwhile is a stranger by then; so many wait and no more.
        for place in 1...3 {
            let answer = try await bench.ask(.retrieve, "Capp") {
                $0.operationExecutionTime = .after(300)
                $0.responseType = .nonBlockingSynch
            }
            #expect(answer.status == (place < 3 ? .acceptedNonBlockingSynch : .notAcceptable))
        }
        #expect(try await bench.ask(.delete, "Capp").status == .deleted)
        #expect(
            await eventually {
                bench.cse.resources(.request).count { $0.attributes["ors"]?["rsc"] == 4106 } == 2
            })
        // The end of the CSE is the end of all waiting.
        let waiting = Task { @Loop in
            try await bench.ask(.retrieve, "cse-gw1", from: "Cadmin") { $0.operationExecutionTime = .after(50_000) }
        }
        #expect(await eventually { bench.cse.delayed.count == 1 })
        bench.cse.stop()
        #expect(try await waiting.value.status == .internalServerError)
    }

    @Test("What has expired is gone before it is swept away: by name, by ID, as a parent, a policy or a name taken")
    func expired() async throws {
        let bench = TestCSE()
        try await bench.register("Capp")
        let soon = bench.clock.now.adding(milliseconds: 60_000)
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#)
        let first = try await bench.create(
            .contentInstance, "Capp/box", "{\"m2m:cin\":{\"con\":\"1\",\"rn\":\"one\"}}")
        #expect(first.status == .created)
        let instance = try await bench.create(
            .contentInstance, "Capp/box", "{\"m2m:cin\":{\"con\":\"2\",\"rn\":\"two\",\"et\":\"\(soon)\"}}")
        let id = try #require(instance.content?["m2m:cin"]?["ri"]?.string)
        try await bench.create(.container, "Capp", "{\"m2m:cnt\":{\"rn\":\"old\",\"et\":\"\(soon)\"}}")
        try await bench.create(.container, "Capp/old", #"{"m2m:cnt":{"rn":"in"}}"#)
        // A parent's end may come nearer than its children's was.
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"cut"}}"#)
        try await bench.create(.container, "Capp/cut", #"{"m2m:cnt":{"rn":"in"}}"#)
        try await bench.ask(.update, "Capp/cut", "{\"m2m:cnt\":{\"et\":\"\(soon)\"}}")
        try await bench.register("Cguest")
        try await bench.create(
            .accessControlPolicy, "Capp",
            "{\"m2m:acp\":{\"rn\":\"p\",\"et\":\"\(soon)\",\"pv\":{\"acr\":[{\"acor\":[\"Cguest\"],\"acop\":2}]},\"pvs\":{\"acr\":[{\"acor\":[\"Capp\"],\"acop\":63}]}}}"
        )
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"acpi":["cse-gw1/Capp/p"]}}"#)
        #expect(try await bench.ask(.retrieve, "Capp/box/two", from: "Cguest").status == .ok)
        bench.clock.pass(milliseconds: 60_000)
        #expect(try await bench.ask(.retrieve, "Capp/box/one", from: "Cguest").status == .originatorHasNoPrivilege)
        for to in ["Capp/box/two", id, "/gw1/\(id)", "Capp/cut/in", "Capp/old", "Capp/old/in", "Capp/p"] {
            #expect(try await bench.ask(.retrieve, to, from: "Cadmin").status == .notFound, "\(to)")
        }
        #expect(try await bench.ask(.delete, "Capp/box/two").status == .notFound)
        #expect(try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"old"}}"#).status == .created)
        #expect(
            try await bench.create(.contentInstance, "Capp/box", from: "Cadmin", #"{"m2m:cin":{"con":"3","rn":"two"}}"#)
                .status == .created)
    }

    @Test("Others' resources are asked for over there, as who asks is called there")
    func forwarding() async throws {
        let bench = TestCSE()
        let remote = TestRemote()
        bench.cse.remote = remote
        try await bench.register("Capp")
        #expect(try await bench.ask(.retrieve, "/gw2/cse-gw2/x").status == .ok)
        let sent = try #require(remote.sent.first)
        #expect(sent.request.from == "/gw1/Capp")
        #expect(sent.request.to == "/gw2/cse-gw2/x")
        #expect(sent.target == .entity(EntityID(spID: "sp.example.com", cseID: "gw2", stem: nil)))
        #expect(try await bench.ask(.retrieve, "/gw2/x", from: "Cstranger").status == .originatorNotAuthenticated)
    }
}
