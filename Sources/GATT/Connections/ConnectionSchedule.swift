import Advertising

/// Who may be connected when: one connection a device, so many at a time, one attempt at a time, and ever longer waits for
/// those that fail.
///
/// Pure: it opens nothing. Each event gives actions; ``deadline`` says when to send `tick`.
public struct ConnectionSchedule: Sendable {
    /// The numbers it goes by.
    public struct Rules: Sendable, Hashable {
        /// Connections at a time. The radios of Raspberry Pis hold about ten, fewer while they scan.
        public var slots = 3
        /// The wait after a first failure; doubled after each more. 5 s lets a device reboot.
        public var firstBackOff = Duration.seconds(5)
        /// The longest wait: a device that came back is found within ten minutes.
        public var lastBackOff = Duration.seconds(600)
        /// How long somebody may wait for a connection before he is told that none is free.
        public var patience = Duration.seconds(30)
        /// How long a connection that is kept for notifications stays when others wait for one.
        public var turn = Duration.seconds(30)

        /// The numbers above.
        public init() {}
    }

    /// What happens.
    public enum Event: Sendable, Hashable {
        /// A device is to be connected. `isUrgent`: a person waits for it, so a back-off does not count.
        case wanted(BluetoothAddress, isUrgent: Bool)
        /// It is not any more.
        case unwanted(BluetoothAddress)
        /// The attempt succeeded.
        case connected(BluetoothAddress)
        /// The attempt failed, or the connection was of no use.
        case failed(BluetoothAddress)
        /// The connection is being kept for notifications: it may be taken away when others wait.
        case kept(BluetoothAddress)
        /// The connection ended.
        case ended(BluetoothAddress)
        /// Time has passed.
        case tick
    }

    /// What is to be done.
    public enum Action: Sendable, Hashable {
        /// Connect to it; send `connected` or `failed`.
        case connect(BluetoothAddress)
        /// Give its connection up, for others wait; send `ended`.
        case yield(BluetoothAddress)
        /// It waited too long for a free connection, or it is too soon after a failure.
        case refuse(BluetoothAddress, GATTError.Code)
    }

    private struct Waiter: Sendable {
        var address: BluetoothAddress
        var since: ContinuousClock.Instant
        var isUrgent: Bool
    }

    private struct Failure: Sendable {
        var count: Int
        var until: ContinuousClock.Instant
    }

    private struct Connection: Sendable {
        var since: ContinuousClock.Instant
        var isKept = false
        var isYielding = false
    }

    /// The devices whose failures are remembered; the one whose wait ends first makes room. As many as may wait.
    static let mostFailures = 512

    private let rules: Rules
    private var waiters: [Waiter] = []
    private var connecting: BluetoothAddress?
    private var connections: [BluetoothAddress: Connection] = [:]
    private var failures: [BluetoothAddress: Failure] = [:]

    /// A schedule with nothing to do.
    public init(_ rules: Rules = Rules()) { self.rules = rules }

    /// How many connections are in use, the attempt included.
    public var used: Int { connections.count + (connecting == nil ? 0 : 1) }
    /// How many may be.
    public var slots: Int { rules.slots }
    /// How many wait for one.
    public var waiting: Int { waiters.count }

    /// When a device that failed is tried again; nil when it may be at once.
    public func backOff(of address: BluetoothAddress) -> ContinuousClock.Instant? { failures[address]?.until }

    /// When something changes by itself.
    public var deadline: ContinuousClock.Instant? {
        guard !waiters.isEmpty else { return nil }
        var moments = waiters.map { $0.since + rules.patience }
        moments += connections.values.filter { $0.isKept && !$0.isYielding }.map { $0.since + rules.turn }
        return moments.min()
    }

    /// Takes an event.
    public mutating func handle(_ event: Event, at now: ContinuousClock.Instant) -> [Action] {
        switch event {
        case .wanted(let address, let isUrgent):
            guard connections[address] == nil, connecting != address else { break }
            if !isUrgent, let until = failures[address]?.until, now < until { return [.refuse(address, .backingOff)] }
            if let index = waiters.firstIndex(where: { $0.address == address }) {
                waiters[index].isUrgent = waiters[index].isUrgent || isUrgent
            } else {
                waiters.append(Waiter(address: address, since: now, isUrgent: isUrgent))
            }
        case .unwanted(let address):
            waiters.removeAll { $0.address == address }
        case .connected(let address):
            guard connecting == address else { break }
            connecting = nil
            connections[address] = Connection(since: now)
        case .failed(let address):
            if connecting == address { connecting = nil }
            connections[address] = nil
            fail(address, at: now)
        case .kept(let address):
            // What is kept has done what it was wanted for: that was a success.
            failures[address] = nil
            connections[address]?.isKept = true
        case .ended(let address):
            // An attempt that was given up ends here, too.
            if connecting == address { connecting = nil }
            if connections.removeValue(forKey: address) != nil { failures[address] = nil }
        case .tick: break
        }
        return progress(at: now)
    }

    private mutating func fail(_ address: BluetoothAddress, at now: ContinuousClock.Instant) {
        let count = min((failures[address]?.count ?? 0) + 1, 16)
        if failures[address] == nil, failures.count >= ConnectionSchedule.mostFailures,
            let first = failures.min(by: { $0.value.until < $1.value.until })
        {
            failures[first.key] = nil
        }
        let wait = min(rules.firstBackOff * (1 << (count - 1)), rules.lastBackOff)
        failures[address] = Failure(count: count, until: now + wait)
    }

    private mutating func progress(at now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        waiters.removeAll { waiter in
            guard now >= waiter.since + rules.patience else { return false }
            actions.append(.refuse(waiter.address, .noConnectionFree))
            return true
        }
        guard !waiters.isEmpty else { return actions }
        if connecting == nil, used < rules.slots {
            // Those a person waits for first, else in the order in which they came.
            let index = waiters.firstIndex { $0.isUrgent } ?? 0
            let address = waiters.remove(at: index).address
            connecting = address
            actions.append(.connect(address))
        }
        if !waiters.isEmpty, used >= rules.slots, !connections.values.contains(where: \.isYielding),
            // Of those that are kept the one that has had it longest, and its turn at least; at once for a person.
            let oldest = connections.filter({ $0.value.isKept }).min(by: { $0.value.since < $1.value.since }),
            now >= oldest.value.since + rules.turn || waiters.contains(where: \.isUrgent)
        {
            connections[oldest.key]?.isYielding = true
            actions.append(.yield(oldest.key))
        }
        return actions
    }
}
