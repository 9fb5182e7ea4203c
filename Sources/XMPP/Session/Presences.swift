/// Which connections of others are there, by the presence they have sent: iqs go to full addresses, and a server refuses
/// those to a bare one itself (RFC 6121 8.5.2.1.3).
struct Presences {
    private struct Entry {
        var priority: Int
        var capabilities: Capabilities?
        var order: UInt64
    }

    private var entries: [JID: [JID: Entry]] = [:]
    private var count = 0
    private var order: UInt64 = 0

    /// Takes a presence of a full address.
    mutating func take(_ presence: Presence, from: JID, limit: Int) {
        switch presence.kind {
        case .available:
            let isKnown = entries[from.bare]?[from] != nil
            // Past the limit strangers' new connections are not noted; those who are noted stay.
            guard isKnown || count < limit else { return }
            if !isKnown { count += 1 }
            order += 1
            let capabilities = presence.payloads.first { $0.isNamed("c", Namespace.capabilities) }
            entries[from.bare, default: [:]][from] = Entry(
                priority: presence.priority, capabilities: capabilities.flatMap { Capabilities($0) }, order: order)
        case .unavailable, .error:
            // From a bare address: all of its connections.
            if from.isBare, entries[from]?[from] == nil {
                count -= entries.removeValue(forKey: from)?.count ?? 0
            } else if entries[from.bare]?.removeValue(forKey: from) != nil {
                count -= 1
                if entries[from.bare]?.isEmpty == true { entries[from.bare] = nil }
            }
        case .subscribe, .subscribed, .unsubscribe, .unsubscribed, .probe: break
        }
    }

    /// The connections of an address, the one of the highest priority and the latest first.
    func resources(of jid: JID) -> [JID] {
        (entries[jid.bare] ?? [:]).sorted {
            ($0.value.priority, $0.value.order) > ($1.value.priority, $1.value.order)
        }.map(\.key)
    }

    func isAvailable(_ jid: JID) -> Bool {
        jid.isBare ? entries[jid]?.isEmpty == false : entries[jid.bare]?[jid] != nil
    }

    func capabilities(of jid: JID) -> Capabilities? { entries[jid.bare]?[jid]?.capabilities }

    mutating func removeAll() {
        entries = [:]
        count = 0
    }
}
