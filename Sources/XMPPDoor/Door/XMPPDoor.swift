import Access
import Concentrator
import Logging
import OneLoop
import XMPP

/// The gateway as others see it over XMPP: a device to be read (XEP-0323) and controlled (XEP-0325), and a concentrator of
/// nodes (XEP-0326).
///
/// Speaks through a session, whoever carries it; asks ``Access`` before everything; does nothing with things but through
/// the concentrator, and nothing with the house but through its administration.
@Loop
public final class XMPPDoor {
    /// What has happened since the start.
    public struct Counters: Sendable, Hashable {
        /// Read-outs begun.
        public var readouts: UInt64 = 0
        /// Control requests done.
        public var controls: UInt64 = 0
        /// Requests of XEP-0326.
        public var concentrator: UInt64 = 0
        /// Requests refused for want of a right.
        public var denied: UInt64 = 0
        /// Requests refused because a table was full.
        public var overloaded: UInt64 = 0
        /// Events not sent because a subscriber took too few.
        public var eventsDropped: UInt64 = 0
    }

    /// The features that disco#info tells of.
    public nonisolated static let features: Set<String> = [
        IoTNamespace.sensorData, IoTNamespace.control, IoTNamespace.concentrators, Namespace.dataForm,
        Namespace.formValidation, Namespace.formLayout, Namespace.dynamicForm,
    ]

    let session: XMPPSession
    let tree: NodeTree
    let access: any Access
    let provisioning: ProvisioningClient?
    let settings: DoorSettings
    let log: Logger
    let outflow: Outflow
    /// What has happened since the start.
    public internal(set) var counters = Counters()

    var readouts: [Readout.Key: Readout] = [:]
    var running: Set<Readout.Key> = []
    var waiting: [Readout] = []
    var queries: [QueryJob] = []
    var queryCount: UInt64 = 0
    var subscriptions = EventSubscriptions()
    /// How often subscriptions were reviewed, since answers were taken back.
    var reviews: UInt64 = 0
    var eventJobs: [JID: EventJob] = [:]
    var eventLog: EventLog
    private var concentratorSubscription: SubscriptionID?

    /// A door on a session, which it makes its handlers known to.
    ///
    /// - Parameters:
    ///   - access: who decides; most often the provisioning client, with the list before it.
    ///   - provisioning: who judges friendships, and is told of tokens; nil where only `access` does.
    ///   - administration: who makes, names and removes nodes; nil where nobody does.
    public init(
        session: XMPPSession, concentrator: Concentrator, access: any Access,
        provisioning: ProvisioningClient? = nil, administration: (any NodeAdministration)? = nil,
        settings: DoorSettings,
        log: Logger = Logger(label: "xmpp")
    ) {
        self.session = session
        self.access = access
        self.provisioning = provisioning
        self.settings = settings
        self.log = log
        tree = NodeTree(concentrator: concentrator, administration: administration)
        outflow = Outflow(session)
        eventLog = EventLog(limit: settings.limits.eventLog)
        outflow.onEnd = { [weak self] job in self?.ended(job) }
        listen()
        provisioning?.cache.onClear { [weak self] in self?.reviewSubscriptions() }
        concentratorSubscription = concentrator.subscribe { [weak self] event in self?.nodeChanged(event) }
    }

    /// Stops answering and telling.
    public func close() {
        if let concentratorSubscription { tree.concentrator.unsubscribe(concentratorSubscription) }
        concentratorSubscription = nil
        forgetEverybody()
    }

    /// How many read-outs run and wait.
    public var openReadouts: Int { readouts.count }

    /// How many peers are told of events.
    public var subscribers: Int { subscriptions.count }

    // MARK: What comes

    private func listen() {
        session.info.features.formUnion(XMPPDoor.features)
        session.onRequest(.get, nil, IoTNamespace.sensorData) { [weak self] in self?.takeSensorData($0) }
        for question in [IQ.Question.get, .set] {
            session.onRequest(question, nil, IoTNamespace.control) { [weak self] in self?.takeControl($0) }
            session.onRequest(question, nil, IoTNamespace.concentrators) { [weak self] in self?.takeConcentrator($0) }
        }
        session.onMessage("set", IoTNamespace.control) { [weak self] message, payload in
            self?.takeControl(message, payload)
        }
        session.onPresence { [weak self] presence in
            guard let self, presence.kind == .unavailable || presence.kind == .error, let from = presence.from else {
                return
            }
            self.forget(from)
        }
        session.onUndelivered { [weak self] in self?.takeBack($0) }
        session.onState { [weak self] state in if state == .offline { self?.forgetEverybody() } }
        session.onSubscriptionRequest { [weak self] from, _ in self?.takeKnock(from) }
    }

    /// Somebody asks to be a friend.
    private func takeKnock(_ from: JID) {
        Task {
            guard await admits(from) else {
                counters.denied += 1
                log.notice("a friendship was refused", metadata: ["peer": "\(from.bare)"])
                session.refuseSubscription(of: from)
                return
            }
            session.acceptSubscription(of: from)
            switch session.roster[from]?.subscription {
            case .to?, .both?: break
            default: session.subscribe(to: from)
            }
        }
    }

    private func admits(_ from: JID) async -> Bool {
        if let provisioning { return await provisioning.admits(from) }
        let who = from.bare.description
        let answer = await access.answer(AccessQuestion(who: who, action: .befriend))
        return answer.grant?.allows(who, to: .befriend) == true
    }

    /// Asks who decides.
    func ask(
        _ from: JID, _ action: AccessQuestion.Action, _ tokens: AccessTokens, nodes: [NodeReference] = [],
        names: [String] = []
    ) async -> AccessAnswer {
        await ask(
            AccessQuestion(
                who: from.bare.description, action: action, tokens: tokens, nodes: nodes.isEmpty ? nil : nodes,
                names: names.isEmpty ? nil : names), from)
    }

    /// Asks who decides, for one who came with the question's tokens.
    func ask(_ question: AccessQuestion, _ from: JID) async -> AccessAnswer {
        provisioning?.received(question.tokens, from: from)
        return await access.answer(question)
    }

    // MARK: Those who go

    /// A connection is gone: what it asked for is not sent any more (its numbers and subscriptions end with it).
    private func forget(_ jid: JID) {
        func isGone(_ other: JID) -> Bool { other == jid || (jid.isBare && other.bare == jid) }
        for key in readouts.keys where isGone(key.receiver) { drop(key) }
        queries.removeAll { isGone($0.receiver) }
        outflow.drop { isGone($0.receiver) }
        subscriptions.remove { isGone($0) }
        eventJobs = eventJobs.filter { !isGone($0.key) }
        startWaiting()
    }

    /// A message of ours came back. Where nobody is there any more that is as good as the presence that says so, which those
    /// who are no friends do not send.
    private func takeBack(_ message: Message) {
        guard let from = message.from, let error = message.error else { return }
        switch error.condition {
        case .gone, .itemNotFound, .recipientUnavailable, .remoteServerNotFound, .remoteServerTimeout,
            .serviceUnavailable:
            forget(from)
        default: break
        }
    }

    private func forgetEverybody() {
        readouts = [:]
        running = []
        waiting = []
        queries = []
        subscriptions.remove { _ in true }
        eventJobs = [:]
        outflow.drop { _ in true }
    }

    private func ended(_ job: any OutflowJob) {
        if let readout = job as? Readout {
            drop(readout.key)
            startWaiting()
        } else if let query = job as? QueryJob {
            queries.removeAll { $0 === query }
        } else if let events = job as? EventJob, eventJobs[events.receiver] === events {
            eventJobs[events.receiver] = nil
        }
    }
}
