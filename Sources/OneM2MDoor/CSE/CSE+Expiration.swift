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

    /// What a path leads to. What has expired is not there, whether or not it was swept away yet.
    func find(_ path: [String], now: OneM2MTime) -> ResourceTree.Found? {
        guard let found = tree.find(path) else { return nil }
        switch found {
        case .resource(let resource), .virtual(_, let resource, _):
            guard resource.hasExpired(by: now) else { return found }
        case .instance(let instance, let container):
            guard container.hasExpired(by: now) else {
                guard instance.expiration <= now else { return found }
                drop(instance, of: container)
                return nil
            }
        }
        removeExpired()
        return nil
    }

    /// Makes a name free that only something expired still has.
    func sweep(_ name: String, under parent: Resource, now: OneM2MTime) {
        if parent.child(named: name).map({ $0.expiration <= now }) ?? false { removeExpired() }
        if let instance = parent.instances?.instance(named: name), instance.expiration <= now {
            drop(instance, of: parent)
        }
    }

    private func drop(_ instance: ContentInstances.Instance, of container: Resource) {
        guard let gone = tree.remove(number: instance.number, of: container) else { return }
        counters.expired += 1
        memory.forget([gone], of: container)
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
