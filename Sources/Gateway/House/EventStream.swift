import JSONText
import OneLoop

/// Those who follow the gateway with `gatehouse watch`.
@Loop
final class EventStream {
    /// As many as the control socket takes callers.
    private var followers: [ControlCaller] = []

    nonisolated init() {}

    /// Adds a follower; it is dropped when it leaves or no longer reads.
    func add(_ caller: ControlCaller) { followers.append(caller) }

    /// Tells everybody.
    func send(_ event: @autoclosure () -> JSON) {
        guard !followers.isEmpty else { return }
        let event = event()
        followers.removeAll { !$0.event(event) }
    }
}
