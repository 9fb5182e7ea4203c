import JOSE
import JSONText
import Logging
import OneLoop
import OneM2MDoor
import OneM2MPrimitives

/// What tokens cost: issuing one, verifying one that was never seen, and a request with one that was, beside the same request
/// of somebody whom a policy lets in. All in one run, in memory, without a network.
@main
struct TokenBench {
    static func main() async throws { try await run() }

    private static let issuer = CSEIdentity(spID: "sp.example.com", cseID: "gw1", baseName: "cse-gw1")
    private static let host = CSEIdentity(spID: "sp.example.com", cseID: "gw2", baseName: "cse-gw2")
    private static let phone = EntityID(spID: "sp.example.com", cseID: "gw1", stem: "Cphone")
    private static let now = OneM2MTime(microseconds: 1_764_170_000_000_000)

    /// Microseconds each, the best of three rounds.
    private static func time(_ count: Int, _ body: (Int) throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let start = ContinuousClock.now
            for index in 0..<count { try body(index) }
            best = min(best, microseconds(ContinuousClock.now - start) / Double(count))
        }
        return best
    }

    @Loop
    private static func time(_ count: Int, _ body: @Loop () async throws -> Void) async rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let start = ContinuousClock.now
            for _ in 0..<count { try await body() }
            best = min(best, microseconds(ContinuousClock.now - start) / Double(count))
        }
        return best
    }

    private static func microseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1e6 + Double(duration.components.attoseconds) / 1e12
    }

    private static func line(_ name: String, _ value: Double, _ note: String = "") {
        let rounded = (value * 10).rounded() / 10
        print("\(name)\(String(repeating: " ", count: max(1, 52 - name.count)))\(rounded) µs\(note)")
    }

    @Loop
    private static func run() async throws {
        let key = JSONWebKey(.ellipticPrivate(try .generate()), id: "k1")
        let hostKey = JSONWebKey(.ellipticPrivate(try .generate()), id: "h1")
        let secret = JSONWebKey(.secret(Array(0..<32)), id: "s1", use: .signature)
        let ceiling = IssuingPrivileges(
            entries: [.init(resources: [ResourcePattern("/gw2/*")].compactMap { $0 }, operations: .all)],
            audience: ["/gw2"])
        let authority = TokenAuthority(
            home: issuer, domain: "gw1.example.com", ceiling: ceiling,
            policies: [TokenPolicy(name: "all", holders: ["all"], grants: ceiling.entries)])
        let wanted = TokenRequest(permissions: [
            TokenPermission(
                resources: ["/gw2/cse-gw2/meter"],
                privileges: Privileges([AccessControlRule(originators: [phone.absolute], operations: .retrieve)]))
        ])
        let claims = try authority.grant(wanted, to: phone, name: "t1", now: now)
        let payload = Array(claims.json.serialized().utf8)
        let signer = try SigningKey(key, algorithm: .es256)
        let signed = try JWS.sign(payload, with: signer)
        let shared = try JWS.sign(payload, with: SigningKey(secret, algorithm: .hs256))
        let recipient = try EncryptionKey(hostKey, algorithm: .agreementA256KW)
        let nested = try JWE.encrypt(Array(signed.utf8), to: recipient, contentType: "JWT")
        var trusted = TrustedIssuer(
            entity: issuer.entity,
            keys: [try VerificationKey(key, algorithm: .es256), try VerificationKey(secret, algorithm: .hs256)],
            ceiling: ceiling)
        trusted.protections = [.signed, .nested]
        let verifier = TokenVerifier(
            home: host, issuers: [trusted], hostKeys: [try DecryptionKey(hostKey, algorithm: .agreementA256KW)])

        print("tokens of one permission: ES256 \(signed.utf8.count) bytes, nested \(nested.utf8.count)")
        line(
            "grant and sign (ES256)",
            try time(300) { _ in
                _ = try authority.protect(try authority.grant(wanted, to: phone, name: "t1", now: now), with: signer)
            })
        for (name, token) in [("ES256", signed), ("ES256 in ECDH-ES+A256KW", nested), ("HS256", shared)] {
            line(
                "verify, never seen, \(name)",
                try time(name == "HS256" ? 3_000 : 300) { _ in
                    let opened = try verifier.open(token)
                    try verifier.check(opened.claims, originator: phone, now: now)
                })
        }

        let log = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        var cseSettings = CSESettings(identity: host)
        cseSettings.administrators = ["Cadmin"]
        let cse = CSE(settings: cseSettings, store: nil, log: log) { now }
        var settings = TokenSettings()
        settings.issuers = [trusted]
        let service = try TokenService(settings: settings, cse: cse, store: nil, log: log) { now }
        try await service.start()
        for (type, content) in [
            (
                ResourceType.accessControlPolicy,
                [
                    "m2m:acp": [
                        "rn": "readers", "pv": ["acr": [["acor": ["/gw1/Cfriend"], "acop": 2]]],
                        "pvs": ["acr": [["acor": ["Cadmin"], "acop": 63]]],
                    ]
                ] as JSON
            ),
            (.container, ["m2m:cnt": ["rn": "meter", "acpi": ["cse-gw2/readers"]]]),
        ] {
            let made = await cse.receive(
                RequestPrimitive(
                    .create, to: "cse-gw2", from: "Cadmin", requestIdentifier: "r", resourceType: type, content: content
                ),
                from: RequestOrigin(transport: .internal, isSecure: true))
            precondition(made.status == .created, "\(made)")
        }
        func request(_ from: EntityID, _ change: (inout RequestPrimitive) -> Void) async -> @Loop () async -> Void {
            var request = RequestPrimitive(
                .retrieve, to: "cse-gw2/meter", from: from.absolute, requestIdentifier: "r1")
            change(&request)
            let origin = RequestOrigin(transport: .https, isSecure: true, identities: [from.absolute])
            let prepared = request
            return {
                let answer = await cse.receive(prepared, from: origin)
                precondition(answer.status == .ok, "\(answer)")
            }
        }
        let friend = EntityID(spID: "sp.example.com", cseID: "gw1", stem: "Cfriend")
        let byPolicy = await request(friend) { _ in }
        let byToken = await request(phone) { $0.tokens = [signed] }
        await byToken()
        let local = await cse.receive(
            {
                var request = RequestPrimitive(
                    .retrieve, to: "cse-gw2/meter", from: phone.absolute, requestIdentifier: "r2")
                request.tokens = [signed]
                return request
            }(), from: RequestOrigin(transport: .https, isSecure: true, identities: [phone.absolute])
        ).assignedTokens.first?.localTokenID
        let byLocalID = await request(phone) { $0.localTokenIDs = [local ?? ""] }
        let policy = await time(20_000, byPolicy)
        let token = await time(20_000, byToken)
        let id = await time(20_000, byLocalID)
        func share(_ value: Double) -> String { " (\(Int(((value - policy) / policy * 100).rounded())) % more)" }
        line("RETRIEVE that a policy permits", policy)
        line("RETRIEVE with a token that is remembered", token, share(token))
        line("RETRIEVE with a local token id", id, share(id))
        service.stop()
        cse.stop()
    }
}
