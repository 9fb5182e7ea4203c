import CoAP
import Logging
import NIOCore
import OCFModel
import Synchronization

/// What all sessions of a server share.
final class CloudCore: Sendable {
    let configuration: ServerConfiguration
    /// The cloud's id (`sid`).
    let cloudID: Identifier
    let database: CloudDatabase
    let routes = RoutingTable()
    let watchers: DirectoryWatchers
    let presence = PresenceRecorder()
    let mediation: MediationFacts
    let logger: Logger
    let clock: WallClock

    private struct State {
        var endpoint = ""
        var sessions: [ObjectIdentifier: Session] = [:]
        /// Connections by remote address that have not signed in.
        var strangers: [String: Int] = [:]
    }

    private let state = Mutex(State())
    /// Requests forwarded to devices and not answered yet. Atomic, as every routed request touches it.
    private let forwarded = Atomic(0)
    private let draining = Atomic(false)

    init(
        configuration: ServerConfiguration, cloudID: Identifier, database: CloudDatabase, mediation: MediationFacts,
        logger: Logger, clock: @escaping WallClock
    ) {
        self.configuration = configuration
        self.cloudID = cloudID
        self.database = database
        self.mediation = mediation
        self.logger = logger
        self.clock = clock
        watchers = DirectoryWatchers()
    }

    /// The cloud's own endpoint, as links show it; known once the port is.
    var endpoint: String {
        get { state.withLock { $0.endpoint } }
        set { state.withLock { $0.endpoint = newValue } }
    }

    // MARK: - Connections

    /// Notes a new connection; false when it is one too many.
    func admit(_ session: Session, from address: String) -> Bool {
        state.withLock { state in
            guard !isDraining, state.sessions.count < configuration.limits.connections,
                state.strangers[address, default: 0] < configuration.limits.strangersPerAddress
            else { return false }
            state.sessions[ObjectIdentifier(session)] = session
            state.strangers[address, default: 0] += 1
            return true
        }
    }

    /// Notes that a connection is gone.
    func dismiss(_ session: Session) {
        state.withLock { state in _ = state.sessions.removeValue(forKey: ObjectIdentifier(session)) }
    }

    /// Notes that a connection of this address counts as a stranger's no more: it signed in, or went.
    func noLongerStranger(_ address: String) {
        state.withLock { state in
            let count = state.strangers[address, default: 0] - 1
            state.strangers[address] = count > 0 ? count : nil
        }
    }

    /// All connections at this moment.
    var sessions: [Session] { state.withLock { Array($0.sessions.values) } }

    // MARK: - Draining

    /// Whether the server is shutting down and forwards nothing new.
    var isDraining: Bool { draining.load(ordering: .acquiring) }

    /// Begins the shut-down.
    func startDraining() { draining.store(true, ordering: .releasing) }

    /// Notes a request that goes to a device; false while draining.
    func begin() -> Bool {
        guard !isDraining else { return false }
        forwarded.add(1, ordering: .relaxed)
        return true
    }

    /// Notes its answer.
    func finish() { forwarded.subtract(1, ordering: .relaxed) }

    /// Requests forwarded and not yet answered.
    var underWay: Int { forwarded.load(ordering: .relaxed) }

    // MARK: - Registrations

    /// Takes a registration out of service: closes its connections, ends the observations of its resources.
    func drop(_ route: DeviceRoute, except keep: Session? = nil) {
        for session in route.end() where session !== keep { session.close("deregistered") }
        route.relay.endAll(Replies.gone)
        watchers.changed(route.registration.user, core: self)
    }
}
