import Foundation
import JOSE
import JSONText
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("Verification of tokens at the Hosting CSE")
struct TokenVerifierTests {
    private var house: TokenHouse

    init() throws { house = try TokenHouse() }

    @Test("Signed, nested, and encrypted where that is enough")
    func protections() throws {
        var house = house
        let claims = try house.claims()
        let signed = try house.sign(claims)
        #expect(try house.verifier.open(signed) == .init(claims: claims, protection: .signed))
        #expect(house.refusal(of: signed) == nil)
        let nested = try JWE.encrypt(
            Array(signed.utf8), to: EncryptionKey(house.hostKey, algorithm: .agreementA256KW), contentType: "JWT")
        #expect(try house.verifier.open(nested).protection == .nested)
        let sharedNested = try JWE.encrypt(
            Array(signed.utf8), to: EncryptionKey(house.shared, algorithm: .a256KW), contentType: "JWT")
        #expect(try house.verifier.open(sharedNested).protection == .nested)
        let encrypted = try JWE.encrypt(
            Array(claims.json.serialized().utf8), to: EncryptionKey(house.shared, algorithm: .a256KW))
        #expect(house.refusal(of: encrypted) == .protection)
        house.issuer.protections = [.encrypted]
        house.verifier = TokenVerifier(
            home: TokenHouse.floor, issuers: [house.issuer], hostKeys: house.verifier.hostKeys)
        #expect(house.refusal(of: encrypted) == nil)
        #expect(house.refusal(of: signed) == .protection)
        #expect(house.refusal(of: nested) == .protection)
        // Anybody can encrypt for a public key.
        let forged = try JWE.encrypt(
            Array(claims.json.serialized().utf8), to: EncryptionKey(house.hostKey, algorithm: .agreementA256KW))
        #expect(house.refusal(of: forged) == .protection)
    }

    @Test("Holder, issuer, time, audience, ceiling: each refused at its step")
    func steps() throws {
        let good = try house.sign(house.claims())
        let thief = EntityID(spID: "sp.example.com", cseID: "gw1", stem: "Cthief")
        #expect(house.refusal(of: good, originator: thief) == .holder)
        #expect(house.refusal(of: good, originator: TokenHouse.reception.entity) == .holder)
        #expect(house.refusal(of: good, now: TokenHouse.now.adding(milliseconds: -1000)) == .time)
        #expect(house.refusal(of: good, now: TokenHouse.now.adding(milliseconds: 7_200_999)) == nil)
        #expect(house.refusal(of: good, now: TokenHouse.now.adding(milliseconds: 7_201_000)) == .time)
        let elsewhere = try house.sign(house.claims { $0.audience = ["//sp.example.com/gw3"] })
        #expect(house.refusal(of: elsewhere) == .audience)
        let everywhere = try house.sign(house.claims { $0.audience = [] })
        #expect(house.refusal(of: everywhere) == .ceiling)
        let longer = try house.sign(
            house.claims { $0.notAfter = $0.notBefore.adding(milliseconds: 86_401_000) })
        #expect(house.refusal(of: longer) == .ceiling)
        let more = try house.sign(
            house.claims { $0.permissions[0].privileges?.rules[0].operations = .all })
        #expect(house.refusal(of: more) == .ceiling)
        let wider = try house.sign(house.claims { $0.permissions[0].resources = ["//sp.example.com/gw2/*"] })
        #expect(house.refusal(of: wider) == .ceiling)
        let role = try house.sign(
            house.claims {
                $0.permissions = [TokenPermission(resources: nil, privileges: nil, roles: ["a@hotel.example.com"])]
            })
        #expect(house.refusal(of: role) == .ceiling)
        let stranger = try house.sign(
            house.claims { $0.issuer = EntityID(spID: "sp.example.com", cseID: "gw9", stem: nil) })
        #expect(house.refusal(of: stranger) == .protection)
    }

    @Test("A second issuer's key does not speak for the first, by signature or by encryption")
    func twoIssuers() throws {
        var house = house
        let other = JSONWebKey(.ellipticPrivate(try .generate()), id: "k1")
        let second = EntityID(spID: "sp.example.com", cseID: "gw3", stem: nil)
        var issuer = TrustedIssuer(
            entity: second, keys: [try VerificationKey(other, algorithm: .es256)], ceiling: TokenHouse.ceiling)
        let otherShared = JSONWebKey(.secret(Array(32..<64)))
        issuer.sharedKeys = [try DecryptionKey(otherShared, algorithm: .a256KW)]
        issuer.protections = Set(TokenProtection.allCases)
        house.verifier = TokenVerifier(home: TokenHouse.floor, issuers: [house.issuer, issuer])
        let claims = try house.claims()
        let forged = try JWS.sign(
            Array(claims.json.serialized().utf8), with: SigningKey(other, algorithm: .es256))
        #expect(house.refusal(of: forged) == .protection)
        let encrypted = try JWE.encrypt(
            Array(claims.json.serialized().utf8), to: EncryptionKey(otherShared, algorithm: .a256KW))
        #expect(house.refusal(of: encrypted) == .issuer)
        let nested = try JWE.encrypt(
            Array(house.sign(claims).utf8), to: EncryptionKey(otherShared, algorithm: .a256KW), contentType: "JWT")
        #expect(house.refusal(of: nested) == .issuer)
    }

    @Test("alg none, key confusion, other types, truncated, altered, too long, twice claimed, both forms")
    func hostile() throws {
        let claims = try house.claims()
        let good = try house.sign(claims)
        let payload = Base64URL.encode(Array(claims.json.serialized().utf8))
        for header in [#"{"alg":"none","typ":"JWT"}"#, #"{"alg":"NonE","typ":"JWT"}"#] {
            #expect(house.refusal(of: Base64URL.encode(Array(header.utf8)) + ".\(payload).") == .protection)
        }
        guard case .ellipticPublic(let point)? = house.key.publicKey?.material else { throw JOSEError(.badKey, "") }
        for secret in [
            point.x + point.y, [4] + point.x + point.y, Array((house.key.publicKey?.json.serialized() ?? "").utf8),
        ] {
            let forged = try JWS.sign(
                Array(claims.json.serialized().utf8),
                with: SigningKey(JSONWebKey(.secret(secret), id: "k1"), algorithm: .hs256))
            #expect(house.refusal(of: forged) == .protection)
        }
        let list = try JWS.sign(
            Array(claims.json.serialized().utf8), with: SigningKey(house.key, algorithm: .es256),
            type: RevocationList.type)
        #expect(house.refusal(of: list) == .shape)
        let typeless = try JWS.sign(
            Array(claims.json.serialized().utf8), with: SigningKey(house.key, algorithm: .es256), type: nil)
        #expect(house.refusal(of: typeless) == .shape)
        let withContentType = try JWS.sign(
            Array(claims.json.serialized().utf8), with: SigningKey(house.key, algorithm: .es256), contentType: "JWT")
        #expect(house.refusal(of: withContentType) == .shape)
        let bytes = Array(good.utf8)
        for end in stride(from: 0, to: bytes.count, by: 13) {
            #expect(house.refusal(of: String(decoding: bytes[..<end], as: UTF8.self)) != nil)
        }
        for index in stride(from: 0, to: bytes.count, by: 17) {
            var altered = bytes
            altered[index] = altered[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(house.refusal(of: String(decoding: altered, as: UTF8.self)) != nil)
        }
        #expect(house.refusal(of: String(repeating: "a", count: 20_000)) == .shape)
        #expect(house.refusal(of: "Bearer " + good) != nil)
        #expect(house.refusal(of: good + "." + good) == .shape)
        let text = claims.json.serialized()
        let twice = text.replacing(
            #""jti":"t1@gw1.example.com""#, with: #""jti":"t1@gw1.example.com","jti":"t2@gw1.example.com""#)
        #expect(house.refusal(of: try house.sign(twice)) == .claims)
        let mixed = text.replacing(
            #""jti":"t1@gw1.example.com""#, with: #""jti":"t1@gw1.example.com","tkid":"t1@gw1.example.com""#)
        #expect(house.refusal(of: try house.sign(mixed)) == .claims)
        #expect(house.refusal(of: try house.sign("[]")) == .claims)
        #expect(
            house.refusal(
                of: try house.sign(text.replacing(#""azp":"//sp.example.com/gw1/Cphone""#, with: #""azp":"Cphone""#)))
                == .claims)
    }

    @Test("Claims by TS-0004's names, from an issuer that has them, and from no other")
    func shortForm() throws {
        var house = house
        let text =
            #"{"vr":"1.0.0","tkid":"token_1@sp.example.com","tkis":"//sp.example.com/gw1","tkhd":"//sp.example.com/gw1/Cphone","tknb":"\#(TokenHouse.now)","tkna":"\#(TokenHouse.now.adding(milliseconds: 60_000))","tkau":["/gw2"],"tkps":{"pm":[{"ris":["\#(TokenHouse.lock)"],"pv":[{"acor":["all"],"acop":2}]}]}}"#
        let token = try house.sign(text)
        #expect(house.refusal(of: token) == .claims)
        let standard = try house.sign(house.claims())
        house.issuer.claims = .short
        house.verifier = TokenVerifier(home: TokenHouse.floor, issuers: [house.issuer])
        #expect(house.refusal(of: token) == nil)
        #expect(house.refusal(of: standard) == .claims)
    }

    @Test("Revoked by its issuer, revoked here, and by a list that has grown old")
    func revocation() throws {
        var house = house
        let claims = try house.claims()
        let token = try house.sign(claims)
        let now = TokenHouse.now
        func list(_ number: Int64, _ ids: [QualifiedName], at time: OneM2MTime = now) throws -> RevocationList {
            let signed = try RevocationList(
                issuer: house.issuer.entity, number: number, thisUpdate: time,
                nextUpdate: time.adding(milliseconds: 600_000),
                revoked: Dictionary(uniqueKeysWithValues: ids.map { ($0, claims.notAfter) })
            ).signed(with: SigningKey(house.key, algorithm: .es256))
            return try RevocationList(verifying: signed, of: house.issuer, at: TokenHouse.floor)
        }
        var register = RevocationRegister()
        func take(_ list: RevocationList) -> RevocationRegister.Outcome { register.take(list) }
        #expect(take(try list(1, [])) == .taken)
        #expect(house.refusal(of: token, register: register) == nil)
        #expect(take(try list(2, [claims.tokenID])) == .taken)
        #expect(house.refusal(of: token, register: register) == .revocation)
        // An old list that somebody kept does not undo it.
        #expect(take(try list(1, [])) == .old)
        #expect(take(try list(2, [claims.tokenID])) == .same)
        #expect(house.refusal(of: token, register: register) == .revocation)
        var here = RevocationRegister()
        here.revoke(claims.tokenID, until: claims.notAfter)
        #expect(house.refusal(of: token, register: here) == .revocation)
        here.prune(now: claims.notAfter.adding(milliseconds: 1000))
        #expect(here.local.isEmpty)
        house.issuer.requiresRevocationList = true
        house.verifier = TokenVerifier(home: TokenHouse.floor, issuers: [house.issuer])
        #expect(house.refusal(of: token) == .revocation)
        var current = RevocationRegister()
        _ = try current.take(list(1, []))
        #expect(house.refusal(of: token, register: current) == nil)
        #expect(
            house.refusal(of: token, now: now.adding(milliseconds: 600_001), register: current) == .revocation)
    }

    @Test("Revocation lists that are none: a token, another's key, another issuer, altered")
    func foreignLists() throws {
        let signer = try SigningKey(house.key, algorithm: .es256)
        let list = RevocationList(
            issuer: house.issuer.entity, number: 1, thisUpdate: TokenHouse.now, nextUpdate: TokenHouse.now)
        func step(_ text: String) -> TokenRefusal.Step? {
            do throws(TokenRefusal) {
                _ = try RevocationList(verifying: text, of: house.issuer, at: TokenHouse.floor)
                return nil
            } catch { return error.step }
        }
        #expect(try step(list.signed(with: signer)) == nil)
        #expect(try step(house.sign(house.claims())) == .shape)
        let stranger = try SigningKey(JSONWebKey(.ellipticPrivate(.generate()), id: "k1"), algorithm: .es256)
        #expect(try step(list.signed(with: stranger)) == .protection)
        var other = list
        other.issuer = TokenHouse.floor.entity
        #expect(try step(other.signed(with: signer)) == .issuer)
        #expect(step("") == .protection)
        let full = RevocationList(
            issuer: house.issuer.entity, number: 1, thisUpdate: TokenHouse.now, nextUpdate: TokenHouse.now,
            revoked: Dictionary(
                uniqueKeysWithValues: try (0..<TokenLimits.revoked).map { number in
                    (try #require(QualifiedName("t\(number)aaaaaaaaaaaa@gw1.sp.example.com")), TokenHouse.now)
                }), keys: [house.key.publicKey?.json ?? nil, house.hostKey.publicKey?.json ?? nil])
        #expect(try step(full.signed(with: signer)) == nil)
    }

    @Test("What was verified is remembered by its hash, bounded, with a local id")
    func cache() throws {
        var cache = VerifiedTokens(capacity: 3)
        var hashes: [VerifiedTokens.Hash] = []
        for number in 0..<3 {
            let claims = try house.claims { $0.tokenID = QualifiedName("t\(number)@gw1.example.com") ?? $0.tokenID }
            hashes.append(VerifiedTokens.hash("token \(number)"))
            cache.insert(claims, hashes[number])
        }
        func name(_ hash: VerifiedTokens.Hash) -> String? { cache.find(hash)?.claims.tokenID.name }
        func name(local: String) -> String? { cache.find(localID: local)?.claims.tokenID.name }
        #expect(name(hashes[0]) == "t0")
        cache.insert(try house.claims(), VerifiedTokens.hash("another"))
        #expect(cache.entries.count == 3)
        #expect(name(hashes[1]) == nil)
        let local = VerifiedTokens.localID(hashes[0])
        #expect(local.count == 17 && local.hasPrefix("t"))
        #expect(name(local: local) == "t0")
        #expect(name(local: VerifiedTokens.localID(hashes[1])) == nil)
        cache.removeAll { $0.tokenID.name == "t0" }
        #expect(name(hashes[0]) == nil && name(local: local) == nil)
    }
}
