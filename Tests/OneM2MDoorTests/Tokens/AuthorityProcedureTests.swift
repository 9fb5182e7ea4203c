import JOSE
import JSONText
import OneLoop
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

/// TR-0019 8.2.4 with its exceptions, at a CSE.
@Suite("The authority's resources and procedures")
@Loop
struct AuthorityProcedureTests {
    private func world(_ change: (inout TokenSettings) -> Void = { _ in }) async throws -> TokenWorld {
        let world = try TokenWorld()
        try await world.start(TokenWorld.reception, TokenWorld.issuing(change))
        try await world.registerPhone()
        return world
    }

    private let atis = "cse-gw1/authority/atis"
    private let wanted = TokenWorld.wanted("/gw2/cse-gw2/gpio-lock12/output")

    private func issue(
        _ world: TokenWorld, from: String = "Cphone", origin: RequestOrigin? = nil, _ content: JSON?
    ) async throws -> ResponsePrimitive {
        try await world.ask(
            .create, atis, at: TokenWorld.reception, from: from, origin: origin, type: .accessTokenIssuing, content)
    }

    @Test(
        "The authority stands below the CSEBase, shows keys and list to everybody, and takes UPDATE from administrators"
    )
    func authority() async throws {
        let world = try await world()
        defer { world.stop() }
        let shown = try await world.ask(.retrieve, "cse-gw1/authority", at: TokenWorld.reception, from: "Cphone")
        let attributes = try #require(shown.content?["gh:atau"])
        #expect(attributes["ty"] == 32001 && attributes["rn"] == "authority")
        for name in ["ri", "pi", "ct", "et", "lt"] { #expect(attributes[name]?.string != nil, "\(name)") }
        let keys = try #require(attributes["jwks"]?["keys"]?.array)
        #expect(keys.count == 2 && keys.allSatisfy { $0["d"] == nil && $0["k"] == nil })
        let list = try #require(attributes["rvl"]?.string)
        #expect(try JWS(parsing: list).header.type == RevocationList.type)
        let change: JSON = ["gh:atau": ["lbl": ["x"]]]
        #expect(
            try await world.ask(.update, "cse-gw1/authority", at: TokenWorld.reception, from: "Cphone", change).status
                == .originatorHasNoPrivilege)
        #expect(
            try await world.ask(.update, "cse-gw1/authority", at: TokenWorld.reception, from: "Cadmin", change).status
                == .updated)
        // Nobody else says what the authority's keys are.
        for name in ["jwks", "rvl"] {
            let forged: JSON = ["gh:atau": .object([name: name == "rvl" ? "x" : ["keys": []]])]
            #expect(
                try await world.ask(.update, "cse-gw1/authority", at: TokenWorld.reception, from: "Cadmin", forged)
                    .status
                    == .badRequest)
        }
        #expect(try await world.token().split(separator: ".").count == 3)
    }

    @Test("Another authority can be made; no issuance process is bound to it: 5001")
    func unbound() async throws {
        let world = try await world()
        defer { world.stop() }
        let made = try await world.ask(
            .create, "cse-gw1", at: TokenWorld.reception, from: "Cadmin", type: .accessTokenAuthority,
            ["gh:atau": ["rn": "second", "aupi": ["guests"]]])
        #expect(made.status == .created, "\(made)")
        let answer = try await world.ask(
            .create, "cse-gw1/second/atis", at: TokenWorld.reception, from: "Cadmin", type: .accessTokenIssuing,
            wanted.content)
        #expect(answer.status == .notImplemented, "\(answer)")
        // E2 comes before E1.
        let malformed = try await world.ask(
            .create, "cse-gw1/second/atis", at: TokenWorld.reception, from: "Cadmin", type: .accessTokenIssuing, [:])
        #expect(malformed.status == .contentsUnacceptable)
        #expect(
            try await world.ask(.delete, "cse-gw1/second", at: TokenWorld.reception, from: "Cadmin").status == .deleted)
    }

    @Test("accessTokenIssuing takes CREATE alone")
    func virtual() async throws {
        let world = try await world()
        defer { world.stop() }
        for operation in [OneM2MPrimitives.Operation.retrieve, .update, .delete, .notify] {
            let answer = try await world.ask(
                operation, atis, at: TokenWorld.reception, from: "Cadmin", ["gh:atis": [:]])
            #expect(answer.status == .operationNotAllowed, "\(operation) \(answer)")
        }
    }

    @Test("accessToken: made by the issuance alone, retrieved by its holder alone, neither changed nor deleted")
    func accessToken() async throws {
        let world = try await world()
        defer { world.stop() }
        let answer = try await issue(world, wanted.content)
        let address = try #require(answer.content?["gh:atrs"]?["uri"]?.string)
        let mine = try await world.ask(.retrieve, address, at: TokenWorld.reception, from: "Cphone")
        let attributes = try #require(mine.content?["gh:atok"])
        #expect(attributes["ty"] == 32003 && attributes["tkis"] == "//sp.example.com/gw1")
        #expect(attributes["tkhd"] == "//sp.example.com/gw1/Cphone")
        #expect(attributes["tkob"] == answer.content?["gh:atrs"]?["tkob"])
        let thief = RequestOrigin(transport: .https, isSecure: true, identities: ["/gw1/Cthief"])
        _ = try await world.ask(
            .create, "cse-gw1", at: TokenWorld.reception, from: "Cthief", origin: thief, type: .ae,
            ["m2m:ae": ["api": "Nthief", "rr": false, "srv": ["3"]]])
        #expect(
            try await world.ask(.retrieve, address, at: TokenWorld.reception, from: "Cthief", origin: thief).status
                == .originatorHasNoPrivilege)
        for operation in [OneM2MPrimitives.Operation.update, .delete] {
            for from in ["Cphone", "Cadmin"] {
                let answer = try await world.ask(
                    operation, address, at: TokenWorld.reception, from: from,
                    operation == .update ? ["gh:atok": ["lbl": ["x"]]] : nil)
                #expect(
                    [.operationNotAllowed, .originatorHasNoPrivilege].contains(answer.status),
                    "\(operation) \(from) \(answer)")
                if from == "Cadmin" { #expect(answer.status == .operationNotAllowed) }
            }
        }
        let forged = try await world.ask(
            .create, "cse-gw1/authority", at: TokenWorld.reception, from: "Cadmin", type: .accessToken,
            ["gh:atok": ["tkis": "//sp.example.com/gw1", "tkhd": "//sp.example.com/gw1/Cphone", "tkob": "a.b.c"]])
        #expect(forged.status == .operationNotAllowed, "\(forged)")
        // The CSE of the audience fetches it, another does not.
        for (cse, status) in [("gw2", ResponseStatus.ok), ("gw3", .originatorHasNoPrivilege)] {
            let origin = RequestOrigin(transport: .https, isSecure: true, identities: ["//sp.example.com/\(cse)"])
            #expect(
                try await world.ask(.retrieve, address, at: TokenWorld.reception, from: "/\(cse)", origin: origin)
                    .status
                    == status)
        }
    }

    @Test("An accessToken goes when its token expires")
    func expires() async throws {
        let world = try await world()
        defer { world.stop() }
        var short = wanted
        short.lifetime = 60
        _ = try await issue(world, short.content)
        let member = try #require(world.members["gw1"])
        #expect(member.cse.resources(.accessToken).count == 1)
        world.clock.pass(milliseconds: 62_000)
        member.cse.removeExpired()
        #expect(member.cse.resources(.accessToken).isEmpty)
        #expect(member.tokens.tokenResources.isEmpty)
    }

    @Test("Refusals of an issuance, each with its code")
    func refusals() async throws {
        let world = try await world { $0.requesters = ["/gw1/Cphone", "/gw1/Cadmin"] }
        defer { world.stop() }
        #expect(try await issue(world, nil).status == .contentsUnacceptable)
        #expect(try await issue(world, ["gh:atrq": ["tkps": 1]]).status == .contentsUnacceptable)
        #expect(try await issue(world, ["m2m:tk": [:]]).status == .contentsUnacceptable)
        let beyond = TokenWorld.wanted("/gw3/cse-gw3/lock")
        #expect(try await issue(world, beyond.content).status == .originatorHasNoPrivilege)
        let unpoliced = TokenWorld.wanted("/gw2/cse-gw2/cellar")
        #expect(try await issue(world, unpoliced.content).status == .originatorHasNoPrivilege)
        let other = RequestOrigin(transport: .https, isSecure: true, identities: ["/gw1/Cother"])
        _ = try await world.ask(
            .create, "cse-gw1", at: TokenWorld.reception, from: "Cother", origin: other, type: .ae,
            ["m2m:ae": ["api": "Nother", "rr": false, "srv": ["3"]]])
        #expect(
            try await issue(world, from: "Cother", origin: other, wanted.content).status == .originatorHasNoPrivilege)
        let clear = RequestOrigin(transport: .http, address: "192.0.2.7")
        #expect(try await issue(world, origin: clear, wanted.content).status == .securityAssociationRequired)
        let imposter = try await issue(world, from: "Cphone", origin: other, wanted.content)
        #expect(imposter.status == .originatorNotAuthenticated)
        #expect(
            try await world.ask(
                .create, "cse-gw1/none/atis", at: TokenWorld.reception, from: "Cphone", type: .accessTokenIssuing,
                wanted.content
            )
            .status == .notFound)
        // No token is kept of any of these.
        #expect(world.members["gw1"]?.cse.resources(.accessToken).isEmpty == true)
    }

    @Test("Issuing privileges and policies by UPDATE; which policies count; back to the configuration")
    func updated() async throws {
        let world = try await world()
        defer { world.stop() }
        func update(_ attributes: JSONObject) async throws -> ResponseStatus {
            let answer = try await world.ask(
                .update, "cse-gw1/authority", at: TokenWorld.reception, from: "Cadmin",
                .object(["gh:atau": .object(attributes)]))
            if answer.status != .updated { print("UPDATE", answer) }
            return answer.status
        }
        #expect(try await issue(world, wanted.content).status == .created)
        #expect(try await update(["aupi": ["nobody"]]) == .updated)
        #expect(try await issue(world, wanted.content).status == .originatorHasNoPrivilege)
        #expect(try await update(["aupi": ["guests"]]) == .updated)
        #expect(try await issue(world, wanted.content).status == .created)
        #expect(try await update(["atip": ["ent": [["ris": ["/gw2/cse-gw2/cellar"], "acop": 2]]]]) == .updated)
        #expect(try await issue(world, wanted.content).status == .originatorHasNoPrivilege)
        #expect(try await update(["atip": ["ent": 7]]) == .badRequest)
        #expect(try await update(["atpl": ["pol": [["nm": "x"]]]]) == .badRequest)
        #expect(try await update(["atip": .null]) == .updated)
        #expect(try await issue(world, wanted.content).status == .created)
        let policy = TokenPolicy(
            name: "guests", holders: ["/gw1/Cphone"],
            grants: [.init(resources: [ResourcePattern("/gw2/*")].compactMap { $0 }, operations: .retrieve)])
        #expect(try await update(["atpl": ["pol": [policy.json]]]) == .updated)
        let less = try await issue(world, wanted.content)
        #expect(less.content?["gh:atrs"]?["tkps"]?["pm"]?[0]?["pv"]?["acr"]?[0]?["acop"] == 2)
        // What UPDATE said lasts over a restart.
        try await world.start(TokenWorld.reception, TokenWorld.issuing())
        let after = try await issue(world, wanted.content)
        #expect(after.content?["gh:atrs"]?["tkps"]?["pm"]?[0]?["pv"]?["acr"]?[0]?["acop"] == 2, "\(after)")
    }

    @Test("Keys and the authority are the same after a restart; an announced key follows")
    func restart() async throws {
        let world = try await world()
        defer { world.stop() }
        let floor = try await world.start(TokenWorld.floor, world.trusting(TokenWorld.reception))
        let before = try await world.token()
        let keys = world.members["gw1"]?.tokens.keys()["jwks"]
        let reception = try await world.start(TokenWorld.reception, TokenWorld.issuing())
        #expect(reception.tokens.keys()["jwks"] == keys)
        // Its keys still stand; that the token is for the floor is the only objection.
        #expect(reception.tokens.inspect(before)["refused"] == "audience")
        // Announced, fetched, used: the floor follows without being configured anew.
        let first = reception.tokens.keys()["active"]
        _ = try await reception.tokens.rotate(atOnce: false)
        await floor.tokens.fetchLists()
        let during = try await world.token()
        #expect(floor.tokens.inspect(during)["good"] == true)
        world.clock.pass(milliseconds: 86_400_000)
        #expect(reception.tokens.keys()["active"] != first)
        let afterwards = try await world.token()
        #expect(floor.tokens.inspect(afterwards)["good"] == true)
        #expect(try JWS(parsing: afterwards).header.keyID != JWS(parsing: during).header.keyID)
        // At once: the floor refuses what the new key signs until it has fetched the list, which an old key vouches for.
        _ = try await reception.tokens.rotate(atOnce: true)
        let sudden = try await world.token()
        #expect(floor.tokens.inspect(sudden)["refused"] == "protection")
        await floor.tokens.fetchLists()
        #expect(floor.tokens.inspect(sudden)["good"] == true)
        // What the floor has learned it knows after a restart, without asking.
        world.members["gw1"]?.isUp = false
        let again = try await world.start(TokenWorld.floor, floor.tokens.settings)
        #expect(again.tokens.inspect(afterwards)["good"] == true)
    }

    @Test("Revoked by UPDATE of the authority, from afar; on the list, and no longer good at the issuer itself")
    func revokedRemotely() async throws {
        let world = try await world()
        defer { world.stop() }
        let token = try await world.token()
        let id = try #require(TokenClaims.id(in: token))
        let reception = try #require(world.members["gw1"])
        let update: JSON = ["gh:atau": ["rvk": [.string("\(id)")]]]
        #expect(
            try await world.ask(.update, "cse-gw1/authority", at: TokenWorld.reception, from: "Cphone", update).status
                == .originatorHasNoPrivilege)
        #expect(
            try await world.ask(.update, "cse-gw1/authority", at: TokenWorld.reception, from: "Cadmin", update).status
                == .updated)
        #expect(await eventually { reception.tokens.signedList?.list.revoked[id] != nil })
        #expect(reception.tokens.register.local[id] != nil)
        #expect(reception.tokens.list()["revoked"]?.array?.count == 1)
        let bad = try await world.ask(
            .update, "cse-gw1/authority", at: TokenWorld.reception, from: "Cadmin", ["gh:atau": ["rvk": ["x"]]])
        #expect(bad.status == .badRequest)
        // It lasts over a restart.
        let again = try await world.start(TokenWorld.reception, TokenWorld.issuing())
        #expect(again.tokens.register.local[id] != nil && again.tokens.signedList?.list.revoked[id] != nil)
        // An expired token leaves the list.
        world.clock.pass(milliseconds: 90_000_000)
        await again.tokens.maintain()
        #expect(again.tokens.signedList?.list.revoked.isEmpty == true)
    }

    @Test("Revoked at the same moment, here and elsewhere: none is lost")
    func revokedTogether() async throws {
        let world = try await world()
        defer { world.stop() }
        let reception = try #require(world.members["gw1"])
        let ids = try ["a@gw1.example.com", "b@gw1.example.com", "c@gw2.example.com"].map {
            try #require(QualifiedName($0))
        }
        let number = reception.tokens.revocations.number
        let tasks = ids.map { id in Task { @Loop in try await reception.tokens.revoke(id) } }
        for task in tasks { try await task.value }
        #expect(Set(reception.tokens.revocations.issued.keys) == Set(ids.prefix(2)))
        #expect(reception.tokens.revocations.number == number + 2)
        #expect(try Set(reception.tokens.memory.revocations().issued.keys) == Set(ids.prefix(2)))
        let again = try await world.start(TokenWorld.reception, TokenWorld.issuing())
        for id in ids { #expect(again.tokens.register.local[id] != nil) }
        #expect(again.tokens.signedList?.list.revoked.count == 2)
    }

    @Test("An issuer whose configured key is gone is known after a restart by those that followed, under no other key")
    func followedKeys() async throws {
        let world = try await world()
        defer { world.stop() }
        let reception = try #require(world.members["gw1"])
        let floor = try await world.start(TokenWorld.floor, world.trusting(TokenWorld.reception))
        _ = try await reception.tokens.rotate(atOnce: true)
        await floor.tokens.fetchLists()
        let lifetime = reception.tokens.authority.ceiling.longestLifetime
        world.clock.pass(milliseconds: (lifetime + 2) * 1000)
        await reception.tokens.maintain()
        try #require(reception.tokens.ring?.entries.count == 1)
        await floor.tokens.fetchLists()
        let grant = try await reception.tokens.issue(
            TokenWorld.wanted("/gw2/cse-gw2/cellar", .retrieve), to: TokenHouse.phone)
        let token = try #require(grant["gh:atrs"]?["tkob"]?.string)
        #expect(floor.tokens.inspect(token)["good"] == true)
        world.members["gw1"]?.isUp = false
        let again = try await world.start(TokenWorld.floor, floor.tokens.settings)
        #expect(again.tokens.inspect(token)["good"] == true)
        var settings = again.tokens.settings
        settings.issuers[0].anchors = ["another"]
        let anew = try await world.start(TokenWorld.floor, settings)
        #expect(anew.tokens.inspect(token)["refused"] == "protection")
    }

    @Test("Encrypted for its host, and read there alone")
    func nested() async throws {
        let world = try TokenWorld()
        defer { world.stop() }
        let floor = try await world.start(TokenWorld.floor, TokenSettings())
        let jwk = try #require(floor.tokens.keys()["jwks"]?["keys"]?.array?.first { $0["use"] == "enc" })
        let recipient = try EncryptionKey(JSONWebKey(jwk), algorithm: .agreementA256KW)
        try await world.start(
            TokenWorld.reception,
            TokenWorld.issuing {
                $0.protection = .nested
                $0.recipients = [TokenWorld.floor.entity: recipient]
            })
        try await world.registerPhone()
        let again = try await world.start(TokenWorld.floor, world.trusting(TokenWorld.reception))
        let token = try await world.token()
        #expect(token.split(separator: ".").count == 5)
        #expect(again.tokens.inspect(token)["good"] == true)
        #expect(again.tokens.inspect(token)["protection"] == "nested")
        #expect(world.members["gw1"]?.tokens.inspect(token)["good"] == false)
        let listed = world.members["gw1"]?.tokens.list()["tokens"]?.array
        #expect(listed?.count == 1 && listed?[0]["tkau"] == ["//sp.example.com/gw2"])
        // By its id: the floor fetches it from the authority, which cannot read what it gives away, but knows for whom it is.
        let id = try #require(listed?[0]["tkid"]?.string)
        _ = try await world.ask(
            .create, "cse-gw2", at: TokenWorld.floor, from: "Cadmin", type: .container,
            ["m2m:cnt": ["rn": "gpio-lock12"]])
        let output = try await world.ask(
            .create, "cse-gw2/gpio-lock12", at: TokenWorld.floor, from: "Cadmin", type: .container,
            ["m2m:cnt": ["rn": "output"]])
        #expect(output.status == .created)
        let read = try await world.ask(
            .retrieve, "cse-gw2/gpio-lock12/output", at: TokenWorld.floor, from: "//sp.example.com/gw1/Cphone"
        ) { $0.tokenIDs = [id] }
        #expect(read.status == .ok, "\(read)")
        // Nobody else may: a CSE that it is not for, and an AE of the one that it is for.
        for other in ["//sp.example.com/gw3", "//sp.example.com/gw2/Cspy"] {
            let origin = RequestOrigin(transport: .https, isSecure: true, identities: [other])
            let address = try #require(listed?[0]["address"]?.string)
            let refused = try await world.ask(
                .retrieve, address, at: TokenWorld.reception, from: other, origin: origin)
            #expect(refused.status == .originatorHasNoPrivilege, "\(other)")
        }
        // What is revoked is so until it would have ended, no longer.
        let name = try #require(QualifiedName(id))
        try await world.members["gw1"]?.tokens.revoke(name)
        let end = try #require(world.members["gw1"]?.tokens.revocations.issued[name])
        #expect(end <= TokenHouse.now.adding(milliseconds: (86_400 + 1) * 1000))
    }

    @Test("One holder cannot use the authority up")
    func bounded() async throws {
        let world = try await world()
        defer { world.stop() }
        for _ in 0..<TokenLimits.issuedPerHolder { #expect(try await issue(world, wanted.content).status == .created) }
        #expect(try await issue(world, wanted.content).status == .notAcceptable)
    }

    @Test("The command line issues within the issuing privileges, whatever the policies say")
    func commandLine() async throws {
        let world = try await world()
        defer { world.stop() }
        let reception = try #require(world.members["gw1"])
        let cellar = TokenWorld.wanted("/gw2/cse-gw2/cellar", .retrieve)
        let grant = try await reception.tokens.issue(cellar, to: TokenHouse.phone)
        #expect(grant["gh:atrs"]?["tkob"]?.string != nil)
        await #expect(throws: OneM2MError.self) {
            try await reception.tokens.issue(TokenWorld.wanted("/gw3/x", .retrieve), to: TokenHouse.phone)
        }
        #expect(reception.tokens.list()["tokens"]?.array?.count == 1)
    }
}
