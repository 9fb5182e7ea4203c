import CBOR
import CoAP
import CoAPMessages
import FlashStore
import Logging
import NIOCore
import OCFModel
import OneLoop
import TLS

/// The connection to the cloud: what ``CloudSession`` decides, done with sockets, store and timers.
///
/// Requests of the cloud are served from the moment the connection stands, before our sign-in is answered: plgd hub asks
/// for `/oic/res` first and waits for the answer for ever. They are authorised as the cloud's `sid`, which the TLS
/// handshake has proved.
@Loop
public final class CloudConnection {
    /// What the connection needs of the house.
    public struct Environment: Sendable {
        /// `di`.
        public var deviceID: @Loop @Sendable () -> Identifier
        /// `n`, the device's name.
        public var deviceName: @Loop @Sendable () -> String
        /// The links the cloud's directory is to hold, those of `/oic/d` and `/oic/p` first.
        public var links: @Loop @Sendable () -> [Link]
        /// Serves a request of the cloud; answers through the exchange, now or later.
        public var serve: @Loop @Sendable (_ request: Message, _ requester: Requester, _ exchange: Exchange) -> Void
        /// The TLS of a connection to this cloud: our identity, its authorities, `.ocf(uuid:)` with its `sid`. Nil for a
        /// test over plain TCP.
        public var tls: @Loop @Sendable (CloudAddress, Identifier) throws(TLSError) -> TLSConfiguration?

        /// The house.
        public init(
            deviceID: @escaping @Loop @Sendable () -> Identifier,
            deviceName: @escaping @Loop @Sendable () -> String,
            links: @escaping @Loop @Sendable () -> [Link],
            serve: @escaping @Loop @Sendable (_ request: Message, _ requester: Requester, _ exchange: Exchange) -> Void,
            tls: @escaping @Loop @Sendable (CloudAddress, Identifier) throws(TLSError) -> TLSConfiguration?
        ) {
            self.deviceID = deviceID
            self.deviceName = deviceName
            self.links = links
            self.serve = serve
            self.tls = tls
        }
    }

    /// What has happened since the start.
    public struct Counters: Sendable, Hashable {
        /// Connections that stood.
        public var connections: UInt64 = 0
        /// Connections that did not come about.
        public var connectFailures: UInt64 = 0
        /// Sign-ins that were accepted.
        public var signIns: UInt64 = 0
        /// Answers of the cloud that were errors, and answers that did not come.
        public var failedRequests: UInt64 = 0
        /// Requests of the cloud.
        public var requestsServed: UInt64 = 0
        /// Links published and unpublished.
        public var linksPublished: UInt64 = 0
        /// Links unpublished.
        public var linksUnpublished: UInt64 = 0
    }

    /// What has happened since the start.
    public internal(set) var counters = Counters()

    let environment: Environment
    let store: FlashStore
    let log: Logger
    let limits: CoAP.Limits
    var session = CloudSession()
    var publication = LinkPublication()

    /// Counts connections, so that what an earlier one tells late is not heard.
    var epoch = 0
    var connection: Connection?
    var timers: [CloudSession.Timer: (number: Int, timer: LoopTimer)] = [:]
    var lastTimer = 0
    var isPublishing = false
    var mayPublish = false
    var publishesAgain = false
    var publicationTimer: LoopTimer?
    /// What every delay is multiplied by; tests have no time.
    var pace = 1.0

    private var inputs: [CloudSession.Input] = []
    private var isHandling = false
    private var observers: [@Loop () -> Void] = []
    private var storeWaiters: [Int: [CheckedContinuation<StoreError?, Never>]] = [:]
    private var stateWaiters: [(isReached: (CloudSession.State) -> Bool, waiter: CheckedContinuation<Void, Never>)] = []

    /// A connection that does nothing until ``start()``.
    ///
    /// - Parameter store: what is kept is under `cloud/`.
    public init(
        environment: Environment, store: FlashStore, log: Logger = Logger(label: "cloud"),
        limits: CoAP.Limits = .default
    ) {
        self.environment = environment
        self.store = store
        self.log = log
        self.limits = limits
    }

    // MARK: What it shows

    /// What `oic.r.coapcloudconf` shows.
    public var configuration: CloudConfiguration { session.configuration }

    /// Where the session stands.
    public var state: CloudSession.State { session.state }

    /// Why the gateway is not signed in, as far as that is a failure.
    public var trouble: CloudTrouble? { session.trouble }

    /// How many links the cloud's directory has of us, as far as we know.
    public var publishedCount: Int { publication.published.count }

    /// Whether a new cloud may be configured now.
    public var acceptsConfiguration: Bool { session.acceptsConfiguration }

    /// Whether this very cloud is configured, signed up or not: `address` as it was configured, whatever redirects came.
    public func isConfigured(address: String, cloudID: Identifier, accessToken: String) -> Bool {
        guard let record = session.record, !record.isLeaving else { return false }
        return record.configuredAddress == CloudAddress(address) && record.cloudID == cloudID
            && record.oneTimeToken == Secret(accessToken)
    }

    /// Calls `observer` after every change of ``configuration``, ``state`` or ``trouble``.
    public func onChange(_ observer: @escaping @Loop () -> Void) {
        observers.append(observer)
    }

    // MARK: What it is told

    /// Takes up what the store has, and connects if that is a cloud.
    public func start() {
        publication = LinkPublication(records: store.scan(prefix: CloudKeys.links).map(\.value))
        let stored = store.get(CloudKeys.record)
        let record = stored.flatMap { CloudRecord(bytes: $0) }
        if stored != nil, record == nil {
            log.error("the stored cloud account cannot be read; configure the cloud anew")
        }
        handle(.start(record))
    }

    /// Takes an UPDATE of `oic.r.coapcloudconf`, or a configuration that a button press has accepted; returns when it is
    /// durable.
    ///
    /// - Throws: ``ResourceError`` 4.00 for an address that is none, and in a state that takes no new cloud; 5.00 when it
    ///   cannot be stored.
    public func update(_ update: CloudConfigurationUpdate) async throws(ResourceError) {
        switch update {
        case .connect(let uri, let cloudID, let accessToken, let provider):
            guard let address = CloudAddress(uri) else {
                throw ResourceError(.badRequest, "cis is \"\(uri.prefix(64))\"; coaps+tcp://host:port was expected")
            }
            guard session.acceptsConfiguration else {
                throw ResourceError(
                    .badRequest, "cps is \(session.status.rawValue); first leave the cloud by writing cis as \"\"")
            }
            handle(
                .configure(
                    CloudRecord(
                        address: address, cloudID: cloudID, oneTimeToken: Secret(accessToken), provider: provider)))
        case .disconnect: handle(.leave)
        }
        switch session.state {
        case .storing, .erasing: break
        default: return
        }
        if let error = await storeOutcome(of: session.revision) {
            throw ResourceError(.internalServerError, "the cloud's configuration cannot be stored: \(error.reason)")
        }
    }

    /// Tells the cloud if it is at hand, and wipes all that is known of it; returns when that is durable. To be called
    /// again does no harm.
    public func factoryReset() async throws(StoreError) {
        handle(.factoryReset)
        await reach { $0 == .idle || $0 == .erasing || $0 == .stopped }
        if session.state == .erasing, let error = await storeOutcome(of: session.revision) { throw error }
        publication = LinkPublication()
        try await store.removeAll(prefix: CloudKeys.all, .now)
    }

    /// Signs out if the cloud is at hand, and closes.
    public func stop() async {
        handle(.stop)
        await reach { $0 == .stopped }
    }

    /// Tells that links came, went or changed; many calls in a row make one publication.
    public func linksChanged() {
        guard mayPublish, publicationTimer == nil else { return }
        // Long enough for all resources of a node that comes, short enough that nobody waits.
        publicationTimer = Loop.after(.milliseconds(100)) { [weak self] in
            self?.publicationTimer = nil
            self?.publish()
        }
    }

    /// Tells that the clock has been put right.
    public func clockCorrected() {
        handle(.clockCorrected)
    }

    // MARK: The machine

    /// Feeds the machine. What comes while effects are done waits its turn.
    func handle(_ input: CloudSession.Input) {
        inputs.append(input)
        guard !isHandling else { return }
        isHandling = true
        let (configuration, state, trouble) = (session.configuration, session.state, session.trouble)
        var next = 0
        while next < inputs.count {
            let before = session.state
            let effects = session.handle(inputs[next])
            if session.state == .signedIn, before == .signingIn { counters.signIns += 1 }
            for effect in effects { perform(effect) }
            next += 1
        }
        inputs.removeAll(keepingCapacity: true)
        isHandling = false
        tell(configuration, state, trouble)
    }

    private func tell(_ configuration: CloudConfiguration, _ state: CloudSession.State, _ trouble: CloudTrouble?) {
        let isChanged =
            session.configuration != configuration || session.state != state || session.trouble != trouble
        if session.state != state {
            log.debug("cloud session", metadata: ["from": "\(state)", "to": "\(session.state)"])
            if session.state == .signedIn {
                log.info("signed in", metadata: ["cloud": "\(session.configuration.address)"])
            }
        }
        if session.trouble != trouble, let trouble = session.trouble {
            log.warning("the cloud cannot be used", metadata: ["trouble": "\(trouble)"])
        }
        let reached = stateWaiters.filter { $0.isReached(session.state) }
        stateWaiters.removeAll { $0.isReached(session.state) }
        for (_, waiter) in reached { waiter.resume() }
        guard isChanged else { return }
        for observer in observers { observer() }
    }

    private func reach(_ isReached: @escaping (CloudSession.State) -> Bool) async {
        guard !isReached(session.state) else { return }
        await withCheckedContinuation { stateWaiters.append((isReached, $0)) }
    }

    private func storeOutcome(of revision: Int) async -> StoreError? {
        await withCheckedContinuation { storeWaiters[revision, default: []].append($0) }
    }

    func hasStored(_ revision: Int, _ error: StoreError?) {
        for waiter in storeWaiters.removeValue(forKey: revision) ?? [] { waiter.resume(returning: error) }
        if let error { log.error("the cloud's account cannot be stored", metadata: ["error": "\(error)"]) }
        handle(error == nil ? .stored(revision) : .storeFailed(revision))
    }
}

extension CloudConnection: CloudControlling {}

/// The keys in the store.
enum CloudKeys {
    static let all = "cloud/"
    static let record = "cloud/record"
    static let links = "cloud/links/"
}
