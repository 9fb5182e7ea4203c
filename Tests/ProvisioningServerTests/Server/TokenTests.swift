import Crypto
import OneLoop
import ProvisioningModel
import Testing
import XMPP
import _CryptoExtras

@testable import ProvisioningServer

private let gateway = "gateway@home.example"
private let reader = "reader@home.example"

private func issue(_ database: ProvisioningDatabase, lasts seconds: Double = 86_400) throws {
    let certificate = try TokenCertificate(der: try TestIdentity(lasts: seconds).der)
    try database.change(by: "test") { _ = try $0.issueToken(certificate, to: "a@x.example") }
}

@Suite("Tokens", .timeLimit(.minutes(1)))
@Loop
struct TokenTests {
    private func rule(for identity: TestIdentity, _ action: Action = .read) -> Rule {
        Rule(action, device: .address(gateway), who: .certificate(identity.fingerprint))
    }

    @Test("A token for a certificate, by either padding", arguments: [TokenCertificate.Padding.oaep, .pkcs1])
    func token(_ padding: TokenCertificate.Padding) async throws {
        let house = try await TestHouse()
        try await house.change { ledger in
            try ledger.admit(gateway)
            try ledger.setPadding(padding, of: gateway)
        }
        let device = try house.device()
        let identity = try TestIdentity()
        let token = try await device.token(
            identity, padding: padding == .oaep ? .PKCS1_OAEP : ._WEAK_AND_INSECURE_PKCS_V1_5)
        #expect(ProvisioningTokens.isToken(token))
        let again = try await device.token(
            identity, padding: padding == .oaep ? .PKCS1_OAEP : ._WEAK_AND_INSECURE_PKCS_V1_5)
        #expect(again != token)
        let known = try house.database.read { try $0.certificates() }
        #expect(known.map(\.fingerprint) == [identity.fingerprint] && known[0].tokens == 2)
    }

    @Test("A challenge is answered once, by whom it was for, rightly")
    func challenges() async throws {
        let house = try await TestHouse()
        try await house.change { try $0.admit(gateway) }
        let device = try house.device()
        let other = try house.device("other@home.example/x")
        let identity = try TestIdentity()
        let request = TokenRequest(certificate: identity.der).element
        var challenge = try TokenRequestChallenge(try await device.answer(request))
        var plain = Array(try identity.key.decrypt(challenge.encrypted, padding: .PKCS1_OAEP))
        let right = TokenRequestAnswer(sequence: challenge.sequence, decrypted: plain).element
        #expect(try await other.refused(right).condition == .itemNotFound, "another has no such challenge")
        #expect(try TokenGrant(try await device.answer(right)).token.utf8.count == 43)
        #expect(try await device.refused(right).condition == .itemNotFound, "replayed")

        challenge = try TokenRequestChallenge(try await device.answer(request))
        plain = Array(try identity.key.decrypt(challenge.encrypted, padding: .PKCS1_OAEP))
        let wrong = TokenRequestAnswer(sequence: challenge.sequence, decrypted: [UInt8](repeating: 0, count: 32))
            .element
        let refusal = try await device.refused(wrong)
        #expect(refusal.condition == .badRequest && refusal.kind == .modify)
        let late = TokenRequestAnswer(sequence: challenge.sequence, decrypted: plain).element
        #expect(try await device.refused(late).condition == .itemNotFound, "a wrong answer has used it up")
    }

    @Test("Certificates that cannot take part")
    func certificates() async throws {
        let house = try await TestHouse()
        let device = try house.device()
        for der in [
            try TestIdentity.elliptic(), try TestIdentity(lasts: -30).der, try TestIdentity(begins: 3_600).der,
            [UInt8](repeating: 0x30, count: 64),
        ] {
            let error = try await device.refused(TokenRequest(certificate: der).element)
            #expect(error.condition == .badRequest && error.kind == .modify && error.text != nil)
        }
    }

    @Test("Many challenges: no more than eight at once, and five a second")
    func manyChallenges() async throws {
        var book = ChallengeBook()
        let certificate = try TokenCertificate(der: try TestIdentity().der)
        let now = ContinuousClock.now
        for number in 1...8 { #expect(book.issue(certificate, [1], to: "a", now: now) == Int32(number)) }
        #expect(book.issue(certificate, [1], to: "a", now: now) == nil)
        #expect(book.issue(certificate, [1], to: "b", now: now) == 9)
        #expect(book.issue(certificate, [1], to: "a", now: now + .seconds(61)) == nil, "each is kept a minute at least")
        #expect(book.take(1, of: "a", now: now + .seconds(61)) != nil)
        #expect(book.take(2, of: "a", now: now + .seconds(121)) == nil, "not for ever")
        #expect(book.issue(certificate, [1], to: "a", now: now + .seconds(121)) == 10)
        book.removeEnded(now + .seconds(121))
        #expect(book.count == 1)
    }

    @Test("Strangers' certificates push out each other, never one that means something")
    func crowd() async throws {
        let house = try await TestHouse()
        let meant = try TokenCertificate(der: try TestIdentity("meant").der)
        let strangers = try (0..<2).map { try TokenCertificate(der: try TestIdentity("stranger \($0)").der) }
        try house.database.change(by: "test") { ledger in
            _ = try ledger.issueToken(meant, to: "a@x.example", most: 2)
            try ledger.addRule(Rule(.read, who: .certificate(meant.fingerprint)))
            _ = try ledger.issueToken(strangers[0], to: "b@x.example", most: 2)
            _ = try ledger.issueToken(strangers[1], to: "c@x.example", most: 2)
        }
        let kept = try house.database.read { try $0.certificates() }.map(\.fingerprint)
        #expect(Set(kept) == [meant.fingerprint, strangers[1].fingerprint])
        try await house.change { try $0.admit("c@x.example") }
        #expect(throws: ProvisioningError(.limit, "")) {
            try house.database.change(by: "test") { _ = try $0.issueToken(strangers[0], to: "b@x.example", most: 2) }
        }
    }

    @Test("Eight certificates of one address are good at a time; those whose time is over make room")
    func renewals() async throws {
        let house = try await TestHouse()
        let database = house.database
        // Two are over already: whether they are is asked before a challenge, not here.
        for _ in 0..<2 { try issue(database, lasts: -30) }
        for _ in 2..<ServerLimits.certificatesOfAddress { try issue(database) }
        #expect(throws: ProvisioningError(.limit, "")) { try issue(database) }
        try database.change(by: "test") { _ = try $0.endCertificates() }
        for _ in 0..<2 { try issue(database) }
        #expect(throws: ProvisioningError(.limit, "")) { try issue(database) }
    }

    @Test("A rule for a certificate counts when the token's sender proves the key, through the device")
    func proof() async throws {
        let house = try await TestHouse()
        let identity = try TestIdentity("a reader")
        let owner = try house.device("reader@home.example/x")
        let token = try await owner.token(identity)
        try await house.change { ledger in
            try ledger.admit(gateway)
            try ledger.addRule(rule(for: identity))
        }
        let device = try house.device()
        let tokens = ProvisioningTokens(device: ["unknown", token])
        device.challenged = { request in
            // The device has the token from its owner, and passes the challenge on.
            owner.relay(request, to: house)
        }
        #expect(try await !device.mayRead(reader).isGranted, "without the token")
        #expect(device.challenges == 0)
        #expect(try await device.mayRead(reader, tokens: tokens).isGranted)
        #expect(device.challenges == 1)
        #expect(try await device.mayRead(reader, [node("A")], tokens: tokens).isGranted)
        #expect(device.challenges == 1, "proved for an hour")
        // Another who shows the same token has proved nothing.
        device.challenged = { $0.error(StanzaError(.forbidden, kind: .cancel)) }
        #expect(try await !device.mayRead("thief@home.example", tokens: tokens).isGranted)
        device.challenged = { $0.result(TokenChallengeAnswer(decrypted: [1, 2, 3]).element) }
        #expect(try await !device.mayRead("thief@home.example", tokens: tokens).isGranted)
        device.challenged = { $0.result() }
        #expect(try await !device.mayRead("thief@home.example", tokens: tokens).isGranted)
        var kept: [IQRequest] = []
        device.challenged = { kept.append($0) }
        #expect(try await !device.mayRead("thief@home.example", tokens: tokens).isGranted, "no answer in time")
        #expect(kept.count == 1)
        // A token about which there is no rule is not worth a challenge.
        let count = device.challenges
        #expect(try await !device.mayControl(reader, tokens: tokens).isGranted)
        #expect(device.challenges == count)
        #expect(house.server.counters.failedChallenges == 4)
    }

    @Test("A certificate's end and its revocation end the rules for it, and caches are cleared")
    func validity() async throws {
        let house = try await TestHouse()
        let short = try TestIdentity("short", lasts: 1_000)
        let revoked = try TestIdentity("revoked")
        let device = try house.device()
        let shortToken = try await device.token(short)
        let revokedToken = try await device.token(revoked)
        try await house.change { ledger in
            try ledger.admit(gateway)
            try ledger.addRule(rule(for: short))
            try ledger.addRule(rule(for: revoked, .control))
        }
        device.key = short.key
        #expect(try await device.mayRead(reader, tokens: ProvisioningTokens(service: [shortToken])).isGranted)
        device.key = revoked.key
        #expect(try await device.mayControl(reader, tokens: ProvisioningTokens(device: [revokedToken])).isGranted)
        await house.turn()
        var clears = device.clears
        try await house.change { try $0.revoke(String(revoked.fingerprint.prefix(12))) }
        #expect(device.clears == clears + 1)
        #expect(try await !device.mayControl(reader, tokens: ProvisioningTokens(device: [revokedToken])).isGranted)
        await #expect(throws: IQFailure.refused(StanzaError(.badRequest, "the certificate is revoked here"), nil)) {
            try await device.token(revoked)
        }
        clears = device.clears
        house.clock.advance(2_000)
        for _ in 0..<60 { await house.server.keepHouse() }
        await house.turn()
        #expect(device.clears == clears + 1)
        device.key = short.key
        #expect(try await !device.mayRead(reader, tokens: ProvisioningTokens(service: [shortToken])).isGranted)
    }
}

extension TestDevice {
    /// Answers a challenge in another's place: what a device does with one for a token that is not its own.
    func relay(_ request: IQRequest, to house: TestHouse) {
        guard let challenge = try? TokenChallenge(request.payload),
            let plain = try? key?.decrypt(challenge.encrypted, padding: .PKCS1_OAEP)
        else { return request.error(StanzaError(.forbidden, kind: .cancel)) }
        request.result(TokenChallengeAnswer(decrypted: Array(plain)).element)
    }
}
