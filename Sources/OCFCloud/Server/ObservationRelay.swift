import CoAP
import CoAPMessages
import NIOCore
import OCFModel
import Synchronization

/// Observations of one device's resources, held once towards the device and shared among all who observe.
///
/// A device may be a small radio with a battery: it is asked once and tells once, whoever many listen (RFC 7641 §5). Each
/// new observer gets the state by a GET of its own, which the device answers after every notification sent before, so no
/// change falls between.
///
/// While the device is away its observers stay; Max-Age tells them how old the last value is. When it returns, the cloud
/// observes anew and sends the first answer as a notification. A device that has just started may not have found its
/// sensors yet, so a refusal then is tried again before the observers are told.
final class ObservationRelay: Sendable {
    /// What tells one observation from another: the request's options, observe aside.
    struct Key: Hashable, Sendable {
        let code: Code
        let options: Options
        let payload: [UInt8]
    }

    /// Waits between attempts to observe again, in seconds: half a minute in all, for a board that boots.
    static let retryDelays: [Int64] = [1, 2, 4, 8, 16]

    /// Observations made at once after a device has returned. A small device answers them one by one anyway; sixteen keep
    /// the wire busy without filling its queue.
    static let mostAtOnce = 16

    private enum Phase {
        /// Not observed: the device is away, or it is this one's turn soon.
        case idle
        /// Asked for on the connection of this epoch.
        case establishing
        case established(ClientObservation)
    }

    private struct Shared {
        var phase = Phase.idle
        var observers: [UInt64: Observer] = [:]
        var joiners: [Joiner] = []
        var attempts = 0
    }

    private struct State {
        var shared: [Key: Shared] = [:]
        var connection: Connection?
        /// Counts connections, so that what an old one says late is told from the new one's.
        var epoch = 0
        var queue: [Key] = []
        var underWay = 0
        var nextID: UInt64 = 0
        var observerCount = 0
        var timeout = TimeAmount.seconds(10)
    }

    private let device: Identifier
    private let state = Mutex(State())

    init(device: Identifier) {
        self.device = device
    }

    /// Observers of all resources together.
    var observerCount: Int { state.withLock { $0.observerCount } }

    // MARK: - The device

    /// Takes the device's new connection, before requests are sent on it.
    func use(_ connection: Connection, timeout: TimeAmount) {
        state.withLock { state in
            state.connection = connection
            state.timeout = timeout
            state.epoch += 1
            state.queue = []
            state.underWay = 0
            for key in state.shared.keys { state.shared[key]?.phase = .idle }
        }
    }

    /// Observes again what was observed, on the connection taken up by ``use(_:timeout:)``.
    func resume(_ connection: Connection) {
        state.withLock { state in
            guard state.connection === connection else { return }
            for (key, shared) in state.shared {
                guard case .idle = shared.phase, !state.queue.contains(key) else { continue }
                state.shared[key]?.attempts = 0
                state.queue.append(key)
            }
        }
        pump()
    }

    /// The device has gone, or signed out; observers stay, who waits for a first answer is told.
    func deviceLeft(_ connection: Connection) {
        let (joiners, upstream) = state.withLock { state -> ([Joiner], [ClientObservation]) in
            guard state.connection === connection else { return ([], []) }
            state.connection = nil
            state.epoch += 1
            state.queue = []
            state.underWay = 0
            var joiners: [Joiner] = []
            var upstream: [ClientObservation] = []
            for (key, shared) in state.shared {
                joiners += shared.joiners
                if case .established(let observation) = shared.phase { upstream.append(observation) }
                state.shared[key]?.joiners = []
                state.shared[key]?.phase = .idle
                if shared.observers.isEmpty { state.shared[key] = nil }
            }
            return (joiners, upstream)
        }
        for joiner in joiners { joiner.exchange.respond(Replies.away) }
        // Of no effect where the connection is gone; where it is not, the device tells nobody in vain.
        for observation in upstream { observation.cancel() }
    }

    /// Ends the observations of these hrefs with `message`.
    func end(hrefs: [String], _ message: Message) {
        let hrefs = Set(hrefs)
        end(message) { hrefs.contains(Message(code: .get, options: $0.options).pathString) }
    }

    /// Ends all observations with `message`.
    func endAll(_ message: Message) {
        end(message) { _ in true }
    }

    private func end(_ message: Message, where condition: (Key) -> Bool) {
        var ended: [Shared] = []
        state.withLock { state in
            for key in state.shared.keys where condition(key) {
                if let shared = state.shared.removeValue(forKey: key) { ended.append(shared) }
                state.queue.removeAll { $0 == key }
            }
        }
        for shared in ended { finish(shared, message) }
    }

    private func finish(_ shared: Shared, _ message: Message) {
        for joiner in shared.joiners { joiner.exchange.respond(message) }
        for observer in shared.observers.values { observer.notify(message) }
        if case .established(let observation) = shared.phase { observation.cancel() }
    }

    // MARK: - Observers

    /// Serves a request to observe.
    ///
    /// - Parameters:
    ///   - upstream: the request as the device gets it.
    ///   - route: the device, for a new observer's GET.
    func join(_ upstream: Message, _ exchange: Exchange, _ session: Session, _ route: DeviceRoute) {
        enum Step {
            case refuse(Message)
            case wait
            case get
        }
        let limits = session.core.configuration.limits
        let key = Key(code: upstream.code, options: upstream.options, payload: upstream.payload)
        let step = state.withLock { state -> Step in
            guard state.connection != nil else { return .refuse(Replies.away) }
            guard state.observerCount < limits.observersPerDevice else { return .refuse(Replies.busy) }
            var shared = state.shared[key] ?? Shared()
            if case .established = shared.phase { return .get }
            guard shared.joiners.count < limits.pendingPerDevice else { return .refuse(Replies.busy) }
            shared.joiners.append(Joiner(exchange: exchange, session: session))
            if case .idle = shared.phase, !state.queue.contains(key) { state.queue.append(key) }
            state.shared[key] = shared
            return .wait
        }
        switch step {
        case .refuse(let message): exchange.respond(message)
        case .wait: pump()
        case .get:
            // The state comes by a GET; the notifications that follow it on the device's connection follow it here.
            route.send(upstream, core: session.core) { [self] result in
                let response = Replies.outcome(result, of: upstream, from: device)
                guard response.code.isSuccess else { return exchange.respond(response) }
                admit(Joiner(exchange: exchange, session: session), to: key, response)
            }
        }
    }

    /// Makes an observer of one who waited, if the observation still stands, and answers it.
    private func admit(_ joiner: Joiner, to key: Key, _ response: Message) {
        let (id, observer) = state.withLock { state -> (UInt64, Observer?) in
            guard case .established? = state.shared[key]?.phase, joiner.session.reserveObservation() else {
                return (0, nil)
            }
            let id = state.nextID
            let observer = Observer(session: joiner.session)
            state.nextID += 1
            state.observerCount += 1
            state.shared[key]?.observers[id] = observer
            return (id, observer)
        }
        // An answer without Observe tells the requester that it does not observe (RFC 7641 §3.1).
        guard let observer else { return joiner.exchange.respond(response) }
        let observation = joiner.exchange.acceptObservation { [self] in leave(key, id, joiner.session) }
        guard let observation else {
            leave(key, id, joiner.session)
            return joiner.exchange.respond(response)
        }
        joiner.exchange.respond(response)
        observer.stands(observation)
    }

    /// An observer is gone: it deregistered, hung up, or was told the end.
    private func leave(_ key: Key, _ id: UInt64, _ session: Session) {
        session.releaseObservation()
        let upstream = state.withLock { state -> ClientObservation? in
            state.observerCount -= 1
            guard state.shared[key]?.observers.removeValue(forKey: id) != nil else { return nil }
            guard let shared = state.shared[key], shared.observers.isEmpty, shared.joiners.isEmpty else { return nil }
            switch shared.phase {
            case .establishing: return nil
            case .idle:
                state.shared[key] = nil
                state.queue.removeAll { $0 == key }
                return nil
            case .established(let observation):
                state.shared[key] = nil
                return observation
            }
        }
        upstream?.cancel()
    }

    // MARK: - Observing the device

    private func pump() {
        while true {
            let next = state.withLock { state -> (Key, Connection, Int, TimeAmount)? in
                guard state.underWay < Self.mostAtOnce, let connection = state.connection,
                    let place = state.queue.firstIndex(where: { state.shared[$0] != nil })
                else { return nil }
                let key = state.queue[place]
                state.queue.removeSubrange(...place)
                state.shared[key]?.phase = .establishing
                state.underWay += 1
                return (key, connection, state.epoch, state.timeout)
            }
            guard let (key, connection, epoch, timeout) = next else { return }
            let request = Message(code: key.code, options: key.options, payload: key.payload)
            connection.observe(request, timeout: timeout) { [self] in
                notified(key, epoch, $0)
            }.whenComplete { [self] in
                registered(key, epoch, connection, $0)
            }
        }
    }

    private enum Outcome {
        case ignored
        case admitted([Joiner], [Observer], Message)
        case failed([Joiner], Message, ended: Shared?, retryIn: Int64?)
    }

    private func registered(
        _ key: Key, _ epoch: Int, _ connection: Connection, _ result: Result<ClientObservation, any Error>
    ) {
        let (upstream, failure): (ClientObservation?, Message) =
            switch result {
            case .success(let observation): (observation, observation.first)
            case .failure(let error): (nil, Replies.failure(error, of: key.code))
            }
        let outcome = state.withLock { state -> Outcome in
            guard state.epoch == epoch else { return .ignored }
            state.underWay -= 1
            guard var shared = state.shared[key] else { return .ignored }
            defer { if state.shared[key] != nil { state.shared[key] = shared } }
            let joiners = shared.joiners
            shared.joiners = []
            if let upstream, upstream.isAccepted, upstream.first.code.isSuccess {
                if joiners.isEmpty, shared.observers.isEmpty {
                    state.shared[key] = nil
                    return .ignored
                }
                shared.phase = .established(upstream)
                shared.attempts = 0
                return .admitted(joiners, Array(shared.observers.values), upstream.first)
            }
            shared.phase = .idle
            if shared.observers.isEmpty {
                state.shared[key] = nil
                return .failed(joiners, failure, ended: nil, retryIn: nil)
            }
            // Who observed before the device went is told only when it has had its chance.
            if shared.attempts < Self.retryDelays.count {
                defer { shared.attempts += 1 }
                return .failed(joiners, failure, ended: nil, retryIn: Self.retryDelays[shared.attempts])
            }
            state.shared[key] = nil
            shared.phase = .idle
            return .failed(joiners, failure, ended: shared, retryIn: nil)
        }
        switch outcome {
        case .ignored: upstream?.cancel()
        case .admitted(let joiners, let observers, let first):
            upstream?.ended.whenSuccess { [self] in ended(key, epoch, $0) }
            let first = first.answer(from: device)
            for observer in observers { observer.notify(first) }
            for joiner in joiners { admit(joiner, to: key, first) }
            dropIfUnobserved(key, epoch)
        case .failed(let joiners, let answer, let ended, let retryIn):
            let answer = answer.answer(from: device)
            for joiner in joiners { joiner.exchange.respond(answer) }
            if let ended { finish(ended, answer.code.isSuccess ? Replies.ended : answer) }
            if let retryIn {
                connection.eventLoop.scheduleTask(in: .seconds(retryIn)) { [self] in retry(key, epoch) }
            }
        }
        pump()
    }

    /// Takes an observation back that nobody turned out to want.
    private func dropIfUnobserved(_ key: Key, _ epoch: Int) {
        let upstream = state.withLock { state -> ClientObservation? in
            guard state.epoch == epoch, let shared = state.shared[key], shared.observers.isEmpty,
                shared.joiners.isEmpty,
                case .established(let observation) = shared.phase
            else { return nil }
            state.shared[key] = nil
            return observation
        }
        upstream?.cancel()
    }

    private func retry(_ key: Key, _ epoch: Int) {
        state.withLock { state in
            guard state.epoch == epoch, case .idle? = state.shared[key]?.phase, !state.queue.contains(key) else {
                return
            }
            state.queue.append(key)
        }
        pump()
    }

    private func notified(_ key: Key, _ epoch: Int, _ notification: Message) {
        let observers = state.withLock { state in
            state.epoch == epoch ? state.shared[key].map { Array($0.observers.values) } ?? [] : []
        }
        let notification = notification.answer(from: device)
        for observer in observers { observer.notify(notification) }
    }

    /// The device ended the observation.
    private func ended(_ key: Key, _ epoch: Int, _ end: ClientObservation.End) {
        // Lost connections end in `deviceLeft`, our own cancellations have been dealt with.
        guard case .byServer(let told) = end else { return }
        let shared = state.withLock { state in
            state.epoch == epoch ? state.shared.removeValue(forKey: key) : nil
        }
        guard var shared else { return }
        shared.phase = .idle
        let last = told.answer(from: device)
        // A success without Observe is a value still, and the last.
        if last.code.isSuccess { for observer in shared.observers.values { observer.notify(last) } }
        finish(shared, last.code.isSuccess ? Replies.ended : last)
    }
}
