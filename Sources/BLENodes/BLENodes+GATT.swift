import Advertising
import BluetoothLE
import Concentrator
import FlashStore
import GATT
import OneLoop

extension BLENodes {
    /// Where the store keeps what devices have.
    nonisolated static let databasePrefix = "node/gatt/"

    /// Lets the nodes be connected to; call once, before listening begins. Without it nothing is connected to.
    ///
    /// - Parameter secure: makes a link as secure as a device wants it, or says why not.
    public func attach(
        _ central: GATTCentral,
        secure: @escaping @Loop (ATTPeer, GATTClient, ATTError) async throws(GATTError) -> Void = {
            _, _, error throws(GATTError) in throw GATTError(error, handle: 0)
        }
    ) {
        self.central = central
        self.secure = secure
        central.onYield = { [weak self] address in self?.device(connectedAs: address)?.session?.yield() }
        central.ended = { [weak self] address, reason in
            guard let device = self?.device(connectedAs: address) else { return }
            device.presence.heard(at: .now)
            device.session?.lost(reason)
        }
        for (address, device) in devices { beginSession(address, device) }
    }

    /// Connections, when there can be any.
    public var connections: GATTCentral.Statistics? { central?.statistics }

    private func device(connectedAs address: BluetoothAddress) -> Device? {
        devices[address] ?? devices.values.first { $0.calledAs == address }
    }

    /// What is wanted of a device; nil when it is not to be connected to.
    func plan(_ address: BluetoothAddress, _ record: DeviceRecord) -> GATTPlan? {
        configuration.devices[address]?.gatt ?? (record.connects ? GATTPlan(interval: configuration.gattInterval) : nil)
    }

    /// The parameters that the configuration or an earlier connection promises, for the node's description.
    func beginSession(_ address: BluetoothAddress, _ device: Device) {
        guard let central, device.session == nil, let plan = plan(address, device.record) else { return }
        let key = BLENodes.databasePrefix + address.hex
        let session = GATTSession(
            id: device.id, plan: plan, database: store?.get(key).flatMap { GATTDatabase($0) }, central: central,
            concentrator: concentrator, log: log,
            secure: { [weak self] peer, client, error throws(GATTError) in
                guard let secure = self?.secure else { throw GATTError(error, handle: 0) }
                try await secure(peer, client, error)
            },
            remember: { [weak self] database in
                guard let self else { return }
                if let database {
                    store?.putBatched(key, database.encoded)
                } else {
                    store?.removeBatched(key)
                }
                publishParameters(device, address)
            },
            tell: { [weak self] in self?.tellTrouble(device) })
        device.session = session
        publishParameters(device, address)
    }

    /// A node's wish to be connected to changed.
    func sessionWishChanged(_ address: BluetoothAddress, _ device: Device) {
        if plan(address, device.record) == nil {
            endSession(device)
            publishParameters(device, address)
        } else {
            beginSession(address, device)
        }
    }

    func endSession(_ device: Device) {
        device.session?.stop()
        device.session = nil
    }

    private func publishParameters(_ device: Device, _ address: BluetoothAddress) {
        concentrator.setParameters(device.id, nodeParameters(address, device))
    }

    /// The name, and what can be set on the device.
    func nodeParameters(_ address: BluetoothAddress, _ device: Device) -> [Parameter] {
        let name = Parameter(
            name: BLENodes.nameParameter, kind: .text(maximumLength: DeviceRecord.longestName),
            value: .text(displayName(address, device.record)))
        return [name] + (device.session?.parameters.filter { $0.name != name.name } ?? [])
    }

    /// A node was heard; one that is connected to may be due.
    func call(_ device: Device, _ advertisement: Advertisement) {
        guard let session = device.session, advertisement.isConnectable != false, !advertisement.isScanResponse else {
            return
        }
        device.calledAs = advertisement.address
        session.heard(
            ATTPeer(address: advertisement.address, isRandom: advertisement.addressKind != .public))
    }

    /// See ``NodeDriver/fetches(_:)``: devices that are connected to are read when somebody asks.
    public func fetches(_ node: NodeID) -> Bool { session(node) != nil }

    /// See ``NodeDriver/refresh(_:)``.
    public func refresh(_ node: NodeID) async throws(NodeError) {
        guard let session = session(node) else { return }
        do throws(GATTError) { try await session.refresh() } catch { throw BLENodes.failure(node, error) }
    }

    func session(_ node: NodeID) -> GATTSession? {
        BluetoothAddress(node.nodeID).flatMap { devices[$0]?.session }
    }

    nonisolated static func failure(_ node: NodeID, _ error: GATTError) -> NodeError {
        switch error.code {
        case .notPossible, .tooLong: NodeError(.invalidValue, "\(node): \(error.reason)")
        case .notFound: NodeError(.unknownParameter, "\(node): \(error.reason)")
        default: NodeError(.driverFailed, "\(node): \(error.reason)")
        }
    }
}
