import Access
import Concentrator
import OneLoop
import XMPP

extension XMPPDoor {
    // MARK: XEP-0323

    func takeSensorData(_ request: IQRequest) {
        switch request.payload.name {
        case "req": Task { await beginReadout(request) }
        case "cancel": cancel(request)
        default:
            request.error(
                StanzaError(.featureNotImplemented, "<\(request.payload.name.prefix(32))> is no request of XEP-0323"))
        }
    }

    private func beginReadout(_ request: IQRequest) async {
        do throws(StanzaError) {
            let readout = try await admitted(request)
            request.result(SensorDataPayloads.accepted(readout.key.sequence, isQueued: readout.isQueued))
            counters.readouts += 1
            schedule(readout)
        } catch {
            refuse(request, error)
        }
    }

    /// The read-out that a request asks for, if it may be.
    private func admitted(_ request: IQRequest) async throws(StanzaError) -> Readout {
        let wanted: ReadoutRequest
        let found: [NodeID]
        let named: [NodeID]
        do {
            wanted = try ReadoutRequest(request.payload)
        } catch {
            throw error.stanzaError
        }
        do throws(NodeError) {
            named = try tree.resolve(wanted.nodes, withDescendants: false)
            found = wanted.nodes.isEmpty ? tree.all : try tree.resolve(wanted.nodes, withDescendants: true)
        } catch {
            throw StanzaError(.itemNotFound, error.reason)
        }
        let key = Readout.Key(receiver: request.from, sequence: wanted.sequence)
        let limits = settings.limits
        if let when = wanted.when, WallTime.now().advanced(by: limits.horizon) < when {
            throw StanzaError(.badRequest, "when lies more than \(Int(limits.horizon / 3_600)) hours ahead")
        }
        let answer = await ask(
            request.from, .read(wanted.flags.readingKinds), wanted.tokens,
            nodes: wanted.nodes.isEmpty ? [] : NodeReference.asked(found), names: wanted.fields)
        guard let grant = answer.grant else { throw forbidden(answer) }
        let who = request.from.bare.description
        let nodes = found.filter { grant.allows(who, to: .read(wanted.flags.readingKinds), NodeReference($0)) }
        guard !nodes.isEmpty || found.isEmpty else { throw forbidden(answer) }
        // Looked at after the question, since others may have come while it was open.
        guard readouts[key] == nil else {
            throw StanzaError(.conflict, "a read-out with the number \(wanted.sequence) is under way")
        }
        guard readouts.keys.filter({ $0.receiver == request.from }).count < limits.readoutsPerPeer,
            readouts.count < limits.running + limits.waiting
        else {
            counters.overloaded += 1
            throw StanzaError(.resourceConstraint, "too many read-outs are under way; try again later")
        }
        let isLater = wanted.when.map { WallTime.now() < $0 } ?? false
        return Readout(
            key, wanted, isQueued: isLater || running.count >= limits.running, nodes: nodes, named: Set(named),
            grant: grant, tree: tree, limits: limits
        ) { [weak self] readout in
            guard let self, self.running.contains(readout.key) else { return }
            self.outflow.wake(readout)
        }
    }

    func forbidden(_ answer: AccessAnswer) -> StanzaError {
        let reason =
            switch answer {
            case .denied(let reason), .unanswered(let reason): reason
            case .granted: "nothing of what was asked for may be touched"
            }
        counters.denied += 1
        return StanzaError(.forbidden, reason, kind: .cancel)
    }

    /// Starts a read-out, now or when its time has come and others have ended.
    private func schedule(_ readout: Readout) {
        readouts[readout.key] = readout
        guard let when = readout.request.when, readout.isQueued, WallTime.now() < when else { return start(readout) }
        let delay = when.millisecondsSince1970 - WallTime.now().millisecondsSince1970
        Loop.after(.milliseconds(delay)) { [weak self, weak readout] in
            guard let self, let readout, self.readouts[readout.key] === readout else { return }
            Task { await self.startLater(readout) }
        }
    }

    /// Starts a read-out whose time has come. Who decides is asked again: what was allowed a day ago may have been taken back.
    private func startLater(_ readout: Readout) async {
        let answer = await ask(readout.grant.question, readout.key.receiver)
        // It may have been cancelled while the question was open.
        guard readouts[readout.key] === readout else { return }
        if let grant = answer.grant {
            readout.grant = grant
        } else {
            let refusal = forbidden(answer)
            readout.deny(refusal.text ?? refusal.condition.rawValue)
        }
        start(readout)
    }

    private func start(_ readout: Readout) {
        guard running.count < settings.limits.running else { return waiting.append(readout) }
        running.insert(readout.key)
        outflow.wake(readout)
    }

    /// Lets those that waited begin.
    func startWaiting() {
        while running.count < settings.limits.running, !waiting.isEmpty {
            let readout = waiting.removeFirst()
            if readouts[readout.key] === readout { start(readout) }
        }
    }

    /// Ends a read-out: nothing more is sent of it.
    func drop(_ key: Readout.Key) {
        guard let readout = readouts.removeValue(forKey: key) else { return }
        running.remove(key)
        waiting.removeAll { $0 === readout }
        outflow.drop { $0 === readout }
    }

    private func cancel(_ request: IQRequest) {
        do {
            let key = Readout.Key(receiver: request.from, sequence: try request.payload.integer("seqnr"))
            guard readouts[key] != nil else {
                return refuse(
                    request, StanzaError(.itemNotFound, "there is no read-out with the number \(key.sequence)"))
            }
            drop(key)
            request.result(SensorDataPayloads.cancelled(key.sequence))
            startWaiting()
        } catch {
            refuse(request, error.stanzaError)
        }
    }

    /// Says no, to a peer of 2013 also in its way.
    private func refuse(_ request: IQRequest, _ error: StanzaError) {
        let isOld = settings.dialect(of: request.from) == .y2013
        let sequence = isOld ? try? request.payload.integer("seqnr") : nil
        request.error(
            error, payload: sequence.map { SensorDataPayloads.rejected($0, error.text ?? error.condition.rawValue) })
    }
}
