import Advertising
import Concentrator
import GATT
import Logging
import OneLoop

/// One device that is connected to: what is read of it, told by it and written to it.
///
/// Connections come when the device is heard and something is due, or when somebody writes. They end when nothing needs
/// them any more, unless the device tells values by itself: then the connection is kept until others need it.
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
    private let central: GATTCentral
    private let concentrator: Concentrator
    private let log: Logger
    /// What makes a link as secure as the device wants it.
    private let secure: @Loop (ATTPeer, GATTClient, ATTError) async throws(GATTError) -> Void
    /// Called when the database is another than before.
    private let remember: @Loop (GATTDatabase?) -> Void
    /// Called when ``trouble`` changed.
    private let tell: @Loop () -> Void

    private(set) var database: GATTDatabase?
    private(set) var points: [GATTPoint] = []
    /// What is wrong, for people; nil when nothing is.
    private(set) var trouble: String?
    private var failures = 0
    private var peer: ATTPeer?
    private var client: GATTClient?
    private var readying: Task<Result<GATTClient, GATTError>, Never>?
    private var users = 0
    private var timer: LoopTimer?
    private var due: ContinuousClock.Instant?
    private var isYielding = false
    private var isStopped = false
    /// The device information has been read since the database was discovered.
    private var knowsIdentity = false
    /// What should be told on this connection and is not, for want of a bond; asked for again at each round.
    private var untold: Set<AttributeHandle> = []

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

    private var keeps: Bool {
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
    private func round(isUrgent: Bool) async throws(GATTError) {
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

    /// Does something with a connection, and sees to what comes after.
    private func using(
        isUrgent: Bool, _ body: @Loop (GATTClient) async throws(GATTError) -> Void
    ) async throws(GATTError) {
        users += 1
        defer {
            users -= 1
            settle()
        }
        let client: GATTClient
        do throws(GATTError) {
            client = try await ready(isUrgent: isUrgent)
        } catch {
            // Also a refusal: a device that refuses to say what it has is of no use.
            failed(error)
            throw error
        }
        do throws(GATTError) {
            try await body(client)
            failures = 0
        } catch {
            if error.refusal == .databaseOutOfSync { forgetDatabase() }
            // A value that does not fit, or a refused write, is the asker's affair.
            if error.refusal == nil, error.code != .notPossible, error.code != .tooLong { failed(error) }
            throw error
        }
    }

    /// The connection, with all that must come before anything can be asked; one is made for all who want it.
    private func ready(isUrgent: Bool) async throws(GATTError) -> GATTClient {
        if let client, client.end == nil { return client }
        guard !isStopped else { throw GATTError(.cancelled, "it was forgotten") }
        guard let peer else {
            throw GATTError(.unreachable, "it has not been heard since the start, so nobody knows whether it is there")
        }
        if let readying {
            if isUrgent { central.hurry(peer.address) }
            return try await readying.value.get()
        }
        let task = Task { () -> Result<GATTClient, GATTError> in
            // Here, not where it is waited for: who asks again at once must not be given the answer that has just come.
            defer { readying = nil }
            do throws(GATTError) {
                return .success(try await self.prepare(peer, isUrgent))
            } catch {
                return .failure(error)
            }
        }
        readying = task
        return try await task.value.get()
    }

    private func prepare(_ peer: ATTPeer, _ isUrgent: Bool) async throws(GATTError) -> GATTClient {
        let client = try await central.connect(to: peer, isUrgent: isUrgent)
        do throws(GATTError) {
            client.secure = { [secure] client, error throws(GATTError) in try await secure(peer, client, error) }
            try await client.exchangeMTU()
            let found = try await client.database(cached: database)
            if found != database { learn(found) }
            try await countLines(client)
            try await watchForChanges(client, found)
            untold = []
            for point in points where point.delivery == .notify { _ = try await subscribe(client, point) }
            guard !isStopped, client.end == nil else { throw client.end ?? GATTError(.cancelled, "it was forgotten") }
        } catch {
            // A link that is of no use is no reason to hold a connection that others could have.
            central.disconnect(peer.address, isFailure: true)
            throw error
        }
        self.client = client
        isYielding = false
        if keeps { central.keep(peer.address) }
        return client
    }

    private func learn(_ found: GATTDatabase) {
        database = found
        knowsIdentity = false
        let (points, missing) = GATTPoint.resolve(plan, in: found)
        self.points = points
        for point in missing {
            let place = point.service.map { " in service \($0)" } ?? ""
            log.warning("\(id) has no characteristic \(point.type)\(place), as the configuration says")
        }
        remember(found)
    }

    /// How many lines a Digital has says its Number of Digitals (2909); without one, as many as fit its value's
    /// bytes, which shows in the first value.
    private func countLines(_ client: GATTClient) async throws(GATTError) {
        for index in points.indices where points[index].lines == 0 {
            guard let descriptor = points[index].characteristic.descriptor(.numberOfDigitals) else { continue }
            do throws(GATTError) {
                guard let count = try await client.read(descriptor).first, count > 0, index < points.count else {
                    continue
                }
                points[index].lines = Int(count)
                remember(database)
            } catch  where error.refusal != nil || error.code == .needsPairing {
                continue
            }
        }
    }

    private func forgetDatabase() {
        database = nil
        remember(nil)
        disconnect()
        due = nil
    }

    /// A device whose database changed says so to whoever asked for that (Core Specification Vol 3 Part G 7.1).
    private func watchForChanges(_ client: GATTClient, _ database: GATTDatabase) async throws(GATTError) {
        guard let changed = database.characteristic(.serviceChanged), changed.properties.contains(.indicate) else {
            return
        }
        do throws(GATTError) {
            try await client.subscribe(changed) { [weak self] _ in self?.forgetDatabase() }
        } catch  where error.refusal != nil || error.code == .needsPairing || error.code == .notFound {
            // Then changes are found by the hash, or by errors.
        }
    }

    /// Has a characteristic tell its value.
    ///
    /// - Returns: why it does not, when it wants a bond first; it is no reason to do without the others.
    private func subscribe(_ client: GATTClient, _ point: GATTPoint) async throws(GATTError) -> String? {
        do throws(GATTError) {
            try await client.subscribe(point.characteristic) { [weak self] value in self?.told(value, for: point) }
            untold.remove(point.characteristic.value)
        } catch  where error.code == .needsPairing && client.end == nil {
            untold.insert(point.characteristic.value)
            return "its \(point.name): \(error.reason)"
        } catch  where error.refusal != nil || error.code == .notFound {
            log.warning("\(id) does not tell its \(point.name): \(error.reason); it is read at intervals")
            if let index = points.firstIndex(of: point) { points[index].delivery = .poll }
        }
        return nil
    }

    /// Asks again for what was not told: a person may have paired the device since.
    ///
    /// - Returns: why it is still not told.
    private func subscribeAgain(_ client: GATTClient) async throws(GATTError) -> [String] {
        guard !untold.isEmpty else { return [] }
        let isKept = keeps
        var refused: [String] = []
        for point in points where untold.contains(point.characteristic.value) {
            if let reason = try await subscribe(client, point) { refused.append(reason) }
        }
        if keeps, !isKept, let address { central.keep(address) }
        return refused
    }

    /// What becomes of the connection now that nobody uses it.
    private func settle() {
        guard users == 0, let client, client.end == nil else { return }
        if isYielding { return disconnect() }
        timer?.cancel()
        if keeps {
            // What does not come by itself is still read at its interval.
            timer = Loop.after(interval) { [weak self] in
                guard let self, self.client != nil else { return }
                Task { try? await self.round(isUrgent: false) }
            }
        } else {
            timer = Loop.after(GATTSession.linger) { [weak self] in
                guard let self, users == 0 else { return }
                disconnect()
            }
        }
    }

    private func disconnect() {
        timer?.cancel()
        guard client != nil else { return }
        client = nil
        // Others have waited: it is their turn before this one comes again.
        if isYielding { due = .now + ConnectionSchedule.Rules().turn }
        isYielding = false
        if let address { central.disconnect(address) }
    }

    // MARK: Values

    /// A value that came by itself: one that makes no sense is shown until the next round.
    private func told(_ bytes: [UInt8], for point: GATTPoint) {
        do throws(GATTError) { try take(bytes, for: point) } catch { set(trouble: error.reason) }
    }

    private func take(_ bytes: [UInt8], for point: GATTPoint) throws(GATTError) {
        let now = WallTime.now()
        var point = point
        if point.lines == 0, let index = points.firstIndex(where: { $0.characteristic == point.characteristic }) {
            // How many lines there are shows in the first value: two bits each.
            points[index].lines = bytes.count * 4
            point = points[index]
            remember(database)
        }
        let values = try point.values(bytes)
        let names = Set(point.parameters.map(\.name))
        var fields: [Field] = []
        for (name, value, unit) in values {
            if let value, names.contains(name) {
                concentrator.update(id, parameter: name, value: value, at: now)
            } else if let value {
                fields.append(Field(name: name, value: value, unit: unit, flags: point.flags, timestamp: now))
            } else if var field = concentrator.node(id)?.field(name) {
                // The last value stands, marked as no reading.
                field.quality = .missing
                field.timestamp = now
                fields.append(field)
            }
        }
        if !fields.isEmpty { concentrator.update(id, fields: fields) }
        concentrator.setLastSeen(id, now)
        concentrator.setAvailable(id, true)
    }

    private func miss(_ point: GATTPoint) {
        guard var field = concentrator.node(id)?.field(point.name), field.quality != .missing else { return }
        field.quality = .missing
        concentrator.update(id, fields: [field])
    }

    /// Whether a parameter is one of the device's characteristics.
    func has(_ parameter: String) -> Bool { parameters.contains { $0.name == parameter } }

    /// Sets a parameter; returns once the device has it, or, where it takes writes only without an answer, once it is sent.
    func write(_ parameter: String, _ value: FieldValue) async throws(GATTError) {
        guard let point = points.first(where: { $0.parameters.contains { $0.name == parameter } }) else {
            throw GATTError(.notFound, "it has no parameter \(parameter)")
        }
        let bytes = try point.bytes(setting: parameter, to: value)
        try await using(isUrgent: true) { client throws(GATTError) in
            if point.characteristic.properties.contains(.write) {
                try await client.write(bytes, to: point.characteristic.value)
            } else {
                try client.writeWithoutResponse(bytes, to: point.characteristic.value)
            }
        }
        concentrator.update(id, parameter: parameter, value: value)
    }

    // MARK: Trouble

    private func failed(_ error: GATTError) {
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

    private func set(trouble: String?) {
        guard trouble != self.trouble else { return }
        self.trouble = trouble
        if let trouble { log.warning("\(id): \(trouble)") }
        tell()
    }
}
