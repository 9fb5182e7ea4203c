import BLENodes
import BluetoothLE
import Concentrator
import FlashStore
import GPIO
import GPIONodes
import LogOutput
import Logging
import OCFDoor
import OCFModel
import OneLoop
import OneM2MDoor
import Pairing
import TLS

/// The gateway put together: store, nodes, pairing, the door to the cloud, and what the command line may ask.
///
/// What is missing (a chip, a capture, a certificate, the clock) is a named degraded state, and the rest goes on; only a
/// store that cannot be opened ends the start, since a gateway that cannot keep its trust must not pretend to have any.
@Loop
final class House {
    /// Why a house ended.
    enum End: Sendable {
        /// It was told to.
        case stopped
        /// It is to begin anew: after a factory reset, or because a restart was asked for.
        case restart
    }

    let configuration: Configuration
    let store: FlashStore
    let floor: TimeFloor
    let concentrator: Concentrator
    let board: Board
    let pool: ChipPool
    let pairing: Pairing
    let gpio: GPIONodes
    let lines: GPIOLines
    let order: NodeOrder
    let ble: BLENodes
    /// Connections to Bluetooth devices; nil where there is no radio.
    let links: BluetoothLinks?
    let device: OCFDevice
    /// The device's security; nil when it is on no local network.
    let security: DeviceSecurity?
    let local: LocalDoor?
    let credentials: CloudCredentials
    let cloud: CloudConnection
    let events: EventStream
    let log: Logger
    let controlLog: Logger
    let bluetoothLog: Logger
    let started = ContinuousClock.now

    var control: ControlServer?
    var xmpp: XMPPHouse?
    /// The oneM2M side; nil when it is not enabled.
    var oneM2M: OneM2MHouse?
    /// The page of metrics; nil when it is not enabled.
    var metricsPage: MetricsPage?
    let oneM2MLog: Logger
    private(set) lazy var administration = HouseAdministration(self)
    let xmppLog: Logger
    /// The adapters of this machine; nil when adverts come from elsewhere.
    var radio: KernelRadio?
    var clockWatch = ClockWatch()
    /// The join window that is open was opened by the button.
    var joinedByHand = false
    /// What is missing for good in this run, by part; what comes and goes is asked when it is shown.
    var missing: [(part: String, reason: String)] = []
    private var end: End?
    private var waiter: CheckedContinuation<End, Never>?

    /// Opens the store and puts everything together; nothing runs before ``start()``.
    ///
    /// - Throws: ``ControlError`` `refused` when another daemon holds the store, `failed` when it cannot be opened.
    static func open(
        _ configuration: Configuration, levels: LogLevels, form: LineLogHandler.Form
    ) async throws(ControlError) -> House {
        let store: FlashStore
        let identity: DeviceIdentity
        let floor: TimeFloor
        let factory = LocalFactory(configuration)
        var security: DeviceSecurity?
        do throws(StoreError) {
            store = try FlashStore.open(
                directory: configuration.gateway.state, options: StoreOptions(configuration.store))
            identity = try await DeviceIdentity.load(
                from: store, newDeviceID: Identifier(configuration.ocf.deviceID))
            floor = TimeFloor(store: store)
            if configuration.ocf.local {
                security = try await DeviceSecurity.load(
                    from: store, identity: identity, environment: factory.environment(floor),
                    log: levels.logger("security", form: form))
            }
        } catch {
            throw ControlError(error.code == .locked ? .refused : .failed, error.description)
        }
        do throws(PairingError) {
            return try House(configuration, store, floor, identity, security, factory) {
                levels.logger($0, form: form)
            }
        } catch {
            throw ControlError(.failed, error.reason)
        }
    }

    private init(
        _ configuration: Configuration, _ store: FlashStore, _ floor: TimeFloor, _ identity: DeviceIdentity,
        _ security: DeviceSecurity?, _ factory: LocalFactory, logger: (String) -> Logger
    ) throws(PairingError) {
        self.configuration = configuration
        self.store = store
        self.floor = floor
        self.security = security
        log = logger("gateway")
        controlLog = logger("control")
        xmppLog = logger("xmpp")
        oneM2MLog = logger("onem2m")
        // Only who reads over XMPP asks for what was; without that door the memory is saved.
        var limits = Concentrator.Limits()
        if configuration.xmpp.account.isEmpty { limits.historyFields = 0 }
        concentrator = Concentrator(limits: limits)
        bluetoothLog = logger("ble")
        let events = EventStream()
        self.events = events
        let simulated = configuration.board.simulated ? Board.simulate(lines: configuration.lines) : nil
        pool = simulated.map(ChipPool.init(simulated:)) ?? ChipPool()
        board = Board(configuration.board, pool: pool, simulated: simulated, log: logger("gpio")) { isLit in
            events.send(["kind": "lamp", "on": .bool(isLit)])
        }
        var rules = PairingConfiguration()
        rules.window = .seconds(configuration.pairingWindow)
        // Where there is no radio a hold says nothing of joining.
        if configuration.ble.source != "none" { rules.joinAfter = .seconds(3) }
        rules.lockAfterFirstTrust = configuration.gateway.locked
        let pairing = try Pairing(
            configuration: rules, store: store, indicator: board.indicator, log: logger("pairing"))
        self.pairing = pairing
        gpio = GPIONodes(
            concentrator: concentrator, pool: pool, board: ChipSelector(configuration.board.chips), log: logger("gpio"))
        lines = GPIOLines(gpio, store: store)
        order = NodeOrder(concentrator, store: store)
        ble = BLENodes(
            configuration: BLENodesConfiguration(configuration.ble), concentrator: concentrator, store: store,
            log: logger("ble"))
        // A recording takes no connections.
        links =
            ["none", "capture"].contains(configuration.ble.source)
            ? nil : BluetoothLinks(configuration.ble, store: store, log: logger("ble"))
        if let links { ble.attach(links.central, bonds: links.bonds) }
        let device = OCFDevice(
            identity: identity, settings: DeviceSettings(configuration), concentrator: concentrator, store: store,
            security: security)
        self.device = device
        local = security.map { security in
            LocalDoor(device: device, security: security, settings: factory.settings, log: logger("ocf")) { attempt in
                await pairing.ask(attempt)
            }
        }
        let credentials = CloudCredentials(configuration, store: store, floor: floor, security: security)
        self.credentials = credentials
        cloud = CloudConnection(
            environment: CloudConnection.Environment(
                deviceID: { device.identity.deviceID }, deviceName: { device.name }, links: { device.publishedLinks },
                serve: { message, requester, exchange in device.handle(message, from: .cloud(requester), exchange) },
                tls: { _, id throws(TLSError) in try credentials.configuration(cloud: id) }),
            store: store, log: logger("cloud"))
        missing += factory.missing
    }

    /// Waits until the house is told to end.
    func untilEnd() async -> End {
        if let end { return end }
        return await withCheckedContinuation { waiter = $0 }
    }

    /// Ends the house; the first reason counts.
    func finish(_ reason: End) {
        guard end == nil else { return }
        end = reason
        waiter?.resume(returning: reason)
        waiter = nil
    }
}
