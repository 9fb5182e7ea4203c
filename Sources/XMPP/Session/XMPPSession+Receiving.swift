import NIOCore

extension XMPPSession {
    // MARK: What the link tells

    /// Ties the session to what carries its stanzas.
    public func attach(_ link: any SessionLink) { self.link = link }

    /// A new session with a server has begun: our address is bound, nothing of an earlier session counts.
    public func began(as address: JID) {
        end(.disconnected)
        state = .online(address)
        if !isComponent { askForRoster() }
        announce()
        tellState()
    }

    /// The connection is lost, and the session may be taken up again.
    public func suspended() {
        guard case .online(let address) = state else { return }
        state = .suspended(address)
        tellState()
    }

    /// The session is taken up again: nothing was lost.
    public func resumed() {
        guard case .suspended(let address) = state else { return }
        state = .online(address)
        tellState()
    }

    /// There is room again after ``SessionLink/isCongested``.
    public func hasRoom() {
        for handler in roomHandlers { handler() }
    }

    /// The session is over.
    public func ended() {
        guard state != .offline else { return }
        state = .offline
        end(.disconnected)
        tellState()
    }

    private func end(_ failure: IQFailure) {
        presences.removeAll()
        let open = questions.values
        questions = [:]
        for question in open { question.timer.cancel() }
        for question in open { question.handler(.failure(failure)) }
    }

    private func tellState() {
        let state = state
        for handler in stateHandlers where self.state == state { handler(state) }
    }

    // MARK: Stanzas

    /// Takes a stanza, as the link brings it.
    public func receive(_ element: XMLElement) {
        counters.received += 1
        do throws(StanzaFault) {
            switch try Stanza(element) {
            case .iq(let iq): receive(iq)
            case .message(let message): receive(message)
            case .presence(let presence): receive(presence)
            }
        } catch {
            counters.refused += 1
            if let answer = error.answer { send(.iq(answer)) }
        }
    }

    private func receive(_ message: Message) {
        if message.kind == .error {
            for handler in errorMessageHandlers { handler(message) }
            return
        }
        for payload in message.payloads {
            for (name, namespace, handler) in messageHandlers
            where payload.namespace == namespace && (name == nil || name == payload.name) {
                handler(message, payload)
            }
        }
    }

    private func receive(_ presence: Presence) {
        guard let from = presence.from, from != address else { return }
        if presence.kind == .subscribe {
            subscriptionHandler?(from.bare, presence)
            return
        }
        presences.take(presence, from: from, limit: limits.resources)
        for handler in presenceHandlers { handler(presence) }
    }

    // MARK: Questions and answers

    private func receive(_ iq: IQ) {
        switch iq.content {
        case .result(let payload): answered(iq, .success(payload))
        case .error(let error, let payload): answered(iq, .failure(.refused(error, payload)))
        case .get(let payload), .set(let payload):
            let from = iq.from ?? (isComponent ? account.server : account)
            guard openRequests < limits.requests, !isCongested else {
                counters.overloaded += 1
                send(.iq(iq.error(StanzaError(.resourceConstraint, "too many requests are open; try again later"))))
                return
            }
            openRequests += 1
            let asked = state.address
            let request = IQRequest(iq, from: from, payload: payload) { [weak self] answer in
                guard let self else { return }
                self.openRequests -= 1
                // A session that began since has the asker's answer from the server, unless the address is the same.
                if asked == self.state.address { self.send(.iq(answer)) }
            }
            serve(request)
        }
    }

    private func answered(_ iq: IQ, _ result: Result<XMLElement?, IQFailure>) {
        guard let question = questions[iq.id], isAnswerer(iq.from, to: question.to) else {
            counters.strayAnswers += 1
            return
        }
        questions[iq.id] = nil
        question.timer.cancel()
        question.handler(result)
    }

    /// Whether an answer from this address is one to a question to that (RFC 6120 8.1.2.1: the account and its server
    /// may leave it out).
    private func isAnswerer(_ from: JID?, to asked: JID?) -> Bool {
        if from == asked { return true }
        let own: Set<JID?> = isComponent ? [nil, account] : [nil, account, address, account.server]
        return asked.map { own.contains($0) } ?? true ? own.contains(from) : false
    }

    private func serve(_ request: IQRequest) {
        guard let question = request.iq.question else { return }
        let payload = request.payload
        let named = HandlerKey(question: question, namespace: payload.namespace, name: payload.name)
        let any = HandlerKey(question: question, namespace: payload.namespace, name: nil)
        if let handler = requestHandlers[named] ?? requestHandlers[any] { return handler(request) }
        switch (question, payload.name, payload.namespace) {
        case (.get, "ping", Namespace.ping): request.result()
        case (.get, "query", Namespace.discoInfo): tellInfo(request)
        case (.get, "query", Namespace.discoItems): tellItems(request)
        case (.set, "query", Namespace.roster) where !isComponent: takeRosterChange(request)
        default:
            counters.refused += 1
            // RFC 6120 8.4: an unknown namespace is service-unavailable.
            let isKnown = handledNamespaces.contains(payload.namespace)
            request.error(
                StanzaError(
                    isKnown ? .featureNotImplemented : .serviceUnavailable,
                    "nothing here answers \(question.rawValue) <\(payload.name.prefix(64))>"))
        }
    }

    private func tellInfo(_ request: IQRequest) {
        let node = request.payload["node"]
        guard node == nil || node == capabilities.discoNode else {
            return request.error(StanzaError(.itemNotFound, "there is no such node"))
        }
        var info = info
        info.node = node
        request.result(info.element)
    }

    private func tellItems(_ request: IQRequest) {
        guard request.payload["node"] == nil else {
            return request.error(StanzaError(.itemNotFound, "there is no such node"))
        }
        request.result(DiscoItems(items: items).element)
    }

    // MARK: Roster

    private func askForRoster() {
        // An empty version asks for a versioned roster (RFC 6121 2.6.2); servers without ignore it.
        let query = XMLElement("query", Namespace.roster, ["ver": roster.version ?? ""])
        get(query, to: nil) { [weak self] result in
            guard let self, case .success(let answer) = result else { return }
            // An empty answer: what we have is what the server has.
            if let answer { self.roster.replace(answer, limit: self.limits.contacts) }
            for handler in self.rosterHandlers { handler(nil) }
        }
    }

    private func takeRosterChange(_ request: IQRequest) {
        // RFC 6121 2.1.6: only one's own account may send it; anybody else would be making friends of strangers.
        guard request.iq.from == nil || request.iq.from == account else {
            counters.refused += 1
            return request.error(StanzaError(.serviceUnavailable))
        }
        let changed = roster.apply(request.payload, limit: limits.contacts)
        request.result()
        guard let changed else { return }
        for handler in rosterHandlers { handler(changed) }
    }
}
