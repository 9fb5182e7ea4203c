import Access
import Concentrator
import FlashStore
import JSONText
import Logging
import OneLoop
import Pairing
import TLS
import XMPP
import XMPPDoor

/// The XMPP side of the house: the connection to the server, the door on it, and the registry.
@Loop
final class XMPPHouse {
    private static let ownerKey = "xmpp/owner"
    private static let labelKey = "xmpp/label-key"

    let list: AccessList
    let provisioning: ProvisioningClient
    let decisions: DecisionCache
    let door: XMPPDoor
    let connection: XMPPConnection
    let registry: ThingRegistry?
    let settings: DoorSettings
    private let session: XMPPSession

    /// Puts it together; nothing is sent before ``start()``.
    ///
    /// - Throws: ``XMPPSetupError`` that says what of the configuration cannot be used.
    init(
        _ configuration: Configuration.XMPP, settings: DoorSettings, key: String, concentrator: Concentrator,
        administration: any NodeAdministration, pairing: Pairing, store: FlashStore, clock: ValidityClock, log: Logger
    ) throws(XMPPSetupError) {
        self.settings = settings
        let connectionConfiguration = try configuration.connection(clock: clock)
        session = XMPPSession(
            account: connectionConfiguration.jid,
            info: DiscoInfo(
                identities: [.init(category: "gateway", type: "concentrator", name: settings.name)],
                features: XMPPDoor.features),
            software: "https://gatehouse.invalid/\(settings.version)", on: Loop.eventLoop)
        connection = XMPPConnection(connectionConfiguration, session: session, log: log)
        let list = AccessList(configuration.peers.map(\.rule))
        self.list = list
        let owner = store.get(XMPPHouse.ownerKey).map { String(decoding: $0, as: UTF8.self) }
        list.owner = owner
        decisions = DecisionCache(store: store) { WallTime.now().millisecondsSince1970 / 1_000 }
        provisioning = ProvisioningClient(
            session: session, list: list, pairing: pairing, cache: decisions, store: store,
            identity: try configuration.tokenIdentity(store), settings: configuration.provisioningSettings, log: log)
        door = XMPPDoor(
            session: session, concentrator: concentrator, access: provisioning, provisioning: provisioning,
            administration: administration, settings: settings, log: log)
        if configuration.registry.isEmpty {
            registry = nil
        } else {
            registry = ThingRegistry(
                session: session, address: configuration.registry == "auto" ? nil : JID(configuration.registry),
                settings: settings, key: key, owner: owner, log: log
            ) { owner in
                list.owner = owner
                Task {
                    do throws(StoreError) {
                        if let owner {
                            try await store.put(XMPPHouse.ownerKey, Array(owner.utf8), .now)
                        } else {
                            try await store.remove(XMPPHouse.ownerKey, .now)
                        }
                    } catch {
                        log.error("the owner is not durable yet: \(error.description)")
                    }
                }
            }
        }
    }

    func start() { connection.start() }

    /// Says good-bye to the server; returns when that is done.
    func stop() async {
        door.close()
        provisioning.close()
        await withCheckedContinuation { continuation in connection.stop { continuation.resume() } }
    }

    /// Tells the registry that the gateway is no longer what it was, and unfriends its owner: before a factory reset. Takes
    /// some seconds at most; what nobody can be told now is not told later, for nothing is remembered.
    func part() async {
        await registry?.unregister()
        guard let owner = list.owner.flatMap({ JID($0) }), session.roster[owner] != nil else { return }
        session.removeContact(owner) { _ in }
    }

    /// Forgets owner, key, provisioning servers and what they have said: at a factory reset. A new label is due then.
    static func forget(_ store: FlashStore) async throws(StoreError) {
        try await store.remove(ownerKey, .now)
        try await store.remove(labelKey, .now)
        try await ProvisioningClient.forget(store)
    }

    /// The key on the label: made once, 20 letters and digits (100 bits) that nobody mixes up.
    static func key(_ store: FlashStore) async throws(StoreError) -> String {
        if let key = store.get(labelKey) { return String(decoding: key, as: UTF8.self) }
        let alphabet = Array("23456789ABCDEFGHJKLMNPQRSTUVWXYZ".utf8)
        let key = Cryptography.random(20).map { alphabet[Int($0) % alphabet.count] }
        try await store.put(labelKey, key, .now)
        return String(decoding: key, as: UTF8.self)
    }

    // MARK: What is shown

    /// Why there is no session, and what to do about it; nil when there is one, or one is being made for the first time.
    var trouble: String? {
        let status = connection.status
        guard !status.isOnline else { return nil }
        return status.trouble.map { "\($0); \($0.code.advice)" }
    }

    var status: JSON {
        let status = connection.status
        let counters = door.counters
        return [
            "account": .string("\(session.account)"), "online": .bool(status.isOnline),
            "state": .string(status.state), "address": .string(orNull: status.address?.description),
            "server": .string(orNull: status.server?.description), "encrypted": .bool(status.isEncrypted),
            "resumable": .bool(status.isResumable), "trouble": .string(orNull: trouble),
            "friends": .int(session.roster.contacts.keys.count { session.roster.isFriend($0) }),
            "readouts": .int(Int(clamping: counters.readouts)), "controls": .int(Int(clamping: counters.controls)),
            "concentrator": .int(Int(clamping: counters.concentrator)), "denied": .int(Int(clamping: counters.denied)),
            "overloaded": .int(Int(clamping: counters.overloaded)), "running": .int(door.openReadouts),
            "subscribers": .int(door.subscribers),
            "registry": .string(orNull: registry?.address?.description),
            "registered": .string(orNull: registry.map { registryText($0.state) }),
            "owner": .string(orNull: list.owner),
            "provisioning": .array(provisioning.statuses.map(Self.json)),
            "decisions": .int(decisions.count),
            "decisions_hit": .int(Int(clamping: decisions.counters.hits)),
            "decisions_missed": .int(Int(clamping: decisions.counters.misses)),
        ]
    }

    static func json(_ server: ProvisioningClient.Status) -> JSON {
        [
            "address": .string(server.address), "by": .string(server.origin), "there": .bool(server.isThere),
            "token": .bool(server.hasToken), "secondary_trust": .bool(server.allowsSecondaryTrust),
            "asked": .int(Int(clamping: server.asked)), "unanswered": .int(Int(clamping: server.unanswered)),
            "trouble": .string(orNull: server.trouble),
        ]
    }

    private func registryText(_ state: ThingRegistry.State) -> String {
        switch state {
        case .idle: "not yet"
        case .unclaimed: "yes, and nobody has claimed it"
        case .claimed: "yes, and claimed"
        case .removed: "removed by its owner"
        case .failed(let reason): "no: \(reason)"
        }
    }
}

/// What of `[xmpp]` cannot be used.
struct XMPPSetupError: Error {
    let reason: String
}

extension Configuration.XMPP {
    /// The provisioning servers that the configuration names.
    var provisioningSettings: ProvisioningSettings {
        ProvisioningSettings(
            servers: provisioning.filter { $0 != "auto" }.compactMap { JID($0) },
            findsComponent: provisioning.contains { $0 == "auto" })
    }

    /// The certificate for tokens: the configured one, or one that is made when the first server asks for it.
    @Loop
    func tokenIdentity(_ store: FlashStore) throws(XMPPSetupError) -> TokenIdentity {
        guard !tokenCertificate.isEmpty || !tokenKey.isEmpty else { return TokenIdentity(store: store, name: account) }
        do throws(TLSError) {
            let key = try PrivateKey(file: tokenKey)
            let chain = try CertificateChain(file: tokenCertificate)
            return TokenIdentity(
                store: store, name: account, given: try TokenIdentity.Pair(certificate: chain.leaf, key: key))
        } catch {
            throw XMPPSetupError(reason: "xmpp.token_certificate, xmpp.token_key: \(error.reason)")
        }
    }

    /// The connection that the configuration describes; files are read now.
    func connection(clock: ValidityClock) throws(XMPPSetupError) -> XMPPConfiguration {
        guard let jid = JID(account) else { throw XMPPSetupError(reason: "\(account) is no XMPP address") }
        let credentials = Credentials(
            password: try passwordText(), isExternal: !certificate.isEmpty, allowsPlain: allowPlain)
        let anchors: TrustAnchors
        let identity: Identity?
        do throws(TLSError) {
            anchors = try TrustAnchors(file: trust)
            identity = certificate.isEmpty ? nil : try Identity(certificateFile: certificate, keyFile: key)
        } catch {
            throw XMPPSetupError(reason: error.reason)
        }
        var target: ServerTarget?
        if !server.isEmpty {
            let kind = ServerTarget.Security(rawValue: security) ?? .startTLS
            let (host, port) = XMPPServerText.split(server)
            target = ServerTarget(host: host, port: port, security: kind)
        }
        var configuration = XMPPConfiguration(
            jid: jid, role: .client(resource: resource.isEmpty ? nil : resource),
            credentials: credentials, target: target, trust: anchors, identity: identity)
        configuration.clock = clock
        configuration.channelBinding = ChannelBindingPolicy(rawValue: channelBinding) ?? .offered
        if let problem = configuration.problem { throw XMPPSetupError(reason: problem) }
        return configuration
    }
}

extension Configuration.XMPP {
    /// The password; nil where a certificate is there in its place.
    private func passwordText() throws(XMPPSetupError) -> [UInt8]? {
        if passwordFile.isEmpty, !certificate.isEmpty { return nil }
        var password: String
        do throws(TextFile.Failure) {
            password = try TextFile.read(passwordFile, maximum: 4_096)
        } catch {
            throw XMPPSetupError(reason: "xmpp.password_file: \(error)")
        }
        while let last = password.last, last.isNewline { password.removeLast() }
        guard !password.isEmpty else { throw XMPPSetupError(reason: "the password file \(passwordFile) is empty") }
        return Array(password.utf8)
    }
}

/// `host`, `host:port`, `[address]:port`.
enum XMPPServerText {
    static func split(_ text: String) -> (host: String, port: Int?) {
        if text.hasPrefix("["), let end = text.lastIndex(of: "]") {
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            return (host, rest.first == ":" ? Int(rest.dropFirst()) : nil)
        }
        guard let colon = text.lastIndex(of: ":") else { return (text, nil) }
        return (String(text[..<colon]), Int(text[text.index(after: colon)...]))
    }

    static func isGood(_ text: String) -> Bool {
        let (host, port) = split(text)
        let hasPort = text.hasSuffix(":\(port ?? -1)")
        return !host.isEmpty && !host.utf8.contains(32) && (hasPort ? (1...65_535).contains(port ?? 0) : port == nil)
            && (hasPort || text.utf8.last != UInt8(ascii: ":"))
    }
}

extension Configuration.XMPPPeer {
    /// The rule it is.
    var rule: AccessRule {
        let right: AccessRule.Right =
            switch may {
            case "control": .control
            case "administer": .administer
            case "befriend": .befriend
            default: .read
            }
        return AccessRule(
            who: jid, right: right,
            nodes: nodes.isEmpty
                ? nil
                : nodes.map { name in
                    let parts = name.split(separator: "/").map(String.init)
                    return NodeReference(nodeID: parts.last ?? name, cacheType: parts.count > 1 ? parts[0] : nil)
                }, names: names.isEmpty ? nil : Set(names))
    }
}
