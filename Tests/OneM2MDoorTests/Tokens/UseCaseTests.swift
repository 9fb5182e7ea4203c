import Concentrator
import JOSE
import JSONText
import OneLoop
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

/// The two use cases of the report on dynamic authorization, from one end to the other.
@Suite("The report's use cases")
@Loop
struct UseCaseTests {
    /// Sends what the phone wants of the lock by way of the reception, where it is registered.
    private func work(
        _ world: TokenWorld, token: String?, from: String = "Cphone", opening: Bool = true,
        change: (inout RequestPrimitive) -> Void = { _ in }
    ) async throws -> ResponsePrimitive {
        let origin = RequestOrigin(
            transport: .https, isSecure: true, identities: ["//sp.example.com/gw1/\(from)"])
        return try await world.ask(
            .update, "//sp.example.com/gw2/cse-gw2/gpio-lock12/output", at: TokenWorld.reception, from: from,
            origin: origin, ["cod:binSh": ["state": .bool(opening)]]
        ) {
            $0.tokens = token.map { [$0] } ?? []
            change(&$0)
        }
    }

    @Test("5.1: the tourist's phone opens the lock behind another gateway, as long as its token is good")
    func tourist() async throws {
        let world = try TokenWorld()
        defer { world.stop() }
        let lock = try GPIOLock()
        try await world.start(TokenWorld.reception, TokenWorld.issuing())
        let floor = try await world.start(TokenWorld.floor, world.trusting(TokenWorld.reception))
        floor.cse.show(lock.concentrator, history: 0)
        try await world.registerPhone()
        // The floor has no policy for this phone.
        #expect(try await work(world, token: nil).status == .originatorHasNoPrivilege)
        #expect(!lock.isOpen)
        let token = try await world.token()
        let answer = try await work(world, token: token)
        #expect(answer.status == .updated, "\(answer)")
        #expect(lock.isOpen)
        #expect(answer.assignedTokens.count == 1)
        // The token is the phone's, for this lock and these operations.
        let thief = try await world.ask(
            .create, "cse-gw1", at: TokenWorld.reception, from: "Cthief",
            origin: RequestOrigin(transport: .https, isSecure: true, identities: ["/gw1/Cthief"]), type: .ae,
            ["m2m:ae": ["api": "Nthief", "rr": false, "srv": ["3"]]])
        #expect(thief.status == .created)
        #expect(
            try await work(world, token: token, from: "Cthief", opening: false).status == .originatorHasNoPrivilege)
        let other = try await world.ask(
            .retrieve, "//sp.example.com/gw2/cse-gw2/gpio-lock12", at: TokenWorld.reception, from: "Cphone"
        ) { $0.tokens = [token] }
        #expect(other.status == .originatorHasNoPrivilege)
        let deletion = try await world.ask(
            .delete, "//sp.example.com/gw2/cse-gw2/gpio-lock12/output", at: TokenWorld.reception, from: "Cphone"
        ) { $0.tokens = [token] }
        #expect(!deletion.status.isSuccess)
        #expect(lock.isOpen)
        // By the short name that the floor gave it.
        let again = try await work(world, token: nil, opening: false) {
            $0.localTokenIDs = [answer.assignedTokens[0].localTokenID]
        }
        #expect(again.status == .updated, "\(again)")
        #expect(!lock.isOpen)
        // Checked out: the token has run out.
        world.clock.pass(milliseconds: 86_401_000)
        #expect(try await work(world, token: token).status == .originatorHasNoPrivilege)
        #expect(!lock.isOpen)
    }

    @Test("5.1: checked out early: the reception revokes, the floor hears of it")
    func checkedOutEarly() async throws {
        let world = try TokenWorld()
        defer { world.stop() }
        let lock = try GPIOLock()
        let reception = try await world.start(TokenWorld.reception, TokenWorld.issuing())
        let floor = try await world.start(
            TokenWorld.floor, world.trusting(TokenWorld.reception) { $0.requiresRevocationList = true })
        floor.cse.show(lock.concentrator, history: 0)
        try await world.registerPhone()
        let token = try await world.token()
        #expect(try await work(world, token: token).status == .originatorHasNoPrivilege, "no list yet: fail closed")
        await floor.tokens.fetchLists()
        #expect(try await work(world, token: token).status == .updated)
        let id = try #require(TokenClaims.id(in: token))
        try await reception.tokens.revoke(id)
        #expect(try await work(world, token: token).status == .updated, "the floor has not heard of it yet")
        await floor.tokens.fetchLists()
        #expect(try await work(world, token: token).status == .originatorHasNoPrivilege)
        // The floor remembers over a restart, with the reception away.
        world.members["gw1"]?.isUp = false
        let restarted = try await world.start(
            TokenWorld.floor, floor.tokens.settings)
        restarted.cse.show(lock.concentrator, history: 0)
        #expect(try await work(world, token: token).status == .originatorHasNoPrivilege)
        #expect(restarted.tokens.register.lists[TokenWorld.reception.entity]?.revoked[id] != nil)
        // Without a list that is current nothing of this issuer's counts.
        world.members["gw1"]?.isUp = true
        let second = try await world.token()
        #expect(try await work(world, token: second).status == .updated)
        world.clock.pass(milliseconds: 86_400_001)
        let third = try await world.token()
        #expect(try await work(world, token: third).status == .originatorHasNoPrivilege)
    }

    @Test("5.2: a service with a role token of the platform reads the meter by the gateway's own role policies")
    func service() async throws {
        let world = try TokenWorld()
        defer { world.stop() }
        var platform = TokenSettings()
        platform.issues = true
        platform.ceiling = IssuingPrivileges(
            entries: [.init(resources: [], roles: ["*@energy.example.com"])], audience: ["/gw2"])
        platform.policies = [
            TokenPolicy(
                name: "subscribers", holders: ["Chems"],
                grants: [.init(resources: [], roles: ["reader@energy.example.com"])])
        ]
        try await world.start(TokenWorld.platform, platform)
        try await world.start(TokenWorld.floor, world.trusting(TokenWorld.platform))
        let hems = RequestOrigin(transport: .https, isSecure: true, identities: ["//sp.example.com/in1/Chems"])
        let registered = try await world.ask(
            .create, "cse-in1", at: TokenWorld.platform, from: "Chems", origin: hems, type: .ae,
            ["m2m:ae": ["api": "Nhems", "rr": false, "srv": ["3"]]])
        #expect(registered.status == .created)
        // The gateway's privilege-to-role assignment: readers may retrieve the meter.
        for (type, content) in [
            (
                ResourceType.accessControlPolicy,
                [
                    "m2m:acp": [
                        "rn": "energy-roles", "pv": ["acr": [["acor": ["reader@energy.example.com"], "acop": 2]]],
                        "pvs": ["acr": [["acor": ["Cadmin"], "acop": 63]]],
                    ]
                ] as JSON
            ),
            (.container, ["m2m:cnt": ["rn": "meter", "acpi": ["cse-gw2/energy-roles"]]]),
        ] {
            let made = try await world.ask(
                .create, "cse-gw2", at: TokenWorld.floor, from: "Cadmin", type: type, content)
            #expect(made.status == .created, "\(made)")
        }
        func read(_ operation: OneM2MPrimitives.Operation, _ change: (inout RequestPrimitive) -> Void) async throws
            -> ResponsePrimitive
        {
            try await world.ask(
                operation, "cse-gw2/meter", at: TokenWorld.floor, from: "//sp.example.com/in1/Chems", origin: hems,
                operation == .update ? ["m2m:cnt": ["lbl": ["x"]]] : nil, change: change)
        }
        #expect(try await read(.retrieve) { _ in }.status == .originatorHasNoPrivilege)
        // More roles than the policies give are not given; none at all is a refusal.
        var wanted = TokenRequest(permissions: [
            TokenPermission(
                resources: nil, privileges: nil, roles: ["reader@energy.example.com", "owner@energy.example.com"])
        ])
        wanted.delivery = .reference
        let answer = try await world.ask(
            .create, "cse-in1/authority/atis", at: TokenWorld.platform, from: "Chems", origin: hems,
            type: .accessTokenIssuing, wanted.content)
        #expect(answer.status == .created, "\(answer)")
        let grant = try #require(answer.content?["gh:atrs"])
        #expect(grant["tkob"] == nil)
        #expect(grant["tkps"]?["pm"]?[0]?["rids"] == ["reader@energy.example.com"])
        // Stored to be retrieved later, by its holder.
        let address = try #require(grant["uri"]?.string)
        let stored = try await world.ask(.retrieve, address, at: TokenWorld.platform, from: "Chems", origin: hems)
        #expect(stored.status == .ok, "\(stored)")
        let token = try #require(stored.content?["gh:atok"]?["tkob"]?.string)
        #expect(stored.content?["gh:atok"]?["tkhd"] == "//sp.example.com/in1/Chems")
        let found = try await read(.retrieve) { $0.tokens = [token] }
        #expect(found.status == .ok, "\(found)")
        #expect(try await read(.update) { $0.tokens = [token] }.status == .originatorHasNoPrivilege)
        // By the token's id: the gateway fetches it from the platform, as one the token is meant for.
        let id = try #require(grant["tkid"]?.string)
        try await world.start(TokenWorld.floor, world.trusting(TokenWorld.platform))
        let byID = try await read(.retrieve) { $0.tokenIDs = [id] }
        #expect(byID.status == .ok, "\(byID)")
        #expect(byID.assignedTokens.first?.tokenID == id)
        world.members["in1"]?.isUp = false
        #expect(try await read(.retrieve) { $0.tokenIDs = [id] }.status == .ok, "it is remembered")
        #expect(
            try await read(.retrieve) { $0.tokenIDs = ["t0@in1.sp.example.com"] }.status == .originatorHasNoPrivilege,
            "another is not")
    }
}

extension TokenClaims {
    /// The id in a signed token.
    static func id(in token: String) -> QualifiedName? {
        guard let object = try? JWS(parsing: token) else { return nil }
        return (try? JSON.parse(object.unverifiedPayload))?["jti"]?.string.flatMap { QualifiedName($0) }
    }
}
