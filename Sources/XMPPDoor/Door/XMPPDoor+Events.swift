import Access
import Concentrator
import OneLoop
import XMPP

extension XMPPDoor {
    // MARK: Subscriptions and events (XEP-0326 3.12, 4)

    func subscribe(_ request: ConcentratorRequest, _ view: View, _ from: JID) throws(CommandFailure) {
        guard let source = request.source, tree.hasSource(source) else { throw .notFound }
        guard subscriptions.isSubscribed(from) || subscriptions.count < settings.limits.subscriptions else {
            counters.overloaded += 1
            throw CommandFailure(code: .locked)
        }
        var replayed: [EventLog.Entry] = []
        if let since = request.since {
            // When events are missing, there is to be no subscription (XEP-0326 3.12.2).
            guard let entries = eventLog.since(since) else { throw .notImplemented }
            replayed = entries
        }
        let subscription = EventSubscriptions.Subscription(
            events: request.events, wantsParameters: request.wantsParameters, wantsMessages: request.wantsMessages,
            view: view, tokens: request.tokens)
        subscriptions.subscribe(from, source, subscription)
        for entry in replayed
        where entry.node.sourceID == source && request.events.contains(entry.event) && view.shows(entry.node) {
            if let element = element(of: entry.event, entry.node, subscription) { tell(from, element) }
        }
    }

    /// Asks anew what each subscriber may see, since answers were taken back. A subscription that may show nothing any more
    /// ends.
    func reviewSubscriptions() {
        reviews += 1
        for (jid, source, tokens) in subscriptions.all { review(jid, source, tokens) }
    }

    /// The same for one of them.
    func review(_ jid: JID, _ source: String, _ tokens: AccessTokens) {
        Task {
            let administer = await ask(jid, .administer, tokens).grant
            subscriptions.review(jid, source, await view(jid, tokens, nodes: [], administer: administer))
        }
    }

    /// What the concentrator says changed.
    func nodeChanged(_ event: NodeEvent) {
        switch event {
        case .added(let node): tellAll(.added, node.id)
        case .renamed(let id, _): tellAll(.updated, id)
        case .status(let id, _): tellAll(.statusChanged, id)
        case .moved(let id, let up): tellAll(up ? .movedUp : .movedDown, id)
        case .removed(let id): tellAll(.removed, id)
        // Readings are read (XEP-0323) and parameters controlled (XEP-0325): neither is news of a node in XEP-0326.
        case .updated, .parameter: break
        }
    }

    /// A node's settings were changed here.
    func tellUpdated(_ id: NodeID) { tellAll(.updated, id) }

    private func tellAll(_ event: ConcentratorRequest.Events, _ id: NodeID) {
        eventLog.append(event, id)
        for (jid, subscription) in subscriptions.receivers(of: event, id) {
            if let element = element(of: event, id, subscription) { tell(jid, element) }
        }
    }

    private func tell(_ jid: JID, _ element: XMLElement) {
        let job = eventJobs[jid] ?? EventJob(receiver: jid, limit: settings.limits.eventsPerSubscriber)
        eventJobs[jid] = job
        if !job.append(element) { counters.eventsDropped += 1 }
        outflow.wake(job)
    }

    /// An event as it is told now; nil when the node it was about is gone, as a later event tells.
    private func element(
        of event: ConcentratorRequest.Events, _ id: NodeID, _ subscription: EventSubscriptions.Subscription
    ) -> XMLElement? {
        func information() -> NodeInformation? {
            tree.information(
                of: id, canControl: subscription.view.controls(id), withParameters: subscription.wantsParameters)
        }
        switch event {
        case .added:
            return information().map { node in
                ConcentratorPayloads.added(
                    node, after: predecessor(of: id), parameters: subscription.wantsParameters,
                    messages: subscription.wantsMessages)
            }
        case .updated:
            return information().map {
                ConcentratorPayloads.updated(
                    $0, parameters: subscription.wantsParameters, messages: subscription.wantsMessages)
            }
        case .statusChanged:
            return tree.concentrator.node(id).map {
                ConcentratorPayloads.statusChanged(id, $0.state, subscription.wantsMessages ? $0.messages : [])
            }
        case .removed: return ConcentratorPayloads.reference("nodeRemoved", id)
        case .movedUp: return ConcentratorPayloads.reference("nodeMovedUp", id)
        case .movedDown: return ConcentratorPayloads.reference("nodeMovedDown", id)
        default: return nil
        }
    }

    /// The node before this one among those beside it.
    private func predecessor(of id: NodeID) -> NodeID? {
        let siblings = tree.parent(of: id).map { tree.children(of: $0) } ?? tree.roots(of: id.sourceID)
        guard let place = siblings.firstIndex(of: id), place > 0 else { return nil }
        return siblings[place - 1]
    }
}
