import CoAP
import CoAPMessages
import OCFModel
import OneLoop

/// One DTLS session: who is at its other end, and what that rests on.
@Loop
final class SecureSession: RequestHandler {
    /// What makes the peer who it is; the session ends with it.
    enum Basis: Hashable {
        /// A pair-wise key of `/oic/sec/cred`.
        case key(Credential)
        /// An identity certificate that leads to a root of `/oic/sec/cred`.
        case certificate(peer: Identifier, anchor: CertificateFacts)
        /// Nothing but the transfer of ownership that it is for.
        case transfer
        /// Nothing: it is being closed.
        case nothing
    }

    /// Whether its requests are served.
    enum Phase {
        /// They are.
        case open
        /// They wait for a person to press the button.
        case waiting
        /// They are refused, with this.
        case refused(Message)
    }

    /// Requests of a would-be owner that wait for the button. Tools send one, and repeat it by CoAP's own rules.
    static let maximumWaiting = 4

    nonisolated let id: SessionID
    nonisolated let connection: Connection
    let basis: Basis
    private let device: OCFDevice
    private let caller: Caller
    private let onClose: @Loop (SecureSession) -> Void
    private(set) var phase: Phase
    private var waiting: [(Message, Exchange)] = []
    private(set) var isClosed = false

    init(
        id: SessionID, connection: Connection, basis: Basis, caller: Caller, phase: Phase, device: OCFDevice,
        onClose: @escaping @Loop (SecureSession) -> Void
    ) {
        self.id = id
        self.connection = connection
        self.basis = basis
        self.caller = caller
        self.phase = phase
        self.device = device
        self.onClose = onClose
    }

    /// Serves, holds, or refuses a request.
    nonisolated func handle(_ request: Message, _ exchange: Exchange) {
        Loop.assumeIsolated { take(request, exchange) }
    }

    /// Forgets the session.
    nonisolated func connectionClosed(_ connection: Connection) {
        Loop.assumeIsolated {
            guard !isClosed else { return }
            isClosed = true
            waiting = []
            onClose(self)
        }
    }

    private func take(_ request: Message, _ exchange: Exchange) {
        switch phase {
        case .open: serve(request, exchange)
        case .waiting:
            // The transport acknowledges it meanwhile, so that the tool waits and does not repeat.
            guard waiting.count < Self.maximumWaiting else {
                return exchange.respond(.serviceUnavailable, diagnostic: "a person has to press the button first")
            }
            waiting.append((request, exchange))
        case .refused(let answer): exchange.respond(answer)
        }
    }

    private func serve(_ request: Message, _ exchange: Exchange) {
        var caller = caller
        caller.arrival = exchange.arrival
        device.handle(request, from: caller, exchange)
    }

    /// Serves what waits, and everything from now on.
    func open() {
        phase = .open
        let held = waiting
        waiting = []
        for (request, exchange) in held { serve(request, exchange) }
    }

    /// Refuses what waits, and everything from now on.
    func refuse(_ answer: Message) {
        phase = .refused(answer)
        let held = waiting
        waiting = []
        for (_, exchange) in held { exchange.respond(answer) }
    }
}
