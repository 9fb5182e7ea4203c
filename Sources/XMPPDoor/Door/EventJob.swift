import OneLoop
import XMPP

/// Events on their way to one subscriber, gathered into messages.
@Loop
final class EventJob: OutflowJob {
    /// Events in one message; a node with parameters and messages is 1 KB.
    static let eventsPerMessage = 16

    let receiver: JID
    private var waiting: [XMLElement] = []
    private let limit: Int

    init(receiver: JID, limit: Int) {
        self.receiver = receiver
        self.limit = limit
    }

    /// Takes an event in; false when an older one had to go for it.
    func append(_ event: XMLElement) -> Bool {
        waiting.append(event)
        guard waiting.count > limit else { return true }
        waiting.removeFirst()
        return false
    }

    /// The next message's events; empty when there are none.
    func take() -> [XMLElement] {
        let events = Array(waiting.prefix(EventJob.eventsPerMessage))
        waiting.removeFirst(events.count)
        return events
    }

    func step() -> OutflowStep {
        let events = take()
        return events.isEmpty ? .done : .send(events)
    }
}
