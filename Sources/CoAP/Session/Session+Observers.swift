import CoAPMessages

/// An observation a peer holds, as the session knows it.
struct Observer {
    let observation: ServerObservation
    /// The number of the last notification, or of the response.
    var number: UInt32
    /// Whether the registration has been answered; notifications wait for it.
    var isConfirmed = false
    /// The newest notification that waits: for the answer, or for the peer to read.
    var held: Message?
}

extension Session {
    /// Notes an observation that a handler accepts. One under the same token is replaced, and its numbers go on
    /// (RFC 7641 §4.1).
    func register(_ observation: ServerObservation) {
        let token = observation.request.token
        let replaced = observers[token]
        guard failure == nil, replaced != nil || observers.count < limits.observations else {
            return observation.onCancelled()
        }
        let number = replaced.map { ObserveNumber.next(after: $0.number) } ?? ObserveNumber.first
        observers[token] = Observer(observation: observation, number: number)
        replaced?.observation.onCancelled()
    }

    /// Puts the Observe number into the response of a registration, or gives the observation up when it is an error.
    func confirm(_ observation: ServerObservation, _ response: inout Message) {
        let token = observation.request.token
        guard var observer = observers[token], observer.observation === observation else { return }
        guard response.code.isSuccess else { return remove(token) }
        response.observe = observer.number
        observer.isConfirmed = true
        observers[token] = observer
        guard let held = observer.held else { return }
        observers[token]?.held = nil
        // After the response, which is sent by the caller of this.
        eventLoop.assumeIsolated().execute { self.notify(observation, held, replacing: true) }
    }

    /// Sends a notification.
    func notify(_ observation: ServerObservation, _ notification: Message, replacing: Bool) {
        let token = observation.request.token
        guard failure == nil, let link, let observer = observers[token], observer.observation === observation else {
            return
        }
        guard observer.isConfirmed, !replacing || link.isWritable else {
            observers[token]?.held = notification
            return
        }
        observers[token]?.held = nil
        var notification = notification
        notification.token = token
        if notification.code.isSuccess {
            let number = ObserveNumber.next(after: observer.number)
            observers[token]?.number = number
            notification.observe = number
        } else {
            if notification.options.contains(.observe) { notification.observe = nil }
            remove(token)
        }
        send(notification, for: observation.request, wish: nil, as: .notification(replacing: replacing))
    }

    /// The peer reads again: what was held back goes out.
    func becameWritable() {
        for (_, observer) in observers where observer.isConfirmed {
            if let held = observer.held { notify(observer.observation, held, replacing: true) }
        }
    }

    func endObservation(_ observation: ServerObservation) {
        guard observers[observation.request.token]?.observation === observation else { return }
        remove(observation.request.token)
    }

    /// Ends what a request with Observe 1 is about: the token's, else that of the same resource, for some clients
    /// deregister under a new token.
    func deregister(_ request: Message) {
        if observers[request.token] != nil { return remove(request.token) }
        let key = BodyKey(request)
        if let token = observers.first(where: { BodyKey($0.value.observation.request) == key })?.key { remove(token) }
    }

    /// Ends the observation of this token: the peer has rejected a notification, or does not answer.
    func dropObserver(_ token: Token) {
        remove(token)
    }

    /// Ends all observations: the peer does not answer (RFC 7641 §4.5).
    func dropObservers() {
        for token in Array(observers.keys) { remove(token) }
    }

    private func remove(_ token: Token) {
        guard let observer = observers.removeValue(forKey: token) else { return }
        link?.observerEnded(token)
        observer.observation.onCancelled()
    }
}
