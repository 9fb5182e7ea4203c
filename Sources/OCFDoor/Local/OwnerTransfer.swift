import CoAP
import CoAPMessages
import OCFModel
import OneLoop
import TLS

/// The transfer of ownership that is under way, and what is remembered of those before it.
struct OwnerTransfer {
    /// Who waits for the button, or owns the ownership connection.
    var session: SecureSession?
    /// What would-be owners have to know.
    var pin: String?
    /// The last press: for whom, and until when it counts.
    var approval: (address: String, until: ContinuousClock.Instant)?
    /// Ends a selection, or a transfer, that nothing follows.
    var timer: LoopTimer?
    /// What the timer was set for.
    var timed: OwnerTransferMethod = .unselected
    /// A person is being asked; that outlives the session it was begun for.
    var isAsking = false

    mutating func cancel() {
        timer?.cancel()
        timer = nil
        timed = .unselected
    }
}

extension LocalDoor {
    // MARK: Knocking

    /// A handshake for the transfer of ownership is done: the would-be owner knocks, and its requests wait until the
    /// button answers.
    func knock(_ connection: Connection) -> SecureSession {
        let state = security.state
        if let refusal = state.ownershipRefusal { return refused(connection, refusal.description) }
        let address = Self.address(of: connection)
        let caller = Caller(.anonymous, way: .secured, session: nextSession())
        let session = make(connection, .transfer, caller, .waiting)
        if transfer.session != nil {
            reject(session, "another would-be owner is connected", retryAfter: Self.busyRetry)
            return session
        }
        let attempt = OwnershipAttempt(address: address, method: state.doxm.selected)
        if let approval = transfer.approval, approval.address == address, approval.until > .now {
            transfer.session = session
            allow(session, attempt)
        } else if transfer.isAsking {
            reject(session, "a person is being asked for another attempt already", retryAfter: Self.busyRetry)
        } else {
            transfer.session = session
            transfer.isAsking = true
            log.notice("somebody wants to own the device", metadata: ["peer": "\(address)", "by": "\(attempt.method)"])
            Task { answered(await ask(attempt), attempt) }
        }
        return session
    }

    /// Seconds after which somebody else's attempt is over, as a rule.
    private static let busyRetry = 30

    /// The person has answered, or has not.
    private func answered(_ permission: OwnershipPermission, _ attempt: OwnershipAttempt) {
        transfer.isAsking = false
        // The tool may have hung up, and another session of it may wait.
        let session = transfer.session.flatMap { $0.isClosed ? nil : $0 }
        switch permission {
        case .allowed:
            transfer.approval = (attempt.address, .now + times.approval)
            if let session { allow(session, attempt) }
        case .refused(let reason, let retryAfter):
            if let session { reject(session, reason, retryAfter: retryAfter) }
            abandonTransfer()
        }
    }

    private func allow(_ session: SecureSession, _ attempt: OwnershipAttempt) {
        let secrets = secrets(of: session.connection)
        Task {
            do throws(OwnershipRefusal) {
                try await security.openOwnershipConnection(session.id, secrets: secrets)
                guard !session.isClosed else { return await security.connectionClosed(session.id) }
                log.notice("the ownership connection is open", metadata: ["peer": "\(attempt.address)"])
                limit(times.transfer, "the owner transfer took too long")
                session.open()
                offer()
            } catch {
                reject(session, error.description, retryAfter: nil)
            }
        }
    }

    private func reject(_ session: SecureSession, _ reason: String, retryAfter: Int?) {
        log.notice(
            "ownership refused", metadata: ["peer": "\(Self.address(of: session.connection))", "reason": "\(reason)"])
        if transfer.session === session { transfer.session = nil }
        var answer = Message(
            code: retryAfter == nil ? .forbidden : .serviceUnavailable, payload: Array(reason.utf8))
        if let retryAfter { answer.maxAge = UInt32(clamping: retryAfter) }
        session.refuse(answer)
        close(session)
    }

    private func secrets(of connection: Connection) -> SessionSecrets? {
        guard let suite = CoAPDTLS.handshake(of: connection)?.cipherSuite.rawValue,
            let secrets = CoAPDTLS.takeSecrets(of: connection)
        else { return nil }
        return SessionSecrets(
            masterSecret: secrets.masterSecret, clientRandom: secrets.clientRandom, serverRandom: secrets.serverRandom,
            suite: suite)
    }

    // MARK: The ends of a transfer

    /// A session has ended; when it was the would-be owner's, the next one may come. A knock goes on: its press will count
    /// for the next attempt from there.
    func transferSessionClosed(_ session: SecureSession) {
        guard transfer.session === session else { return }
        transfer.session = nil
    }

    /// The onboarding state is another one.
    func transferStateChanged(_ state: OnboardingState) {
        guard state != .rfotm else { return }
        // Owned, or being reset: neither leaves anything of the transfer but its connection.
        transfer.cancel()
        transfer.approval = nil
        transfer.session = nil
        // In normal operation the owner is who its credential says; the connection of the transfer is nobody any more.
        guard state == .rfnop || state == .sreset else { return }
        for session in sessions.values where session.basis == .transfer { close(session) }
    }

    /// Back to a clean RFOTM, with the would-be owner's session closed.
    func abandonTransfer() {
        let session = transfer.session
        transfer.session = nil
        transfer.cancel()
        if let session { close(session) }
        Task {
            await security.abandonOwnerTransfer()
            offer()
        }
    }

    /// A method was selected, another one, or none any more: a selection that nothing follows ends by itself.
    func selectionChanged() {
        let state = security.state
        let selected = state.state == .rfotm ? state.doxm.selected : .unselected
        guard selected != transfer.timed, state.ownershipConnection == nil else { return }
        transfer.cancel()
        transfer.timed = selected
        if selected != .unselected { limit(times.selection, "the selected owner transfer was not begun") }
    }

    private func limit(_ time: Duration, _ reason: String) {
        transfer.timer?.cancel()
        transfer.timer = Loop.after(time) { [weak self] in
            guard let self, self.security.state.state == .rfotm else { return }
            // While a person is being asked, the ceremony's own window ends it.
            if self.transfer.isAsking { return self.limit(time, reason) }
            self.log.notice("owner transfer ended", metadata: ["reason": "\(reason)"])
            self.abandonTransfer()
        }
    }

    // MARK: The PIN

    /// Digits of a PIN: what tools ask for.
    private static let pinDigits = 8

    func showPIN() {
        var generator = SystemRandomNumberGenerator()
        let pin = (0..<Self.pinDigits).map { _ in String(Int.random(in: 0...9, using: &generator)) }.joined()
        transfer.pin = pin
        log.notice("PIN for the new owner: \(pin)")
        onPIN?(pin)
    }

    func hidePIN() {
        guard transfer.pin != nil else { return }
        transfer.pin = nil
        onPIN?(nil)
    }
}
