import Logging
import NIOCore
import NIOPosix
import TLS

/// The connection of an account or component to its server: what the two machines decide, done with sockets and timers.
///
/// Holds a session alive over any number of streams: lost ones come back by themselves, with XEP-0198 as if nothing had
/// happened. Bound to the event loop of its session, where everything has to be called.
public final class XMPPConnection {
    /// How the connection stands, for status and log.
    public struct Status: Sendable, Hashable {
        /// Whether stanzas go both ways.
        public var isOnline = false
        /// One word or two.
        public var state = "idle"
        /// Why not, as far as that is a failure.
        public var trouble: StreamTrouble?
        /// One's own address.
        public var address: JID?
        /// The server in use.
        public var server: ServerTarget?
        /// Whether TLS is between.
        public var isEncrypted = false
        /// Whether a lost connection can be taken up again.
        public var isResumable = false
    }

    /// What has happened since the start.
    public struct Counters: Sendable, Hashable {
        /// Connections tried.
        public var attempts: UInt64 = 0
        /// New sessions.
        public var sessions: UInt64 = 0
        /// Sessions taken up again.
        public var resumptions: UInt64 = 0
        /// Sessions that ended, ours by intent included.
        public var lostSessions: UInt64 = 0
        /// Stanzas that may not have reached the server, since their session was lost.
        public var lostStanzas: UInt64 = 0
        /// Bytes read.
        public var bytesIn: UInt64 = 0
        /// Bytes written.
        public var bytesOut: UInt64 = 0
    }

    /// The stanzas.
    public let session: XMPPSession
    /// What it was made with.
    public let configuration: XMPPConfiguration
    /// What has happened since the start.
    public internal(set) var counters = Counters()

    let eventLoop: any EventLoop
    let log: Logger
    var resolver: ServiceResolver
    var machine: ConnectionMachine
    var stream: StreamMachine?
    let reader: XMLStreamReader
    var transport: StreamTransport?
    /// Counts transports, so that what an earlier one tells late is not heard.
    var epoch = 0
    /// Counts beginnings of the stream, so that what was read before one does not count after it.
    var resets = 0
    var isEncrypted = false
    var wasCongested = false

    /// A lost session that may be taken up again.
    var suspended: StreamManagement?
    /// The salted password of the last authentication: reconnecting costs no rounds.
    var salted: (derivation: ScramClient.Derivation, password: [UInt8])?

    var timers: [ConnectionMachine.Timer: Scheduled<Void>] = [:]
    var stanzaTimer: Scheduled<Void>?
    var resumeTimer: Scheduled<Void>?
    var keepAliveTimer: Scheduled<Void>?
    var probeTimer: Scheduled<Void>?
    var lastHeard = NIODeadline.uptimeNanoseconds(0)

    private var inputs: [ConnectionMachine.Input] = []
    private var isHandling = false
    private var stopHandlers: [() -> Void] = []
    private var statusHandlers: [(Status) -> Void] = []
    private var lastStatus = Status()

    /// A connection that does nothing until ``start()``. The session is to be made for the same account.
    public convenience init(
        _ configuration: XMPPConfiguration, session: XMPPSession, log: Logger = Logger(label: "xmpp")
    ) {
        self.init(configuration, session: session, log: log, resolver: ServiceResolver())
    }

    init(_ configuration: XMPPConfiguration, session: XMPPSession, log: Logger, resolver: ServiceResolver) {
        self.configuration = configuration
        self.session = session
        self.log = log
        self.resolver = resolver
        eventLoop = session.eventLoop
        let limits = configuration.limits
        machine = ConnectionMachine(
            domain: configuration.jid.domain, target: configuration.target,
            negotiationTimeout: Duration(limits.negotiationTimeout), closeTimeout: Duration(limits.closeTimeout))
        reader = XMLStreamReader(limits: limits.xml)
        session.attach(self)
    }

    // MARK: What it shows and is told

    /// How it stands.
    public var status: Status {
        var status = Status()
        status.isOnline = machine.state == .online
        status.state = "\(machine.state)"
        status.trouble = machine.trouble
        status.address = stream?.address ?? session.state.address
        status.server = machine.current
        status.isEncrypted = isEncrypted
        status.isResumable = canResume
        return status
    }

    /// Whether there is a session, lost or not, that can be taken up again.
    private var canResume: Bool { (stream?.management ?? suspended)?.id.isEmpty == false }

    /// Called after each change of ``status``.
    public func onStatus(handler: @escaping (Status) -> Void) { statusHandlers.append(handler) }

    /// Begins, and goes on by itself until ``stop(then:)``.
    public func start() { handle(.start) }

    /// Tells friends that we go, ends the stream and closes; `then` is called when that is done, soon in every case.
    public func stop(then handler: @escaping () -> Void = {}) {
        stopHandlers.append(handler)
        if machine.state == .stopped || machine.state == .idle {
            return eventLoop.assumeIsolated().execute { self.tellStopped() }
        }
        handle(.stop)
    }

    /// Tells that the clock has been put right, or that the network is there again: tries at once what waits.
    public func tryNow() { handle(.tryNow) }

    // MARK: The machine

    /// Feeds the machine. What comes while effects are done waits its turn.
    func handle(_ input: ConnectionMachine.Input) {
        inputs.append(input)
        guard !isHandling else { return }
        isHandling = true
        var next = 0
        while next < inputs.count {
            let before = machine.state
            machine.holdsSession = canResume
            let effects = machine.handle(inputs[next])
            if machine.state != before {
                log.debug("xmpp connection", metadata: ["from": "\(before)", "to": "\(machine.state)"])
            }
            for effect in effects { perform(effect) }
            next += 1
        }
        inputs.removeAll(keepingCapacity: true)
        isHandling = false
        tellStatus()
    }

    func tellStatus() {
        let status = status
        guard status != lastStatus else { return }
        if let trouble = status.trouble, trouble != lastStatus.trouble {
            log.warning(
                "the XMPP server cannot be used; \(trouble.code.advice)", metadata: ["trouble": "\(trouble)"])
        }
        if status.isOnline, !lastStatus.isOnline {
            log.info("connected to the XMPP server", metadata: ["address": "\(status.address?.description ?? "")"])
        }
        lastStatus = status
        for handler in statusHandlers { handler(status) }
    }

    func tellStopped() {
        let handlers = stopHandlers
        stopHandlers = []
        for handler in handlers { handler() }
    }
}

// Belongs to its event loop.
@available(*, unavailable)
extension XMPPConnection: Sendable {}

extension ConnectionMachine.State: CustomStringConvertible {
    var description: String {
        switch self {
        case .idle: "idle"
        case .resolving: "resolving"
        case .connecting: "connecting"
        case .negotiating: "negotiating"
        case .online: "online"
        case .waiting: "waiting"
        case .stopping: "stopping"
        case .stopped: "stopped"
        }
    }
}
