import OneLoop

/// Delivers events in order, also when a handler causes more of them.
@Loop
final class EventBus {
    private let limit: Int
    private var handlers: [(id: SubscriptionID, handler: @Loop (NodeEvent) -> Void)] = []
    private var lastNumber: UInt64 = 0
    private var waiting: [NodeEvent] = []
    private var isDelivering = false

    nonisolated init(limit: Int) {
        self.limit = limit
    }

    func subscribe(_ handler: @escaping @Loop (NodeEvent) -> Void) -> SubscriptionID? {
        guard handlers.count < limit else { return nil }
        lastNumber += 1
        let id = SubscriptionID(number: lastNumber)
        handlers.append((id, handler))
        return id
    }

    func unsubscribe(_ id: SubscriptionID) {
        handlers.removeAll { $0.id == id }
    }

    func post(_ event: NodeEvent) {
        guard !handlers.isEmpty else { return }
        guard !isDelivering else {
            waiting.append(event)
            return
        }
        isDelivering = true
        deliver(event)
        // New events are appended while these are delivered.
        var next = 0
        while next < waiting.count {
            deliver(waiting[next])
            next += 1
        }
        waiting.removeAll()
        isDelivering = false
    }

    private func deliver(_ event: NodeEvent) {
        for (id, handler) in handlers {
            // A handler before it may have ended this one.
            guard handlers.contains(where: { $0.id == id }) else { continue }
            handler(event)
        }
    }
}
