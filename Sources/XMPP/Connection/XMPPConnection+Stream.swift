import Dispatch
import NIOCore
import TLS

extension XMPPConnection {
    /// Feeds the stream's machine and does what it wants done.
    func feed(_ input: StreamMachine.Input) {
        guard let effects = stream?.handle(input) else { return }
        let epoch = epoch
        for effect in effects {
            // Handlers of the session may have ended the connection.
            guard epoch == self.epoch else { return }
            perform(effect)
        }
    }

    private func perform(_ effect: StreamMachine.Effect) {
        switch effect {
        case .open(let header): open(header)
        case .send(let element):
            write(element.bytes(in: Namespace.client))
            if element == StreamManagement.request { expectLife() }
        case .write(let bytes): write(bytes)
        case .startTLS: startTLS()
        case .derive(let derivation): derive(derivation)
        case .began(let address):
            counters.sessions += 1
            established()
            session.began(as: address)
            tellStatus()
        case .resumed:
            counters.resumptions += 1
            resumeTimer?.cancel()
            established()
            session.resumed()
            tellStatus()
        case .notResumed(let lost): endSession(losing: lost)
        case .deliver(let element): session.receive(element)
        case .acknowledged: checkRoom()
        case .sendEnd: write(Array("</stream:stream>".utf8))
        case .ended(let trouble): handle(.ended(trouble))
        }
    }

    private func established() {
        handle(.online)
        if let current = machine.current, let location = stream?.management?.location {
            machine.preferred = ServerTarget(redirect: location, from: current)
        }
        lastHeard = eventLoop.now
        watchLife(in: configuration.limits.keepAliveInterval)
    }

    private func open(_ header: XMLElement) {
        resets += 1
        reader.reset()
        let inner = configuration.isComponent ? Namespace.component : Namespace.client
        var bytes = Array(
            "<?xml version='1.0'?><stream:stream xmlns='\(inner)' xmlns:stream='\(Namespace.stream)'".utf8)
        for attribute in header.attributes { XMLText.attribute(attribute.name, attribute.value, to: &bytes) }
        write(bytes + [UInt8(ascii: ">")])
    }

    private func write(_ bytes: [UInt8]) {
        counters.bytesOut += UInt64(bytes.count)
        transport?.write(bytes)
    }

    private func startTLS() {
        resets += 1
        reader.reset()
        do {
            try transport?.startTLS(try makeTLS(isDirect: false))
        } catch {
            lose(Self.trouble(of: error))
        }
    }

    /// Salting takes up to seconds: not on the loop.
    private func derive(_ derivation: ScramClient.Derivation) {
        guard let password = try? configuration.credentials.prepared() else { return }
        if let salted, salted.derivation == derivation { return feed(.derived(salted.password)) }
        let epoch = epoch
        let promise = eventLoop.makePromise(of: [UInt8].self)
        DispatchQueue.global().async { promise.succeed(derivation.run(password: password)) }
        promise.futureResult.assumeIsolated().whenSuccess { [weak self] result in
            guard let self, epoch == self.epoch else { return }
            self.salted = (derivation, result)
            self.feed(.derived(result))
        }
    }

    // MARK: The session over streams

    /// The stream is gone: its session waits to be taken up again, or is over.
    func keepSession() {
        guard let management = stream?.management, !management.id.isEmpty else {
            if stream != nil, suspended == nil { endSession(losing: stream?.management?.queue.count ?? 0) }
            return
        }
        suspended = management
        guard session.state.isOnline else { return }
        let promised = management.maximumSeconds.map { TimeAmount.seconds(Int64(clamping: max(0, $0))) }
        watchSuspension(min(promised ?? configuration.limits.resumeTimeout, configuration.limits.resumeTimeout))
        session.suspended()
    }

    private func watchSuspension(_ patience: TimeAmount) {
        resumeTimer?.cancel()
        resumeTimer = eventLoop.assumeIsolated().scheduleTask(in: patience) { [weak self] in
            guard let self, case .suspended = self.session.state else { return }
            let waiting = self.suspended?.queue.count ?? self.stream?.management?.queue.count ?? 0
            // The server is just being asked: its word comes soon, or the attempt fails.
            guard self.stream?.giveUpSession() ?? true else { return self.watchSuspension(.seconds(1)) }
            self.endSession(losing: waiting)
        }
    }

    /// The session is over: what waited for the server is lost.
    func endSession(losing count: Int = 0) {
        resumeTimer?.cancel()
        suspended = nil
        guard session.state != .offline else { return }
        counters.lostSessions += 1
        counters.lostStanzas += UInt64(count)
        session.ended()
    }

    // MARK: Signs of life

    private func watchLife(in delay: TimeAmount) {
        keepAliveTimer?.cancel()
        keepAliveTimer = eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            guard let self, self.machine.state == .online else { return }
            let interval = self.configuration.limits.keepAliveInterval
            let quiet = self.eventLoop.now - self.lastHeard
            guard quiet >= interval else { return self.watchLife(in: interval - quiet) }
            if let probe = self.stream?.probe {
                self.write(probe.bytes(in: Namespace.client))
                self.expectLife()
            }
            self.watchLife(in: interval)
        }
    }

    /// The server has been asked for something: anything that comes is a sign of life.
    private func expectLife() {
        guard probeTimer == nil else { return }
        let timeout = configuration.limits.keepAliveTimeout
        probeTimer = eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            self?.probeTimer = nil
            let seconds = timeout.nanoseconds / 1_000_000_000
            self?.lose(StreamTrouble(.silent, "the server gives no sign of life within \(seconds) s"))
        }
    }
}

extension XMPPConnection: SessionLink {
    /// Sends a stanza, or keeps it while the session waits to be taken up again.
    public func send(_ stanza: Stanza) -> Bool {
        let bytes = stanza.element.bytes(in: Namespace.client)
        guard stream != nil else { return suspended?.keep(bytes, configuration.limits.management) == true }
        guard transport?.hasRoom(for: bytes.count) ?? true, let effects = stream?.send(bytes) else {
            overflow(stanza)
            return false
        }
        for effect in effects { perform(effect) }
        if isCongested { wasCongested = true }
        return true
    }

    /// Whether three quarters of what may wait for the server is taken.
    public var isCongested: Bool {
        if let transport, transport.outstanding > configuration.limits.outboundBytes / 4 * 3 { return true }
        return stream?.isCongested ?? suspended?.isCongested(configuration.limits.management) ?? false
    }

    /// An answer that cannot be sent would leave its asker waiting. Without a session the asker's server knows what to say:
    /// one that takes so little is ended.
    private func overflow(_ stanza: Stanza) {
        guard case .iq(let iq) = stanza, iq.question == nil, stream?.state == .open else { return }
        stream?.forgetManagement()
        let epoch = epoch
        eventLoop.assumeIsolated().execute { [weak self] in
            guard let self, epoch == self.epoch else { return }
            self.lose(StreamTrouble(.notReading, "the server takes less than it asks for; answers have no room"))
        }
    }

    func checkRoom() {
        guard wasCongested, !isCongested else { return }
        wasCongested = false
        session.hasRoom()
    }
}
