import JOSE
import JSONText
import OneLoop
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

/// Requests with tokens at the CSE that has the resource.
@Suite("Tokens at the Hosting CSE")
@Loop
struct HostingTests {
    private let meter = "cse-gw2/meter"

    private func world() async throws -> TokenWorld {
        let world = try TokenWorld()
        try await world.start(
            TokenWorld.reception,
            TokenWorld.issuing {
                $0.policies = [TokenPolicy(name: "all", holders: ["all"], grants: $0.ceiling.entries)]
            })
        try await world.registerPhone()
        try await world.start(TokenWorld.floor, world.trusting(TokenWorld.reception))
        let made = try await world.ask(
            .create, "cse-gw2", at: TokenWorld.floor, from: "Cadmin", type: .container,
            ["m2m:cnt": ["rn": "meter"]])
        try #require(made.status == .created, "\(made)")
        return world
    }

    private func read(
        _ world: TokenWorld, _ change: (inout RequestPrimitive) -> Void
    ) async throws -> ResponsePrimitive {
        try await world.ask(
            .retrieve, meter, at: TokenWorld.floor, from: "//sp.example.com/gw1/Cphone", change: change)
    }

    @Test("Permit-overrides: tokens widen, several add up, and one bad one refuses the whole request")
    func several() async throws {
        let world = try await world()
        defer { world.stop() }
        let reading = try await world.token(TokenWorld.wanted("/gw2/\(meter)", .retrieve))
        let other = try await world.token(TokenWorld.wanted("/gw2/cse-gw2/other", .retrieve))
        #expect(try await read(world) { _ in }.status == .originatorHasNoPrivilege)
        #expect(try await read(world) { $0.tokens = [other] }.status == .originatorHasNoPrivilege)
        let answer = try await read(world) { $0.tokens = [other, reading] }
        #expect(answer.status == .ok && answer.assignedTokens.count == 2)
        for bad in [
            String(reading.dropLast()), "a.b.c", "", reading + "x", String(repeating: "x", count: 20_000),
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + reading.split(separator: ".")[1] + ".",
        ] {
            let refused = try await read(world) { $0.tokens = [reading, bad] }
            #expect(refused.status == .originatorHasNoPrivilege, "\(bad.prefix(40))")
            #expect(refused.content?["m2m:dbg"]?.string?.contains(bad.prefix(20)) != true || bad.isEmpty)
        }
        // Even for somebody whom a policy lets in.
        let administrator = try await world.ask(.retrieve, meter, at: TokenWorld.floor, from: "Cadmin") {
            $0.tokens = ["a.b.c"]
        }
        #expect(administrator.status == .originatorHasNoPrivilege)
        #expect(
            try await read(world) { $0.tokens = Array(repeating: reading, count: TokenLimits.perRequest + 1) }.status
                == .originatorHasNoPrivilege)
    }

    @Test("By local id for its holder alone, and no longer once it is forgotten")
    func localIDs() async throws {
        let world = try await world()
        defer { world.stop() }
        let token = try await world.token(TokenWorld.wanted("/gw2/\(meter)", .retrieve))
        let local = try #require(try await read(world) { $0.tokens = [token] }.assignedTokens.first)
        #expect(try await read(world) { $0.localTokenIDs = [local.localTokenID] }.status == .ok)
        let thief = try await world.ask(
            .retrieve, meter, at: TokenWorld.floor, from: "//sp.example.com/gw1/Cthief",
            origin: RequestOrigin(transport: .https, isSecure: true, identities: ["//sp.example.com/gw1/Cthief"])
        ) { $0.localTokenIDs = [local.localTokenID] }
        #expect(thief.status == .originatorHasNoPrivilege)
        #expect(try await read(world) { $0.localTokenIDs = ["t0"] }.status == .originatorHasNoPrivilege)
        let floor = try #require(world.members["gw2"])
        try await floor.tokens.revoke(try #require(TokenClaims.id(in: token)))
        #expect(try await read(world) { $0.localTokenIDs = [local.localTokenID] }.status == .originatorHasNoPrivilege)
        #expect(try await read(world) { $0.tokens = [token] }.status == .originatorHasNoPrivilege)
        // Said here, it lasts.
        let restarted = try await world.start(TokenWorld.floor, world.trusting(TokenWorld.reception))
        #expect(restarted.tokens.inspect(token)["refused"] == "revocation")
        #expect(restarted.tokens.list()["revokedHere"]?.array?.count == 1)
    }

    @Test("What a key has signed that its issuer then drops counts no more, remembered or not")
    func droppedKey() async throws {
        let world = try await world()
        defer { world.stop() }
        let reception = try #require(world.members["gw1"])
        let floor = try #require(world.members["gw2"])
        _ = try await reception.tokens.rotate(atOnce: true)
        await floor.tokens.fetchLists()
        let token = try await world.token(TokenWorld.wanted("/gw2/\(meter)", .retrieve))
        let local = try #require(try await read(world) { $0.tokens = [token] }.assignedTokens.first)
        #expect(try await read(world) { $0.localTokenIDs = [local.localTokenID] }.status == .ok)
        let ring = try #require(reception.tokens.ring)
        var list = try #require(reception.tokens.signedList).list
        list.number += 1
        list.keys = Array(ring.published.prefix(1))
        let text = try list.signed(with: try ring.listSigner)
        #expect(floor.tokens.adopt(list: text, of: TokenWorld.reception.entity) == nil)
        #expect(try await read(world) { $0.tokens = [token] }.status == .originatorHasNoPrivilege)
        #expect(try await read(world) { $0.localTokenIDs = [local.localTokenID] }.status == .originatorHasNoPrivilege)
    }

    @Test("tqi: a refusal says where a token can be had, and what to ask for")
    func requestInformation() async throws {
        let world = try await world()
        defer { world.stop() }
        let plain = try await read(world) { _ in }
        #expect(plain.tokenRequestInformation == nil && plain.debugText != nil)
        let answer = try await read(world) { $0.tokenRequestIndicator = true }
        #expect(answer.status == .originatorHasNoPrivilege && answer.debugText == nil)
        let server = try #require(answer.tokenRequestInformation?["dasi"]?[0])
        #expect(server["uri"] == "/gw1/cse-gw1/authority/atis")
        #expect(server["dreq"]?["or"] == "//sp.example.com/gw1/Cphone" && server["dreq"]?["op"] == 2)
        #expect(server["dreq"]?["trid"] == "/gw2/cse-gw2/meter")
        // Which is enough to go and get one.
        let token = try await world.token(
            TokenWorld.wanted(try #require(server["dreq"]?["trid"]?.string), .retrieve))
        #expect(try await read(world) { $0.tokens = [token] }.status == .ok)
    }

    @Test("token: kept here under its id, checked, and used by tids")
    func tokenResource() async throws {
        let world = try await world()
        defer { world.stop() }
        let token = try await world.token(TokenWorld.wanted("/gw2/\(meter)", .retrieve))
        let id = try #require(TokenClaims.id(in: token))
        world.members["gw1"]?.isUp = false
        #expect(try await read(world) { $0.tokenIDs = ["\(id)"] }.status == .originatorHasNoPrivilege)
        func keep(_ name: String, _ id: String, _ token: String) async throws -> ResponseStatus {
            try await world.ask(
                .create, "cse-gw2", at: TokenWorld.floor, from: "Cadmin", type: .token,
                ["m2m:tk": ["rn": .string(name), "tkid": .string(id), "tkob": .string(token)]]
            ).status
        }
        #expect(try await keep("a", "x", token) == .badRequest)
        #expect(try await keep("b", "\(id)", "no token") == .badRequest)
        #expect(try await keep("c", "other@gw1.example.com", token) == .created)
        #expect(try await read(world) { $0.tokenIDs = ["other@gw1.example.com"] }.status == .originatorHasNoPrivilege)
        #expect(try await keep("d", "\(id)", token) == .created)
        let answer = try await read(world) { $0.tokenIDs = ["\(id)"] }
        #expect(answer.status == .ok, "\(answer)")
    }

    @Test("role: believed of a role resource that names the originator, an issuer that may, and now")
    func roleResource() async throws {
        let world = try TokenWorld()
        defer { world.stop() }
        var issuing = TokenSettings()
        issuing.issues = true
        issuing.ceiling = IssuingPrivileges(entries: [.init(resources: [], roles: ["*@energy.example.com"])])
        try await world.start(TokenWorld.platform, issuing)
        try await world.start(TokenWorld.floor, world.trusting(TokenWorld.platform))
        for (type, content) in [
            (
                ResourceType.accessControlPolicy,
                [
                    "m2m:acp": [
                        "rn": "roles", "pv": ["acr": [["acor": ["reader@energy.example.com"], "acop": 2]]],
                        "pvs": ["acr": [["acor": ["Cadmin"], "acop": 63]]],
                    ]
                ] as JSON
            ),
            (.container, ["m2m:cnt": ["rn": "meter", "acpi": ["cse-gw2/roles"]]]),
        ] {
            _ = try await world.ask(.create, "cse-gw2", at: TokenWorld.floor, from: "Cadmin", type: type, content)
        }
        #expect(
            try await read(world) { $0.roleIDs = ["reader@energy.example.com"] }.status == .originatorHasNoPrivilege)
        func give(_ holder: String, _ issuer: String, _ role: String, from start: Int64, to end: Int64) async throws
            -> ResponsePrimitive
        {
            try await world.ask(
                .create, "cse-gw2", at: TokenWorld.floor, from: "Cadmin", type: .role,
                [
                    "m2m:rol": [
                        "rlid": .string(role), "tkis": .string(issuer), "tkhd": .string(holder),
                        "tknb": .string("\(TokenHouse.now.adding(milliseconds: start))"),
                        "tkna": .string("\(TokenHouse.now.adding(milliseconds: end))"),
                    ]
                ])
        }
        let phone = "//sp.example.com/gw1/Cphone"
        let platform = "//sp.example.com/in1"
        for (holder, issuer, role, start, end) in [
            ("//sp.example.com/gw1/Cother", platform, "reader@energy.example.com", Int64(-1), Int64(60_000)),
            (phone, "//sp.example.com/gw9", "reader@energy.example.com", -1, 60_000),
            (phone, platform, "reader@energy.example.com", -60_000, -1),
            (phone, platform, "reader@energy.example.com", 1, 60_000),
            (phone, platform, "reader@other.example.com", -1, 60_000),
        ] {
            #expect(try await give(holder, issuer, role, from: start, to: end).status == .created)
            #expect(try await read(world) { $0.roleIDs = [role] }.status == .originatorHasNoPrivilege)
        }
        #expect(try await give(phone, platform, "reader", from: 0, to: 1).status == .badRequest)
        let good = try await give(phone, platform, "reader@energy.example.com", from: -1, to: 60_000)
        #expect(good.status == .created)
        #expect(try await read(world) { $0.roleIDs = ["reader@energy.example.com"] }.status == .ok)
        #expect(
            try await read(world) { $0.roleIDs = ["reader@energy.example.com", "owner@energy.example.com"] }.status
                == .originatorHasNoPrivilege)
    }

    @Test("dac: an authorization server is asked, by a rule for the one request or by a token for this CSE alone")
    func consultation() async throws {
        let world = try await world()
        defer { world.stop() }
        let dac = try await world.ask(
            .create, "cse-gw2", at: TokenWorld.floor, from: "Cadmin", type: .dynamicAuthorizationConsultation,
            ["m2m:dac": ["rn": "das", "dae": true, "dap": ["https://das.example.com/"]]])
        #expect(dac.status == .created, "\(dac)")
        let link: JSON = ["m2m:cnt": ["daci": ["cse-gw2/das"]]]
        #expect(
            try await world.ask(.update, meter, at: TokenWorld.floor, from: "Cadmin", link).status == .updated)
        #expect(try await read(world) { _ in }.status == .originatorHasNoPrivilege)
        let asked = try #require(world.consulted.last)
        #expect(asked.operation == .notify && asked.content?["m2m:seci"]?["sit"] == 1)
        let wanted = asked.content?["m2m:seci"]?["dreq"]
        #expect(wanted?["or"] == "//sp.example.com/gw1/Cphone" && wanted?["trid"] == "/gw2/cse-gw2/meter")
        var result: JSON = ["dai": ["gp": ["acr": [["acor": ["//sp.example.com/gw1/Cphone"], "acop": 2]]]]]
        func answer(_ url: String, _ request: RequestPrimitive) -> ResponsePrimitive {
            ResponsePrimitive(
                .ok, requestIdentifier: request.requestIdentifier, content: ["m2m:seci": ["sit": 2, "dres": result]])
        }
        world.server = answer
        #expect(try await read(world) { _ in }.status == .ok)
        // For this operation only, and for the one who asked.
        let changed = try await world.ask(
            .update, meter, at: TokenWorld.floor, from: "//sp.example.com/gw1/Cphone", ["m2m:cnt": ["lbl": ["x"]]])
        #expect(changed.status == .originatorHasNoPrivilege)
        result = ["dai": ["gp": ["acr": [["acor": ["//sp.example.com/gw1/Cother"], "acop": 63]]]]]
        #expect(try await read(world) { _ in }.status == .originatorHasNoPrivilege)
        let token = try await world.token(TokenWorld.wanted("/gw2/\(meter)", .retrieve))
        result = ["tkns": [.string(token)]]
        #expect(try await read(world) { _ in }.status == .ok)
        result = ["tkns": ["a.b.c"]]
        #expect(try await read(world) { _ in }.status == .originatorHasNoPrivilege)
        // A request that is not waited for is put to the server as well.
        result = ["dai": ["gp": ["acr": [["acor": ["//sp.example.com/gw1/Cphone"], "acop": 2]]]]]
        let accepted = try await read(world) { $0.responseType = .nonBlockingSynch }
        let outcome = try #require(accepted.content?["m2m:uri"]?.string)
        let floor = try #require(world.members["gw2"])
        #expect(await eventually { floor.cse.resource(outcome)?.attributes["rs"] != 3 })
        #expect(floor.cse.resource(outcome)?.attributes["ors"]?["rsc"] == 2000)
        let off: JSON = ["m2m:dac": ["dae": false]]
        _ = try await world.ask(.update, "cse-gw2/das", at: TokenWorld.floor, from: "Cadmin", off)
        let before = world.consulted.count
        #expect(try await read(world) { _ in }.status == .originatorHasNoPrivilege)
        #expect(world.consulted.count == before)
    }
}
