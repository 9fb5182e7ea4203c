import CoAP
import OCFModel
import Synchronization

/// The way to one registered device or client: its connections, and who observes it.
///
/// It outlives connections: observers stay with it while the device is away, and are served again when it returns.
final class DeviceRoute: Sendable {
    let registration: Registration
    /// Observations of this device's resources.
    let relay: ObservationRelay

    private struct State {
        /// Signed-in sessions, the newest last.
        var sessions: [Session] = []
        /// Requests whose answer is awaited.
        var pending = 0
        /// Whether the registration has ended.
        var isGone = false
    }

    private let state = Mutex(State())

    init(_ registration: Registration) {
        self.registration = registration
        relay = ObservationRelay(device: registration.device)
    }

    /// The connection that requests for the device go to; nil while it is away.
    var connection: Connection? {
        state.withLock { $0.sessions.last?.connection }
    }

    /// Adds a session that has signed in.
    ///
    /// A device has one connection: of two the newest is right, since the older is often one that the device has given up
    /// and whose end has not yet come through. A client may have several.
    ///
    /// - Returns: the sessions to be closed; nil when the registration has ended meanwhile.
    func attach(_ session: Session) -> [Session]? {
        let configuration = session.core.configuration
        return state.withLock { state in
            guard !state.isGone else { return nil }
            if state.sessions.contains(where: { $0 === session }) { return [] }
            state.sessions.append(session)
            // Under the lock, so that of two sign-ins at once the same one wins here and there.
            relay.use(session.connection, timeout: .seconds(configuration.requestTimeout))
            let most = registration.kind == .device ? 1 : configuration.limits.connectionsPerClient
            let surplus = Array(state.sessions.dropLast(most))
            state.sessions = state.sessions.suffix(most)
            return surplus
        }
    }

    /// Takes a session away.
    ///
    /// - Returns: whether it was the last one, so that the device is away now.
    func detach(_ session: Session) -> Bool {
        state.withLock { state in
            guard let index = state.sessions.firstIndex(where: { $0 === session }) else { return false }
            state.sessions.remove(at: index)
            return state.sessions.isEmpty
        }
    }

    /// Ends the registration: nothing attaches any more.
    ///
    /// - Returns: the sessions to be closed.
    func end() -> [Session] {
        state.withLock { state in
            state.isGone = true
            defer { state.sessions = [] }
            return state.sessions
        }
    }

    /// Reserves a place among the requests waiting for the device.
    func reserve(most: Int) -> Bool {
        state.withLock { state in
            guard state.pending < most else { return false }
            state.pending += 1
            return true
        }
    }

    /// Gives a place back.
    func release() {
        state.withLock { $0.pending -= 1 }
    }
}
