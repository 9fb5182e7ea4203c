import NIOCore

/// The stanzas of one account or component: what doors are built on.
///
/// Knows no socket: a ``SessionLink`` carries its stanzas, an ``XMPPConnection`` to a server in the daemon and a
/// ``MemoryServer`` in tests. It lives through any number of connections: handlers are registered once, before it starts.
/// Bound to its event loop, where everything has to be called and every handler is called.
///
/// - Every iq that asks is answered exactly once: by its handler through ``IQRequest``, or with an error when nobody is
///   there for it. Ping, disco and roster pushes are answered here.
/// - An answer counts only when it comes from the address that was asked (RFC 6120 8.1.2.1).
public final class XMPPSession {
    /// Handles a question.
    public typealias RequestHandler = (IQRequest) -> Void
    /// Takes the answer to a question of ours.
    public typealias AnswerHandler = (Result<XMLElement?, IQFailure>) -> Void

    /// What has happened since the start.
    public struct Counters: Sendable, Hashable {
        /// Stanzas that came.
        public var received: UInt64 = 0
        /// Stanzas that were sent.
        public var sent: UInt64 = 0
        /// Stanzas that could not be sent, since there was no session or its queue was full.
        public var unsent: UInt64 = 0
        /// Questions that nobody here answers, and malformed ones.
        public var refused: UInt64 = 0
        /// Questions refused because too many were open.
        public var overloaded: UInt64 = 0
        /// Answers to no question of ours, or from another than was asked.
        public var strayAnswers: UInt64 = 0
        /// Questions of ours that were not answered in time.
        public var unanswered: UInt64 = 0
    }

    struct Question {
        let to: JID?
        let timer: Scheduled<Void>
        let handler: AnswerHandler
    }

    struct HandlerKey: Hashable {
        let question: IQ.Question
        let namespace: String
        /// Nil for every name of the namespace.
        let name: String?
    }

    /// Where everything happens.
    public let eventLoop: any EventLoop
    /// The account's bare address, or the component's domain.
    public let account: JID
    /// Whether it is a component (XEP-0114): it has no roster, and several addresses.
    public let isComponent: Bool
    /// The bounds.
    public let limits: SessionLimits
    /// What has happened since the start.
    public internal(set) var counters = Counters()
    /// How far the session has come.
    public internal(set) var state = SessionState.offline
    /// The account's contacts. Empty until the server has sent them; kept while the connection is lost.
    public internal(set) var roster = Roster()
    /// What this entity is and can; changes are told to friends at once.
    public var info: DiscoInfo { didSet { if info != oldValue { capabilitiesChanged() } } }
    /// What stands behind this entity.
    public var items: [DiscoItems.Item] = []
    /// The sentence and payloads of our own presence, told to friends; capabilities are added.
    public var presence = Presence() { didSet { if presence != oldValue { announce() } } }

    /// A URI that names the software, for capabilities.
    let software: String
    var capabilities: Capabilities
    weak var link: (any SessionLink)?
    var presences = Presences()
    var questions: [String: Question] = [:]
    var openRequests = 0
    var lastID: UInt64 = 0
    /// Ids cannot be guessed by those who see others' (RFC 6120 8.1.3).
    let idPrefix: String

    var requestHandlers: [HandlerKey: RequestHandler] = [:]
    var handledNamespaces: Set<String> = []
    var messageHandlers: [(name: String?, namespace: String, handler: (Message, XMLElement) -> Void)] = []
    var errorMessageHandlers: [(Message) -> Void] = []
    var presenceHandlers: [(Presence) -> Void] = []
    var stateHandlers: [(SessionState) -> Void] = []
    var rosterHandlers: [(JID?) -> Void] = []
    var roomHandlers: [() -> Void] = []
    var subscriptionHandler: ((JID, Presence) -> Void)?

    /// A session that is offline.
    ///
    /// - Parameters:
    ///   - account: the account's address, or the component's domain.
    ///   - software: a URI that names the software, for capabilities (XEP-0115 4).
    public init(
        account: JID, isComponent: Bool = false, info: DiscoInfo, software: String, on eventLoop: any EventLoop,
        limits: SessionLimits = .standard
    ) {
        self.account = account.bare
        self.isComponent = isComponent
        self.eventLoop = eventLoop
        self.limits = limits
        self.software = software
        var info = info
        info.features.formUnion([Namespace.discoInfo, Namespace.discoItems, Namespace.ping, Namespace.capabilities])
        self.info = info
        capabilities = Capabilities(node: software, of: info)
        idPrefix = XMPPSession.randomName()
    }

    /// One's own address: the full one while there is a session.
    public var address: JID { state.address ?? account }

    // MARK: Handlers

    /// Handles questions with a payload of this name and namespace; without a name all of the namespace that have no
    /// handler of their own. A second registration of the same takes the place of the first.
    public func onRequest(
        _ question: IQ.Question, _ name: String?, _ namespace: String, handler: @escaping RequestHandler
    ) {
        handledNamespaces.insert(namespace)
        requestHandlers[HandlerKey(question: question, namespace: namespace, name: name)] = handler
    }

    /// Takes messages, except of the kind `error`, that carry a payload of this name and namespace; without a name any of
    /// the namespace. Called once for each such payload, in order.
    public func onMessage(
        _ name: String?, _ namespace: String, handler: @escaping (Message, XMLElement) -> Void
    ) {
        messageHandlers.append((name, namespace, handler))
    }

    /// Takes messages that came back: of the kind `error`.
    public func onUndelivered(handler: @escaping (Message) -> Void) { errorMessageHandlers.append(handler) }

    /// Takes presences of others, `subscribe` excepted; ``resources(of:)`` and the roster are up to date by then.
    public func onPresence(handler: @escaping (Presence) -> Void) { presenceHandlers.append(handler) }

    /// Takes requests of others to be told of our presence, that is to be friends; answer now or later by
    /// ``acceptSubscription(of:)`` or ``refuseSubscription(of:)``. Without a handler they stay open on the server.
    public func onSubscriptionRequest(handler: @escaping (_ from: JID, Presence) -> Void) {
        subscriptionHandler = handler
    }

    /// Called after each change of ``state``. `.online` after `.offline` is a new session: all presence is forgotten, and
    /// questions and subscriptions of others went with it; after `.suspended` nothing was lost.
    public func onState(handler: @escaping (SessionState) -> Void) { stateHandlers.append(handler) }

    /// Called when the roster came from the server (nil), and after a change of one contact.
    public func onRoster(handler: @escaping (JID?) -> Void) { rosterHandlers.append(handler) }

    /// Whether so much waits for the server that long read-outs should pause; ``onRoom(handler:)`` tells when to go on.
    public var isCongested: Bool { link?.isCongested ?? false }

    /// Called when ``isCongested`` has become false.
    public func onRoom(handler: @escaping () -> Void) { roomHandlers.append(handler) }

    // MARK: Others

    /// The connections of an account that are there, the preferred first: what an iq can be sent to.
    public func resources(of jid: JID) -> [JID] { presences.resources(of: jid) }

    /// Whether this connection, or with a bare address any connection of the account, is there.
    public func isAvailable(_ jid: JID) -> Bool { presences.isAvailable(jid) }

    /// What the presence of a connection said of its features.
    public func capabilities(of jid: JID) -> Capabilities? { presences.capabilities(of: jid) }
}

// Belongs to its event loop.
@available(*, unavailable)
extension XMPPSession: Sendable {}
