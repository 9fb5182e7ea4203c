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
    /// - Parameter bonds: makes links as secure as devices want them; without it a device that wants one is refused.
    public func attach(_ central: GATTCentral, bonds: BondKeeper? = nil) {
        self.central = central
        self.bonds = bonds
        central.onYield = { [weak self] address in self?.device(connectedAs: address)?.session?.yield() }
        central.ended = { [weak self] address, reason in
            guard let device = self?.device(connectedAs: address) else { return }
            device.presence.heard(at: .now)
            device.session?.lost(reason)
        }
        for (address, device) in devices { beginSession(address, device) }
    }

    /// The nodes that something is wrong with, by id, and what.
    public var troubles: [(node: NodeID, reason: String)] {
        devices.values.compactMap { device in
            (device.session?.trouble ?? device.trouble.current?.text).map { (device.id, $0) }
        }
        .sorted { $0.node.nodeID < $1.node.nodeID }
    }

    /// Connections, when there can be any.
    public var connections: GATTCentral.Statistics? { central?.statistics }

    private func device(connectedAs address: BluetoothAddress) -> Device? {
        devices[address] ?? devices.values.first { $0.session?.address == address }
    }

    /// What is wanted of a device; nil when it is not to be connected to.
    func plan(_ address: BluetoothAddress, _ record: DeviceRecord) -> GATTPlan? {
        configuration.devices[address]?.gatt
            ?? (record.connects ? GATTPlan(interval: givenIntervals[address] ?? configuration.gattInterval) : nil)
    }

    /// The parameters that the configuration or an earlier connection promises, for the node's description.
    func beginSession(_ address: BluetoothAddress, _ device: Device) {
        guard let central, device.session == nil, let plan = plan(address, device.record) else { return }
        let key = BLENodes.databasePrefix + address.hex
        let session = GATTSession(
            id: device.id, plan: plan, database: store?.get(key).flatMap { GATTDatabase($0) }, central: central,
            concentrator: concentrator, log: log,
            secure: { [weak self] peer, client, error throws(GATTError) in
                guard let bonds = self?.bonds else { throw GATTError(error, handle: 0) }
                try await bonds.secure(peer, client, error)
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
        // A kernel that has the identity key of a device reports and connects it by its identity alone.
        session.heard(
            bonds?.hidden(behind: advertisement.address)
                ?? ATTPeer(address: advertisement.address, isRandom: advertisement.addressKind != .public))
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

    // MARK: Pairing

    /// How far the pairing of a device has come.
    public enum PairingProgress: Sendable, Hashable {
        /// The link is secure and the bond is kept.
        case paired
        /// A person must say something first: then this is called again.
        case asks(PairingAgent.Question)
    }

    /// Pairs with a node, which a person beside it wants: connects, and goes as far as it can without him.
    ///
    /// - Parameters:
    ///   - passkey: the number that the device shows, when it is known.
    ///   - isSame: whether both show the same number, when that was asked.
    /// - Throws: ``NodeError`` `refused` for a node that is not connected to, `driverFailed` with the reason.
    public func pair(_ node: NodeID, passkey: UInt32?, isSame: Bool?) async throws(NodeError) -> PairingProgress {
        guard let address = BluetoothAddress(node.nodeID), let device = devices[address] else {
            throw NodeError(.notFound, "there is no node \(node)")
        }
        guard let bonds, let session = device.session, let called = session.address else {
            throw NodeError(
                .refused,
                "\(node) is not connected to, so there is nothing to pair: `gatehouse allow --connect`, or it was not heard yet"
            )
        }
        if let task = pairings[address] {
            if bonds.question(of: called) != nil, passkey != nil || isSame != nil {
                await bonds.say(called, passkey: passkey, isSame: isSame ?? false)
            }
            return try await progress(of: task, node, called, bonds)
        }
        do throws(GATTError) { try bonds.permit(called, passkey: passkey) } catch {
            throw BLENodes.failure(node, error)
        }
        let task = Task { () -> Result<Void, GATTError> in
            defer {
                bonds.finish(called)
                self.pairings[address] = nil
            }
            do throws(GATTError) {
                try await session.with { peer, client throws(GATTError) in try await bonds.pair(peer, client) }
                try await session.refresh()
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        pairings[address] = task
        return try await progress(of: task, node, called, bonds)
    }

    /// Waits until a pairing is over or asks something.
    private func progress(
        of task: Task<Result<Void, GATTError>, Never>, _ node: NodeID, _ called: BluetoothAddress, _ bonds: BondKeeper
    ) async throws(NodeError) -> PairingProgress {
        let over = Over()
        Task {
            over.result = await task.value
        }
        while over.result == nil {
            if let question = bonds.question(of: called) { return .asks(question) }
            try? await Task.sleep(for: .milliseconds(50))
        }
        do throws(GATTError) { try over.result?.get() } catch { throw BLENodes.failure(node, error) }
        return .paired
    }

    /// Where a pairing's end is put.
    @Loop
    private final class Over {
        var result: Result<Void, GATTError>?
    }

    nonisolated static func failure(_ node: NodeID, _ error: GATTError) -> NodeError {
        switch error.code {
        case .notPossible, .tooLong: NodeError(.invalidValue, "\(node): \(error.reason)")
        case .notFound: NodeError(.unknownParameter, "\(node): \(error.reason)")
        default: NodeError(.driverFailed, "\(node): \(error.reason)")
        }
    }
}
