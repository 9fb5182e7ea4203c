import Advertising
import BluetoothLE
import Concentrator
import FlashStore
import GATT
import Logging
import OneLoop

/// Sensors that advertise, as nodes `ble/A4C1388D18B2`.
///
/// An advertiser becomes a node when the configuration lists it, or when it sends a known format and the configuration
/// admits those; its node id is its identity address, so that it is the same after a restart and never another's. Admitted
/// nodes are remembered in the store and stand there after a restart, unavailable until they are heard.
///
/// An address that changes (resolvable private) cannot name a node; such a device is one only when it is bonded, for then
/// its identity key resolves the address, or when its payload repeats its own address, as BTHome's and Ruuvi's may.
@Loop
public final class BLENodes {
    /// The bus, in the nodes' names.
    public nonisolated static let cacheType = "ble"
    /// The parameter that holds the name for people.
    public nonisolated static let nameParameter = "Name"
    /// Where the store keeps the nodes.
    nonisolated static let keyPrefix = "node/ble/"
    /// Where the store keeps bind keys that were given at run time.
    nonisolated static let bindKeyPrefix = "node/bind-key/"

    /// Fields are given to the concentrator again after so long although nothing changed, so that their timestamps tell
    /// that the sensor still says so.
    nonisolated static let refreshInterval = Duration.seconds(60)
    /// How often silence is looked for: a fifth of the shortest time-out is soon enough.
    nonisolated static let sweepInterval = Duration.seconds(3)
    /// Without a packet id or a counter, the same event within so long is a repeat of one message.
    nonisolated static let eventWindow = MessageFilter.packetWindow
    /// The most denied addresses, and the most that are allowed and not heard yet; a person names them one by one.
    nonisolated static let longestList = 1024

    let configuration: BLENodesConfiguration
    let concentrator: Concentrator
    let store: FlashStore?
    let log: Logger
    let decoder = AdvertDecoder.standard

    var devices: [BluetoothAddress: Device] = [:]
    /// Denied by a person.
    var blocked: [BluetoothAddress: DeviceRecord] = [:]
    /// Allowed by a person and not heard yet.
    var awaited: [BluetoothAddress: DeviceRecord] = [:]
    /// Bind keys that were given at run time.
    var keys: [BluetoothAddress: [UInt8]] = [:]
    /// How often devices are read, where that was said at run time.
    var givenIntervals: [BluetoothAddress: Duration] = [:]
    var central: GATTCentral?
    var bonds: BondKeeper?
    /// Pairings under way.
    var pairings: [BluetoothAddress: Task<Result<Void, GATTError>, Never>] = [:]
    var join: JoinWindow?
    var joinTimer: LoopTimer?
    var joinHandlers: [@Loop (JoinEvent) -> Void] = []
    var table = StrangerTable()
    var list = MeasurementList()
    var isFullTold = false

    private var counters = BLENodesStatistics()
    private var tasks: [Task<Void, Never>] = []
    private var sweepTimer: LoopTimer?

    /// When the last advertisement of anybody came; a radio that hears nobody for long is deaf.
    public private(set) var lastReceived: ContinuousClock.Instant?
    /// What each source does, by its name.
    public private(set) var sources: [String: SourceState] = [:]

    /// What a source does.
    public enum SourceState: Sendable, Hashable {
        /// It delivers.
        case listening
        /// It delivers no more, for this reason.
        case ended(String)
    }

    /// Makes the source of nodes and brings back those that the store remembers and the configuration still admits.
    public init(
        configuration: BLENodesConfiguration, concentrator: Concentrator, store: FlashStore?,
        log: Logger = Logger(label: "ble")
    ) {
        self.configuration = configuration
        self.concentrator = concentrator
        self.store = store
        self.log = log
        restore()
        registerCommands()
    }

    /// What came of the advertisements so far.
    public var statistics: BLENodesStatistics {
        var statistics = counters
        statistics.strangersForgotten = table.evictions
        return statistics
    }

    /// Who was heard of late and is no node: those with a known format first, then the strongest.
    public var strangers: [Stranger] { table.strangers }

    // MARK: Running

    /// Listens to a source until ``stop()`` or until it ends.
    public func start(_ source: any AdvertisementSource) {
        sources[source.name] = .listening
        log.info("listening to \(source.name)")
        tasks.append(
            Task { [weak self] in
                var end = "came to its end"
                do {
                    try await source.run { [weak self] advertisement in await self?.receive(advertisement) }
                } catch is CancellationError {
                    end = "was stopped"
                } catch {
                    end = "broke: \(error)"
                }
                self?.ended(source.name, end)
            })
        if sweepTimer == nil { scheduleSweep() }
    }

    /// Stops listening.
    public func stop() {
        for task in tasks { task.cancel() }
        tasks = []
        sweepTimer?.cancel()
        sweepTimer = nil
        endJoin(.closed)
    }

    private func ended(_ source: String, _ end: String) {
        sources[source] = .ended(end)
        log.notice("\(source) \(end)")
    }

    private func scheduleSweep() {
        sweepTimer = Loop.after(BLENodes.sweepInterval) { [weak self] in
            self?.sweep(at: .now)
            self?.scheduleSweep()
        }
    }

    /// Marks those as unavailable that have been silent too long.
    func sweep(at time: ContinuousClock.Instant) {
        for device in devices.values
        // The silence of a device that waits for something to happen means nothing, nor that of one that is connected.
        where !device.isTriggerBased && device.session?.isConnected != true
            && device.presence.isGone(at: time, isConnectable: device.isConnectable)
        {
            concentrator.setAvailable(device.id, false)
        }
    }

    // MARK: Advertisements

    /// Takes an advertisement in.
    public func receive(_ advertisement: Advertisement) {
        counters.received += 1
        lastReceived = advertisement.receivedAt
        let address = owner(of: advertisement)
        if devices[address] != nil {
            hear(advertisement, from: address)
        } else if configuration.denied.contains(address) || blocked[address] != nil {
            counters.denied += 1
        } else {
            meet(advertisement, from: address)
        }
    }

    /// The address that names the sender: a bonded device's own where it hides behind one that changes.
    private func owner(of advertisement: Advertisement) -> BluetoothAddress {
        guard advertisement.addressKind == .resolvablePrivate, let bonds else { return advertisement.address }
        return bonds.identity(of: advertisement.address)
    }

    /// Somebody who is no node, or not under this address.
    private func meet(_ advertisement: Advertisement, from address: BluetoothAddress) {
        counters.fromStrangers += 1
        let outcome = decoder.decode(advertisement.payload.span, address: address, key: nil, into: &list)
        let isNamed = advertisement.addressKind.isIdentity || address != advertisement.address
        var identity: BluetoothAddress? = isNamed ? address : nil
        if identity == nil, case .decoded = outcome { identity = list.envelope.embeddedAddress }
        if let identity, identity != address {
            if devices[identity] != nil { return hear(advertisement, from: identity) }
            guard !configuration.denied.contains(identity), blocked[identity] == nil else {
                counters.denied += 1
                return
            }
        }
        if let identity, let verdict = welcome(identity, advertisement, outcome) {
            if admit(identity, advertisement, verdict) { return hear(advertisement, from: identity) }
            counters.nodesRefused += 1
        }
        noteStranger(advertisement, outcome)
    }

    /// Whether an advertiser may be a node, and whether by a person's word; nil when it may not.
    private func welcome(
        _ identity: BluetoothAddress, _ advertisement: Advertisement, _ outcome: DecodeOutcome
    ) -> DeviceRecord.Verdict? {
        if awaited[identity] != nil { return .allowed }
        if configuration.lists(identity) { return DeviceRecord.Verdict.none }
        if case .decoded = outcome, configuration.admission == .knownFormats { return DeviceRecord.Verdict.none }
        guard let join, join.admits(at: advertisement.receivedAt) else { return nil }
        switch outcome {
        case .decoded: return .allowed
        // It sends a known format and needs its key: it joins, and says so as a node.
        case .refused(let refusal) where refusal.code == .keyMissing: return .allowed
        case .unknown: return offersServices(advertisement) ? .allowed : nil
        case .refused: return nil
        }
    }

    /// Whether a device takes connections and advertises one of the services that become fields by themselves.
    func offersServices(_ advertisement: Advertisement) -> Bool {
        guard central != nil, advertisement.isConnectable == true else { return false }
        let services = ADStructures.services16(in: advertisement.payload)
        return services.contains { GATTPoint.standardServices.contains(AttributeType($0)) }
    }

    private func noteStranger(_ advertisement: Advertisement, _ outcome: DecodeOutcome) {
        var stranger = Stranger(
            address: advertisement.address, addressKind: advertisement.addressKind, format: nil, needsKey: false,
            rssi: advertisement.rssi, count: 1, lastHeard: advertisement.receivedAt)
        switch outcome {
        case .decoded(let format): stranger.format = format
        case .refused(let refusal):
            stranger.format = refusal.format
            stranger.needsKey = refusal.code == .keyMissing
        case .unknown: break
        }
        table.note(stranger)
    }

    /// A node was heard.
    private func hear(_ advertisement: Advertisement, from address: BluetoothAddress) {
        guard let device = devices[address] else { return }
        device.presence.heard(at: advertisement.receivedAt)
        if let isConnectable = advertisement.isConnectable, !advertisement.isScanResponse {
            device.isConnectable = isConnectable
        }
        let now = WallTime.now()
        concentrator.setLastSeen(device.id, now)
        concentrator.setAvailable(device.id, true)
        var fields: [Field] = []
        if device.isRepeat(advertisement.payload, at: advertisement.receivedAt) {
            counters.repeated += 1
        } else {
            fields = read(advertisement, of: device, address: address, at: now)
        }
        if let rssi = advertisement.rssi, let strength = device.strength.add(rssi) {
            fields.append(
                Field(
                    name: "RSSI", value: .number(Quantity(strength)), unit: "dBm", flags: [.momentary, .status],
                    timestamp: now))
        }
        if !fields.isEmpty { concentrator.update(device.id, fields: fields) }
        call(device, advertisement)
    }

    /// Decodes a node's message and judges it.
    ///
    /// - Returns: the fields to publish; none for a repeated, late, replayed or refused one.
    private func read(
        _ advertisement: Advertisement, of device: Device, address: BluetoothAddress, at now: WallTime
    ) -> [Field] {
        switch decoder.decode(advertisement.payload.span, address: address, key: device.key, into: &list) {
        case .unknown:
            counters.presence += 1
            learnName(advertisement, device, address)
            return []
        case .refused(let refusal):
            counters.refused += 1
            guard device.lastRefused != advertisement.payload else { return [] }
            device.lastRefused = advertisement.payload
            device.trouble.failed(refusal.code)
            tellKeyTrouble(device)
            return []
        case .decoded:
            device.trouble.succeeded()
            tellKeyTrouble(device)
        }
        switch device.filter.judge(list.envelope, at: advertisement.receivedAt) {
        case .duplicate: counters.repeated += 1
        case .late: counters.late += 1
        case .replayed:
            counters.replayed += 1
            log.debug("\(device.id): an encrypted message came again after newer ones and is not taken")
        case .fresh:
            counters.decoded += 1
            return take(advertisement, of: device, address: address, at: now)
        }
        return []
    }

    /// Turns a fresh message, which is in the list, into fields.
    private func take(
        _ advertisement: Advertisement, of device: Device, address: BluetoothAddress, at now: WallTime
    ) -> [Field] {
        device.lastPayload = advertisement.payload
        device.lastTaken = advertisement.receivedAt
        device.lastHadEvents = list.measurements.contains { $0.metric.definition.role == .event }
        device.isTriggerBased = list.envelope.isTriggerBased
        learnName(advertisement, device, address)
        return FieldMapping.fields(list, at: now, counts: &device.counts) { concentrator.node(device.id)?.field($0) }
    }

    /// Tells what is wrong with the key, when that is news.
    private func tellKeyTrouble(_ device: Device) {
        guard device.trouble.isNews() else { return }
        if let trouble = device.trouble.current { log.warning("\(device.id) \(trouble.text)") }
        tellTrouble(device)
    }

    /// Tells what is wrong with the key and with connections, or that nothing is any more.
    func tellTrouble(_ device: Device) {
        var messages: [NodeMessage] = []
        if let trouble = device.trouble.current {
            messages.append(
                NodeMessage(
                    kind: trouble == .wrongKey ? .error : .warning, eventID: trouble.rawValue, text: trouble.text))
        }
        if let trouble = device.session?.trouble {
            messages.append(NodeMessage(kind: .error, eventID: "gatt", text: trouble))
        }
        let isError = messages.contains { $0.kind == .error }
        concentrator.setState(
            device.id, messages.isEmpty ? .none : isError ? .errorUnsigned : .warningUnsigned, messages: messages)
    }
}
