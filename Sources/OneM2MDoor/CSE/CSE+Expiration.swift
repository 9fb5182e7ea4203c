import OneLoop
import OneM2MPrimitives

/// Resources whose time has come go (TS-0001 9.6.1.3.2, expirationTime).
extension CSE {
    /// The shortest time between two sweeps, and the longest that a timer runs: the wall clock may jump in between.
    private static let shortestWait: Int64 = 1_000
    private static let longestWait: Int64 = 3_600_000

    /// A resource expires then: the timer must not come later.
    func noteExpiration(_ time: OneM2MTime) {
        guard !isStopped, time < .distantFuture else { return }
        if let timer = expirationTimer, timer.at <= time { return }
        expirationTimer?.timer.cancel()
        let wait = (time.microseconds - clock().microseconds) / 1000
        let delay = min(max(wait, Self.shortestWait), Self.longestWait)
        expirationTimer = (
            time,
            Loop.after(.milliseconds(delay)) { [weak self] in
                guard let self else { return }
                self.expirationTimer = nil
                self.removeExpired()
                self.scheduleExpiration()
            }
        )
    }

    /// Removes what has expired.
    public func removeExpired() {
        let now = clock()
        for resource in tree.byID.values where resource.expiration <= now && resource.expires {
            guard tree.byID[resource.id] === resource else { continue }
            counters.expired += 1
            memory.forgetLazily(remove(resource))
        }
    }

    func scheduleExpiration() {
        let next = tree.byID.values.lazy.filter { $0.expires }.map(\.expiration).min()
        if let next { noteExpiration(next) }
    }
}

extension Resource {
    /// Whether it goes when its time has come: the gateway's own stay.
    fileprivate var expires: Bool { keeper == .requests || keeper == .passing }
}
