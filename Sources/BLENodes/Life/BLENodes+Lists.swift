import Advertising
import BluetoothLE
import Concentrator
import FlashStore
import OneLoop

/// What a person has said of addresses at run time.
public struct NodeLists: Sendable, Hashable {
    /// Allowed, with those that are nodes and those not heard yet.
    public var allowed: [BluetoothAddress]
    /// Denied.
    public var denied: [BluetoothAddress]
}

extension BLENodes {
    /// What a person has said of addresses at run time; the configuration's own lists are not in it.
    public var lists: NodeLists {
        let nodes = devices.filter { $0.value.record.verdict == .allowed }.map(\.key)
        return NodeLists(allowed: (nodes + awaited.keys).sorted(), denied: blocked.keys.sorted())
    }

    /// Lets an address be a node as soon as it is heard, restarts included; takes a denial back.
    ///
    /// - Parameter connects: connect to it for its standard services; nil leaves that as it is.
    /// - Throws: ``NodeError`` `refused` when the configuration denies it, `full`, or `driverFailed` when it could not be
    ///   stored: it counts until the next start only.
    public func allow(_ address: BluetoothAddress, connects: Bool? = nil) async throws(NodeError) {
        guard !configuration.denied.contains(address) else {
            throw NodeError(
                .refused, "the configuration denies \(address) (`ble.deny`), which is stronger; take it out there")
        }
        if let device = devices[address] {
            device.record.verdict = .allowed
            if let connects {
                device.record.connects = connects
                sessionWishChanged(address, device)
            }
            return try await keep(address, device.record)
        }
        guard awaited[address] != nil || awaited.count < BLENodes.longestList else {
            throw NodeError(.full, "\(BLENodes.longestList) addresses are allowed and not heard yet, no more fit")
        }
        var record = blocked.removeValue(forKey: address) ?? awaited[address] ?? DeviceRecord()
        record.verdict = .allowed
        record.isAwaited = true
        if let connects { record.connects = connects }
        awaited[address] = record
        try await keep(address, record)
    }

    /// Removes a node, if it is one, and admits it no more, restarts included; the name a person gave is kept.
    ///
    /// - Throws: ``NodeError`` `full`, or `driverFailed` when it could not be stored: it counts until the next start only.
    public func deny(_ address: BluetoothAddress) async throws(NodeError) {
        guard blocked[address] == nil else { return }
        guard blocked.count < BLENodes.longestList else {
            throw NodeError(
                .full,
                "\(BLENodes.longestList) addresses are denied, no more fit; `ble.deny` in the configuration has no limit"
            )
        }
        var record = devices[address]?.record ?? awaited[address] ?? DeviceRecord()
        record.verdict = .denied
        record.isAwaited = false
        removeNode(address)
        awaited[address] = nil
        table.remove(address)
        blocked[address] = record
        try await keep(address, record)
    }

    /// Takes back what was said of an address: what the configuration says counts again. A node that only this had
    /// admitted goes.
    ///
    /// - Returns: whether anything had been said.
    /// - Throws: ``NodeError`` `driverFailed` when it could not be stored.
    @discardableResult
    public func unlist(_ address: BluetoothAddress) async throws(NodeError) -> Bool {
        if blocked.removeValue(forKey: address) != nil || awaited.removeValue(forKey: address) != nil {
            try await erase(BLENodes.keyPrefix + address.hex)
            return true
        }
        guard let device = devices[address], device.record.verdict == .allowed else { return false }
        device.record.verdict = .none
        guard configuration.admission == .knownFormats || configuration.lists(address) else {
            removeNode(address)
            try await erase(BLENodes.keyPrefix + address.hex)
            return true
        }
        try await keep(address, device.record)
        return true
    }

    // MARK: Durable at once

    /// Stores a record for good: what a person decided must outlive a power cut that comes a second later.
    func keep(_ address: BluetoothAddress, _ record: DeviceRecord) async throws(NodeError) {
        try await put(BLENodes.keyPrefix + address.hex, record.encoded)
    }

    func put(_ key: String, _ value: [UInt8]) async throws(NodeError) {
        do throws(StoreError) { try await store?.put(key, value, .now) } catch { throw BLENodes.unstored(error) }
    }

    func erase(_ key: String) async throws(NodeError) {
        do throws(StoreError) { try await store?.remove(key, .now) } catch { throw BLENodes.unstored(error) }
    }

    nonisolated static func unstored(_ error: StoreError) -> NodeError {
        NodeError(.driverFailed, "it counts until the next start only, for it could not be stored: \(error.reason)")
    }
}
