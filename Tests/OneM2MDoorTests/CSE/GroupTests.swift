import JSONText
import OneLoop
import OneM2MDoor
import OneM2MPrimitives
import Testing

@Suite("Groups (TS-0001 9.6.13, TS-0004 7.4.13, 7.4.14)")
@Loop
struct GroupTests {
    private func bench() async throws -> TestCSE {
        let bench = TestCSE()
        try await bench.register("Capp")
        for name in ["a", "b"] { try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"\#(name)"}}"#) }
        return bench
    }

    @Test(
        "Members are checked by the strategy",
        arguments: [
            (#""mnm":5,"mid":["cse-gw1/Capp/a","cse-gw1/Capp/b","cse-gw1/Capp/a"]"#, 2001, 2, 0),
            (#""mnm":1,"mid":["cse-gw1/Capp/a","cse-gw1/Capp/b"]"#, 6010, 0, 0),
            (#""mnm":5,"mt":3,"mid":["cse-gw1/Capp/a","Capp"]"#, 2001, 1, 3),
            (#""mnm":5,"mt":3,"csy":2,"mid":["cse-gw1/Capp/a","Capp"]"#, 4110, 0, 0),
            (#""mnm":5,"mt":3,"csy":3,"mid":["cse-gw1/Capp/a","Capp"]"#, 2001, 2, 0),
            (#""mnm":5,"mid":["nothing"]"#, 2001, 0, 0), (#""mnm":5,"csy":2,"mid":["nothing"]"#, 4110, 0, 0),
            (#""mnm":5,"mid":["a//b"]"#, 4000, 0, 0), (#""mid":[]"#, 4000, 0, 0), (#""mnm":5"#, 4000, 0, 0),
        ])
    func members(text: String, status: Int, count: Int, type: Int) async throws {
        let bench = try await bench()
        let answer = try await bench.create(.group, "Capp", "{\"m2m:grp\":{\"rn\":\"g\",\(text)}}")
        #expect(answer.status.rawValue == status, "\(answer.debugText ?? "")")
        guard answer.status.isSuccess else { return }
        #expect(answer.content?["m2m:grp"]?["cnm"]?.int == count)
        #expect(answer.content?["m2m:grp"]?["mt"]?.int == type)
        #expect(answer.content?["m2m:grp"]?["mtv"] == true)
    }

    @Test("A request to all of them, each with an answer of its own")
    func fanOut() async throws {
        let bench = try await bench()
        let remote = TestRemote()
        bench.cse.remote = remote
        try await bench.create(
            .group, "Capp",
            #"{"m2m:grp":{"rn":"g","mnm":5,"mid":["cse-gw1/Capp/a","cse-gw1/Capp/b","/gw2/cse-gw2/c"]}}"#)
        #expect(try await bench.get("Capp/g")?["mtv"] == false)
        let made = try await bench.create(.contentInstance, "Capp/g/fopt", #"{"m2m:cin":{"con":"7"}}"#)
        let answers = try #require(made.content?["m2m:agr"]?["m2m:rsp"]?.array)
        #expect(answers.map { $0["rsc"]?.int } == [2001, 2001, 2000])
        #expect(answers.map { $0["fr"]?.string } == ["cse-gw1/Capp/a", "cse-gw1/Capp/b", "/gw2/cse-gw2/c"])
        #expect(remote.sent.first?.request.groupRequestIdentifier != nil)
        let latest = try await bench.ask(.retrieve, "Capp/g/fopt/la")
        #expect(latest.content?["m2m:agr"]?["m2m:rsp"]?[1]?["pc"]?["m2m:cin"]?["con"] == "7")
        // One that has gone is that member's answer and no other's.
        try await bench.ask(.delete, "Capp/a")
        let after = try await bench.ask(.retrieve, "Capp/g/fopt/la")
        #expect(after.content?["m2m:agr"]?["m2m:rsp"]?.array?.map { $0["rsc"]?.int } == [4004, 2000, 2000])
    }

    @Test("Who may send to the members: their policies and the group's")
    func rights() async throws {
        let bench = try await bench()
        try await bench.register("Cguest")
        try await bench.create(
            .accessControlPolicy, "Capp",
            #"{"m2m:acp":{"rn":"p","pv":{"acr":[{"acor":["Cguest"],"acop":2}]},"pvs":{"acr":[{"acor":["Capp"],"acop":63}]}}}"#
        )
        try await bench.create(
            .group, "Capp", #"{"m2m:grp":{"rn":"g","mnm":5,"mid":["cse-gw1/Capp/a"],"macp":["cse-gw1/Capp/p"]}}"#)
        let answer = try await bench.ask(.retrieve, "Capp/g/fopt", from: "Cguest")
        // Let through to the members, who have their own opinion.
        #expect(answer.content?["m2m:agr"]?["m2m:rsp"]?[0]?["rsc"] == 4103)
        #expect(try await bench.ask(.delete, "Capp/g/fopt", from: "Cguest").status == .originatorHasNoPrivilege)
        #expect(try await bench.ask(.retrieve, "Capp/g", from: "Cguest").status == .originatorHasNoPrivilege)
    }

    @Test("Policies for the members: also when they come alone, by groups, by type, and by roles")
    func memberPolicies() async throws {
        let bench = try await bench()
        try await bench.register("Cguest")
        func policy(_ name: String, _ rule: String) async throws {
            let made = try await bench.create(
                .accessControlPolicy, "Capp",
                "{\"m2m:acp\":{\"rn\":\"\(name)\",\"pv\":{\"acr\":[\(rule)]},\"pvs\":{\"acr\":[{\"acor\":[\"Capp\"],\"acop\":63}]}}}"
            )
            #expect(made.status == .created)
        }
        try await bench.create(.group, "Capp", #"{"m2m:grp":{"rn":"friends","mnm":5,"mid":["cse-gw1/Cguest"]}}"#)
        try await policy("members", #"{"acor":["cse-gw1/Capp/friends"],"acop":2}"#)
        try await policy("instances", #"{"acor":["Cguest"],"acop":1,"acod":[{"chty":[4]}]}"#)
        try await policy("roles", #"{"acor":["guest@hotel.example.com"],"acop":2}"#)
        try await bench.create(.group, "Capp", #"{"m2m:grp":{"rn":"g","mnm":5,"mid":["cse-gw1/Capp/a"]}}"#)
        func set(_ policy: String) async throws -> ResponseStatus {
            try await bench.ask(.update, "Capp/g", "{\"m2m:grp\":{\"macp\":[\"\(policy)\"]}}").status
        }
        #expect(try await set("cse-gw1/Capp/nobody") == .badRequest)
        #expect(try await set("cse-gw1/Capp/a") == .badRequest)
        func read(_ change: (inout RequestPrimitive) -> Void = { _ in }) async throws -> ResponseStatus {
            try await bench.ask(.retrieve, "Capp/g/fopt", from: "Cguest", change: change).status
        }
        #expect(try await read() == .originatorHasNoPrivilege)
        #expect(try await set("cse-gw1/Capp/members") == .updated)
        #expect(try await read() == .ok)
        #expect(try await set("cse-gw1/Capp/instances") == .updated)
        #expect(
            try await bench.create(.contentInstance, "Capp/g/fopt", from: "Cguest", #"{"m2m:cin":{"con":"1"}}"#).status
                == .ok)
        #expect(
            try await bench.create(.container, "Capp/g/fopt", from: "Cguest", #"{"m2m:cnt":{}}"#).status
                == .originatorHasNoPrivilege)
        #expect(try await set("cse-gw1/Capp/roles") == .updated)
        let role = TokenPermission(resources: nil, privileges: nil, roles: ["guest@hotel.example.com"])
        let verdict = FixedVerdict(.accepted(TokenPrivileges([role]), assigned: []))
        bench.cse.tokens = verdict
        #expect(try await read() == .originatorHasNoPrivilege)
        #expect(try await read { $0.tokens = ["a.b.c"] } == .ok)
    }

    @Test("Circles end")
    func circles() async throws {
        let bench = try await bench()
        try await bench.create(.group, "Capp", #"{"m2m:grp":{"rn":"g","mnm":5,"mid":["cse-gw1/Capp/a"]}}"#)
        try await bench.ask(.update, "Capp/g", #"{"m2m:grp":{"mid":["cse-gw1/Capp/g/fopt","cse-gw1/Capp/g/fopt"]}}"#)
        let answer = try await bench.ask(.retrieve, "Capp/g/fopt")
        #expect(answer.status == .ok)
        #expect(answer.content?.serialized().contains("4104") == true)
        let seen = try await bench.ask(.retrieve, "Capp/g/fopt") { $0.groupRequestIdentifier = "x" }
        #expect(seen.status == .ok)
        #expect(
            try await bench.ask(.retrieve, "Capp/g/fopt") { $0.groupRequestIdentifier = "x" }.status
                == .groupRequestIdentifierExists)
        try await bench.ask(.update, "Capp/g", #"{"m2m:grp":{"mid":[]}}"#)
        #expect(try await bench.ask(.retrieve, "Capp/g/fopt").status == .noMembers)
    }

    @Test("Groups inside groups ask no more members than may be by one request")
    func width() async throws {
        let bench = try await bench()
        let remote = TestRemote()
        bench.cse.remote = remote
        let far = (0..<200).map { "\"/gw2/m\($0)\"" }.joined(separator: ",")
        let leaf = try await bench.create(
            .group, "Capp", "{\"m2m:grp\":{\"rn\":\"leaf\",\"mnm\":200,\"mid\":[\(far)]}}")
        #expect(leaf.status == .created)
        // The same group by seven names.
        let names = [
            "cse-gw1/Capp", "-/Capp", "Capp", "/gw1/cse-gw1/Capp", "/gw1/-/Capp", "/gw1/Capp",
            "//sp.example.com/gw1/Capp",
        ]
        let near = names.map { "\"\($0)/leaf/fopt\"" }.joined(separator: ",")
        let top = try await bench.create(
            .group, "Capp", "{\"m2m:grp\":{\"rn\":\"top\",\"mnm\":10,\"mid\":[\(near)]}}")
        #expect(top.content?["m2m:grp"]?["cnm"] == 7)
        let answer = try await bench.ask(.retrieve, "Capp/top/fopt")
        #expect(answer.content?["m2m:agr"]?["m2m:rsp"]?.array?.count == 7)
        #expect(answer.content?["m2m:agr"]?["m2m:rsp"]?[6]?["rsc"]?.int == ResponseStatus.notAcceptable.rawValue)
        // Five leaves were begun, each a member itself.
        #expect(remote.sent.count == 1_000 - 5)
    }
}
