import Access
import Concentrator
import XMPP

/// Who is told of which events (XEP-0326 4): by full address, for as long as that one is there.
struct EventSubscriptions {
    /// One peer's choice for one source.
    struct Subscription {
        var events: ConcentratorRequest.Events
        var wantsParameters: Bool
        var wantsMessages: Bool
        /// What it may see.
        var view: View
        /// What it could show when it asked.
        var tokens: AccessTokens
    }

    private var entries: [JID: [String: Subscription]] = [:]

    /// How many peers.
    var count: Int { entries.count }

    func isSubscribed(_ jid: JID) -> Bool { entries[jid] != nil }

    /// A second subscription to a source widens the first: each event still comes once.
    mutating func subscribe(_ jid: JID, _ source: String, _ new: Subscription) {
        var subscription = new
        if let old = entries[jid]?[source] {
            subscription.events.formUnion(old.events)
            subscription.wantsParameters = new.wantsParameters || old.wantsParameters
            subscription.wantsMessages = new.wantsMessages || old.wantsMessages
        }
        entries[jid, default: [:]][source] = subscription
    }

    /// Takes kinds of event away; the subscription ends with the last. Without one there is nothing to do.
    mutating func unsubscribe(_ jid: JID, _ source: String, _ events: ConcentratorRequest.Events) {
        guard var subscription = entries[jid]?[source] else { return }
        subscription.events.subtract(events)
        entries[jid]?[source] = subscription.events.isEmpty ? nil : subscription
        if entries[jid]?.isEmpty == true { entries[jid] = nil }
    }

    /// Everybody with each source and the tokens shown for it.
    var all: [(jid: JID, source: String, tokens: AccessTokens)] {
        entries.flatMap { jid, sources in sources.map { (jid, $0.key, $0.value.tokens) } }
    }

    /// Who decides was asked anew: from now on this view counts; nil ends the subscription.
    mutating func review(_ jid: JID, _ source: String, _ view: View?) {
        guard var subscription = entries[jid]?[source] else { return }
        guard let view else { return unsubscribe(jid, source, subscription.events) }
        subscription.view = view
        entries[jid]?[source] = subscription
    }

    mutating func remove(_ isGone: (JID) -> Bool) {
        entries = entries.filter { !isGone($0.key) }
    }

    /// Those who are to be told of an event about a node.
    func receivers(of event: ConcentratorRequest.Events, _ id: NodeID) -> [(jid: JID, subscription: Subscription)] {
        entries.compactMap { jid, sources in
            guard let subscription = sources[id.sourceID], subscription.events.contains(event),
                subscription.view.shows(id)
            else { return nil }
            return (jid, subscription)
        }
    }
}
