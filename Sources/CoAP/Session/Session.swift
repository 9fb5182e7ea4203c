import CoAPMessages
import NIOCore

/// The exchanges, observations and block-wise transfers with one peer, whatever carries the messages.
///
/// Lives on one event loop. It ends with ``fail(_:)``, after which everything that asks gets the error it failed with.
final class Session {
    let eventLoop: any EventLoop
    let limits: Limits
    var link: (any SessionLink)?
    var connection: Connection?
    var handler: any RequestHandler = NothingServed()

    /// Why the session has ended.
    var failure: CoAPError?
    /// Set once the peer, or this side, has said that no new requests are to be made.
    var isReleased = false
    private var drainTimer: Scheduled<Void>?

    var tokens = TokenSource()
    var pending: [Token: ClientExchange] = [:]
    var observations: [Token: ObservationState] = [:]

    var observers: [Token: Observer] = [:]
    var nextSequence: UInt64 = 0
    var openExchanges = 0
    var custodyWaits: [CustodyWait] = []
    var bodies: BodyStore

    private var counters = Statistics()
    private lazy var alarm = Alarm(on: eventLoop) { [weak self] in self?.expire() }

    init(eventLoop: any EventLoop, limits: Limits, link: any SessionLink, bodyBudget: ByteBudget? = nil) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.link = link
        self.bodies = BodyStore(limits: limits, shared: bodyBudget)
    }

    /// Whether nothing is open on either side.
    var isIdle: Bool {
        pending.isEmpty && observations.isEmpty && observers.isEmpty && openExchanges == 0
    }

    var statistics: Statistics {
        var statistics = counters
        statistics.openRequests = pending.count
        statistics.openExchanges = openExchanges
        statistics.observers = observers.count
        statistics.observations = observations.count
        return statistics
    }

    func count(_ counter: WritableKeyPath<Statistics, UInt64>) {
        counters[keyPath: counter] += 1
    }

    /// Takes a request or a response off the link.
    ///
    /// - Parameter arrival: where a request came in, over datagrams.
    /// - Returns: false for a response nobody waits for.
    @discardableResult
    func receive(_ message: Message, arrival: Arrival? = nil) -> Bool {
        guard failure == nil else { return false }
        counters.messagesReceived += 1
        guard message.code.isRequest else { return receive(response: message) }
        receive(request: message, arrival: arrival)
        return true
    }

    func transmit(_ message: Message, as role: MessageRole) {
        counters.messagesSent += 1
        link?.send(message, as: role)
    }

    // MARK: Closing

    /// The peer takes no new requests; when nothing is open any more the connection is closed.
    func peerReleased() {
        isReleased = true
        closeIfDrained()
    }

    /// Says Release, and closes now or when all is done.
    func close(draining timeout: TimeAmount?) {
        guard failure == nil, let link else { return }
        link.release()
        let error = CoAPError(.closedLocally, "the connection was closed by this side")
        guard let timeout else { return fail(error) }
        isReleased = true
        drainTimer?.cancel()
        drainTimer = eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in self?.fail(error) }
        closeIfDrained()
    }

    func closeIfDrained() {
        guard isReleased, failure == nil, pending.isEmpty, openExchanges == 0 else { return }
        fail(CoAPError(.released, "the connection was released and nothing is open any more"))
    }

    /// Ends the session: every request, ping and observation fails with `error`, the link is closed.
    func fail(_ error: CoAPError) {
        guard failure == nil else { return }
        failure = error
        drainTimer?.cancel()
        alarm.cancel()
        link?.close(error)
        link = nil

        let exchanges = pending.values
        pending = [:]
        for exchange in exchanges { exchange.complete(.failure(error)) }
        let observations = observations.values
        self.observations = [:]
        for observation in observations { observation.ended.succeed(.failed(error)) }
        let observers = observers.values
        self.observers = [:]
        for observer in observers { observer.observation.onCancelled() }
        custodyWaits = []
        bodies.removeAll()

        guard let connection else { return }
        self.connection = nil
        handler.connectionClosed(connection)
        handler = NothingServed()
    }

    func ping(custody: Bool, timeout: TimeAmount, promise: EventLoopPromise<Bool>) {
        if let failure { return promise.fail(failure) }
        link?.ping(custody: custody, timeout: timeout, promise: promise)
    }

    // MARK: Time

    /// Has ``expire()`` run no later than `deadline`.
    func wake(at deadline: NIODeadline) { alarm.set(deadline) }

    private func expire() {
        let now = eventLoop.now
        for (token, exchange) in pending where exchange.deadline <= now {
            pending[token] = nil
            counters.timeouts += 1
            link?.abandoned(token)
            exchange.complete(.failure(CoAPError(.timeout, "no response in \(exchange.timeout.seconds) s")))
        }
        bodies.expire(now: now)
        expireCustody(now: now)
        closeIfDrained()
        let next = [
            pending.values.lazy.map(\.deadline).min(), bodies.nextDeadline,
            custodyWaits.lazy.map(\.deadline).min(),
        ].compactMap { $0 }.min()
        if failure == nil, let next { wake(at: next) }
    }
}

extension TimeAmount {
    /// Seconds, for people.
    var seconds: Double { Double(nanoseconds) / 1e9 }
}
