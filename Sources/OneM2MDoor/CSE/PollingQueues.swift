import JSONText
import OneLoop
import OneM2MPrimitives

/// Requests for entities that fetch them (TS-0001 9.6.21, `<pollingChannel>`), and the answers that they bring.
@Loop
final class PollingQueues {
    private struct Waiting {
        let request: RequestPrimitive
        let number: UInt64
    }

    private struct Channel {
        var queued: [Waiting] = []
        var poller: (number: UInt64, continuation: CheckedContinuation<RequestPrimitive?, Never>)?
    }

    /// Requests that wait at one channel.
    private static let mostQueued = 50
    /// How long a request waits to be fetched and answered, and a poll for a request.
    private static let mostPatience: Duration = .seconds(60)

    /// How long this one waits: until it expires, where that is earlier.
    static func patience(for request: RequestPrimitive, at now: OneM2MTime) -> Duration {
        guard let end = request.requestExpiration?.moment(from: now) else { return mostPatience }
        return min(mostPatience, max(.zero, .microseconds(end.microseconds - now.microseconds)))
    }

    private var channels: [String: Channel] = [:]
    private var unanswered: [String: CheckedContinuation<ResponsePrimitive, Never>] = [:]
    private var lastNumber: UInt64 = 0

    private func key(_ channel: String, _ identifier: String) -> String { "\(channel) \(identifier)" }

    /// Leaves a request at a channel and waits for the answer: 5103 when nobody has fetched it in time, 4008 when somebody has
    /// (TS-0004 7.3.2.6).
    func send(_ request: RequestPrimitive, over channel: String, at now: OneM2MTime) async -> ResponsePrimitive {
        var state = channels[channel] ?? Channel()
        guard state.queued.count < Self.mostQueued, unanswered[key(channel, request.requestIdentifier)] == nil else {
            return ResponsePrimitive(OneM2MError(.targetNotReachable, "the polling channel is full"), to: request)
        }
        lastNumber += 1
        let number = lastNumber
        if let poller = state.poller {
            state.poller = nil
            poller.continuation.resume(returning: request)
        } else {
            state.queued.append(Waiting(request: request, number: number))
        }
        channels[channel] = state
        let key = key(channel, request.requestIdentifier)
        let timer = Loop.after(Self.patience(for: request, at: now)) { [weak self] in
            guard let self else { return }
            let place = channels[channel]?.queued.firstIndex { $0.number == number }
            if let place { channels[channel]?.queued.remove(at: place) }
            let error =
                place == nil
                ? OneM2MError(.requestTimeout, "it was fetched, and not answered in time")
                : OneM2MError(.targetNotReachable, "nobody fetched it")
            finish(key, ResponsePrimitive(error, to: request))
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { unanswered[key] = $0 }
    }

    private func finish(_ key: String, _ answer: ResponsePrimitive) {
        unanswered.removeValue(forKey: key)?.resume(returning: answer)
    }

    /// The next request of a channel; nil when none came in time. A poll that comes while another waits ends that one.
    func next(of channel: String, patience: Duration) async -> RequestPrimitive? {
        if let first = channels[channel]?.queued.first {
            channels[channel]?.queued.removeFirst()
            return first.request
        }
        lastNumber += 1
        let number = lastNumber
        var state = channels[channel] ?? Channel()
        state.poller?.continuation.resume(returning: nil)
        state.poller = nil
        channels[channel] = state
        let timer = Loop.after(patience) { [weak self] in
            guard let poller = self?.channels[channel]?.poller, poller.number == number else { return }
            self?.channels[channel]?.poller = nil
            poller.continuation.resume(returning: nil)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { channels[channel]?.poller = (number, $0) }
    }

    /// Takes the answer to a request that was fetched; whether somebody waited for it.
    func answer(_ response: ResponsePrimitive, over channel: String) -> Bool {
        let key = key(channel, response.requestIdentifier)
        guard unanswered[key] != nil else { return false }
        finish(key, response)
        return true
    }

    /// Ends a channel: nobody fetches there any more.
    func close(_ channel: String) {
        channels.removeValue(forKey: channel)?.poller?.continuation.resume(returning: nil)
        for (key, continuation) in unanswered where key.hasPrefix("\(channel) ") {
            unanswered[key] = nil
            continuation.resume(
                returning: ResponsePrimitive(
                    .targetNotReachable, requestIdentifier: "", content: ["m2m:dbg": "the polling channel is gone"]))
        }
    }

    /// Ends all.
    func stop() {
        for channel in Array(channels.keys) { close(channel) }
    }
}

extension CSE {
    /// RETRIEVE of `pcu` fetches the next request, NOTIFY brings an answer; only the entity whose channel it is may.
    func poll(_ context: RequestContext, _ channel: Resource) async throws(OneM2MError) -> ResponsePrimitive {
        guard channel.creator == context.originator.absolute else {
            throw OneM2MError(.originatorHasNoPrivilege, "the polling channel is another's")
        }
        switch context.request.operation {
        case .retrieve:
            let patience = PollingQueues.patience(for: context.request, at: context.now)
            guard let request = await polling.next(of: channel.id, patience: patience) else {
                throw OneM2MError(.requestTimeout, "no request came")
            }
            return context.answer(.ok, ["m2m:rqp": request.json])
        case .notify:
            guard let json = context.request.content?["m2m:rsp"] else {
                throw OneM2MError(.badRequest, "an answer is brought as m2m:rsp")
            }
            guard polling.answer(try ResponsePrimitive(json: json), over: channel.id) else {
                throw OneM2MError(.notFound, "nobody waits for this answer")
            }
            return context.answer(.ok)
        default: throw OneM2MError(.operationNotAllowed, "a polling channel takes RETRIEVE and NOTIFY alone")
        }
    }
}
