import Logging
import OneLoop
import XMPP

/// Tells a thing registry of the gateway, and learns from it who has claimed it (XEP-0347).
///
/// Registered at every new session. Once somebody who knows the key on the label has claimed the gateway, that one is the
/// owner, the key is taken out of the registry, and it is not told again until the owner disowns the gateway.
@Loop
public final class ThingRegistry {
    /// How far it has come.
    public enum State: Sendable, Hashable {
        /// There is no session, or no registry was found yet.
        case idle
        /// The registry knows the gateway, and nobody has claimed it.
        case unclaimed
        /// It is somebody's.
        case claimed
        /// The registry was told to forget it by its owner; it is still the owner's.
        case removed
        /// The registry did not do it; it is asked again.
        case failed(String)
    }

    /// The waits before a registry is asked again: a restart of it takes a minute, and an hour costs nothing.
    static let firstRetry: Duration = .seconds(60)
    static let lastRetry: Duration = .seconds(3_600)
    /// How long a parting waits for the registry: a person holds the button of a gateway that is being reset.
    static let partingSeconds: Int64 = 5

    /// How far it has come.
    public private(set) var state = State.idle
    /// The registry's address; found among what the server has, unless configured.
    public private(set) var address: JID?
    /// The owner's bare address.
    public private(set) var owner: String?

    private let session: XMPPSession
    private let configured: JID?
    private let settings: DoorSettings
    private let key: String
    private let log: Logger
    private let onOwner: (String?) -> Void
    private var retry = ThingRegistry.firstRetry
    private var timer: LoopTimer?
    private var isLeaving = false

    /// A registry's client on a session.
    ///
    /// - Parameters:
    ///   - address: the registry; nil for the first the server has.
    ///   - key: what the label says; whoever tells it to the registry becomes the owner.
    ///   - owner: the owner that was known when the gateway ended.
    ///   - onOwner: called when the owner changed, to be kept durably.
    public init(
        session: XMPPSession, address: JID?, settings: DoorSettings, key: String, owner: String?,
        log: Logger = Logger(label: "xmpp"), onOwner: @escaping (String?) -> Void
    ) {
        self.session = session
        configured = address
        self.settings = settings
        self.key = key
        self.owner = owner
        self.log = log
        self.onOwner = onOwner
        session.onState { [weak self] state in
            switch state {
            case .online where self?.state == .idle: self?.begin()
            case .offline: self?.end()
            default: break
            }
        }
        session.onRequest(.set, nil, IoTNamespace.discovery) { [weak self] in self?.take($0) }
    }

    // MARK: What the registry tells

    private func take(_ request: IQRequest) {
        guard let address, request.from.bare == address.bare else {
            return request.error(
                StanzaError(.forbidden, "this is not the registry that the gateway is known to", kind: .cancel))
        }
        // Nodes behind the gateway are not registered: they are its owner's.
        guard request.payload["nodeId"] == nil else {
            return request.error(
                StanzaError(.itemNotFound, "the gateway has registered itself alone, none of its nodes"))
        }
        switch request.payload.name {
        case "claimed":
            guard let owner = request.payload["jid"].flatMap({ JID($0) }) else {
                return request.error(StanzaError(.badRequest, "claimed has no jid"))
            }
            guard !isLeaving else {
                return request.error(StanzaError(.itemNotFound, "the gateway is being taken out of the registry"))
            }
            request.result()
            claimed(by: owner)
        case "removed":
            request.result()
            state = .removed
        case "disowned":
            request.result()
            log.notice("the owner has disowned the gateway", metadata: ["owner": "\(owner ?? "")"])
            tell(owner: nil)
            if !isLeaving { register() }
        default: request.error(StanzaError(.featureNotImplemented))
        }
    }

    private func claimed(by jid: JID) {
        // An owner who came now would outlive the factory reset.
        guard !isLeaving else { return }
        state = .claimed
        if owner != jid.bare.description {
            log.notice("the gateway was claimed", metadata: ["owner": "\(jid.bare)"])
            tell(owner: jid.bare.description)
            session.subscribe(to: jid)
        }
        // Whoever reads the registry must not find the key there (XEP-0347 3.10).
        let blank = XMLElement(
            "update", IoTNamespace.discovery,
            children: [XMLElement("str", IoTNamespace.discovery, ["name": "KEY", "value": ""])])
        guard let address else { return }
        session.set(blank, to: address) { [weak self] result in
            if case .failure(let failure) = result { self?.log.notice("the key is still in the registry: \(failure)") }
        }
    }

    private func tell(owner: String?) {
        self.owner = owner
        onOwner(owner)
    }

    // MARK: What the registry is told

    /// Takes the gateway out of the registry for good (XEP-0347 3.15), where there is a session with it; returns after five
    /// seconds at most. It is not registered again by this object.
    ///
    /// - Returns: whether the registry has done it.
    @discardableResult
    public func unregister() async -> Bool {
        isLeaving = true
        timer?.cancel()
        guard let address, session.state.isOnline else { return false }
        return await withCheckedContinuation { continuation in
            session.set(
                XMLElement("unregister", IoTNamespace.discovery), to: address,
                timeout: .seconds(ThingRegistry.partingSeconds)
            ) { [weak self] result in
                switch result {
                case .success:
                    self?.state = .idle
                    continuation.resume(returning: true)
                case .failure(let failure):
                    self?.log.notice("the registry still has the gateway: \(failure)")
                    continuation.resume(returning: false)
                }
            }
        }
    }

    private func begin() {
        guard !isLeaving else { return }
        timer?.cancel()
        retry = ThingRegistry.firstRetry
        if let configured {
            address = configured
            return register()
        }
        search()
    }

    private func search() {
        guard let server = JID(session.account.domain) else { return }
        session.discoverItems(of: server) { [weak self] result in
            guard let self else { return }
            guard case .success(let found) = result else { return self.searchAgain() }
            self.look(at: found.items.map(\.jid)[...])
        }
    }

    /// One that is not there yet may come, as when both are started together.
    private func searchAgain() {
        guard session.state.isOnline, !isLeaving else { return }
        again { [weak self] in self?.search() }
    }

    /// One wait at a time: a session that is taken up again begins anew while the last attempt waits.
    private func again(_ attempt: @escaping @Loop () -> Void) {
        timer?.cancel()
        timer = Loop.after(retry, attempt)
        retry = min(retry * 2, ThingRegistry.lastRetry)
    }

    /// Asks one after another until one says that it is a registry.
    private func look(at candidates: ArraySlice<JID>) {
        guard let first = candidates.first else { return searchAgain() }
        session.discoverInfo(of: first) { [weak self] result in
            guard let self else { return }
            if case .success(let info) = result, info.features.contains(IoTNamespace.discovery) {
                self.address = first
                self.register()
            } else {
                self.look(at: candidates.dropFirst())
            }
        }
    }

    private func register() {
        guard let address, !isLeaving else { return }
        let tags = ThingTags(settings, key: owner == nil ? key : nil)
        let payload = XMLElement("register", IoTNamespace.discovery, children: tags.elements)
        session.set(payload, to: address) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let answer?) where answer.isNamed("claimed", IoTNamespace.discovery):
                if let jid = answer["jid"].flatMap({ JID($0) }) { self.claimed(by: jid) }
            case .success: self.state = self.owner == nil ? .unclaimed : .claimed
            case .failure(let failure): self.failed("\(failure)")
            }
        }
    }

    private func failed(_ reason: String) {
        guard session.state.isOnline else { return }
        if state != .failed(reason) { log.warning("the thing registry: \(reason)") }
        state = .failed(reason)
        again { [weak self] in self?.register() }
    }

    private func end() {
        timer?.cancel()
        timer = nil
        state = .idle
    }
}
