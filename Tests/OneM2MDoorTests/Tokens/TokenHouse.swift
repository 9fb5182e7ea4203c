import JOSE
import JSONText
import OneM2MDoor
import OneM2MPrimitives

/// Two gateways of one provider: the reception's, which issues, and the floor's, which has the locks; and a phone.
struct TokenHouse {
    static let reception = CSEIdentity(spID: "sp.example.com", cseID: "gw1", baseName: "cse-gw1")
    static let floor = CSEIdentity(spID: "sp.example.com", cseID: "gw2", baseName: "cse-gw2")
    static let phone = EntityID(spID: "sp.example.com", cseID: "gw1", stem: "Cphone")
    static let now = OneM2MTime(microseconds: 1_764_170_000_000_000)
    static let lock = "//sp.example.com/gw2/cse-gw2/lock12"

    static let ceiling = IssuingPrivileges(
        entries: [
            .init(
                resources: [ResourcePattern("/gw2/cse-gw2/*")].compactMap { $0 },
                operations: [.retrieve, .update, .discovery],
                roles: ["*@hotel.example.com"])
        ], audience: ["/gw2"], longestLifetime: 86_400)

    let key: JSONWebKey
    let hostKey: JSONWebKey
    let shared: JSONWebKey
    var authority: TokenAuthority
    var issuer: TrustedIssuer
    var verifier: TokenVerifier

    init() throws {
        key = JSONWebKey(.ellipticPrivate(try .generate()), id: "k1")
        hostKey = JSONWebKey(.ellipticPrivate(try .generate()), id: "h1")
        shared = JSONWebKey(.secret(Array(0..<32)), id: "s1")
        authority = TokenAuthority(
            home: Self.reception, domain: "gw1.example.com", ceiling: Self.ceiling,
            policies: [
                TokenPolicy(
                    name: "guests", holders: ["/gw1/C*"],
                    grants: [
                        .init(
                            resources: [ResourcePattern("/gw2/cse-gw2/lock*")].compactMap { $0 },
                            operations: [.retrieve, .update], roles: ["guest@hotel.example.com"])
                    ], longestLifetime: 7_200)
            ])
        issuer = TrustedIssuer(
            entity: Self.reception.entity, keys: [try VerificationKey(key, algorithm: .es256)], ceiling: Self.ceiling)
        issuer.sharedKeys = [try DecryptionKey(shared, algorithm: .a256KW)]
        verifier = TokenVerifier(
            home: Self.floor, issuers: [issuer], hostKeys: [try DecryptionKey(hostKey, algorithm: .agreementA256KW)])
    }

    func claims(_ change: (inout TokenClaims) -> Void = { _ in }) throws -> TokenClaims {
        var claims = try authority.grant(Self.request, to: Self.phone, name: "t1", now: Self.now)
        change(&claims)
        return claims
    }

    static let request = TokenRequest(permissions: [
        TokenPermission(
            resources: [lock],
            privileges: Privileges([
                AccessControlRule(originators: [phone.absolute], operations: [.retrieve, .update])
            ]))
    ])

    func sign(_ claims: TokenClaims) throws -> String { try sign(claims.json.serialized()) }

    func sign(_ payload: String) throws -> String {
        try JWS.sign(Array(payload.utf8), with: SigningKey(key, algorithm: .es256))
    }

    /// The step at which a token is refused; nil when it is taken.
    func refusal(
        of token: String, originator: EntityID = phone, now: OneM2MTime = now, register: RevocationRegister = .init()
    ) -> TokenRefusal.Step? {
        do throws(TokenRefusal) {
            let opened = try verifier.open(token)
            try verifier.check(opened.claims, originator: originator, now: now)
            try register.check(opened.claims, of: verifier.issuers[opened.claims.issuer], now: now)
            return nil
        } catch { return error.step }
    }
}
