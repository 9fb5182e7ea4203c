import Advertising
import Concentrator
import GATT
import Logging
import OneLoop

/// One device that is connected to: what is read of it, told by it and written to it.
///
/// Connections come when the device is heard and something is due, or when somebody writes. They end when nothing needs
/// them any more, unless the device tells values by itself: then the connection is kept until others need it.
/// How one is made and given up is in `GATTSession+Connection.swift`, what becomes of values in `GATTSession+Values.swift`.
@Loop
final class GATTSession {
    /// How long a connection stays for what may come next: a second write of the same person.
    static let linger = Duration.seconds(5)
    /// So many failures running are worth a word: the first may be a device that is just out of reach.
    static let failuresToTell = 2

    let id: NodeID
    let plan: GATTPlan
    /// How often values are read that do not come by themselves: the plan's, until somebody says another.
    private(set) var interval: Duration
    let central: GATTCentral
    let concentrator: Concentrator
    let log: Logger
    /// What makes a link as secure as the device wants it.
    let secure: @Loop (ATTPeer, GATTClient, ATTError) async throws(GATTError) -> Void
    /// Called when the database is another than before.
    let remember: @Loop (GATTDatabase?) -> Void
    /// Called when ``trouble`` changed.
    private let tell: @Loop () -> Void

    var database: GATTDatabase?
    var points: [GATTPoint] = []
    /// What is wrong, for people; nil when nothing is.
    private(set) var trouble: String?
    var failures = 0
    var peer: ATTPeer?
    var client: GATTClient?
    var readying: Task<Result<GATTClient, GATTError>, Never>?
    var users = 0
    var timer: LoopTimer?
    var due: ContinuousClock.Instant?
    var isYielding = false
    var isStopped = false
    /// The device information has been read since the database was discovered.
    var knowsIdentity = false
    /// What should be told on this connection and is not, for want of a bond; asked for again at each round.
    var untold: Set<AttributeHandle> = []

    init(
        id: NodeID, plan: GATTPlan, database: GATTDatabase?, central: GATTCentral, concentrator: Concentrator,
        log: Logger, secure: @escaping @Loop (ATTPeer, GATTClient, ATTError) async throws(GATTError) -> Void,
        remember: @escaping @Loop (GATTDatabase?) -> Void, tell: @escaping @Loop () -> Void
    ) {
        self.id = id
        self.plan = plan
        interval = plan.interval
        self.central = central
        self.concentrator = concentrator
        self.log = log
        self.secure = secure
        self.remember = remember
        self.tell = tell
        self.database = database
        if let database { points = GATTPoint.resolve(plan, in: database).points }
    }

    /// Whether there is a connection: then the device is there, though it may not advertise.
    var isConnected: Bool { client != nil }

    /// The parameters that the device's characteristics make, as far as they are known.
    var parameters: [Parameter] { points.flatMap(\.parameters) }

    var keeps: Bool {
        points.contains { $0.delivery == .notify && !untold.contains($0.characteristic.value) }
    }

    // MARK: When

    /// The device was heard, under this address: a round begins if one is due.
    func heard(_ peer: ATTPeer) {
        // An address that changed while a connection stands or is being made is the next one's.
        guard client == nil, readying == nil else { return }
        self.peer = peer
        guard !isStopped, users == 0, due.map({ $0 <= .now }) ?? true else { return }
        // Set before anything is waited for, so that the next advert does not begin another.
        due = .now + interval
        Task { try? await self.round(isUrgent: false) }
    }

    /// Reads values at this interval from now on; what is due is no later than after one.
    func setInterval(_ interval: Duration) {
        self.interval = interval
        if let due { self.due = min(due, .now + interval) }
        // A connection that is kept has a timer of its own.
        settle()
    }

    /// Reads everything now.
    func refresh() async throws(GATTError) { try await round(isUrgent: true) }

    /// Does something with a connection, for a person who waits.
    func with(
        _ body: @Loop (ATTPeer, GATTClient) async throws(GATTError) -> Void
    ) async throws(GATTError) {
        try await using(isUrgent: true) { client throws(GATTError) in
            guard let peer = self.peer else { throw GATTError(.unreachable, "it has not been heard") }
            try await body(peer, client)
        }
    }

    /// Gives the connection up, since others wait for one.
    func yield() {
        isYielding = true
        if users == 0 { disconnect() }
    }

    /// The connection ended by itself.
    func lost(_ reason: GATTError) {
        guard client != nil else { return }
        client = nil
        timer?.cancel()
        // What came by itself is missed from now on: connect again as soon as it is heard.
        if keeps { due = address.flatMap { central.backOff(of: $0) } }
        if reason.code != .disconnected { failed(reason) }
    }

    /// Ends everything.
    func stop() {
        isStopped = true
        timer?.cancel()
        client = nil
        if let address { central.cancel(address) }
    }

    /// The address it is called under, which may not be the one that names it; nil until it is heard.
    var address: BluetoothAddress? { peer?.address }

    // MARK: Rounds

    /// Connects where need be, and reads what is read at intervals.
    func round(isUrgent: Bool) async throws(GATTError) {
        try await using(isUrgent: isUrgent) { client throws(GATTError) in
            var refused = try await self.subscribeAgain(client)
            for point in self.points where point.isReadable {
                guard point.delivery != .once || !self.knowsIdentity else { continue }
                do throws(GATTError) {
                    try self.take(try await client.read(point.characteristic.value), for: point)
                } catch  where error.refusal != nil || error.code == .needsPairing || error.code == .malformed {
                    guard client.end == nil else { throw error }
                    let reason = error.code == .malformed ? error.reason : "its \(point.name): \(error.reason)"
                    // What neither tells nor shows its value is named once.
                    if !refused.contains(reason) { refused.append(reason) }
                    self.miss(point)
                    if error.refusal == .databaseOutOfSync { throw error }
                }
            }
            self.knowsIdentity = true
            self.due = .now + self.interval
            self.set(trouble: refused.isEmpty ? nil : refused.joined(separator: "; "))
        }
    }

    // MARK: Trouble

    func failed(_ error: GATTError) {
        switch error.code {
        case .cancelled, .backingOff: return
        // One that took the connection and said nothing for 30 s is not merely out of reach.
        case .needsPairing, .pairingFailed, .timedOut: failures += 1
        default:
            failures += 1
            guard failures >= GATTSession.failuresToTell else { return }
        }
        set(trouble: error.reason)
    }

    func set(trouble: String?) {
        guard trouble != self.trouble else { return }
        self.trouble = trouble
        if let trouble { log.warning("\(id): \(trouble)") }
        tell()
    }
}
