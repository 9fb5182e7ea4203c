import Access
import FlashStore
import Logging
import OneLoop
import Pairing
import ProvisioningModel
import XMPP

/// The device's half of XEP-0324: who is trusted to decide, what they are asked, what they may demand.
///
/// Stands before a door as its ``Access``. **Rights add up**: the configuration's list and the owner are looked at first, and
/// when they allow all that is asked for nobody else is asked; otherwise every trusted server is asked at once, and what any of
/// them grants is granted (XEP-0324 5.3). A server that errs or is silent has said nothing; when nobody grants, it is a no.
///
/// A server is trusted because a person pressed the button when it knocked and it then proved to be one (3.1.1), because the
/// configuration names it, or because the configuration says to take the one that the account's own server has (3.1.2).
@Loop
public final class ProvisioningClient: Access {
    /// What one server says to a question.
    public struct Reply: Sendable, Hashable {
        /// Who says it.
        public let server: String
        /// What.
        public let answer: AccessAnswer
        /// When it said so, in seconds since 1970, if it was remembered; nil when it was asked now.
        public let when: Int64?
    }

    /// A server as people see it.
    public struct Status: Sendable, Hashable {
        /// Its address.
        public let address: String
        /// How it came to be trusted: `button`, `configured`, `found`.
        public let origin: String
        /// Whether it can be asked now.
        public let isThere: Bool
        /// Whether it has given a token.
        public let hasToken: Bool
        /// Whether it lets the gateway have friends and servers beside it.
        public let allowsSecondaryTrust: Bool
        /// Questions put to it.
        public let asked: UInt64
        /// Those without an answer of sense.
        public let unanswered: UInt64
        /// What went wrong last; nil once it went well again.
        public let trouble: String?
    }

    /// What has happened since the start.
    public struct Counters: Sendable, Hashable {
        /// Demands of strangers that were not heeded.
        public var strangers: UInt64 = 0
        /// Challenges answered or passed on.
        public var challenges: UInt64 = 0
        /// Challenges refused: the token was not sent to that one, or not within the last minute, or too many came.
        public var refusedChallenges: UInt64 = 0
        /// Questions not put since too many were open.
        public var overloaded: UInt64 = 0
    }

    /// A trusted server while the daemon runs.
    @Loop
    final class Server {
        var record: ServerRecord
        /// Connections of its account that have told the feature.
        var connections: Set<JID> = []
        var isAskingToken = false
        var retry: Duration
        var timer: LoopTimer?
        var asked: UInt64 = 0
        var unanswered: UInt64 = 0
        var trouble: String?
        /// The address as it stands in questions, answers and the cache.
        let name: String

        init(_ record: ServerRecord, retry: Duration) {
            self.record = record
            name = record.address.description
            self.retry = retry
        }

        var address: JID { record.address }
    }

    let session: XMPPSession
    let list: AccessList
    let pairing: Pairing
    let cache: DecisionCache
    let store: FlashStore
    let identity: TokenIdentity
    let settings: ProvisioningSettings
    let log: Logger
    let clock: @Loop () -> Duration

    var servers: [JID: Server] = [:]
    /// Those whom the button let in, until when they may prove to be servers.
    var hopefuls: [JID: Duration] = [:]
    /// Those whom a person has sent away in this run: the configuration brings them back at the next start only.
    var dismissed: Set<JID> = []
    var proving: Set<JID> = []
    var establishing: Set<JID> = []
    /// Of the components of one's own server the first that shows the feature is taken.
    var isTakingFound = false
    var open: [DecisionKey: [(Reply) -> Void]] = [:]
    var sent = SentTokens(window: Provisioning.challengeTime)
    var origins = TokenOrigins(window: Provisioning.challengeTime)
    var limiter = ChallengeLimiter()
    var openChallenges = 0
    var isClosed = false
    var retry: Duration
    var timer: LoopTimer?
    /// What went wrong with trust itself; nil when nothing did.
    public internal(set) var trouble: String?
    /// What has happened since the start.
    public internal(set) var counters = Counters()

    /// A client on a session, which it makes its handlers known to; reads who is trusted.
    ///
    /// - Parameters:
    ///   - list: the configuration's list with the owner.
    ///   - clock: a monotonic clock.
    public init(
        session: XMPPSession, list: AccessList, pairing: Pairing, cache: DecisionCache, store: FlashStore,
        identity: TokenIdentity, settings: ProvisioningSettings = ProvisioningSettings(),
        log: Logger = Logger(label: "xmpp"), clock: (@Loop () -> Duration)? = nil
    ) {
        self.session = session
        self.list = list
        self.pairing = pairing
        self.cache = cache
        self.store = store
        self.identity = identity
        self.settings = settings
        self.log = log
        let origin = ContinuousClock.now
        self.clock = clock ?? { ContinuousClock.now - origin }
        retry = settings.firstRetry
        load()
        listen()
    }

    /// Asks and answers nothing more; what is to be saved is.
    public func close() {
        // After a factory reset there is nothing to save.
        if !isClosed { cache.close() }
        isClosed = true
        timer?.cancel()
        for server in servers.values { server.timer?.cancel() }
    }

    /// Everything that is kept of provisioning, for a factory reset. Durable when it returns.
    public static func forget(_ store: FlashStore) async throws(StoreError) {
        try await DecisionCache.forget(store)
        try await store.removeAll(prefix: ServerRecord.prefix, .now)
        try await store.remove(TokenIdentity.keyName, .now)
        try await store.remove(TokenIdentity.certificateName, .now)
    }

    /// The trusted servers, by address.
    public var statuses: [Status] {
        servers.values.map { server in
            Status(
                address: server.name, origin: "\(server.record.origin)", isThere: destination(of: server) != nil,
                hasToken: server.record.token != nil, allowsSecondaryTrust: server.record.allowsSecondaryTrust,
                asked: server.asked, unanswered: server.unanswered, trouble: server.trouble)
        }.sorted { $0.address < $1.address }
    }

    /// Whether the button may let in friends and servers of the gateway's own choosing: while no server is trusted, or when
    /// the latest answers of all of them allow it (XEP-0324 3.1.4).
    public var admitsByButton: Bool { servers.values.allSatisfy { $0.record.allowsSecondaryTrust } }

    /// The trusted server that this address belongs to.
    func server(_ jid: JID?) -> Server? { jid.flatMap { servers[$0.bare] } }

    /// Where a server can be asked: a component by its domain, an account at a connection that is there (XEP-0324 5.1; a
    /// server answers iqs to bare addresses itself). Nil when it is away.
    func destination(of server: Server) -> JID? {
        guard session.state.isOnline else { return nil }
        guard server.address.local != nil else { return server.address }
        return server.connections.filter(session.isAvailable).min { "\($0)" < "\($1)" }
            ?? session.resources(of: server.address).first
    }

    func save(_ server: Server) {
        // What it says late, when the trust is gone or the gateway was reset, must not be there at the next start.
        guard servers[server.address] === server else { return }
        // A token that a power cut loses is asked for again.
        store.putBatched(server.record.key, server.record.value)
    }

    private func load() {
        for (key, value) in store.scan(prefix: ServerRecord.prefix) {
            guard let record = ServerRecord(key: key, value: value), isStillTrusted(record) else {
                // Trust was taken away, or a power cut came before it was given.
                store.removeBatched(key)
                continue
            }
            servers[record.address] = Server(record, retry: settings.firstRetry)
        }
        // The button's trust is in the ledger; what was kept beside it may have been lost.
        for trust in pairing.trusted where trust.candidate.kind == .xmppServer {
            guard let jid = JID(trust.candidate.identifier), servers[jid.bare] == nil else { continue }
            servers[jid.bare] = Server(ServerRecord(jid, .button), retry: settings.firstRetry)
        }
        pairing.subscribe { [weak self] event in self?.pairingChanged(event) }
    }

    private func isStillTrusted(_ record: ServerRecord) -> Bool {
        guard !pairing.isResetPending else { return false }
        return switch record.origin {
        case .button: pairing.isTrusted(.xmppServer, record.address.description)
        case .configured: settings.names(record.address)
        case .found: settings.findsComponent
        }
    }

    // MARK: What comes

    private func listen() {
        for question in [IQ.Question.get, .set] {
            session.onRequest(question, nil, Provisioning.namespace) { request in
                request.error(
                    StanzaError(
                        .featureNotImplemented,
                        "<\(request.payload.name.prefix(32))> is for provisioning servers; this is a device (XEP-0324)")
                )
            }
        }
        session.onRequest(.get, "tokenChallenge", Provisioning.namespace) { [weak self] in self?.takeChallenge($0) }
        session.onRequest(.set, "clearCache", Provisioning.namespace) { [weak self] in self?.takeClearCache($0) }
        session.onMessage("unfriend", Provisioning.namespace) { [weak self] in self?.takeUnfriend($0, $1) }
        session.onMessage("friend", Provisioning.namespace) { [weak self] in self?.takeFriend($0, $1) }
        session.onPresence { [weak self] presence in self?.takePresence(presence) }
        session.onState { [weak self] state in self?.stateChanged(state) }
    }

    private func takeClearCache(_ request: IQRequest) {
        guard let server = server(request.from) else {
            counters.strangers += 1
            return request.error(
                StanzaError(.forbidden, "only a provisioning server that is trusted clears the cache", kind: .cancel))
        }
        Task {
            do throws(StoreError) {
                // Durable first: what is acknowledged the server does not send again (XEP-0324 3.5.1).
                try await cache.clear(server.name)
                request.result(ProvisioningPayload.clearCacheResponse.element)
                log.info("a provisioning server cleared its answers", metadata: ["server": "\(server.name)"])
            } catch {
                request.error(StanzaError(.internalServerError, "the cache could not be cleared durably", kind: .wait))
                log.error("answers could not be cleared durably", metadata: ["reason": "\(error.description)"])
            }
        }
    }
}
