import Concentrator

/// Events that were, so that who comes later is told of them.
struct EventLog {
    struct Entry {
        let time: WallTime
        let event: ConcentratorRequest.Events
        let node: NodeID
    }

    private(set) var entries: [Entry] = []
    /// From when on the log is whole: its beginning, or the moment of the last event that went.
    private(set) var wholeSince: WallTime
    private let limit: Int

    init(limit: Int, now: WallTime = .now()) {
        self.limit = limit
        wholeSince = now
    }

    mutating func append(_ event: ConcentratorRequest.Events, _ node: NodeID, at time: WallTime = .now()) {
        if entries.count >= limit {
            // A quarter at once, so that not every event moves all others.
            let gone = max(1, limit / 4)
            wholeSince = entries[gone - 1].time
            entries.removeFirst(gone)
        }
        entries.append(Entry(time: time, event: event, node: node))
    }

    /// The events since then; nil when some of them are no longer known.
    func since(_ time: WallTime) -> [Entry]? {
        time < wholeSince ? nil : entries.filter { time <= $0.time }
    }
}
