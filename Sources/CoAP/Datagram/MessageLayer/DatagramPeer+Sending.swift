import CoAPMessages
import Glibc
import NIOCore

extension DatagramPeer {
    func send(_ message: Message, as role: MessageRole) {
        switch role {
        case .request(let isConfirmable): send(request: message, isConfirmable: isConfirmable)
        case .response: send(response: message)
        case .notification(let isReplacing): send(notification: message, isReplacing: isReplacing)
        }
    }

    // MARK: Requests

    private func send(request: Message, isConfirmable: Bool) {
        let waiting = WaitingRequest(message: request, isConfirmable: isConfirmable)
        guard self.waiting.count < limits.waitingMessages else {
            return failLater(
                request.token, CoAPError(.tooManyRequests, "\(self.waiting.count) requests wait for the peer"))
        }
        self.waiting.append(waiting)
        sendWaiting()
    }

    /// Sends the requests whose turn it is.
    func sendWaiting() {
        while slots < limits.transmission.simultaneousRequests, let first = waiting.first {
            let now = now
            if !first.isConfirmable {
                let opening = probing.opening(now: now)
                guard opening <= now else { return endpoint.wake(at: opening) }
            }
            waiting.removeFirst()
            slots += 1
            launch(first, now: now)
        }
    }

    private func launch(_ request: WaitingRequest, now: NIODeadline) {
        let datagram = Datagram(
            kind: request.isConfirmable ? .confirmable : .nonConfirmable, id: nextID(), message: request.message)
        let purpose = Outgoing.Purpose.request(request.message.token)
        if request.isConfirmable {
            let error = confirm(datagram, purpose, from: nil)
            if error != 0 { unreachable(request.message.token, error) }
            return
        }
        outgoing[datagram.id] = Outgoing(purpose: purpose, datagram: datagram, origin: nil, retransmission: nil)
        probing.sent(datagram.encodedLength, now: now, rate: limits.transmission.probingRate)
        let error = transmit(datagram, from: nil)
        if error != 0 { unreachable(request.message.token, error) }
    }

    /// The system would not take a request. A full buffer or a short memory passes, which the repetitions wait for.
    private func unreachable(_ token: Token, _ error: CInt) {
        switch error {
        case EAGAIN, ENOBUFS, ENOMEM: return
        default:
            let reason = "\(key.remote) cannot be reached: \(String(cString: strerror(error)))"
            failLater(token, CoAPError(.unreachable, reason))
        }
    }

    /// Fails all requests.
    func unreachable(_ error: CoAPError) {
        waiting.removeAll()
        outgoing = outgoing.filter { entry in
            if case .request = entry.value.purpose { return false }
            return true
        }
        slots = 0
        session?.failRequests(error)
    }

    /// Fails a request in the next turn of the loop: its sender has not returned yet.
    private func failLater(_ token: Token, _ error: CoAPError) {
        endpoint.eventLoop.assumeIsolated().execute { [self] in
            abandoned(token)
            session?.failRequest(token, error)
        }
    }

    func abandoned(_ token: Token) {
        waiting.removeAll { $0.message.token == token }
        let ids = outgoing.filter { entry in
            if case .request(token) = entry.value.purpose { return true }
            return false
        }.keys
        guard !ids.isEmpty else { return }
        for id in ids {
            outgoing[id] = nil
            slots -= 1
        }
        sendWaiting()
    }

    /// Sends a message that is repeated until it is acknowledged.
    ///
    /// - Returns: 0, or the system's error number.
    @discardableResult
    func confirm(_ datagram: Datagram, _ purpose: Outgoing.Purpose, from origin: Origin?) -> CInt {
        let retransmission = Retransmission(limits.transmission, now: now, chance: .random(in: 0...1))
        outgoing[datagram.id] = Outgoing(
            purpose: purpose, datagram: datagram, origin: origin, retransmission: retransmission)
        endpoint.wake(at: retransmission.deadline)
        return transmit(datagram, from: origin)
    }

    // MARK: Responses

    private func send(response: Message) {
        guard let index = open.firstIndex(where: { $0.token == response.token }) else { return }
        let request = open.remove(at: index)
        endpoint.openExchanges -= 1
        if let leisure = request.leisure {
            // An error would tell a whole network that it does not have what one of them has (RFC 7252 §8.2).
            guard response.code.isSuccess else { return }
            let datagram = Datagram(kind: .nonConfirmable, id: nextID(), message: response)
            return endpoint.delay(datagram, by: self, from: request.origin, until: leisure)
        }
        var id: UInt16?
        if request.kind == .confirmable, !request.isAcknowledged {
            let answer = Datagram(kind: .acknowledgement, id: request.id, message: response)
            duplicates.answered(id: request.id, with: answer)
            send(answer, from: request.origin)
        } else if request.kind == .confirmable {
            confirm(
                Datagram(kind: .confirmable, id: nextID(), message: response), .response, from: request.origin)
        } else {
            let datagram = Datagram(kind: .nonConfirmable, id: nextID(), message: response)
            id = datagram.id
            send(datagram, from: request.origin)
        }
        guard response.observe != nil else { return }
        let flow = NotificationFlow(pace: NotificationPace(now: now), origin: request.origin, lastID: id)
        notifying[response.token, default: flow].origin = request.origin
    }

    func dropped(_ token: Token) {
        guard let index = open.firstIndex(where: { $0.token == token && $0.isMulticast }) else { return }
        open.remove(at: index)
        endpoint.openExchanges -= 1
    }

    // MARK: Notifications

    private func send(notification: Message, isReplacing: Bool) {
        guard let flow = notifying[notification.token] else {
            // The observation has ended; these are its last words.
            let datagram = Datagram(kind: .confirmable, id: nextID(), message: notification)
            confirm(datagram, .response, from: nil)
            return
        }
        guard flow.inTransit != nil else { return launch(notification, flow) }
        // One at a time is under way (RFC 7641 §4.5.1); what is newer takes the place of what waits.
        if isReplacing, flow.waiting.last?.isReplaceable == true { notifying[notification.token]?.waiting.removeLast() }
        notifying[notification.token]?.waiting.append((notification, isReplacing))
        if flow.waiting.count >= limits.waitingMessages {
            notifying[notification.token]?.waiting.removeFirst()
            endpoint.count(\.notificationsDropped)
        }
    }

    private func launch(_ notification: Message, _ flow: NotificationFlow) {
        var flow = flow
        let kind = flow.pace.next(
            now: now, isProven: amplification.isProven, every: limits.confirmableNotification)
        let datagram = Datagram(kind: kind, id: nextID(), message: notification)
        if kind == .confirmable { flow.inTransit = datagram.id } else { flow.lastID = datagram.id }
        notifying[notification.token] = flow
        if kind == .confirmable {
            confirm(datagram, .notification(notification.token), from: flow.origin)
        } else {
            send(datagram, from: flow.origin)
        }
    }

    /// The confirmable notification has been acknowledged: what waited for that goes, up to the next confirmable one.
    func sendWaitingNotifications(_ token: Token) {
        while var flow = notifying[token], flow.inTransit == nil, let next = flow.waiting.popFirst() {
            launch(next.message, flow)
        }
    }

    func observerEnded(_ token: Token) {
        guard let flow = notifying.removeValue(forKey: token), let id = flow.inTransit else { return }
        outgoing[id] = nil
    }
}
