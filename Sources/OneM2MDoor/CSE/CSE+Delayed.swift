import OneLoop
import OneM2MPrimitives

/// Requests that are to be done later (TS-0001 8.1.2, `oet`, operationExecutionTime).
///
/// A request that waits is in memory alone, as everything about a request that is in work. Who asks is looked at again when
/// the time has come, tokens and registration too: what was permitted an hour ago may not be any more.
extension CSE {
    /// How long a request waits whose sender waits with it, in milliseconds: as long as a poll of a polling channel.
    private static let longestHeld: Int64 = 60_000
    /// How long one waits that was answered before, in milliseconds: as long as its outcome is kept.
    private static let longestDelay: Int64 = 3_600_000

    /// A place among those that wait.
    struct Delay {
        fileprivate let number: UInt64
        fileprivate let duration: Duration
    }

    /// A request that waits.
    struct Delayed {
        let originator: EntityID
        /// What goes on when its time has come; nil until it begins to wait.
        var continuation: CheckedContinuation<Void, Never>?
    }

    /// Takes a place for a request that is to wait; nil for one that is to be done at once. ``untilDue(_:_:)`` gives it back.
    ///
    /// - Throws: ``OneM2MError`` 4008 when it expires before it is to be done, 5207 when it is to wait longer than any may, or
    ///   too many wait.
    func takeDelay(_ context: RequestContext) throws(OneM2MError) -> Delay? {
        let request = context.request
        guard let moment = request.operationExecutionTime?.moment(from: context.now), moment > context.now else {
            return nil
        }
        if let end = request.requestExpiration?.moment(from: context.now), end <= moment {
            throw OneM2MError(.requestTimeout, "rqet: the request expires before it is to be done (oet)")
        }
        let isHeld = request.responseType == .blocking || request.responseType == .flexBlocking
        let longest = isHeld ? Self.longestHeld : Self.longestDelay
        let wait = (moment.microseconds - context.now.microseconds + 999) / 1000
        guard wait <= longest else {
            throw OneM2MError(
                .notAcceptable,
                "oet: \(wait / 1000) s from now; at most \(Self.longestHeld / 1000) s are waited for who waits for the answer, "
                    + "\(Self.longestDelay / 1000) s with rt 1, 2 or 5")
        }
        let own = delayed.values.count { $0.originator == context.originator }
        guard delayed.count < settings.limits.delayedRequests, own < settings.limits.delayedRequestsPerOriginator else {
            throw OneM2MError(
                .notAcceptable,
                "oet: \(delayed.count) requests wait for their time, \(own) of this originator; no more can")
        }
        lastDelayed += 1
        delayed[lastDelayed] = Delayed(originator: context.originator)
        return Delay(number: lastDelayed, duration: .milliseconds(wait))
    }

    /// Waits until a request is to be done; returns it as it is to be done then.
    ///
    /// - Throws: ``OneM2MError`` of what is wrong with it, or with who asks, now or then.
    func untilDue(_ context: RequestContext, _ delay: Delay?) async throws(OneM2MError) -> RequestContext {
        guard let delay else { return context }
        if !isStopped {
            let timer = Loop.after(delay.duration) { [weak self] in self?.endDelay(delay.number) }
            // It waits beside those in work, not among them.
            inWork -= 1
            await withCheckedContinuation { delayed[delay.number]?.continuation = $0 }
            inWork += 1
            timer.cancel()
        }
        guard !isStopped else { throw OneM2MError(.internalServerError, "the CSE ends") }
        var request = context.request
        request.operationExecutionTime = nil
        // Counted from when the request came.
        request.requestExpiration = request.requestExpiration.map { .at($0.moment(from: context.now)) }
        let due = try check(request, context.origin)
        try await verifyTokens(due)
        return due
    }

    private func endDelay(_ number: UInt64) { delayed.removeValue(forKey: number)?.continuation?.resume() }

    /// Ends all waiting, with the CSE.
    func endDelays() {
        for number in Array(delayed.keys) { endDelay(number) }
    }
}
