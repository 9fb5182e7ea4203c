import Access
import FlashStore
import OneLoop
import Pairing
import ProvisioningModel
import XMPP

extension ProvisioningClient {
    // MARK: Friends

    /// Whether somebody who asks to be a friend is let in; may take as long as a person takes to press the button.
    ///
    /// Trusted and configured servers, the owner and whom the list lets befriend come in without a question; of all others
    /// the servers are asked (XEP-0324 3.2). Where no server is trusted, or all of them allow it, the others knock: the LED
    /// flashes, and the button lets them in.
    public func admits(_ from: JID) async -> Bool {
        let bare = from.bare
        if servers[bare] != nil || wants(bare) { return true }
        let question = AccessQuestion(who: bare.description, action: .befriend)
        func isYes(_ answer: AccessAnswer) -> Bool { answer.grant?.allows(question.who, to: .befriend) == true }
        if isYes(list.decide(question)) { return true }
        if !servers.isEmpty, isYes(await answer(question)) { return true }
        guard admitsByButton, !isClosed else { return false }
        let candidate = Candidate(
            kind: .xmppServer, identifier: bare.description, title: bare.description, isRemembered: false)
        guard candidate.isValid, case .accepted = await pairing.knock(candidate), admitsByButton else { return false }
        hopefuls = hopefuls.filter { $0.value > clock() }
        // As many as a person lets in within five minutes.
        if hopefuls.count < 16 { hopefuls[bare] = clock() + settings.proofTime }
        if bare.local == nil { prove(bare, .button) }
        // Most are seen only once the friendship stands; those that are seen already show themselves no more.
        for connection in session.resources(of: bare) { prove(connection, .button) }
        return true
    }

    func takeUnfriend(_ message: Message, _ payload: XMLElement) {
        guard let server = server(message.from) else { return counters.strangers += 1 }
        guard let jid = (try? Unfriending(payload))?.jid else { return }
        // What a person wrote into the configuration, and whom a person trusted, no server takes back.
        let question = AccessQuestion(who: jid.description, action: .befriend)
        guard servers[jid] == nil, list.decide(question).grant == nil else {
            return log.notice(
                "an unfriending is not followed: the configuration says otherwise",
                metadata: ["server": "\(server.name)", "friend": "\(jid)"])
        }
        log.notice("a friendship ends", metadata: ["server": "\(server.name)", "friend": "\(jid)"])
        cache.forget(jid.description)
        leave(jid)
    }

    func takeFriend(_ message: Message, _ payload: XMLElement) {
        guard let server = server(message.from) else { return counters.strangers += 1 }
        guard let jid = (try? Recommendation(payload))?.jid, jid != session.account, !session.roster.isFriend(jid)
        else { return }
        let question = AccessQuestion(who: jid.description, action: .befriend)
        Task {
            // A recommendation: asked about like any other (XEP-0324 3.2.4).
            guard await answer(question).grant != nil else { return }
            log.info("a friend was recommended", metadata: ["server": "\(server.name)", "friend": "\(jid)"])
            session.subscribe(to: jid)
        }
    }

    private func leave(_ jid: JID) {
        session.refuseSubscription(of: jid)
        session.unsubscribe(from: jid)
        session.removeContact(jid) { [weak self] result in
            if case .failure(let failure) = result { self?.log.info("the roster keeps \(jid): \(failure)") }
        }
    }

    // MARK: Servers that come and go

    func stateChanged(_ state: SessionState) {
        guard !isClosed else { return }
        switch state {
        case .online: begin()
        case .offline:
            timer?.cancel()
            proving = []
            for server in servers.values {
                server.connections = []
                server.timer?.cancel()
            }
        default: break
        }
    }

    func takePresence(_ presence: Presence) {
        guard let from = presence.from, !isClosed else { return }
        let bare = from.bare
        switch presence.kind {
        case .available:
            if let server = servers[bare] {
                if !server.connections.contains(from) { prove(from, server.record.origin) }
            } else if wants(bare) {
                prove(from, .configured)
            } else if let until = hopefuls[bare] {
                guard clock() < until else { return hopefuls[bare] = nil }
                prove(from, .button)
            }
        case .unavailable, .error:
            servers[bare]?.connections.remove(from)
            sent.forget(origin: from)
        default: break
        }
    }

    /// Looks for servers that the configuration wants and that are not there yet, and asks for tokens.
    private func begin() {
        timer?.cancel()
        for server in servers.values { askToken(server) }
        var isMissing = false
        for address in settings.servers where servers[address] == nil && wants(address) {
            isMissing = true
            if address.local == nil {
                prove(address, .configured)
            } else {
                switch session.roster[address]?.subscription {
                case .to?, .both?: for connection in session.resources(of: address) { prove(connection, .configured) }
                // The server learns so that the device exists (XEP-0324 3.1.1).
                default: session.subscribe(to: address)
                }
            }
        }
        if settings.findsComponent, !servers.values.contains(where: { $0.record.origin == .found }) {
            isMissing = true
            find()
        }
        guard isMissing else { return retry = settings.firstRetry }
        timer = Loop.after(retry) { [weak self] in
            guard let self, self.session.state.isOnline, !self.isClosed else { return }
            self.begin()
        }
        retry = min(retry * 2, settings.lastRetry)
    }

    /// The components of the account's own server, one after another (XEP-0324 3.1.2).
    private func find() {
        guard let home = JID(session.account.domain) else { return }
        session.discoverItems(of: home) { [weak self] result in
            guard let self, case .success(let found) = result else { return }
            // More than a hundred components has no server that would have a gateway.
            for item in found.items.prefix(100) where item.jid.local == nil && item.node == nil {
                self.prove(item.jid, .found)
            }
        }
    }

    /// Asks somebody whether it is a provisioning server: only who tells the feature becomes one.
    func prove(_ jid: JID, _ origin: ServerRecord.Origin) {
        guard !proving.contains(jid) else { return }
        proving.insert(jid)
        session.discoverInfo(of: jid) { [weak self] result in
            guard let self else { return }
            self.proving.remove(jid)
            guard case .success(let info) = result, info.features.contains(Provisioning.namespace) else {
                if origin == .button, self.servers[jid.bare] == nil {
                    self.log.info("whom the button let in is no provisioning server", metadata: ["friend": "\(jid)"])
                }
                return
            }
            self.hopefuls[jid.bare] = nil
            if let server = self.servers[jid.bare] {
                if jid.local != nil { server.connections.insert(jid) }
                self.askToken(server)
            } else {
                Task { await self.establish(jid, origin) }
            }
        }
    }

    /// Trusts a server. What was answered before is forgotten first, and the trust is durable before it counts: a power cut
    /// at any point leaves either the old state with less remembered, or the new one.
    private func establish(_ jid: JID, _ origin: ServerRecord.Origin) async {
        let bare = jid.bare
        // Whom a person has sent away comes back by a person's hand alone.
        guard origin == .button || !dismissed.contains(bare) else { return }
        guard servers[bare] == nil, !establishing.contains(bare),
            servers.count + establishing.count < settings.maximumServers, !isClosed, !pairing.isResetPending
        else { return }
        // A locked gateway takes nobody new of its own accord; what the configuration names a person has named.
        if origin == .found {
            guard !isTakingFound, !servers.values.contains(where: { $0.record.origin == .found }),
                !pairing.isLocked || servers.isEmpty
            else { return }
            isTakingFound = true
        }
        establishing.insert(bare)
        defer {
            establishing.remove(bare)
            if origin == .found { isTakingFound = false }
        }
        let record = ServerRecord(bare, origin)
        do {
            try await cache.clear()
            try await store.put(record.key, record.value, .now)
            if origin == .button {
                let candidate = Candidate(
                    kind: .xmppServer, identifier: bare.description, title: bare.description)
                try await pairing.record(candidate)
                guard pairing.isTrusted(.xmppServer, bare.description) else { return }
            }
            guard !isClosed, !pairing.isResetPending else { return }
            if origin != .button, dismissed.contains(bare) {
                // A person has sent it away meanwhile.
                try await store.remove(record.key, .now)
                return
            }
            trouble = nil
        } catch {
            trouble = "trust in the provisioning server \(bare) could not be stored: \(error)"
            return log.error("\(trouble ?? "")")
        }
        let server = Server(record, retry: settings.firstRetry)
        if jid.local != nil, session.isAvailable(jid) { server.connections.insert(jid) }
        servers[bare] = server
        dismissed.remove(bare)
        log.notice("a provisioning server is trusted", metadata: ["server": "\(bare)", "by": "\(origin)"])
        askToken(server)
    }

    // MARK: Trust that goes

    /// Whether the configuration names this server, and no person has sent it away since.
    private func wants(_ address: JID) -> Bool {
        settings.names(address) && !dismissed.contains(address.bare)
    }

    /// Why a server would be trusted again at the next start, in words that say what to do; nil when it would not.
    public func comesBack(_ address: JID) -> String? {
        let bare = address.bare
        if settings.names(bare) { return "it stands in xmpp.provisioning; take it out of the configuration" }
        guard settings.findsComponent, bare.local == nil, dismissed.contains(bare) else { return nil }
        return "xmpp.provisioning has \"auto\", which finds it; take that out of the configuration"
    }

    /// Ends the trust in a server, however it came about: out of effect at once, durable when it returns, and not given
    /// again before the next start, unless by the button. Trust that the button gave goes by ``Pairing/removeTrust(_:_:)``
    /// first.
    ///
    /// - Throws: ``StoreError`` when what it has said is gone until the next start only.
    public func dismiss(_ address: JID) async throws(StoreError) {
        let bare = address.bare
        dismissed.insert(bare)
        hopefuls[bare] = nil
        guard let server = end(bare) else { return }
        try await cache.clear(server.name)
        try await store.remove(server.record.key, .now)
    }

    func pairingChanged(_ event: PairingEvent) {
        switch event {
        case .removed(let record) where record.candidate.kind == .xmppServer:
            guard let jid = JID(record.candidate.identifier) else { return }
            forget(jid.bare)
        case .resetBegan:
            isClosed = true
            for server in servers.values {
                server.timer?.cancel()
                // A friendship that stood would be no knock when the server comes again.
                if server.address.local != nil { leave(server.address) }
            }
            servers = [:]
            hopefuls = [:]
        default: break
        }
    }

    /// Out of effect from here on.
    private func end(_ address: JID) -> Server? {
        guard let server = servers.removeValue(forKey: address) else { return nil }
        server.timer?.cancel()
        log.notice("a provisioning server is no longer trusted", metadata: ["server": "\(address)"])
        if address.local != nil { leave(address) }
        return server
    }

    private func forget(_ address: JID) {
        guard let server = end(address) else { return }
        Task {
            do throws(StoreError) {
                try await cache.clear(server.name)
                try await store.remove(server.record.key, .now)
            } catch {
                // The trust itself is gone; what is left of it is looked through at the next start.
                log.error("what a server answered is not gone durably", metadata: ["reason": "\(error.description)"])
            }
        }
    }
}
