import Logging
import NIOHTTP1
import OneLoop
import OneM2MDoor
import OneM2MPrimitives

/// What a token that is remembered adds to a request over HTTP: the same retrieval by somebody whom a policy lets in, by
/// somebody with a token, and by its local id.
enum Tokened {
    private static let identity = CSEIdentity(spID: "sp.example", cseID: "gw", baseName: "cse-gw")

    static func run(_ seconds: Double, _ text: (Double) -> String) async throws {
        let (point, bindings, token, local) = try await serve()
        func load(_ from: String, _ query: String = "", _ token: String? = nil) -> Load {
            var headers: HTTPHeaders = ["X-M2M-Origin": from, "X-M2M-RVI": "3", "Accept": "application/json"]
            if let token { headers.add(name: "Authorization", value: token) }
            return Load(method: .GET, path: "/cse-gw/meter\(query)", headers: headers, body: [], expected: .ok)
        }
        print("\n| retrieval over HTTP, 8 clients | a second | cost | beside the first | p99 ms | failed |")
        print("|---|---|---|---|---|---|")
        var first: Double?
        for (name, load) in [
            ("that a policy permits", load("Cfriend")), ("with a token that is remembered", load("Cguest", "", token)),
            ("with its local id", load("Cguest", "?ltids=\(local)")),
        ] {
            let result = try await LoadClient.run(
                load, host: point.host, port: point.port, clients: 8, for: .seconds(seconds))
            // One loop serves all: the time of a request is that between two answers.
            let cost = 1e6 / result.perSecond
            let more = first.map { "\(Int(((cost - $0) / $0 * 100).rounded())) % more" } ?? ""
            first = first ?? cost
            print(
                "| \(name) | \(Int(result.perSecond)) | \(Int(cost.rounded())) µs | \(more) | \(text(result.p99)) | \(result.failed) |"
            )
        }
        await bindings.stop()
    }

    @Loop
    private static func serve() async throws -> (PointOfAccess, OneM2MBindings, String, String) {
        var settings = CSESettings(identity: identity)
        settings.administrators = ["Cbench"]
        let log = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let cse = CSE(settings: settings, store: nil, log: log)
        let here = RequestOrigin(transport: .http, address: "127.0.0.1")
        func ask(_ type: ResourceType, _ to: String, from: String, _ content: String) async throws {
            let answer = await cse.receive(
                RequestPrimitive(
                    .create, to: to, from: from, requestIdentifier: "1", resourceType: type,
                    content: try .parse(content)), from: here)
            guard answer.status == .created else { throw Million.Failure(reason: "\(answer)") }
        }
        for stem in ["Cfriend", "Cguest"] {
            try await ask(.ae, "cse-gw", from: stem, #"{"m2m:ae":{"api":"Nx","rr":false,"srv":["3"]}}"#)
        }
        try await ask(
            .accessControlPolicy, "cse-gw", from: "Cbench",
            #"{"m2m:acp":{"rn":"p","pv":{"acr":[{"acor":["Cfriend"],"acop":2}]},"pvs":{"acr":[{"acor":["Cbench"],"acop":63}]}}}"#
        )
        try await ask(
            .container, "cse-gw", from: "Cbench", #"{"m2m:cnt":{"rn":"meter","acpi":["cse-gw/p"]}}"#)
        var tokens = TokenSettings()
        tokens.issues = true
        tokens.ceiling = IssuingPrivileges(
            entries: [.init(resources: [ResourcePattern("/gw/*")].compactMap { $0 }, operations: .all)],
            audience: ["/gw"])
        let service = try TokenService(settings: tokens, cse: cse, store: nil, log: log) {
            OneM2MTime(microseconds: wallMicroseconds())
        }
        try await service.start()
        let holder = EntityID(spID: identity.spID, cseID: identity.cseID, stem: "Cguest")
        let wanted = TokenRequest(permissions: [
            TokenPermission(
                resources: ["/gw/cse-gw/meter"],
                privileges: Privileges([AccessControlRule(originators: [holder.absolute], operations: .retrieve)]))
        ])
        guard let token = try await service.issue(wanted, to: holder)["gh:atrs"]?["tkob"]?.string else {
            throw Million.Failure(reason: "no token")
        }
        var request = RequestPrimitive(.retrieve, to: "cse-gw/meter", from: "Cguest", requestIdentifier: "2")
        request.tokens = [token]
        guard let local = await cse.receive(request, from: here).assignedTokens.first?.localTokenID else {
            throw Million.Failure(reason: "no local token id")
        }
        var wantedBindings = OneM2MBindings.Settings()
        wantedBindings.http = .init(address: "127.0.0.1", port: 0)
        let bindings = OneM2MBindings(cse, settings: wantedBindings, log: log) {
            OneM2MTime(microseconds: wallMicroseconds())
        }
        await bindings.start()
        kept.append((cse, service))
        guard let point = PointOfAccess("http://127.0.0.1:\(bindings.ports.http)") else {
            throw Million.Failure(reason: "no port")
        }
        return (point, bindings, token, local)
    }

    /// The CSE does not hold its tokens' service for ever, nor the bindings the CSE.
    @Loop private static var kept: [(CSE, TokenService)] = []
}
