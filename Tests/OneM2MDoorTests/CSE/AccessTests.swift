import JSONText
import OneLoop
import OneM2MDoor
import OneM2MPrimitives
import Testing

/// Says what it was told to of every request with tokens.
@Loop
final class FixedVerdict: TokenAuthorization {
    var verdict: TokenVerdict
    nonisolated init(_ verdict: TokenVerdict) { self.verdict = verdict }
    func verify(
        _ request: RequestPrimitive, originator: EntityID, origin: RequestOrigin, now: OneM2MTime
    ) async -> TokenVerdict { verdict }
    func consult(
        _ consultations: [ResourceView], about request: RequestPrimitive, originator: EntityID, origin: RequestOrigin,
        target: String, now: OneM2MTime
    ) async -> TokenPrivileges? { nil }
    func requestInformation(_ request: RequestPrimitive, originator: EntityID, target: String) -> JSON? {
        ["dasi": [["uri": "http://das", "dreq": ["trid": .string(target)]]]]
    }
}

@Suite("Who may what (TS-0003 7.1, TS-0004 7.3.3.15)")
@Loop
struct AccessTests {
    private func bench() async throws -> TestCSE {
        let bench = TestCSE()
        try await bench.register("Cowner")
        try await bench.register("Cguest")
        try await bench.create(.container, "Cowner", from: "Cowner", #"{"m2m:cnt":{"rn":"box"}}"#)
        try await bench.create(.contentInstance, "Cowner/box", from: "Cowner", #"{"m2m:cin":{"con":"1"}}"#)
        return bench
    }

    private func policy(_ bench: TestCSE, _ rules: String, _ name: String = "policy") async throws {
        let answer = try await bench.create(
            .accessControlPolicy, "Cowner", from: "Cowner",
            #"{"m2m:acp":{"rn":"\#(name)","pv":{"acr":[\#(rules)]},"pvs":{"acr":[{"acor":["Cowner"],"acop":63}]}}}"#)
        #expect(answer.status == .created, "\(answer.debugText ?? "")")
        let update = try await bench.ask(
            .update, "Cowner/box", from: "Cowner", #"{"m2m:cnt":{"acpi":["cse-gw1/Cowner/\#(name)"]}}"#)
        #expect(update.status == .updated, "\(update.debugText ?? "")")
    }

    @Test("Without policies the creator alone")
    func byDefault() async throws {
        let bench = try await bench()
        for to in ["Cowner", "Cowner/box", "Cowner/box/la"] {
            #expect(try await bench.ask(.retrieve, to, from: "Cowner").status == .ok)
            #expect(try await bench.ask(.retrieve, to, from: "Cguest").status == .originatorHasNoPrivilege)
            #expect(try await bench.ask(.retrieve, to, from: "Cadmin").status == .ok)
        }
    }

    @Test(
        "A policy's rules decide, for virtual resources and instances too",
        arguments: [
            (#"{"acor":["Cguest"],"acop":2}"#, [true, false, false]),
            (#"{"acor":["Cguest"],"acop":3}"#, [true, true, false]),
            (#"{"acor":["Cother"],"acop":63}"#, [false, false, false]),
            (#"{"acor":["all"],"acop":63}"#, [true, true, true]),
            (#"{"acor":["Cguest"],"acop":1,"acod":[{"ty":3,"chty":[4]}]}"#, [false, true, false]),
            (#"{"acor":["Cguest"],"acop":1,"acod":[{"ty":3,"chty":[3]}]}"#, [false, false, false]),
            (#"{"acor":["Cguest"],"acop":63,"acco":[{"acip":{"ipv4":["192.0.2.0/24"]}}]}"#, [true, true, true]),
            (#"{"acor":["Cguest"],"acop":63,"acco":[{"acip":{"ipv4":["192.0.3.0/24"]}}]}"#, [false, false, false]),
            (#"{"acor":["Cguest"],"acop":63,"acaf":true}"#, [false, false, false]),
            (#"{"acor":["Cguest"],"acop":2},{"acor":["Cguest"],"acop":1}"#, [true, true, false]),
        ])
    func rules(rules: String, allowed: [Bool]) async throws {
        let bench = try await bench()
        try await policy(bench, rules)
        let read = try await bench.ask(.retrieve, "Cowner/box/la", from: "Cguest").status
        let write = try await bench.create(.contentInstance, "Cowner/box", from: "Cguest", #"{"m2m:cin":{"con":"2"}}"#)
            .status
        let remove = try await bench.ask(.delete, "Cowner/box", from: "Cguest").status
        #expect([read == .ok, write == .created, remove == .deleted] == allowed)
    }

    @Test("A policy is governed by its own pvs, and says who may change policies")
    func ownPrivileges() async throws {
        let bench = try await bench()
        try await policy(bench, #"{"acor":["Cguest"],"acop":63}"#)
        #expect(try await bench.ask(.retrieve, "Cowner/policy", from: "Cguest").status == .originatorHasNoPrivilege)
        let take = #"{"m2m:cnt":{"acpi":null}}"#
        #expect(try await bench.ask(.update, "Cowner/box", from: "Cguest", take).status == .originatorHasNoPrivilege)
        #expect(
            try await bench.ask(.update, "Cowner/box", from: "Cguest", #"{"m2m:cnt":{"lbl":["x"]}}"#).status == .updated
        )
        #expect(try await bench.ask(.update, "Cowner/box", from: "Cowner", take).status == .updated)
        #expect(try await bench.ask(.retrieve, "Cowner/box", from: "Cguest").status == .originatorHasNoPrivilege)
    }

    @Test("A policy that is gone lets in by default again, nobody else")
    func goneBadPolicy() async throws {
        let bench = try await bench()
        try await policy(bench, #"{"acor":["Cguest"],"acop":2}"#)
        #expect(try await bench.ask(.delete, "Cowner/policy", from: "Cowner").status == .deleted)
        #expect(try await bench.ask(.retrieve, "Cowner/box", from: "Cguest").status == .originatorHasNoPrivilege)
    }

    @Test("The members of a group")
    func groups() async throws {
        let bench = try await bench()
        try await bench.create(
            .group, "Cowner", from: "Cowner", #"{"m2m:grp":{"rn":"friends","mnm":5,"mid":["cse-gw1/Cguest"]}}"#)
        try await policy(bench, #"{"acor":["cse-gw1/Cowner/friends"],"acop":2}"#)
        #expect(try await bench.ask(.retrieve, "Cowner/box", from: "Cguest").status == .ok)
        try await bench.register("Cthird")
        #expect(try await bench.ask(.retrieve, "Cowner/box", from: "Cthird").status == .originatorHasNoPrivilege)
    }

    @Test("Tokens add to what policies allow, for the resources they name")
    func tokens() async throws {
        let bench = try await bench()
        let rules = Privileges([AccessControlRule(originators: ["Cguest"], operations: .retrieve)])
        for (resources, isAllowed) in [
            (["cse-gw1/Cowner/box"], true), (["//sp.example.com/gw1/Cowner/box"], true), (["cse-gw1/Cowner"], false),
            (["cse-gw1/Cowner/*"], true), (["cse-gw1/Cguest/*"], false), (["/gw2/cse-gw1/Cowner/box"], false),
            ([], false),
        ] {
            let permission = TokenPermission(resources: resources, privileges: rules)
            let verdict = FixedVerdict(
                .accepted(TokenPrivileges([permission]), assigned: [AssignedToken(localTokenID: "l", tokenID: "t@e")]))
            bench.cse.tokens = verdict
            let answer = try await bench.ask(.retrieve, "Cowner/box/la", from: "Cguest") { $0.tokens = ["a.b.c"] }
            #expect((answer.status == .ok) == isAllowed, "\(resources)")
            #expect(answer.assignedTokens.count == 1)
            #expect(
                try await bench.ask(.delete, "Cowner/box", from: "Cguest") { $0.tokens = ["a.b.c"] }.status
                    == .originatorHasNoPrivilege)
        }
    }

    @Test("What a token's holder tells an AE goes there without the token")
    func stripped() async throws {
        let bench = try await bench()
        let remote = TestRemote()
        bench.cse.remote = remote
        bench.cse.tokens = FixedVerdict(
            .accepted(
                TokenPrivileges([
                    TokenPermission(
                        resources: ["cse-gw1/Clamp"],
                        privileges: Privileges([AccessControlRule(originators: ["Cguest"], operations: .notify)]))
                ]), assigned: []))
        try await bench.register("Clamp", #","poa":["http://192.0.2.7/n"]"#)
        let answer = try await bench.ask(.notify, "Clamp", from: "Cguest", #"{"m2m:sgn":{}}"#) {
            $0.tokens = ["a.b.c"]
            $0.tokenIDs = ["t1@e.example"]
            $0.localTokenIDs = ["t2"]
            $0.roleIDs = ["guest@hotel.example.com"]
        }
        #expect(answer.status == .ok)
        let sent = try #require(remote.sent.last?.request)
        #expect(sent.content == ["m2m:sgn": [:]] && !sent.bringsAuthorization)
    }

    @Test("Roles of tokens mean what the policies here say")
    func roles() async throws {
        let bench = try await bench()
        try await policy(bench, #"{"acor":["guest@hotel.example.com"],"acop":2}"#)
        let verdict = FixedVerdict(
            .accepted(
                TokenPrivileges([TokenPermission(resources: nil, privileges: nil, roles: ["guest@hotel.example.com"])]),
                assigned: []))
        bench.cse.tokens = verdict
        #expect(try await bench.ask(.retrieve, "Cowner/box", from: "Cguest").status == .originatorHasNoPrivilege)
        #expect(try await bench.ask(.retrieve, "Cowner/box", from: "Cguest") { $0.tokens = ["t"] }.status == .ok)
        #expect(
            try await bench.ask(.delete, "Cowner/box", from: "Cguest") { $0.tokens = ["t"] }.status
                == .originatorHasNoPrivilege)
    }

    @Test("A bad token fails what policies would allow; who is refused hears where a token can be had")
    func badToken() async throws {
        let bench = try await bench()
        let verdict = FixedVerdict(.rejected(.originatorHasNoPrivilege, "expired"))
        bench.cse.tokens = verdict
        #expect(
            try await bench.ask(.retrieve, "Cowner/box", from: "Cowner") { $0.tokens = ["t"] }.status
                == .originatorHasNoPrivilege)
        let answer = try await bench.ask(.retrieve, "Cowner/box", from: "Cguest") { $0.tokenRequestIndicator = true }
        #expect(answer.tokenRequestInformation?["dasi"]?[0]?["dreq"]?["trid"] == "/gw1/cse-gw1/Cowner/box")
        #expect(answer.content == nil)
    }

    @Test("An empty list of policies leaves each resource to its creator, in a discovery of several too")
    func emptyLists() async throws {
        let bench = TestCSE()
        for stem in ["Cmine", "Cother"] {
            try await bench.register(stem)
            let made = try await bench.create(.container, stem, from: stem, #"{"m2m:cnt":{"rn":"box","acpi":[]}}"#)
            #expect(made.status == .created)
        }
        let answer = try await bench.ask(.retrieve, "cse-gw1", from: "Cmine") { $0.filterCriteria.usage = .discovery }
        let found = answer.content?["m2m:uril"]?.array?.compactMap(\.string) ?? []
        #expect(found.contains("cse-gw1/Cmine/box"))
        #expect(!found.contains("cse-gw1/Cother/box"))
    }
}
