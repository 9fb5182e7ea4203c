import JOSE
import JSONText
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("The Token Authority's decisions")
struct TokenAuthorityTests {
    private var house: TokenHouse

    init() throws { house = try TokenHouse() }

    private func grant(_ change: (inout TokenRequest) -> Void, to holder: EntityID = TokenHouse.phone) throws
        -> TokenClaims
    {
        var request = TokenHouse.request
        change(&request)
        return try house.authority.grant(request, to: holder, name: "t1", now: TokenHouse.now)
    }

    private func status(_ change: (inout TokenRequest) -> Void, to holder: EntityID = TokenHouse.phone)
        -> ResponseStatus?
    {
        do {
            _ = try grant(change, to: holder)
            return nil
        } catch { return (error as? OneM2MError)?.status }
    }

    private static func permission(_ resource: String, _ operations: OperationSet, roles: [String] = [])
        -> TokenPermission
    {
        TokenPermission(
            resources: [resource],
            privileges: Privileges([AccessControlRule(originators: ["all"], operations: operations)]), roles: roles)
    }

    @Test("What is granted: absolute, for the host of the resource, as long as the policy allows")
    func granted() throws {
        let claims = try grant { $0.permissions[0].resources = ["/gw2/cse-gw2/lock12"] }
        #expect(claims.issuer == TokenHouse.reception.entity && claims.holder == TokenHouse.phone)
        #expect(claims.permissions[0].resources == [TokenHouse.lock])
        let named = try grant {
            $0.permissions[0].privileges?.rules[0].originators = ["Cphone", "/gw1/C*", "all", "a@b.c"]
        }
        #expect(
            named.permissions[0].privileges?.rules[0].originators == [
                "//sp.example.com/gw1/Cphone", "//sp.example.com/gw1/C*", "all", "a@b.c",
            ])
        #expect(claims.audience == ["//sp.example.com/gw2"])
        #expect(claims.notAfter.seconds - claims.notBefore.seconds == 7_200)
        #expect(try grant { $0.lifetime = 60 }.notAfter.seconds == TokenHouse.now.seconds + 60)
        #expect(try grant { $0.lifetime = 100_000 }.notAfter.seconds == TokenHouse.now.seconds + 7_200)
    }

    @Test("Beyond the issuing privileges: 4103, whatever the policies say")
    func beyond() {
        #expect(
            status { $0.permissions = [Self.permission("/gw3/cse-gw3/lock1", .retrieve)] } == .originatorHasNoPrivilege)
        #expect(
            status { $0.permissions = [Self.permission("/gw2/cse-gw2/lock1", .delete)] } == .originatorHasNoPrivilege)
        #expect(status { $0.permissions = [Self.permission("/gw2/c1", .retrieve)] } == .originatorHasNoPrivilege)
        #expect(
            status {
                $0.permissions = [TokenPermission(resources: nil, privileges: nil, roles: ["guest@hotel.example.com"])]
            }
                == .originatorHasNoPrivilege)
        #expect(status { $0.audience = ["/gw3"] } == .originatorHasNoPrivilege)
        // A relative address is the authority's own resource, not the floor's.
        #expect(status { $0.permissions = [Self.permission("cse-gw2/lock12", .retrieve)] } == .originatorHasNoPrivilege)
    }

    @Test("Policies may grant less than was asked for, or nothing")
    func reduced() throws {
        let claims = try grant {
            $0.permissions = [
                Self.permission(
                    "/gw2/cse-gw2/lock1", [.retrieve, .update, .discovery],
                    roles: ["guest@hotel.example.com", "chef@hotel.example.com"]),
                Self.permission("/gw2/cse-gw2/cellar", .retrieve),
            ]
        }
        #expect(claims.permissions.count == 2)
        #expect(claims.permissions[0].privileges?.rules[0].operations == [.retrieve, .update])
        #expect(claims.permissions[1].roles == ["guest@hotel.example.com"] && claims.permissions[1].privileges == nil)
        #expect(
            status { $0.permissions = [Self.permission("/gw2/cse-gw2/cellar", .retrieve)] } == .originatorHasNoPrivilege
        )
        let stranger = EntityID(spID: "sp.example.com", cseID: "gw3", stem: "Cphone")
        #expect(status({ _ in }, to: stranger) == .originatorHasNoPrivilege)
        #expect(throws: OneM2MError.self) {
            try house.authority.grant(
                TokenHouse.request, to: TokenHouse.phone, policyIDs: ["others"], name: "t", now: TokenHouse.now)
        }
    }

    @Test("Times that make no token: 4102")
    func times() {
        let now = TokenHouse.now
        #expect(status { $0.notAfter = now.adding(milliseconds: -5_000) } == .contentsUnacceptable)
        #expect(
            status {
                $0.notBefore = now.adding(milliseconds: -9_000_000)
                $0.lifetime = 60
            } == .contentsUnacceptable)
        #expect(
            status {
                $0.notBefore = now.adding(milliseconds: 60_000)
                $0.notAfter = now.adding(milliseconds: 30_000)
            } == .contentsUnacceptable)
        #expect(status { $0.notBefore = now.adding(milliseconds: 60_000) } == nil)
    }

    @Test("Whatever is granted the host takes: signed, and encrypted for it")
    func accepted() throws {
        var house = house
        let claims = try house.claims()
        let signer = try SigningKey(house.key, algorithm: .es256)
        #expect(house.refusal(of: try house.authority.protect(claims, with: signer)) == nil)
        house.authority.protection = .nested
        #expect(throws: OneM2MError.self) { try house.authority.protect(claims, with: signer) }
        house.authority.recipients[TokenHouse.floor.entity] = try EncryptionKey(
            house.hostKey, algorithm: .agreementA256KW)
        let nested = try house.authority.protect(claims, with: signer)
        #expect(nested.split(separator: ".").count == 5)
        #expect(house.refusal(of: nested) == nil)
    }

    @Test("Keys: announced before they sign, kept until their last token has expired, read back from their record")
    func keys() throws {
        let now = TokenHouse.now
        func later(_ seconds: Int64) -> OneM2MTime { now.adding(milliseconds: seconds * 1000) }
        var ring = try SigningKeyRing(now: now)
        let first = ring.active(at: now).key.id
        #expect(!ring.isDue(now: later(99), after: 100) && ring.isDue(now: later(100), after: 100))
        let next = try ring.rotate(now: later(100), overlap: 50)
        let same = try ring.rotate(now: later(101), overlap: 50)
        #expect(same.key.id == next.key.id)
        #expect(ring.published.count == 2)
        #expect(ring.active(at: later(149)).key.id == first)
        #expect(ring.active(at: later(150)).key.id == next.key.id && next.key.id != first)
        let unpruned = ring
        let early = ring.prune(now: later(150 + 3_600), longestLifetime: 3_600)
        #expect(!early)
        let pruned = ring.prune(now: later(150 + 3_601), longestLifetime: 3_600)
        #expect(pruned)
        #expect(ring.published.count == 1 && ring.active(at: later(4_000)).key.id == next.key.id)
        let again = try #require(SigningKeyRing(record: unpruned.record))
        #expect(again.record == unpruned.record)
        #expect(SigningKeyRing(record: ["keys": []]) == nil)
        // No private part is shown.
        #expect(unpruned.published.allSatisfy { $0["d"] == nil && $0["kid"] != nil })
        let token = try JWS(parsing: JWS.sign([1], with: again.signer(at: later(149))))
        #expect(token.header.keyID == first)
        #expect(try token.payload(verifiedBy: unpruned.verifiers) == [1])
    }

    @Test("Keys of an issuer: each with its one algorithm")
    func issuerKeys() throws {
        var issuer = house.issuer
        try issuer.setKeys(["keys": [house.key.publicKey?.json ?? nil, house.shared.json]])
        #expect(issuer.keys.map(\.algorithm) == [.es256, .hs256])
        #expect(issuer.sharedKeys.map(\.algorithm) == [.direct, .a256KW])
        try issuer.setKeys(JSONWebKey(.secret(Array(0..<32)), use: .encryption).json)
        #expect(issuer.keys.isEmpty && issuer.sharedKeys.count == 2)
        #expect(throws: JOSEError.self) { try issuer.setKeys(["keys": []]) }
        #expect(throws: JOSEError.self) { try issuer.setKeys(["kty": "OKP"]) }
    }

    @Test("Policies in JSON, both ways")
    func policies() throws {
        for policy in house.authority.policies { #expect(try TokenPolicy(json: policy.json) == policy) }
        for text in [
            "{}", #"{"nm":"","hld":[],"ent":[]}"#, #"{"nm":"a","hld":[1],"ent":[]}"#,
            #"{"nm":"a","hld":[],"ent":[],"x":1}"#,
        ] {
            #expect(throws: OneM2MError.self) { try TokenPolicy(json: JSON.parse(text)) }
        }
    }
}
