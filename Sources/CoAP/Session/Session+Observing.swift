import CoAPMessages
import NIOCore

extension Session {
    /// Registers an observation of ours.
    func observe(
        _ request: Message, timeout: TimeAmount, onNotification: @escaping @Sendable (Message) -> Void,
        promise: EventLoopPromise<ClientObservation>
    ) {
        guard observations.count < limits.observations else {
            return promise.fail(CoAPError(.tooManyRequests, "\(observations.count) observations are held already"))
        }
        var request = request
        request.observe = 0
        let state = ObservationState(
            request: request, timeout: timeout, onNotification: onNotification,
            ended: eventLoop.makePromise(of: ClientObservation.End.self))
        let exchange = ClientExchange(request: request, timeout: timeout, now: eventLoop.now) { [weak self] result in
            switch result {
            case .failure(let error):
                state.ended.succeed(.failed(error))
                promise.fail(error)
            case .success(let response):
                self?.registered(state, response, promise)
            }
        }
        exchange.observation = state
        begin(exchange)
    }

    private func registered(
        _ state: ObservationState, _ response: Message, _ promise: EventLoopPromise<ClientObservation>
    ) {
        let isAccepted = observations[state.token] === state
        if isAccepted { _ = isNewer(response, state) }
        if !isAccepted { state.ended.succeed(.refused) }
        if isAccepted, response.block2?.more == true {
            // The rest of the first body is fetched like that of any notification.
            state.fetch = fetchRest(of: response, request: state.request, timeout: state.timeout) {
                [weak self] result in
                state.fetch = nil
                switch result {
                case .failure(let error):
                    self?.cancelObservation(state.token)
                    promise.fail(error)
                case .success(let whole):
                    self?.start(state, first: whole, isAccepted: true, promise)
                }
            }
            return
        }
        start(state, first: response.withoutBlocks, isAccepted: isAccepted, promise)
    }

    private func start(
        _ state: ObservationState, first: Message, isAccepted: Bool, _ promise: EventLoopPromise<ClientObservation>
    ) {
        guard let connection else { return promise.fail(failure ?? .gone) }
        promise.succeed(
            ClientObservation(
                first: first, isAccepted: isAccepted, ended: state.ended.futureResult, connection: connection,
                token: state.token))
        state.isStarted = true
        let waiting = state.waiting
        state.waiting = []
        for notification in waiting { deliver(notification, state.token, state) }
    }

    /// Whether a notification is newer than all before it. Over a stream they come in order (RFC 8323 §7.1).
    private func isNewer(_ notification: Message, _ state: ObservationState) -> Bool {
        guard let link, !link.isOrdered, let number = notification.observe else { return true }
        let now = eventLoop.now
        if let newest = state.newest {
            let elapsed = Int((now - newest.time).nanoseconds / 1_000_000_000)
            guard ObserveNumber.isNewer(number, than: newest.number, elapsed: elapsed) else { return false }
        }
        state.newest = (number, now)
        return true
    }

    /// Takes a notification; one that an earlier one has overtaken is dropped (RFC 7641 §3.4).
    func notified(_ state: ObservationState, _ token: Token, _ notification: Message) {
        guard notification.code.isSuccess, notification.observe != nil else {
            observations[token] = nil
            state.ended.succeed(.byServer(notification.withoutBlocks))
            return
        }
        guard isNewer(notification, state) else { return }
        guard state.isStarted else {
            if state.waiting.count >= ObservationState.waitingLimit { state.waiting.removeFirst() }
            return state.waiting.append(notification)
        }
        deliver(notification, token, state)
    }

    /// Hands a notification out, once the rest of its body has been fetched; one that is being fetched is given up.
    private func deliver(_ notification: Message, _ token: Token, _ state: ObservationState) {
        if let fetch = state.fetch {
            state.fetch = nil
            abandon(fetch)
        }
        guard notification.block2?.more == true else { return state.onNotification(notification.withoutBlocks) }
        state.fetch = fetchRest(of: notification, request: state.request, timeout: state.timeout) {
            [weak self] result in
            state.fetch = nil
            guard self?.observations[token] === state, case .success(var whole) = result, whole.code.isSuccess else {
                return
            }
            // One that changed while it was fetched was fetched anew, by a request that observes nothing.
            if whole.observe == nil { whole.observe = notification.observe }
            state.onNotification(whole)
        }
    }

    /// Deregisters (RFC 7641 §3.6).
    func cancelObservation(_ token: Token) {
        guard let state = observations.removeValue(forKey: token) else { return }
        state.ended.succeed(.cancelled)
        if let fetch = state.fetch { abandon(fetch) }
        guard failure == nil else { return }
        var request = state.request
        request.observe = 1
        // The deregistration goes under the registration's own token; nobody waits for its response.
        let exchange = ClientExchange(request: request, timeout: state.timeout, now: eventLoop.now) { _ in }
        pending[token] = exchange
        wake(at: exchange.deadline)
        request.token = token
        transmit(request, as: .request(confirmable: true))
    }
}

extension CoAPError {
    /// The session is gone and did not say why.
    static let gone = CoAPError(.connectionClosed, "the connection is gone")
}
