import Access
import Concentrator
import FlashStore
import OneLoop
import ProvisioningModel
import TLS
import Testing
import XMPP
import XMPPDoor

@Suite("XEP-0324: tokens and services", .timeLimit(.minutes(1)))
@Loop
struct ProvisioningTokenTests {
    private let read = "<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true' deviceToken='FOREIGN'/>"

    /// A server that gives its token after a challenge (listing 4).
    private func challenging(_ authority: Authority, _ padding: PublicKey.EncryptionPadding) {
        var sequence: Int32 = 0
        var challenges: [Int32: [UInt8]] = [:]
        authority.script = { payload in
            switch payload {
            case .getToken(let request):
                guard let certificate = try? Certificate(der: request.certificate),
                    let block = try? certificate.publicKey().encrypt(
                        Array("a challenge of 32 bytes or so ".utf8), padding)
                else { return .refuse(StanzaError(.badRequest)) }
                sequence += 1
                challenges[sequence] = Array("a challenge of 32 bytes or so ".utf8)
                return .answer(TokenRequestChallenge(sequence: sequence, encrypted: block).element)
            case .getTokenChallengeResponse(let answer):
                guard let expected = challenges.removeValue(forKey: answer.sequence) else {
                    return .refuse(Provisioning.unknownSequence)
                }
                guard expected == answer.decrypted else { return .refuse(Provisioning.wrongAnswer) }
                return .answer(TokenGrant(token: "TOKEN").element)
            case .canRead(let question): return .answer(ReadAnswer(to: question).element)
            default: return .silence
            }
        }
    }

    @Test("A token is got by reading a challenge, in either padding", arguments: PublicKey.EncryptionPadding.allCases)
    func token(_ padding: PublicKey.EncryptionPadding) async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        let authority = try world.authority()
        challenging(authority, padding)
        world.world.connect()
        try await until("the token") { world.client.statuses.first?.hasToken == true }
        #expect(authority.asked.map(\.element.name) == ["getToken", "getTokenChallengeResponse"])
        try world.judge()
    }

    @Test("A server that gives no token is asked again later, and is trusted all the same")
    func noToken() async throws {
        var settings = naming("provisioning.example.org")
        settings.firstRetry = .milliseconds(20)
        let world = try await ProvisionedWorld(settings, connects: false)
        let authority = try world.authority()
        authority.script = { _ in .refuse(Provisioning.wrongAnswer) }
        world.world.connect()
        try await until("the second attempt") { authority.questions("getToken") > 1 }
        #expect(world.client.statuses.first?.trouble != nil)
        challenging(authority, .oaepSHA1)
        try await until("the token") { world.client.statuses.first?.hasToken == true }
    }

    private func challenge(_ authority: Authority, _ token: String, _ bytes: [UInt8] = [1, 2, 3]) async throws
        -> Result<XMLElement?, IQFailure>
    {
        await authority.demand(.get, TokenChallenge(token: token, encrypted: bytes).element)
    }

    @Test("A friend's token is passed on with the question, and its challenge to the friend (listings 7, 8)")
    func passedOn() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        let authority = try await world.trusted { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer(to: question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        var challenged: [XMLElement] = []
        bob.session.onRequest(.get, "tokenChallenge", Provisioning.namespace) { request in
            challenged.append(request.payload)
            request.result(TokenChallengeAnswer(decrypted: [9, 9]).element)
        }
        // Before it was sent there nobody may challenge it.
        guard case .failure(.refused(let early, _)) = try await challenge(authority, "FOREIGN") else {
            throw TestFailure("a challenge of a token that was not sent was taken")
        }
        #expect((early.kind, early.condition) == (.cancel, .forbidden))
        #expect(try await bob.ask(read).name == "accepted")
        guard case .success(let answer?) = try await challenge(authority, "FOREIGN") else {
            throw TestFailure("the challenge was not passed on")
        }
        #expect(try TokenChallengeAnswer(answer).decrypted == [9, 9])
        #expect(challenged.count == 1)
        // Somebody else, to whom it was not sent.
        let stranger = try world.authority("stranger@example.org/main")
        guard case .failure(.refused(let other, _)) = try await challenge(stranger, "FOREIGN") else {
            throw TestFailure("a stranger's challenge was taken")
        }
        #expect(other.condition == .forbidden)
        // Within the minute yes, after it no.
        world.hands.now += .seconds(60)
        guard case .success = try await challenge(authority, "FOREIGN") else { throw TestFailure("60 s are a minute") }
        world.hands.now += .seconds(1)
        guard case .failure(.refused(let late, _)) = try await challenge(authority, "FOREIGN") else {
            throw TestFailure("a challenge after 61 s was taken")
        }
        #expect((late.kind, late.condition) == (.cancel, .forbidden))
        #expect(challenged.count == 2)
        #expect(world.client.counters.refusedChallenges == 3)
        try world.judge()
    }

    @Test("One who names very many tokens takes nobody else's proof away")
    func manyTokens() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        let authority = try await world.trusted { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer.denied(question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        bob.session.onRequest(.get, "tokenChallenge", Provisioning.namespace) { request in
            request.result(TokenChallengeAnswer(decrypted: [9, 9]).element)
        }
        _ = try await bob.refusal(.get, read)
        let eve = try world.world.peer("eve@example.org/amr")
        for round in 0..<12 {
            let tokens = (0..<60).map { "T\(round)-\($0)" }.joined(separator: " ")
            let text =
                "<req xmlns='urn:xmpp:iot:sensordata' seqnr='\(round)' momentary='true' deviceToken='\(tokens)'/>"
            _ = try await eve.refusal(.get, text)
        }
        #expect(authority.questions("canRead") == 13)
        guard case .success(let answer?) = try await challenge(authority, "FOREIGN") else {
            throw TestFailure("a friend's token was pushed out by another's")
        }
        #expect(try TokenChallengeAnswer(answer).decrypted == [9, 9])
    }

    @Test("A friend that gives no proof is no proof")
    func noProof() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        let authority = try await world.trusted { payload in
            guard case .canRead(let question) = payload else { return .silence }
            return .answer(ReadAnswer(to: question).element)
        }
        let bob = try world.world.peer("bob@example.org/amr")
        _ = try await bob.ask(read)
        guard case .failure(.refused(let error, _)) = try await challenge(authority, "FOREIGN") else {
            throw TestFailure("a proof out of nothing")
        }
        #expect(error.condition == .forbidden)
    }

    @Test("The gateway proves its own token only when it sent it itself: a friend who names it gets no proof for it")
    func ownToken() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        let authority = try world.authority()
        challenging(authority, .oaepSHA1)
        world.world.connect()
        try await until("the token") { world.client.statuses.first?.hasToken == true }
        let script = authority.script
        authority.script = { payload in
            switch payload {
            case .canAccess: .answer(ServiceAnswer(isGranted: true, userToken: "USER").element)
            case .hasPrivilege: .answer(PrivilegeAnswer(isGranted: true).element)
            default: script(payload)
            }
        }
        let pair = try ProvisionedWorld.keys.get()
        let block = try pair.certificate.publicKey().encrypt([4, 5, 6])
        let bob = try world.world.peer("bob@example.org/amr")
        _ = try await bob.ask(read.split(separator: "FOREIGN").joined(separator: "TOKEN"))
        guard case .failure = try await challenge(authority, "TOKEN", block) else {
            throw TestFailure("a friend used the gateway's token")
        }
        world.hands.now += .seconds(61)
        _ = await world.client.answer(AccessQuestion(who: "carol@example.org", action: .administer))
        guard case .success(let answer?) = try await challenge(authority, "TOKEN", block) else {
            throw TestFailure("the gateway did not prove its own token")
        }
        #expect(try TokenChallengeAnswer(answer).decrypted == [4, 5, 6])
        // Something wrong is answered, too, with what means nothing.
        var wrong = block
        wrong[0] = 0
        wrong[9] ^= 1
        guard case .success(let noise?) = try await challenge(authority, "TOKEN", wrong) else {
            throw TestFailure("a wrong block was told to be wrong")
        }
        #expect(try TokenChallengeAnswer(noise).decrypted != [4, 5, 6])
        // Not without end.
        var refused = 0
        for _ in 0..<40 {
            if case .failure = try await challenge(authority, "TOKEN", block) { refused += 1 }
        }
        #expect(refused > 5)
    }

    @Test("Remote administration is decided by a user's privileges (listings 22 to 24)")
    func privileges() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        let authority = try await world.trusted { payload in
            switch payload {
            case .canAccess(let question):
                let who = question.credentials.contains(.jid("eve@example.org")) ? "EVE" : "CAROL"
                return .answer(ServiceAnswer(isGranted: true, userToken: who).element)
            case .hasPrivilege(let question):
                let may = question.userTokens == ["CAROL"] && question.privilege.text == "Gateway.Administer"
                return .answer(PrivilegeAnswer(isGranted: may).element)
            case .downloadPrivileges:
                let list = [PrivilegeList.Entry.include(PrivilegeID("Gateway")!)]
                return .answer(PrivilegeList(list).element)
            case .canRead(let question): return .answer(ReadAnswer(to: question).element)
            case .canControl(let question): return .answer(ControlAnswer(to: question).element)
            default: return .silence
            }
        }
        let command = "sourceId='MeteringTopology' cacheType='gpio' nodeId='relay1' command='identify'"
        let carol = try world.world.peer("carol@example.org/phone")
        #expect(try await carol.command("executeNodeCommand", command)["result"] == "OK")
        #expect(world.world.administration.done.count == 1)
        try await until("the login") { authority.told.contains { $0.element.name == "userLoggedIn" } }
        let eve = try world.world.peer("eve@example.org/phone")
        #expect(try await eve.command("executeNodeCommand", command)["result"] != "OK")
        #expect(world.world.administration.done.count == 1)
        let lists = await world.client.privileges(of: carol.address)
        let allowed = try #require(PrivilegeID("Gateway.Administer"))
        #expect(lists.first?.list?.allows(allowed) == true)
        try world.judge()
    }

    @Test("Whether somebody administers is asked once, whatever nodes and tokens the requests name")
    func privilegesOnce() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        let authority = try await world.trusted { payload in
            switch payload {
            case .canAccess(let question):
                let isGranted = question.credentials.contains(.jid("carol@example.org"))
                return .answer(ServiceAnswer(isGranted: isGranted, userToken: isGranted ? "CAROL" : nil).element)
            case .hasPrivilege: return .answer(PrivilegeAnswer(isGranted: true).element)
            case .canRead(let question): return .answer(ReadAnswer(to: question).element)
            case .canControl(let question): return .answer(ControlAnswer(to: question).element)
            default: return .silence
            }
        }
        for name in ["carol", "dave"] {
            let peer = try world.world.peer("\(name)@example.org/phone")
            for node in ["relay1", "dimmer"] {
                let command = "sourceId='MeteringTopology' cacheType='gpio' nodeId='\(node)'"
                let token = "userToken='T-\(node)'"
                let answer = try await peer.command("executeNodeCommand", "\(command) \(token) command='identify'")
                #expect((answer["result"] == "OK") == (name == "carol"))
                #expect(try await peer.command("getNode", "\(command) \(token)")["result"] == "OK")
            }
            #expect(try await peer.command("getAllNodes", "sourceId='MeteringTopology'")["result"] == "OK")
        }
        #expect(authority.questions("canAccess") == 2)
        #expect(authority.questions("hasPrivilege") == 1)
        #expect(world.cache.all.count { $0.question.action == .administer } == 2)
        #expect(world.world.administration.done.count == 2)
        // It reaches the nodes of the request and no others.
        let one = AccessQuestion(
            who: "carol@example.org", action: .administer, nodes: [NodeReference(nodeID: "relay1")])
        let grant = try #require(await world.client.answer(one).grant)
        func allows(_ id: NodeID) -> Bool {
            grant.allows(
                "carol@example.org", to: .administer,
                NodeReference(nodeID: id.nodeID, sourceID: id.sourceID, cacheType: id.cacheType))
        }
        #expect(allows(relay))
        #expect(!allows(dimmer))
        #expect(authority.questions("canAccess") == 2)
    }

    @Test("Certificate and key are made once and kept; an EC key is refused")
    func identity() async throws {
        let store = try FlashStore.inMemory()
        let first = TokenIdentity(store: store, name: "hall@example.org")
        #expect(!first.isMade)
        async let both = [first.load(), first.load()].map(\.certificate)
        let certificates = try await both
        #expect(certificates[0] == certificates[1])
        #expect(first.isMade)
        let again = try await TokenIdentity(store: store, name: "hall@example.org").load()
        #expect(again.certificate == certificates[0])
        let elliptic = try PrivateKey.generateP256()
        let issuer = try CertificateIssuer.root(commonName: "x", key: elliptic, validity: .days(1))
        #expect(throws: TLSError.self) { try TokenIdentity.Pair(certificate: issuer.certificate, key: elliptic) }
        #expect(throws: TLSError.self) { try TokenIdentity.Pair(certificate: issuer.certificate, key: again.key) }
    }
}
