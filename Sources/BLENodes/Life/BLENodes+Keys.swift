import Advertising
import BluetoothLE
import Concentrator
import OneLoop

extension BLENodes {
    /// Gives a sensor its bind key, or takes the one away that was given at run time; stronger than the configuration's.
    ///
    /// The way out when a sensor was reset and now sends in the clear: without a key it is believed again.
    ///
    /// - Parameters:
    ///   - address: a node's, or an allowed one's that has not been heard yet.
    ///   - key: 16 bytes, 12 for MiBeacon before version 4, or nil.
    /// - Throws: ``NodeError`` `notFound`, `invalidValue`, or `driverFailed` when it could not be stored.
    public func setKey(_ address: BluetoothAddress, _ key: [UInt8]?) async throws(NodeError) {
        let expanded = key.flatMap { BindKey($0) }
        guard key == nil || expanded != nil else {
            throw NodeError(
                .invalidValue,
                "found a key of \(key?.count ?? 0) bytes, expected 16 (32 hex digits), or 12 for a MiBeacon of version 2 or 3"
            )
        }
        guard devices[address] != nil || awaited[address] != nil else {
            throw NodeError(.notFound, "\(address) is no node and not allowed; `gatehouse allow \(address)` first")
        }
        keys[address] = key
        if let device = devices[address] {
            device.key = expanded ?? configuredKey(address)
            // What counted as wrong under the other key may be right under this one.
            device.trouble = KeyTrouble()
            device.filter = MessageFilter()
            device.lastRefused = []
            device.lastPayload = []
            tellTrouble(device)
        }
        if let key {
            try await put(BLENodes.bindKeyPrefix + address.hex, key)
        } else {
            try await erase(BLENodes.bindKeyPrefix + address.hex)
        }
    }

    /// Whether a key is known, and whence.
    public func keySource(of address: BluetoothAddress) -> KeySource {
        if keys[address] != nil { return .given }
        return configuration.devices[address]?.key == nil ? .none : .configured
    }

    /// Whence a key is known.
    public enum KeySource: String, Sendable, Hashable {
        /// None is.
        case none
        /// From the configuration.
        case configured
        /// Given at run time.
        case given
    }

    /// The key that counts for an address.
    func key(of address: BluetoothAddress) -> BindKey? {
        keys[address].flatMap { BindKey($0) } ?? configuredKey(address)
    }

    private func configuredKey(_ address: BluetoothAddress) -> BindKey? {
        configuration.devices[address]?.key.flatMap { BindKey($0) }
    }
}
