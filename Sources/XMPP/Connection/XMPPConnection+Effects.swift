import Dispatch
import NIOCore
import NIOPosix
import TLS

extension XMPPConnection {
    /// Does what the connection's machine wants done.
    func perform(_ effect: ConnectionMachine.Effect) {
        switch effect {
        case .resolve: resolve()
        case .connect(let target): connect(to: target)
        case .negotiate: break
        case .part:
            if !session.isComponent { session.send(Presence(.unavailable)) }
            feed(.close)
        case .abandon: abandon()
        case .startTimer(let timer, let range): start(timer, range)
        case .cancelTimer(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .stopped:
            abandon()
            endSession(losing: suspended?.queue.count ?? 0)
            tellStopped()
        }
    }

    private func start(_ timer: ConnectionMachine.Timer, _ range: ClosedRange<Duration>) {
        timers.removeValue(forKey: timer)?.cancel()
        var delay = range.lowerBound + (range.upperBound - range.lowerBound) * Double.random(in: 0...1)
        if timer == .retry { delay = delay * configuration.limits.pace }
        timers[timer] = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
            self?.timers[timer] = nil
            self?.handle(.timer(timer))
        }
    }

    // MARK: The transport

    private func resolve() {
        let epoch = epoch
        resolver.resolve(configuration.jid.domain, on: eventLoop).assumeIsolated().whenSuccess { outcome in
            guard epoch == self.epoch else { return }
            self.handle(.resolved(outcome))
        }
    }

    func makeTLS(isDirect: Bool) throws(TLSError) -> TLSConfiguration {
        // The domain, wherever the server was found (RFC 6120 13.7.2.1). Each handshake is a full one: it shows the
        // certificate that authentication is bound to.
        try TLSConfiguration.client(
            trust: configuration.trust, peerName: .hostName(configuration.jid.domain), identity: configuration.identity,
            applicationProtocols: isDirect ? ["xmpp-client"] : [], resumption: .off, clock: configuration.clock)
    }

    private func connect(to target: ServerTarget) {
        abandon()
        counters.attempts += 1
        isEncrypted = false
        reader.reset()
        let tls: TLSConfiguration?
        do throws(TLSError) {
            tls = target.security == .direct ? try makeTLS(isDirect: true) : nil
        } catch {
            return handle(.connectFailed(Self.trouble(of: error)))
        }
        stream = StreamMachine(
            configuration.streamSettings, resuming: suspended, address: session.state.address)
        suspended = nil
        let epoch = epoch
        let transport = StreamTransport(isSecure: tls != nil, limits: configuration.limits) { [weak self] event in
            guard let self, epoch == self.epoch else { return }
            self.take(event)
        }
        self.transport = transport
        let bound = NIOLoopBound(transport, eventLoop: eventLoop)
        log.debug("connecting", metadata: ["server": "\(target)"])
        ClientBootstrap(group: eventLoop).connectTimeout(configuration.limits.connectTimeout)
            .channelOption(.socketOption(.so_keepalive), value: 1).channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(TLSHandler(configuration: tls)) }
                    try pipeline.addHandler(bound.value)
                }
            }.connect(host: target.host, port: target.port).assumeIsolated().whenFailure { error in
                guard epoch == self.epoch else { return }
                self.transport = nil
                self.handle(.connectFailed(Self.trouble(of: error, target)))
            }
    }

    /// Forgets the transport; nothing of it is heard any more. A session that can be taken up again is kept.
    func abandon() {
        epoch += 1
        keepSession()
        stream = nil
        let transport = transport
        self.transport = nil
        isEncrypted = false
        for timer in [stanzaTimer, keepAliveTimer, probeTimer] { timer?.cancel() }
        (stanzaTimer, keepAliveTimer, probeTimer) = (nil, nil, nil)
        reader.reset()
        transport?.close()
    }

    private func take(_ event: StreamTransport.Event) {
        switch event {
        case .connected(let tls):
            isEncrypted = tls != nil
            handle(.connected)
            feed(.connected(isSecure: tls != nil, channel: tls.map { ChannelBindings($0) } ?? .none))
        case .secured(let tls):
            isEncrypted = true
            feed(.secured(channel: ChannelBindings(tls)))
        case .bytes(let buffer): read(buffer)
        case .writable: checkRoom()
        case .closed(let error):
            transport = nil
            let trouble = error.map { Self.trouble(of: $0) } ?? StreamTrouble(.unreachable, "the connection was lost")
            handle(machine.state == .connecting ? .connectFailed(trouble) : .ended(trouble))
        }
    }

    // MARK: Reading

    private func read(_ buffer: ByteBuffer) {
        counters.bytesIn += UInt64(buffer.readableBytes)
        lastHeard = eventLoop.now
        probeTimer?.cancel()
        probeTimer = nil
        let epoch = epoch
        let (events, fault) = buffer.withUnsafeReadableBytes { reader.read($0) }
        for event in events {
            let generation = resets
            feed(.event(event))
            // Nothing of this stream counts any more after it was abandoned, or after it began anew: bytes that came before
            // TLS or authentication are discarded (RFC 6120 5.4.3.3).
            guard epoch == self.epoch, generation == resets else { return }
        }
        if let fault { return feed(.fault(fault)) }
        watchStanza(hasProgressed: !events.isEmpty)
    }

    private func watchStanza(hasProgressed: Bool) {
        if hasProgressed || !reader.isInsideElement {
            stanzaTimer?.cancel()
            stanzaTimer = nil
        }
        guard reader.isInsideElement, stanzaTimer == nil else { return }
        let timeout = configuration.limits.stanzaTimeout
        stanzaTimer = eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            self?.stanzaTimer = nil
            let seconds = timeout.nanoseconds / 1_000_000_000
            self?.lose(StreamTrouble(.silent, "the server did not finish a stanza within \(seconds) s"))
        }
    }

    /// Gives up the stream without a word to the server, which does not listen.
    func lose(_ trouble: StreamTrouble) {
        handle(machine.state == .connecting ? .connectFailed(trouble) : .ended(trouble))
    }

    /// What an error of the transport means for people.
    static func trouble(of error: any Error, _ target: ServerTarget? = nil) -> StreamTrouble {
        switch error {
        case let error as StreamTrouble: return error
        case let error as TLSError: return trouble(of: error)
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty {
                return StreamTrouble(.nameNotFound, "the name \(error.host) has no address")
            }
            return StreamTrouble(
                .unreachable, "no connection to \(error.host):\(error.port): \(error.connectionErrors[0].error)")
        case is ChannelError:
            return StreamTrouble(.unreachable, "no connection to \(target?.description ?? "the server")")
        default: return StreamTrouble(.unreachable, "\(error)")
        }
    }

    static func trouble(of error: TLSError) -> StreamTrouble {
        switch error.code {
        case .certificateNotYetValid: StreamTrouble(.clockWrong, error.reason)
        case .truncated, .connectionClosed, .writeBufferFull: StreamTrouble(.unreachable, error.reason)
        case .handshakeTimeout: StreamTrouble(.silent, error.reason)
        default: StreamTrouble(.certificateRefused, "\(error)")
        }
    }
}
