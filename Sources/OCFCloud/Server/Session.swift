import CoAP
import CoAPMessages
import Logging
import NIOCore
import OCFModel
import Synchronization
import TLS

/// One connection to the cloud: who it is, and what it may.
///
/// A connection begins as a stranger's, which may only sign up, sign in and refresh. Signing in binds it to a device and its
/// user. Requests for account, session and directory change what later requests may, so they are done one after the other;
/// requests for devices are forwarded at once.
final class Session: RequestHandler {
    let core: CloudCore
    let connection: Connection
    let address: String

    /// Who has signed in.
    struct Member: Sendable {
        let route: DeviceRoute
        var expiresAt: WallSeconds?
        var user: Identifier { route.registration.user }
        var device: Identifier { route.registration.device }
    }

    typealias Control = @Sendable () async -> Void

    private struct State {
        var member: Member?
        var hasEverSignedIn = false
        var isClosed = false
        var bucket: TokenBucket
        /// Requests refused since one was last accepted.
        var refusals = 0
        var controls: [Control] = []
        var isControlRunning = false
        var observations = 0
        var expiry: Scheduled<Void>?
        var deadline: Scheduled<Void>?
    }

    private let state: Mutex<State>

    init(core: CloudCore, connection: Connection) {
        self.core = core
        self.connection = connection
        address = connection.remoteAddress?.ipAddress ?? "?"
        state = Mutex(State(bucket: TokenBucket(perSecond: core.configuration.limits.requestsPerSecond, now: .now())))
    }

    /// The device and user signed in; nil for a stranger.
    var member: Member? { state.withLock { $0.member } }

    /// The device id that the peer's certificate gives it; nil when there is none, it is no OCF identity (its extended key
    /// usage says so), or the server asks for none.
    var certifiedDevice: Identifier? {
        guard core.configuration.clientCertificate != .none, let peer = connection.peer,
            peer.leaf.extendedKeyUsage?.contains(.ocfIdentity) == true
        else { return nil }
        return peer.ocfUUID.flatMap { Identifier($0) }
    }

    // MARK: - Life

    /// Starts the deadline for signing in. False when the server has too many connections; the session is of no use then.
    func start() -> Bool {
        guard core.admit(self, from: address) else {
            core.logger.warning("refused a connection: too many", metadata: ["from": "\(address)"])
            connection.close()
            return false
        }
        let deadline = connection.channel.eventLoop.scheduleTask(in: .seconds(core.configuration.signInDeadline)) {
            [weak self] in
            guard let self, self.member == nil else { return }
            self.close("no sign-in in time")
        }
        state.withLock { $0.deadline = deadline }
        return true
    }

    /// Hangs up, once what was answered has been written.
    func close(_ reason: String) {
        core.logger.debug("closing a connection", metadata: metadata(["reason": "\(reason)"]))
        connection.close()
    }

    func connectionClosed(_ connection: Connection) {
        let (member, wasStranger, timers) = state.withLock { state in
            state.isClosed = true
            state.controls = []
            defer { state.member = nil }
            return (state.member, !state.hasEverSignedIn, [state.expiry, state.deadline])
        }
        for timer in timers { timer?.cancel() }
        core.dismiss(self)
        if wasStranger { core.noLongerStranger(address) }
        if let member { leave(member) }
    }

    private func leave(_ member: Member) {
        guard member.route.detach(self) else { return }
        member.route.relay.deviceLeft(connection)
        core.presence.note(member.device, online: false, at: core.clock())
        core.logger.log(
            level: member.route.registration.kind == .device ? .info : .debug, "gone",
            metadata: ["device": "\(member.device)"])
    }

    // MARK: - Signing in and out

    /// Binds the connection to a device that has shown its token.
    ///
    /// - Throws: `.unauthorized` when the device was deregistered, or the connection closed, meanwhile.
    func signedIn(_ signIn: SignIn) throws {
        let registration = signIn.registration
        let (route, replaced) = core.routes.insert(registration)
        if let replaced { core.drop(replaced) }
        // One connection is one device; who signs in as another has to leave first.
        if let other = member, other.route !== route { signedOut() }
        guard let surplus = route.attach(self)
        else { throw CloudError(.unauthorized, "the device has just been deregistered") }
        let (isClosed, wasStranger) = state.withLock { state in
            if state.isClosed { return (true, false) }
            let wasStranger = !state.hasEverSignedIn
            state.member = Member(route: route, expiresAt: signIn.expiresAt)
            state.hasEverSignedIn = true
            state.deadline?.cancel()
            state.deadline = nil
            return (false, wasStranger)
        }
        if isClosed {
            _ = route.detach(self)
            throw CloudError(.unauthorized, "the connection has closed")
        }
        if wasStranger { core.noLongerStranger(address) }
        for old in surplus { old.close("the device has connected again") }
        expire(at: signIn.expiresAt)
        core.presence.note(registration.device, online: true, at: core.clock())
        core.logger.log(
            level: registration.kind == .device ? .info : .debug, "signed in",
            metadata: ["device": "\(registration.device)", "from": "\(address)", "kind": "\(registration.kind)"])
    }

    /// Unbinds the connection.
    func signedOut() {
        let (member, expiry) = state.withLock { state in
            defer {
                state.member = nil
                state.expiry = nil
            }
            return (state.member, state.expiry)
        }
        expiry?.cancel()
        if let member { leave(member) }
    }

    /// Moves the end of the session, as a refresh does.
    func expire(at expiresAt: WallSeconds?) {
        let task = expiresAt.map { expiresAt in
            connection.channel.eventLoop.scheduleTask(in: .seconds(max(0, expiresAt - core.clock()))) { [weak self] in
                guard let self else { return }
                self.close("the access token has expired")
            }
        }
        let old = state.withLock { state in
            defer { state.expiry = task }
            state.member?.expiresAt = expiresAt
            return state.expiry
        }
        old?.cancel()
    }

    // MARK: - Counting

    /// Reserves a place among the connection's observations.
    func reserveObservation() -> Bool {
        state.withLock { state in
            guard state.observations < core.configuration.limits.observationsPerConnection else { return false }
            state.observations += 1
            return true
        }
    }

    /// Gives a place back.
    func releaseObservation() { state.withLock { $0.observations -= 1 } }

    /// What every log line of this session says.
    func metadata(_ more: Logger.Metadata = [:]) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["from": "\(address)"]
        if let member { metadata["device"] = "\(member.device)" }
        return metadata.merging(more) { $1 }
    }

    // MARK: - Requests

    /// Conditions are the device's to judge, so they are understood here and passed on.
    func understands(_ option: OptionNumber) -> Bool {
        option.isUnderstoodByEndpoints || option == .ifMatch || option == .ifNoneMatch
    }

    func handle(_ request: Message, _ exchange: Exchange) {
        let (isAllowed, refusals) = state.withLock { state in
            if state.bucket.take(now: .now()) {
                state.refusals = 0
                return (true, 0)
            }
            state.refusals += 1
            return (false, state.refusals)
        }
        guard isAllowed else {
            // Saying no costs as well; who does not listen for as long as ten full buckets is cut off.
            if refusals > 10 * core.configuration.limits.requestsPerSecond { return close("flooding") }
            return exchange.respond(Replies.tooMany)
        }
        dispatch(request, exchange)
    }

    /// Does `work` after all such work of this connection that came before.
    func inOrder(_ exchange: Exchange, _ work: @escaping Control) {
        let (isAccepted, mustStart) = state.withLock { state in
            guard !state.isClosed, state.controls.count < core.configuration.limits.waitingControls else {
                return (false, false)
            }
            state.controls.append(work)
            defer { state.isControlRunning = true }
            return (true, !state.isControlRunning)
        }
        guard isAccepted else { return exchange.respond(Replies.tooMany) }
        guard mustStart else { return }
        Task {
            while let next = nextControl() { await next() }
        }
    }

    private func nextControl() -> Control? {
        state.withLock { state in
            guard !state.controls.isEmpty else {
                state.isControlRunning = false
                return nil
            }
            return state.controls.removeFirst()
        }
    }
}
