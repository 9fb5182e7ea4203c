import NIOCore
import TLS

extension XMPPSession {
    // MARK: Stanzas

    /// Sends a message; false when there is no session, or its queue is full.
    @discardableResult
    public func send(_ message: Message) -> Bool { send(.message(message)) }

    /// Sends a presence to somebody in particular; false when there is no session, or its queue is full.
    @discardableResult
    public func send(_ presence: Presence) -> Bool { send(.presence(presence)) }

    @discardableResult
    func send(_ stanza: Stanza) -> Bool {
        guard state.address != nil, link?.send(addressed(stanza)) == true else {
            counters.unsent += 1
            return false
        }
        counters.sent += 1
        return true
    }

    /// A component has to say who it is in every stanza (XEP-0114 3); an account's server knows it.
    private func addressed(_ stanza: Stanza) -> Stanza {
        guard isComponent, stanza.from == nil else { return stanza }
        switch stanza {
        case .iq(var iq):
            iq.from = account
            return .iq(iq)
        case .message(var message):
            message.from = account
            return .message(message)
        case .presence(var presence):
            presence.from = account
            return .presence(presence)
        }
    }

    // MARK: Questions

    /// Asks for something.
    ///
    /// - Parameters:
    ///   - to: a full address or a server's; nil for one's own account.
    ///   - timeout: nil for ``SessionLimits/answerTimeout``.
    ///   - handler: called exactly once, and never before this returns.
    public func get(
        _ payload: XMLElement, to: JID?, from: JID? = nil, timeout: TimeAmount? = nil, handler: @escaping AnswerHandler
    ) {
        ask(IQ(.get(payload), from: from, to: to), timeout, handler)
    }

    /// Asks for a change; as ``get(_:to:from:timeout:handler:)``.
    public func set(
        _ payload: XMLElement, to: JID?, from: JID? = nil, timeout: TimeAmount? = nil, handler: @escaping AnswerHandler
    ) {
        ask(IQ(.set(payload), from: from, to: to), timeout, handler)
    }

    private func ask(_ iq: IQ, _ timeout: TimeAmount?, _ handler: @escaping AnswerHandler) {
        var iq = iq
        lastID += 1
        iq.id = "\(idPrefix)\(lastID)"
        let id = iq.id
        guard questions.count < limits.questions else { return later(handler, .failure(.tooManyQuestions)) }
        guard state.address != nil else { return later(handler, .failure(.disconnected)) }
        let timer = eventLoop.assumeIsolated().scheduleTask(in: timeout ?? limits.answerTimeout) { [weak self] in
            guard let self, let question = self.questions.removeValue(forKey: id) else { return }
            self.counters.unanswered += 1
            question.handler(.failure(.unanswered))
        }
        questions[id] = Question(to: iq.to, timer: timer, handler: handler)
        guard send(.iq(iq)) else {
            questions.removeValue(forKey: id)?.timer.cancel()
            return later(handler, .failure(.disconnected))
        }
    }

    private func later(_ handler: @escaping AnswerHandler, _ result: Result<XMLElement?, IQFailure>) {
        eventLoop.assumeIsolated().execute { handler(result) }
    }

    /// Asks what an entity is and can (XEP-0030 3.1).
    public func discoverInfo(
        of jid: JID?, node: String? = nil, handler: @escaping (Result<DiscoInfo, IQFailure>) -> Void
    ) {
        get(XMLElement("query", Namespace.discoInfo, ["node": node]), to: jid) { result in
            handler(result.map { $0.flatMap { DiscoInfo($0) } ?? DiscoInfo(identities: []) })
        }
    }

    /// Asks what stands behind an entity (XEP-0030 4.1).
    public func discoverItems(
        of jid: JID?, node: String? = nil, handler: @escaping (Result<DiscoItems, IQFailure>) -> Void
    ) {
        get(XMLElement("query", Namespace.discoItems, ["node": node]), to: jid) { result in
            handler(result.map { $0.flatMap { DiscoItems($0) } ?? DiscoItems() })
        }
    }

    // MARK: Friends

    /// Asks to be told of somebody's presence (RFC 6121 3.1).
    @discardableResult
    public func subscribe(to jid: JID) -> Bool { send(Presence(.subscribe, to: jid.bare)) }

    /// Asks no longer to be told of it (RFC 6121 3.3).
    @discardableResult
    public func unsubscribe(from jid: JID) -> Bool { send(Presence(.unsubscribe, to: jid.bare)) }

    /// Agrees that somebody is told of our presence (RFC 6121 3.1.5).
    @discardableResult
    public func acceptSubscription(of jid: JID) -> Bool { send(Presence(.subscribed, to: jid.bare)) }

    /// Does not agree, or no longer (RFC 6121 3.2).
    @discardableResult
    public func refuseSubscription(of jid: JID) -> Bool { send(Presence(.unsubscribed, to: jid.bare)) }

    /// Ends both subscriptions and takes a contact off the roster (RFC 6121 2.5).
    public func removeContact(_ jid: JID, handler: @escaping AnswerHandler) {
        let item = XMLElement("item", Namespace.roster, ["jid": jid.bare.description, "subscription": "remove"])
        set(XMLElement("query", Namespace.roster, children: [item]), to: nil, handler: handler)
    }

    /// Puts a contact onto the roster, or changes its name and groups (RFC 6121 2.3, 2.4).
    public func setContact(_ contact: Roster.Contact, handler: @escaping AnswerHandler) {
        set(XMLElement("query", Namespace.roster, children: [contact.element]), to: nil, handler: handler)
    }

    // MARK: Our own presence

    func capabilitiesChanged() {
        capabilities = Capabilities(node: software, of: info)
        announce()
    }

    /// Tells our presence to friends. A component has none who would be told.
    func announce() {
        guard !isComponent, state.isOnline else { return }
        var presence = presence
        presence.payloads.append(capabilities.element)
        send(presence)
    }

    /// 12 random bytes as a name.
    static func randomName() -> String { Hex.text(Cryptography.random(12)) }
}
