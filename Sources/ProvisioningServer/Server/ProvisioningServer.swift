import Logging
import NIOCore
import OneLoop
import ProvisioningModel
import XMPP

/// A provisioning server as devices and services see it (XEP-0324): answers who may be a friend, read and control what;
/// gives tokens; has caches cleared when the answers change.
///
/// Speaks through a session, whoever carries it: a component's or an account's. What it knows is in the database, which the
/// command line changes beside it; rules and devices are in memory too, and followed within a second.
@Loop
public final class ProvisioningServer {
    /// What has happened since the start.
    public struct Counters: Sendable, Hashable {
        /// Questions of devices answered.
        public var questions: UInt64 = 0
        /// Those of them of which something was allowed.
        public var granted: UInt64 = 0
        /// Requests refused: of strangers, malformed, too many.
        public var refused: UInt64 = 0
        /// Tokens given.
        public var tokens: UInt64 = 0
        /// Challenges of tokens sent, and those not answered rightly.
        public var challenges: UInt64 = 0
        /// Challenges that were not answered, or wrongly.
        public var failedChallenges: UInt64 = 0
        /// Caches cleared.
        public var cleared: UInt64 = 0
    }

    /// The features that disco#info tells of.
    public nonisolated static let features: Set<String> = [Provisioning.namespace]

    let session: XMPPSession
    let database: ProvisioningDatabase
    let settings: ServerSettings
    let log: Logger
    let wallClock: @Sendable () -> Int64
    /// What has happened since the start.
    public internal(set) var counters = Counters()

    var index = RuleIndex()
    var devices: [String: DeviceRecord] = [:]
    var things: [String: KnownThings] = [:]
    var allowsSecondaryTrust = false
    /// The last change of the database that is in memory.
    var version: Int64 = 0
    private var isLoaded = false
    private var isClosed = false

    var challenges = ChallengeBook()
    var proofs = TokenProofs()
    var proving: [TokenProofs.Key: [CheckedContinuation<Bool, Never>]] = [:]
    var questionRates = RateBook(perSecond: ServerLimits.questionsPerSecond)
    var certificateRates = RateBook(perSecond: ServerLimits.certificatesPerSecond)
    var allCertificatesRate = RateBook(perSecond: ServerLimits.certificatesOfAllPerSecond)
    /// Questions that wait for proofs or the database.
    var waiting = 0

    /// What is to be written at the next turn of the house: records of devices, questions for people, things seen.
    var touched: Set<String> = []
    var pendingNotes: [PendingNote] = []
    var newThings: [String: [(isNode: Bool, thing: String)]] = [:]
    var notices: [Notice] = []
    var clearing: [String: Clearing] = [:]
    /// Devices whose presence this component has asked for since it came.
    var presenceAsked: Set<String> = []
    /// Devices that have asked for our presence and wait for a person.
    var knocking: Set<String> = []
    private var timer: LoopTimer?
    private var turns: UInt64 = 0
    private(set) var isKeeping = false

    /// A server on a session, which it makes its handlers known to. It answers once it is ``load()``ed.
    public init(
        session: XMPPSession, database: ProvisioningDatabase, settings: ServerSettings = ServerSettings(),
        log: Logger = Logger(label: "provisioning"), wallClock: @escaping @Sendable () -> Int64 = systemClock
    ) {
        self.session = session
        self.database = database
        self.settings = settings
        self.log = log
        self.wallClock = wallClock
        session.info.features.formUnion(Self.features)
        listen()
    }

    /// Reads what the database has, and begins to keep house: to be called before the session starts.
    public func load() async throws {
        try await database.changing(by: "server") {
            try $0.forgetRemovedRules()
            try $0.clearPresence()
        }
        things = try await database.reading { try $0.things() }.mapValues { list in
            KnownThings(
                nodes: Set(list.filter(\.isNode).compactMap { NodePattern($0.thing)?.node }),
                names: Set(list.filter { !$0.isNode }.map(\.thing)))
        }
        try await follow()
        isLoaded = true
        schedule()
    }

    /// Stops keeping house, after what is to be written was.
    public func close() async {
        isClosed = true
        timer?.cancel()
        await flush()
    }

    /// How many rules and devices are in memory.
    public var sizes: (rules: Int, devices: Int) { (index.count, devices.count) }

    // MARK: What comes

    private func listen() {
        session.onRequest(.get, nil, Provisioning.namespace) { [weak self] in self?.take($0) }
        session.onMessage("userLoggedIn", Provisioning.namespace) { [weak self] message, payload in
            self?.takeLogin(message, payload)
        }
        session.onPresence { [weak self] in self?.take($0) }
        session.onSubscriptionRequest { [weak self] from, _ in self?.takeKnock(from) }
        session.onState { [weak self] in self?.stateChanged($0) }
    }

    private func take(_ request: IQRequest) {
        let from = Address(request.from).text
        guard isLoaded, questionRates.take(from, now: .now), waiting < ServerLimits.waitingQuestions else {
            counters.refused += 1
            return request.error(StanzaError(.resourceConstraint, "too many questions; ask again later"))
        }
        met(request.from)
        do throws(PayloadError) {
            switch try ProvisioningPayload(request.payload) {
            case .isFriend(let question): answer(question, request)
            case .canRead(let question): answer(question, request)
            case .canControl(let question): answer(question, request)
            case .getToken(let question): answer(question, request)
            case .getTokenChallengeResponse(let question): answer(question, request)
            case .canAccess(let question): answer(question, request)
            case .hasPrivilege(let question): answer(question, request)
            case .downloadPrivileges(let question): answer(question, request)
            default:
                counters.refused += 1
                request.error(
                    StanzaError(.featureNotImplemented, "<\(request.payload.name)> is no question to a server"))
            }
        } catch {
            counters.refused += 1
            request.error(error.stanzaError)
        }
    }

    /// Does something for a request that has to wait, and answers an internal error if it cannot be done.
    func later(_ request: IQRequest, _ body: @escaping @Loop () async throws -> Void) {
        waiting += 1
        Task {
            defer { waiting -= 1 }
            do {
                try await body()
            } catch let error as ProvisioningError {
                counters.refused += 1
                let condition: StanzaError.Condition = error.code == .limit ? .resourceConstraint : .badRequest
                if error.code == .storage {
                    log.error("the database failed", metadata: ["error": "\(error)"])
                    request.error(StanzaError(.internalServerError))
                } else {
                    request.error(StanzaError(condition, error.reason))
                }
            } catch {
                log.error("the database failed", metadata: ["error": "\(error)"])
                request.error(StanzaError(.internalServerError))
            }
        }
    }

    // MARK: The house

    /// How often what was seen is written down and the command line's changes are looked for.
    private static let turn = Duration.seconds(1)
    /// Turns between two looks for certificates whose time is over.
    private static let turnsPerMinute: UInt64 = 60

    private func schedule() {
        guard !isClosed else { return }
        timer = Loop.after(Self.turn) { [weak self] in
            guard let self else { return }
            Task {
                await self.keepHouse()
                self.schedule()
            }
        }
    }

    /// Writes down what was seen, takes over what has changed, and tells devices what they have to know.
    func keepHouse() async {
        guard !isKeeping else { return }
        isKeeping = true
        defer { isKeeping = false }
        await flush()
        do {
            if turns % Self.turnsPerMinute == 0 {
                let now = wallClock()
                let ended = try await database.changing(by: "server", now: now) { ledger in
                    try ledger.endSessions()
                    return try ledger.endCertificates()
                }
                for certificate in ended { proofs.remove(certificate: certificate) }
                challenges.removeEnded(.now)
            }
            turns += 1
            try await follow()
        } catch {
            log.error("housekeeping failed", metadata: ["error": "\(error)"])
        }
        tellDevices()
    }

    private struct Changes: Sendable {
        let version: Int64
        let added: [Rule]
        let removed: [Int64]
        let devices: [DeviceRecord]
        let notices: [Notice]
        let secondaryTrust: Bool
    }

    /// Takes over what the database has that memory has not.
    func follow() async throws {
        let since = version
        let changes = try await database.reading { ledger -> Changes? in
            let version = try ledger.version()
            guard version != since else { return nil }
            let (added, removed) = try ledger.ruleChanges(since: since)
            return Changes(
                version: version, added: added, removed: removed, devices: try ledger.devices(),
                notices: try ledger.notices(), secondaryTrust: try ledger.allowsSecondaryTrust())
        }
        guard let changes, changes.version > version else { return }
        for rule in changes.added { index.insert(rule) }
        for id in changes.removed { index.remove(id) }
        // A rule that was spent while this was read is in memory no more.
        for id in spentRules { index.remove(id) }
        allowsSecondaryTrust = changes.secondaryTrust
        notices = changes.notices
        takeOver(changes.devices)
        version = changes.version
    }

    /// Rules that were for one question and are being taken out of the database.
    var spentRules: Set<Int64> = []

    /// Writes what is to be written.
    func flush() async {
        let records = touched.compactMap { devices[$0] }
        let notes = pendingNotes
        let seen = newThings
        guard !records.isEmpty || !notes.isEmpty || !seen.isEmpty else { return }
        touched = []
        pendingNotes = []
        newThings = [:]
        do {
            try await database.changing(by: "server", now: wallClock()) { ledger in
                for record in records { try ledger.record(record) }
                for (device, things) in seen { try ledger.note(things: things, of: device) }
                for note in notes {
                    try ledger.pend(
                        note.kind, device: note.device, who: note.who, nodes: note.nodes, names: note.names,
                        certificates: note.certificates)
                }
            }
        } catch {
            log.error("what was seen could not be written", metadata: ["error": "\(error)"])
        }
    }
}

/// A question for a person that is to be written down.
struct PendingNote: Sendable {
    let kind: PendingRequest.Kind
    let device: String
    let who: String
    var nodes: [ProvisioningNode] = []
    var names: [String] = []
    var certificates: [String] = []
}
