import Advertising
import Logging
import OneLoop

/// Makes connections by the schedule: for everybody who wants a device, and no more than the radio holds.
@Loop
public final class GATTCentral {
    /// How long an attempt may take: a device that advertises each ten seconds and is heard the second time.
    public static let connectTimeout = Duration.seconds(20)

    private let connector: any ATTConnector
    private let log: Logger
    private let transactionTimeout: Duration
    private var schedule: ConnectionSchedule
    private var wishes: [BluetoothAddress: Wish] = [:]
    private var clients: [BluetoothAddress: GATTClient] = [:]
    private var attempt: Task<Void, Never>?
    private var timer: LoopTimer?
    private var isStopped = false

    private struct Wish {
        var peer: ATTPeer
        var waiters: [CheckedContinuation<Result<GATTClient, GATTError>, Never>] = []
    }

    /// Called when an attempt begins (true), when it is over, successful or not, and when a connection ends: the kernel ends a
    /// scan of ours in order to connect, begins one of its own, and sets its scans in order afterwards.
    public var onAttempt: (@Loop (_ isUnderWay: Bool) -> Void)?
    /// Called when a connection ends by itself.
    public var ended: (@Loop (BluetoothAddress, GATTError) -> Void)?
    /// Called when a kept connection is to be given up, since others wait.
    public var onYield: (@Loop (BluetoothAddress) -> Void)?

    /// How connections are used, for the status.
    public struct Statistics: Sendable, Hashable {
        /// In use, the attempt included.
        public var used = 0
        /// How many there may be.
        public var slots = 0
        /// Who waits for one.
        public var waiting = 0
        /// How often one came about.
        public var connected: UInt64 = 0
        /// How often none did.
        public var failed: UInt64 = 0
    }
    private var counters = Statistics()

    /// A central over a radio; another time-out of transactions is for tests.
    public init(
        connector: any ATTConnector, rules: ConnectionSchedule.Rules = ConnectionSchedule.Rules(),
        transactionTimeout: Duration = ATTBearer.transactionTimeout, log: Logger = Logger(label: "ble")
    ) {
        self.connector = connector
        self.transactionTimeout = transactionTimeout
        self.log = log
        schedule = ConnectionSchedule(rules)
    }

    /// How connections are used.
    public var statistics: Statistics {
        var statistics = counters
        statistics.used = schedule.used
        statistics.slots = schedule.slots
        statistics.waiting = schedule.waiting
        return statistics
    }

    /// When a device that failed is tried again by itself; nil when it may be at once.
    public func backOff(of address: BluetoothAddress) -> ContinuousClock.Instant? { schedule.backOff(of: address) }

    /// A connection to a device: the one there is, or a new one as soon as the schedule has room.
    ///
    /// - Parameter isUrgent: a person waits for it.
    /// - Throws: ``GATTError`` `unreachable`, `noRadio`, `noConnectionFree`, `backingOff` or `cancelled`.
    public func connect(to peer: ATTPeer, isUrgent: Bool) async throws(GATTError) -> GATTClient {
        let address = peer.address
        guard !isStopped else { throw GATTError(.cancelled, "the gateway is stopping") }
        if let client = clients[address], client.end == nil { return client }
        let result = await withCheckedContinuation { waiter in
            wishes[address, default: Wish(peer: peer)].waiters.append(waiter)
            handle(.wanted(address, isUrgent: isUrgent))
        }
        return try result.get()
    }

    /// A person waits now for a device that is being waited for already.
    public func hurry(_ address: BluetoothAddress) {
        guard wishes[address] != nil else { return }
        handle(.wanted(address, isUrgent: true))
    }

    /// The connection served its purpose and is now kept for notifications; others may ask for it.
    public func keep(_ address: BluetoothAddress) { handle(.kept(address)) }

    /// Ends a connection.
    ///
    /// - Parameter isFailure: it was of no use, so the next one comes later.
    public func disconnect(_ address: BluetoothAddress, isFailure: Bool = false) {
        guard let client = clients.removeValue(forKey: address) else { return }
        client.close()
        onAttempt?(attempt != nil)
        handle(isFailure ? .failed(address) : .ended(address))
    }

    /// Whoever waits for this device is told that nobody wants it any more.
    public func cancel(_ address: BluetoothAddress) {
        answer(address, .failure(GATTError(.cancelled, "it was forgotten")))
        handle(.unwanted(address))
        disconnect(address)
    }

    /// Ends everything.
    public func stop() {
        isStopped = true
        timer?.cancel()
        attempt?.cancel()
        for address in Array(wishes.keys) {
            answer(address, .failure(GATTError(.cancelled, "the gateway is stopping")))
        }
        for client in clients.values { client.close() }
        clients = [:]
    }

    // MARK: The schedule's hands

    private func handle(_ event: ConnectionSchedule.Event) {
        guard !isStopped else { return }
        for action in schedule.handle(event, at: .now) {
            switch action {
            case .connect(let address): begin(address)
            case .yield(let address): onYield?(address)
            case .refuse(let address, let code):
                let reason =
                    code == .backingOff
                    ? "it failed a while ago and is tried again later"
                    : "all \(schedule.slots) connections are in use and none became free in time"
                answer(address, .failure(GATTError(code, reason)))
            }
        }
        timer?.cancel()
        timer = schedule.deadline.map { deadline in
            Loop.after(max(deadline - .now, .milliseconds(1))) { [weak self] in self?.handle(.tick) }
        }
    }

    private func begin(_ address: BluetoothAddress) {
        guard let peer = wishes[address]?.peer else { return handle(.ended(address)) }
        onAttempt?(true)
        attempt = Task { [weak self, connector] in
            let result: Result<any ATTLink, GATTError>
            do throws(GATTError) {
                result = .success(try await connector.connect(to: peer, timeout: GATTCentral.connectTimeout))
            } catch {
                result = .failure(error)
            }
            self?.finish(peer, result)
        }
    }

    private func finish(_ peer: ATTPeer, _ result: Result<any ATTLink, GATTError>) {
        let address = peer.address
        attempt = nil
        switch result {
        case .failure(let error):
            counters.failed += 1
            log.debug("no connection to \(peer): \(error.reason)")
            onAttempt?(false)
            // The wish goes first, lest the next event of the schedule serve it again.
            answer(address, .failure(error))
            handle(.failed(address))
        case .success(let link):
            guard !isStopped, wishes[address] != nil else {
                link.close()
                onAttempt?(false)
                return handle(.ended(address))
            }
            counters.connected += 1
            let client = GATTClient(link, timeout: transactionTimeout)
            clients[address] = client
            client.onEnd = { [weak self] reason in self?.lost(address, client, reason) }
            onAttempt?(false)
            handle(.connected(address))
            answer(address, .success(client))
        }
    }

    private func lost(_ address: BluetoothAddress, _ client: GATTClient, _ reason: GATTError) {
        guard clients[address] === client else { return }
        clients[address] = nil
        onAttempt?(attempt != nil)
        log.debug("the connection to \(address) ended: \(reason.reason)")
        ended?(address, reason)
        handle(reason.code == .disconnected ? .ended(address) : .failed(address))
    }

    private func answer(_ address: BluetoothAddress, _ result: Result<GATTClient, GATTError>) {
        for waiter in wishes.removeValue(forKey: address)?.waiters ?? [] { waiter.resume(returning: result) }
    }
}
