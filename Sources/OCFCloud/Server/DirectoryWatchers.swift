import CoAP
import OCFModel
import Synchronization

/// One who observes `/oic/res` of its user.
final class DirectoryWatcher: Sendable {
    let exchange: Exchange
    let user: Identifier
    let query: DirectoryQuery
    let session: Session
    let observation = Mutex<ServerObservation?>(nil)

    init(exchange: Exchange, user: Identifier, query: DirectoryQuery, session: Session) {
        self.exchange = exchange
        self.user = user
        self.query = query
        self.session = session
    }
}

/// Tells observers of `/oic/res` that a device of theirs published, unpublished or left.
final class DirectoryWatchers: Sendable {
    private struct State {
        var watchers: [Identifier: [ObjectIdentifier: DirectoryWatcher]] = [:]
        var changed: Set<Identifier> = []
    }

    /// Changes within this time are told as one: a gateway publishes its nodes in several requests.
    private static let gathering = Duration.milliseconds(100)

    private let state = Mutex(State())

    /// Accepts an observation, before the request is answered.
    func add(_ watcher: DirectoryWatcher, core: CloudCore) {
        guard watcher.session.reserveObservation() else { return }
        let id = ObjectIdentifier(watcher)
        state.withLock { $0.watchers[watcher.user, default: [:]][id] = watcher }
        let observation = watcher.exchange.acceptObservation { [self, user = watcher.user, session = watcher.session] in
            state.withLock { state in
                state.watchers[user]?[id] = nil
                if state.watchers[user]?.isEmpty == true { state.watchers[user] = nil }
            }
            session.releaseObservation()
        }
        if let observation {
            watcher.observation.withLock { $0 = observation }
        } else {
            state.withLock { $0.watchers[watcher.user]?[id] = nil }
            watcher.session.releaseObservation()
        }
    }

    /// Notes that the links of a user have changed.
    func changed(_ user: Identifier, core: CloudCore) {
        let isFirst = state.withLock { state in
            state.watchers[user] != nil && state.changed.insert(user).inserted
        }
        guard isFirst else { return }
        Task {
            try? await Task.sleep(for: Self.gathering)
            let watchers = state.withLock { state in
                state.changed.remove(user)
                return Array((state.watchers[user] ?? [:]).values)
            }
            // One look at the database for all that ask the same.
            for (query, group) in Dictionary(grouping: watchers, by: \.query) {
                do {
                    let message = try await core.links(for: query, of: user)
                    for watcher in group { watcher.observation.withLock { $0 }?.notify(message, replacing: true) }
                } catch {
                    core.logger.error("cannot list links", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
