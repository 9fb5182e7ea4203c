import Concentrator
import FlashStore
import GPIO
import GPIONodes
import JOSE
import JSONText
import Logging
import OneLoop
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

/// Gateways of one provider that reach each other as if by TLS, with one clock: the reception's, which issues; the floor's,
/// which has the locks; the platform.
@Loop
final class TokenWorld {
    let clock = TestClock()
    private(set) var members: [String: Member] = [:]
    private let stores: [String: FlashStore]
    private(set) var phone: RequestOrigin
    private var number = 0

    /// A CSE with its tokens.
    @Loop
    final class Member {
        let cse: CSE
        let tokens: TokenService
        fileprivate let wire: Wire
        /// Whether others reach it.
        var isUp = true

        init(
            _ identity: CSEIdentity, _ settings: TokenSettings, store: FlashStore, clock: TestClock,
            change: (inout CSESettings) -> Void
        ) throws {
            var cseSettings = CSESettings(identity: identity)
            cseSettings.administrators = ["Cadmin"]
            change(&cseSettings)
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            cse = CSE(settings: cseSettings, store: store, log: log) { clock.now }
            tokens = try TokenService(settings: settings, cse: cse, store: store, log: log) { clock.now }
            wire = Wire()
            wire.sender = identity.entity
            cse.remote = wire
        }
    }

    /// Brings a request to the CSE it is for, as its sender proves to be; servers that are no CSE answer as told.
    @Loop
    fileprivate final class Wire: RemoteEntities {
        weak var world: TokenWorld?
        var sender: EntityID?
        nonisolated init() {}

        func send(_ request: RequestPrimitive, to target: RemoteTarget) async -> ResponsePrimitive {
            guard let world, let sender else {
                return ResponsePrimitive(OneM2MError(.targetNotReachable, "nowhere"), to: request)
            }
            switch target {
            case .pointOfAccess(let url):
                world.consulted.append(request)
                return world.server(url, request)
            case .entity(let entity):
                guard let member = world.members[entity.cseID], member.isUp else {
                    return ResponsePrimitive(OneM2MError(.targetNotReachable, "\(entity) is away"), to: request)
                }
                return await member.cse.receive(
                    request, from: RequestOrigin(transport: .https, isSecure: true, identities: [sender.absolute]))
            }
        }
    }

    /// What an authorization server answers.
    var server: @Loop (String, RequestPrimitive) -> ResponsePrimitive = { _, request in
        ResponsePrimitive(OneM2MError(.targetNotReachable, "no server"), to: request)
    }
    var consulted: [RequestPrimitive] = []

    static let floor = TokenHouse.floor
    static let reception = TokenHouse.reception
    static let platform = CSEIdentity(spID: "sp.example.com", cseID: "in1", baseName: "cse-in1")

    init() throws {
        stores = try Dictionary(
            uniqueKeysWithValues: ["gw1", "gw2", "in1"].map {
                ($0, try FlashStore.inMemory(options: StoreOptions(segmentSize: 1 << 20)))
            })
        phone = RequestOrigin(transport: .https, isSecure: true, identities: ["//sp.example.com/gw1/Cphone"])
        clock.now = TokenHouse.now
    }

    /// Starts a CSE, anew when it ran before.
    @discardableResult
    func start(
        _ identity: CSEIdentity, _ settings: TokenSettings, change: (inout CSESettings) -> Void = { _ in }
    ) async throws -> Member {
        members[identity.cseID]?.tokens.stop()
        members[identity.cseID]?.cse.stop()
        let member = try Member(
            identity, settings, store: try #require(stores[identity.cseID]), clock: clock, change: change)
        member.wire.world = self
        members[identity.cseID] = member
        try await member.tokens.start()
        return member
    }

    func stop() {
        for member in members.values {
            member.tokens.stop()
            member.cse.stop()
        }
    }

    /// The reception's: it issues for the floor's locks to those who are registered with it.
    static func issuing(_ change: (inout TokenSettings) -> Void = { _ in }) -> TokenSettings {
        var settings = TokenSettings()
        settings.issues = true
        settings.domain = "gw1.example.com"
        settings.ceiling = IssuingPrivileges(
            entries: [
                .init(
                    resources: [ResourcePattern("/gw2/cse-gw2/*")].compactMap { $0 },
                    operations: [.retrieve, .update, .create], roles: ["guest@hotel.example.com"])
            ], audience: ["/gw2"])
        settings.policies = [
            TokenPolicy(
                name: "guests", holders: ["/gw1/C*"],
                grants: [
                    .init(
                        resources: [ResourcePattern("/gw2/cse-gw2/gpio-lock*/*")].compactMap { $0 },
                        operations: [.retrieve, .update])
                ])
        ]
        change(&settings)
        return settings
    }

    /// The floor's: it trusts an issuer as its keys are now.
    func trusting(_ issuer: CSEIdentity, _ change: (inout TrustedIssuer) -> Void = { _ in }) throws -> TokenSettings {
        let member = try #require(members[issuer.cseID])
        var trusted = TrustedIssuer(entity: issuer.entity, keys: [], ceiling: member.tokens.settings.ceiling)
        try trusted.setKeys(try #require(member.tokens.keys()["jwks"]))
        trusted.authority = "/\(issuer.cseID)/\(issuer.baseName)/authority"
        trusted.tokenDomain = member.tokens.domain
        change(&trusted)
        var settings = TokenSettings()
        settings.issuers = [trusted]
        return settings
    }

    func ask(
        _ operation: OneM2MPrimitives.Operation, _ to: String, at place: CSEIdentity, from: String,
        origin: RequestOrigin? = nil, type: ResourceType? = nil, _ content: JSON? = nil,
        change: (inout RequestPrimitive) -> Void = { _ in }
    ) async throws -> ResponsePrimitive {
        number += 1
        var request = RequestPrimitive(
            operation, to: to, from: from, requestIdentifier: "r\(number)", resourceType: type, content: content)
        change(&request)
        let member = try #require(members[place.cseID])
        let administrator = RequestOrigin(transport: .http, address: "127.0.0.1")
        return await member.cse.receive(request, from: origin ?? (from == "Cadmin" ? administrator : phone))
    }

    /// Registers the phone at the reception.
    func registerPhone() async throws {
        let answer = try await ask(
            .create, "cse-gw1", at: Self.reception, from: "Cphone", type: .ae,
            ["m2m:ae": ["api": "Nphone", "rr": false, "srv": ["3"]]])
        try #require(answer.status == .created, "\(answer)")
    }

    /// What the phone asks for: to see and to work a lock.
    static func wanted(_ resource: String, _ operations: OperationSet = [.retrieve, .update]) -> TokenRequest {
        TokenRequest(permissions: [
            TokenPermission(
                resources: [resource],
                privileges: Privileges([AccessControlRule(originators: ["/gw1/Cphone"], operations: operations)]))
        ])
    }

    /// The phone's token for a lock.
    func token(_ wanted: TokenRequest = wanted("/gw2/cse-gw2/gpio-lock12/output")) async throws -> String {
        let answer = try await ask(
            .create, "cse-gw1/authority/atis", at: Self.reception, from: "Cphone", type: .accessTokenIssuing,
            wanted.content)
        try #require(answer.status == .created, "\(answer)")
        return try #require(answer.content?["gh:atrs"]?["tkob"]?.string)
    }
}

/// A lock that a relay on a GPIO line opens, driven by the gateway's own driver on a simulated chip.
@Loop
final class GPIOLock {
    let concentrator = Concentrator()
    private let chip = SimulatedChip.raspberryPi()
    private let nodes: GPIONodes

    init() throws {
        nodes = GPIONodes(concentrator: concentrator, pool: ChipPool(simulated: chip), board: .raspberryPi)
        try nodes.start([
            GPIOLineConfiguration(
                name: "lock12", line: .offset(5), direction: .output(OutputConfiguration(safe: .off)), kind: "relay")
        ])
    }

    /// Whether the line is high, which draws the relay.
    var isOpen: Bool { (try? chip.isHigh(.offset(5))) == true }
}
