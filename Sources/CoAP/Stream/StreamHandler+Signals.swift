import CoAPMessages
import NIOCore

/// What signals have told and asked on one stream.
struct SignalState {
    /// Whether the peer has said what it takes.
    enum Peer {
        /// Nothing has come from it.
        case awaited
        /// It has sent something else first, or nothing for too long.
        case silent
        /// It has sent a CSM.
        case spoke
    }

    /// A Ping without a Pong.
    struct Ping {
        let number: UInt64
        let promise: EventLoopPromise<Bool>
        let timer: Scheduled<Void>
    }

    var peer = Peer.awaited
    var capabilities = Capabilities()
    var tokens = TokenSource()
    /// Runs while messages wait for the CSM.
    var settleTimer: Scheduled<Void>?
    var settleActions: [() -> Void] = []
    var pings: [Token: Ping] = [:]
    var pingCount: UInt64 = 0
    var lastHeard = NIODeadline.uptimeNanoseconds(0)
    var keepAliveTimer: Scheduled<Void>?
}

extension StreamHandler {
    // MARK: Capabilities

    /// Says what we take, before anything else (RFC 8323 §5.3).
    func sendCapabilities() {
        let own = Capabilities(maxMessageSize: limits.message.messageSize, blockWiseTransfer: true)
        send(own.message(token: signals.tokens.next()))
        flush()
    }

    var transfer: TransferLimits {
        switch signals.peer {
        case .awaited:
            return TransferLimits(
                messageSize: Capabilities.baseMaxMessageSize, admitsBERT: false, isSettled: false)
        case .silent:
            return TransferLimits(messageSize: limits.assumedMessageSize, admitsBERT: false, isSettled: true)
        case .spoke:
            // Above our own limit a message would crowd out everything else on the connection; BERT does as well.
            let size = min(signals.capabilities.maxMessageSize, limits.message.messageSize)
            return TransferLimits(
                messageSize: size, admitsBERT: signals.capabilities.admitsBERT, isSettled: true)
        }
    }

    func whenSettled(_ action: @escaping () -> Void) {
        guard !transfer.isSettled else { return action() }
        signals.settleActions.append(action)
        guard signals.settleTimer == nil, let context else { return }
        signals.settleTimer = context.eventLoop.assumeIsolated().scheduleTask(in: limits.csmTimeout) { [weak self] in
            self?.peerSpokeWithoutCapabilities()
        }
    }

    /// A request or response came where a CSM has to come first, or nothing came at all. RFC 8323 §5.3 asks for a CSM of
    /// every peer, but IoTivity-Lite sends none by itself: it counts as a peer that takes messages whole.
    func peerSpokeWithoutCapabilities() {
        guard signals.peer == .awaited else { return }
        signals.peer = .silent
        settle()
    }

    private func settle() {
        signals.settleTimer?.cancel()
        signals.settleTimer = nil
        let actions = signals.settleActions
        signals.settleActions = []
        for action in actions { action() }
    }

    // MARK: Incoming

    /// Acts on a signal (RFC 8323 §5). Unknown ones are ignored unless they carry a critical option.
    func take(signal message: Message) {
        if message.code == .csm {
            do throws(OptionFault) {
                try signals.capabilities.apply(message.options)
            } catch {
                return abort("CSM: \(error)", badCSMOption: error.number)
            }
            signals.peer = .spoke
            return settle()
        }
        if let critical = message.options.first(where: { $0.number.isCritical }) {
            return abort("signal \(message.code): critical option \(critical.number.rawValue) is not understood")
        }
        switch message.code {
        case .ping:
            answerPing(message)
        case .pong:
            takePong(message)
        case .release:
            guard let session, let connection = session.connection else { return }
            session.handler.released(connection, ReleaseNotice(message))
            session.peerReleased()
        case .abort:
            let diagnostic = String(decoding: message.payload.prefix(200), as: UTF8.self)
            session?.fail(CoAPError(.abortedByPeer, "the peer aborted the connection: \(diagnostic)"))
        default:
            break
        }
    }

    private func takePong(_ pong: Message) {
        var token = pong.token
        // RFC 8323 §5.4 wants the Ping's token back. libcoap 4.3 leaves it out: then the oldest Ping is meant.
        if token == .empty, let oldest = signals.pings.min(by: { $0.value.number < $1.value.number }) {
            token = oldest.key
        }
        guard let ping = signals.pings.removeValue(forKey: token) else { return }
        ping.timer.cancel()
        ping.promise.succeed(pong.options.contains(.custody))
    }

    private func answerPing(_ ping: Message) {
        guard ping.options.contains(.custody) else { return sendPong(ping.token, custody: false) }
        session?.takeCustody { [weak self] hasCustody in self?.sendPong(ping.token, custody: hasCustody) }
    }

    private func sendPong(_ token: Token, custody: Bool) {
        var pong = Message(code: .pong, token: token)
        if custody { pong.options.add(.custody, []) }
        // The token is the peer's; a diagnostic payload keeps the frame at seven bytes, which IoTivity-Lite needs.
        if pong.frameLength < StreamHandler.shortestFrame { pong.payload = Array("pong".utf8) }
        send(pong)
    }

    /// IoTivity-Lite reads seven bytes before it looks at a frame's length.
    private static let shortestFrame = 7

    // MARK: Outgoing

    func release() {
        send(ReleaseNotice().message(token: signals.tokens.next()))
    }

    func ping(custody: Bool, timeout: TimeAmount, promise: EventLoopPromise<Bool>) {
        guard phase == .open, let context else { return promise.fail(CoAPError.gone) }
        // As many as one may have open in requests; each is an entry of the same size.
        guard signals.pings.count < limits.openRequests else {
            return promise.fail(CoAPError(.tooManyRequests, "\(signals.pings.count) pings are open"))
        }
        let token = signals.tokens.next()
        let timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
            guard let ping = self?.signals.pings.removeValue(forKey: token) else { return }
            ping.promise.fail(CoAPError(.timeout, "no Pong in \(timeout.seconds) s"))
        }
        signals.pings[token] = SignalState.Ping(number: signals.pingCount, promise: promise, timer: timer)
        signals.pingCount += 1
        var ping = Message(code: .ping, token: token)
        if custody { ping.options.add(.custody, []) }
        send(ping)
    }

    /// Fails what waits for the peer.
    func stopSignals(_ error: CoAPError) {
        signals.settleTimer?.cancel()
        signals.settleActions = []
        signals.keepAliveTimer?.cancel()
        let pings = signals.pings.values
        signals.pings = [:]
        for ping in pings {
            ping.timer.cancel()
            ping.promise.fail(error)
        }
    }

    // MARK: Keep-alive

    func heard() {
        if limits.keepAlive != nil, let context { signals.lastHeard = context.eventLoop.now }
    }

    func startKeepAlive() {
        guard let keepAlive = limits.keepAlive, phase == .open else { return }
        heard()
        watch(from: signals.lastHeard + keepAlive.interval)
    }

    /// Looks at `deadline` whether the peer has been silent since.
    private func watch(from deadline: NIODeadline) {
        guard let keepAlive = limits.keepAlive, let context else { return }
        let loop = context.eventLoop.assumeIsolated()
        signals.keepAliveTimer = loop.scheduleTask(deadline: deadline) { [weak self] in
            guard let self, self.phase == .open, let context = self.context else { return }
            let due = self.signals.lastHeard + keepAlive.interval
            if due > context.eventLoop.now { return self.watch(from: due) }
            let promise = context.eventLoop.makePromise(of: Bool.self)
            let asked = context.eventLoop.now
            promise.futureResult.assumeIsolated().whenComplete { result in
                guard self.phase == .open else { return }
                // Anything that came counts as life, though it were no Pong.
                if case .failure = result, self.signals.lastHeard < asked {
                    let silence = (keepAlive.interval + keepAlive.timeout).seconds
                    self.session?.fail(CoAPError(.peerSilent, "nothing came from the peer for \(silence) s"))
                } else {
                    self.watch(from: self.signals.lastHeard + keepAlive.interval)
                }
            }
            self.ping(custody: false, timeout: keepAlive.timeout, promise: promise)
        }
    }
}
