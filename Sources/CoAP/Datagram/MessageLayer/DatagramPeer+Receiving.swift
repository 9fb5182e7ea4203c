import CoAPMessages
import NIOCore

extension DatagramPeer {
    /// Takes a message.
    ///
    /// - Parameters:
    ///   - length: bytes of the datagram.
    ///   - fingerprint: what tells its bytes from others.
    func receive(
        _ datagram: Datagram, length: Int, fingerprint: UInt64, arrival: Arrival, origin: Origin?
    ) {
        let now = now
        heard(length, now: now)
        switch datagram.kind {
        case .acknowledgement:
            acknowledged(datagram)
        case .reset:
            rejected(datagram.id)
        case .confirmable, .nonConfirmable:
            let lifetime =
                datagram.kind == .confirmable
                ? limits.transmission.exchangeLifetime : limits.transmission.nonLifetime
            let verdict = duplicates.receive(
                id: datagram.id, fingerprint: fingerprint, lifetime: lifetime, now: now)
            if case .repeated(let answer) = verdict {
                endpoint.count(\.duplicates)
                if let answer { send(answer, from: origin) }
            } else if datagram.message.code.isRequest {
                receive(request: datagram, arrival: arrival, origin: origin, now: now)
            } else if datagram.message.code.isEmpty {
                // A ping; the pong is a Reset (RFC 7252 §4.3).
                if datagram.kind == .confirmable { send(.empty(.reset, id: datagram.id), from: origin) }
            } else {
                receive(response: datagram, origin: origin)
            }
        }
    }

    // MARK: Requests

    private func receive(request datagram: Datagram, arrival: Arrival, origin: Origin?, now: NIODeadline) {
        guard let session else { return }
        let leisure = arrival.isMulticast ? now + endpoint.randomLeisure() : nil
        guard endpoint.openExchanges < limits.openExchanges else {
            endpoint.count(\.requestsRefused)
            return refuse(datagram, isMulticast: arrival.isMulticast, from: origin)
        }
        endpoint.openExchanges += 1
        open.append(
            OpenRequest(
                token: datagram.message.token, id: datagram.id, kind: datagram.kind, origin: origin, leisure: leisure))
        session.receive(datagram.message, arrival: arrival)
        guard datagram.kind == .confirmable, !open.isEmpty,
            let index = open.lastIndex(where: { $0.id == datagram.id && $0.kind == .confirmable }),
            !open[index].isAcknowledged
        else { return }
        // The handler takes its time.
        let deadline = now + limits.acknowledgementDelay
        open[index].acknowledgement = deadline
        endpoint.wake(at: deadline)
    }

    private func refuse(_ datagram: Datagram, isMulticast: Bool, from origin: Origin?) {
        guard !isMulticast else { return }
        let message = Message(code: .serviceUnavailable, token: datagram.message.token)
        if datagram.kind == .confirmable {
            send(Datagram(kind: .acknowledgement, id: datagram.id, message: message), from: origin)
        } else {
            send(Datagram(kind: .nonConfirmable, id: nextID(), message: message), from: origin)
        }
    }

    // MARK: Responses

    private func acknowledged(_ datagram: Datagram) {
        let entry = outgoing[datagram.id]
        if let entry, entry.datagram.kind == .confirmable {
            outgoing[datagram.id] = nil
            amplification.prove()
            settled(entry)
            if case .ping(let promise) = entry.purpose { promise.succeed(false) }
        }
        // An answer whose request is not repeated any more may still be waited for.
        guard datagram.message.code.isResponse else { return }
        session?.receive(datagram.message)
    }

    /// A response in a message of its own.
    private func receive(response datagram: Datagram, origin: Origin?) {
        guard let session else { return }
        let token = datagram.message.token
        guard session.awaits(token) else {
            session.receive(datagram.message)
            // Nobody waits: a Reset ends what keeps sending (RFC 7641 §3.6), and a confirmable message needs one.
            guard datagram.kind == .confirmable || datagram.message.observe != nil else { return }
            let reset = Datagram.empty(.reset, id: datagram.id)
            if datagram.kind == .confirmable { duplicates.answered(id: datagram.id, with: reset) }
            return send(reset, from: origin)
        }
        amplification.prove()
        if datagram.kind == .confirmable {
            let acknowledgement = Datagram.empty(.acknowledgement, id: datagram.id)
            duplicates.answered(id: datagram.id, with: acknowledgement)
            send(acknowledgement, from: origin)
        }
        answered(token)
        session.receive(datagram.message)
    }

    /// A response came from another port of the peer's host, to where it goes as well (RFC 7252 §5.3.2 would have it
    /// from the port that was asked; IoTivity-Lite answers what was sent to 5683 from a port of its own). The token, eight
    /// bytes that nobody can guess, says whose it is.
    func receive(stray response: Message) {
        heard(0, now: now)
        answered(response.token)
        session?.receive(response)
    }

    /// The request of this token has its answer, acknowledged or not.
    private func answered(_ token: Token) {
        let id = outgoing.first { entry in
            if case .request(token) = entry.value.purpose { return true }
            return false
        }?.key
        if let id, let entry = outgoing.removeValue(forKey: id) { settled(entry) }
    }

    private func rejected(_ id: UInt16) {
        if let entry = outgoing.removeValue(forKey: id) {
            amplification.prove()
            switch entry.purpose {
            case .request(let token):
                settled(entry)
                session?.failRequest(token, CoAPError(.rejected, "the peer rejected the request with a Reset"))
            case .notification(let token):
                session?.dropObserver(token)
            case .ping(let promise):
                promise.succeed(false)
            case .response:
                break
            }
        } else if let token = notifying.first(where: { $0.value.lastID == id })?.key {
            session?.dropObserver(token)
        }
    }

    /// A message of ours is done with: what waited for that may go.
    private func settled(_ entry: Outgoing) {
        switch entry.purpose {
        case .request:
            slots -= 1
            sendWaiting()
        case .notification(let token):
            guard notifying[token]?.inTransit == entry.datagram.id else { return }
            notifying[token]?.inTransit = nil
            sendWaitingNotifications(token)
        case .response, .ping:
            break
        }
    }

    // MARK: Time

    /// When something is to be done next.
    var nextDeadline: NIODeadline? {
        var next: NIODeadline?
        func consider(_ deadline: NIODeadline?) {
            guard let deadline else { return }
            next = min(next ?? deadline, deadline)
        }
        for entry in outgoing.values { consider(entry.retransmission?.deadline) }
        for request in open { consider(request.acknowledgement) }
        if let first = waiting.first, slots < limits.transmission.simultaneousRequests, !first.isConfirmable {
            consider(probing.opening(now: now))
        }
        return next
    }

    /// Does what is due.
    func expire(now: NIODeadline) {
        for index in open.indices {
            guard let deadline = open[index].acknowledgement, deadline <= now else { continue }
            open[index].acknowledgement = nil
            open[index].isAcknowledged = true
            let acknowledgement = Datagram.empty(.acknowledgement, id: open[index].id)
            duplicates.answered(id: open[index].id, with: acknowledgement)
            send(acknowledgement, from: open[index].origin)
        }
        let due = outgoing.filter { ($0.value.retransmission?.deadline).map { $0 <= now } ?? false }
        for (id, var entry) in due {
            guard var retransmission = entry.retransmission, outgoing[id] != nil else { continue }
            switch retransmission.expire(limits.transmission, now: now) {
            case .resend:
                entry.retransmission = retransmission
                outgoing[id] = entry
                guard amplification.admits(entry.datagram.encodedLength) else { continue }
                endpoint.count(\.retransmissions)
                send(entry.datagram, from: entry.origin)
            case .giveUp:
                outgoing[id] = nil
                silent(entry)
            }
        }
        sendWaiting()
    }

    /// The peer has acknowledged none of the repetitions.
    private func silent(_ entry: Outgoing) {
        let error = CoAPError(
            .timeout, "no acknowledgement after \(limits.transmission.maxRetransmit + 1) transmissions")
        switch entry.purpose {
        case .request(let token):
            settled(entry)
            session?.failRequest(token, error)
        case .notification: session?.dropObservers()
        case .ping(let promise): promise.fail(error)
        case .response: break
        }
    }
}
