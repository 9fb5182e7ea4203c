import Access
import FlashStore
import NIOCore
import OneLoop
import Pairing
import ProvisioningModel
import TLS
import Testing
import XMPP
import XMPPDoor

/// A provisioning server by a script: answers what the test tells it, rightly, late, wrongly or not at all.
@Loop
final class Authority {
    /// What a script does with a question.
    enum Turn {
        case answer(XMLElement)
        case refuse(StanzaError)
        /// Held until ``release()``.
        case hold(XMLElement)
        case silence
    }

    let address: JID
    let session: XMPPSession
    /// Every question, in order.
    private(set) var asked: [ProvisioningPayload] = []
    /// Messages and answers to demands.
    private(set) var told: [ProvisioningPayload] = []
    var script: (ProvisioningPayload) -> Turn = { _ in .silence }
    private var held: [(IQRequest, XMLElement)] = []
    private let house: JID

    init(_ address: String, house: JID, hasFeature: Bool = true) throws {
        self.address = try #require(JID(address))
        self.house = house
        session = XMPPSession(
            account: self.address.bare,
            info: DiscoInfo(
                identities: [.init(category: "component", type: "generic")],
                features: hasFeature ? [Provisioning.namespace] : []), software: "urn:authority", on: Loop.eventLoop)
        session.onRequest(.get, nil, Provisioning.namespace) { [weak self] in self?.take($0) }
        session.onMessage(nil, Provisioning.namespace) { [weak self] _, payload in
            if let payload = try? ProvisioningPayload(payload) { self?.told.append(payload) }
        }
    }

    private func take(_ request: IQRequest) {
        guard let payload = try? ProvisioningPayload(request.payload) else {
            Issue.record("not of XEP-0324: \(request.payload)")
            return request.error(StanzaError(.badRequest))
        }
        asked.append(payload)
        switch script(payload) {
        case .answer(let element): request.result(element)
        case .refuse(let error): request.error(error)
        case .hold(let element): held.append((request, element))
        case .silence: held.append((request, request.payload))
        }
    }

    /// Lets what was held go.
    func release() {
        let all = held
        held = []
        for (request, element) in all { request.result(element) }
    }

    func questions(_ name: String) -> Int { asked.count { $0.element.name == name } }

    /// Demands something of the gateway; answers its answer.
    func demand(_ question: IQ.Question, _ payload: XMLElement) async -> Result<XMLElement?, IQFailure> {
        await withCheckedContinuation { continuation in
            let handler: XMPPSession.AnswerHandler = { continuation.resume(returning: $0) }
            if question == .get {
                session.get(payload, to: house, handler: handler)
            } else {
                session.set(payload, to: house, handler: handler)
            }
        }
    }

    func clearCache() async -> Result<XMLElement?, IQFailure> {
        await demand(.set, ProvisioningPayload.clearCache.element)
    }

    func send(_ payload: ProvisioningPayload) { session.send(Message([payload.element], to: house)) }
}

/// A clock whose hands the test turns.
@Loop
final class Hands {
    var now: Duration = .seconds(1_000)
    nonisolated init() {}
}

/// A house that asks provisioning servers.
@Loop
final class ProvisionedWorld {
    /// One key for all tests: making one takes a while.
    static let keys = Result {
        let key = try PrivateKey.generateRSA()
        let issuer = try CertificateIssuer.root(commonName: "gateway@example.org", key: key, validity: .days(1))
        return try TokenIdentity.Pair(certificate: issuer.certificate, key: key)
    }

    let store: FlashStore
    let world: TestWorld
    let pairing: Pairing
    let button = MemoryButton()
    let hands = Hands()
    let cache: DecisionCache
    let client: ProvisioningClient
    private(set) var authorities: [Authority] = []

    init(
        _ settings: ProvisioningSettings = ProvisioningSettings(), rules: [AccessRule] = [], store: FlashStore? = nil,
        connects: Bool = true
    ) async throws {
        let store = try store ?? FlashStore.inMemory()
        self.store = store
        let pairing = try Pairing(store: store, indicator: MemoryIndicator())
        self.pairing = pairing
        pairing.attach(button: button)
        let cache = DecisionCache(store: store) { 1_800_000_000 }
        self.cache = cache
        let hands = hands
        let pair = try ProvisionedWorld.keys.get()
        world = try await TestWorld(
            rules: rules,
            provision: { session, list in
                ProvisioningClient(
                    session: session, list: list, pairing: pairing, cache: cache, store: store,
                    identity: TokenIdentity(store: store, name: "gateway@example.org", given: pair),
                    settings: settings, clock: { hands.now })
            }, connects: connects)
        client = try #require(world.provisioning)
    }

    /// A server that is there, with a script that gives tokens and answers the rest by `rule`.
    func authority(
        _ address: String = "provisioning.example.org", hasFeature: Bool = true,
        _ rule: @escaping (ProvisioningPayload) -> Authority.Turn = { _ in .silence }
    ) throws -> Authority {
        let authority = try Authority(address, house: world.house, hasFeature: hasFeature)
        let token = "TOKEN-\(authority.address.domain)-\(authorities.count)"
        authority.script = { payload in
            switch payload {
            case .getToken: .answer(TokenGrant(token: token).element)
            default: rule(payload)
            }
        }
        world.server.connect(authority.session, as: authority.address)
        authorities.append(authority)
        return authority
    }

    /// A server that the configuration names, trusted and with its token given.
    func trusted(
        _ address: String = "provisioning.example.org",
        _ rule: @escaping (ProvisioningPayload) -> Authority.Turn = { _ in .silence }
    ) async throws -> Authority {
        let authority = try authority(address, rule)
        world.connect()
        let name = authority.address.bare.description
        try await until("\(name) to be trusted") {
            client.statuses.contains { $0.address == name && $0.hasToken }
        }
        return authority
    }

    func press() {
        button.set(pressed: true)
        button.set(pressed: false)
    }

    func judge() throws { try world.judge() }
}

/// Settings that name servers.
func naming(_ servers: String...) -> ProvisioningSettings {
    ProvisioningSettings(servers: servers.compactMap { JID($0) })
}
