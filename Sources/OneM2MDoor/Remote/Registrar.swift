import JSONText
import Logging
import OneLoop
import OneM2MPrimitives

/// Keeps the CSE registered at another: does what the machine says.
@Loop
public final class Registrar {
    /// How it stands.
    public struct Status: Sendable, Hashable {
        /// Whether requests can go there.
        public var isRegistered: Bool
        /// A word.
        public var state: String
        /// Why not; nil when all is well or nothing has been tried.
        public var trouble: String?
        /// Registrations made since the start.
        public var registrations: Int
    }

    /// Where, and how.
    public let settings: RegistrarSettings
    private let home: CSEIdentity
    /// What our `<remoteCSE>` at the registrar says of us, without an expiration time.
    private let description: @Loop () -> JSONObject
    private let now: @Loop () -> OneM2MTime
    private let transports: Transports
    private let log: Logger
    private var machine: RegistrarMachine
    private var timers: [RegistrarMachine.Timer: LoopTimer] = [:]
    private var asked = 0
    /// What the registrar was told of us last.
    private var told = JSONObject()
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private(set) var isAvailable = false
    /// Called with the attributes of the registrar's CSEBase, each time that a registration came about.
    public var onRegistered: (@Loop (JSON) async -> Void)?
    /// Called when requests can go there, or no longer can.
    public var onAvailable: (@Loop (Bool) -> Void)?

    /// A registrar that nothing is asked of before ``start()``.
    public init(
        _ settings: RegistrarSettings, home: CSEIdentity, transports: Transports, log: Logger,
        now: @escaping @Loop () -> OneM2MTime, description: @escaping @Loop () -> JSONObject
    ) {
        self.settings = settings
        self.home = home
        self.transports = transports
        self.log = log
        self.now = now
        self.description = description
        machine = RegistrarMachine(
            lifetime: settings.lifetime, checkInterval: settings.checkInterval, deregisters: settings.deregisters)
    }

    /// How it stands.
    public var status: Status {
        Status(
            isRegistered: isAvailable, state: "\(machine.state)", trouble: machine.trouble,
            registrations: machine.registrations)
    }

    /// Begins, and goes on by itself until ``stop()``.
    public func start() { handle(.start) }

    /// Takes the registration back; returns when that is done, or was not answered in time.
    public func stop() async {
        handle(.stop)
        guard machine.state != .stopped else { return }
        await withCheckedContinuation { waiters.append($0) }
    }

    /// Tries at once what waits.
    public func tryNow() { handle(.tryNow) }

    private func handle(_ input: RegistrarMachine.Input) {
        let before = machine.trouble
        let effects = machine.handle(input)
        if let trouble = machine.trouble, trouble != before {
            log.warning(
                "not registered", metadata: ["registrar": "\(settings.point)", "reason": "\(trouble)"])
        }
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: RegistrarMachine.Effect) {
        switch effect {
        case .ask(let step): ask(step)
        case .mirror(let base):
            log.info("registered", metadata: ["registrar": "\(settings.cse)"])
            if let onRegistered { Task { await onRegistered(base) } }
        case .startTimer(let timer, let range):
            timers[timer]?.cancel()
            let nanoseconds = Int64.random(
                in: range.lowerBound.nanosecondsClamped...range.upperBound.nanosecondsClamped)
            timers[timer] = Loop.after(.nanoseconds(nanoseconds)) { [weak self] in self?.handle(.timer(timer)) }
        case .cancelTimer(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .available(let isAvailable):
            self.isAvailable = isAvailable
            onAvailable?(isAvailable)
        case .stopped:
            let waiters = waiters
            self.waiters = []
            for waiter in waiters { waiter.resume() }
        }
    }

    private func ask(_ step: RegistrarMachine.Step) {
        asked += 1
        let number = asked
        let request = request(step)
        let timeout = step == .leave ? min(settings.timeout, Self.partingTimeout) : settings.timeout
        Task {
            do throws(TransportError) {
                let response = try await transports.send(
                    request, to: settings.point, isWholeTarget: false, timeout: timeout)
                guard number == asked else { return }
                handle(.answered(response.status, response.content))
            } catch {
                guard number == asked else { return }
                handle(.failed(error.reason))
            }
        }
    }

    /// The end of a program does not wait for a registrar that is away.
    private static let partingTimeout = Duration.seconds(2)

    private func request(_ step: RegistrarMachine.Step) -> RequestPrimitive {
        let base = settings.base(from: home)
        let own = base + "/" + home.cseID
        let from = home.entity.text(for: settings.cse)
        let identifier = "reg-\(asked)-\(UInt32.random(in: 0...UInt32.max))"
        var attributes = description()
        // What has changed meanwhile, such as an address, is told instead of asking.
        let step = step == .check && attributes != told ? .update : step
        if step == .create || step == .update { told = attributes }
        attributes["et"] = .string(
            "\(now().adding(milliseconds: settings.lifetime.nanosecondsClamped / 1_000_000))")
        switch step {
        case .create:
            attributes["rn"] = .string(home.cseID)
            return RequestPrimitive(
                .create, to: base, from: from, requestIdentifier: identifier, resourceType: .remoteCSE,
                content: ["m2m:csr": .object(attributes)])
        case .update:
            // What a registration says once and for all may not be said again (TS-0004 table 7.4.4.1-3).
            for name in ["rn", "cb", "csi", "cst"] { attributes[name] = nil }
            return RequestPrimitive(
                .update, to: own, from: from, requestIdentifier: identifier,
                content: ["m2m:csr": .object(attributes)])
        case .inspect: return RequestPrimitive(.retrieve, to: base, from: from, requestIdentifier: identifier)
        case .check: return RequestPrimitive(.retrieve, to: own, from: from, requestIdentifier: identifier)
        case .leave: return RequestPrimitive(.delete, to: own, from: from, requestIdentifier: identifier)
        }
    }
}

extension Duration {
    /// Nanoseconds; a century at most.
    fileprivate var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        return min(max(seconds, 0), 3_155_760_000) * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
