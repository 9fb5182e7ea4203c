import Advertising
import BluetoothLE
import Concentrator
import GATT
import OneLoop

extension BLENodes {
    /// Where the store keeps how often a device is read, as four bytes of seconds, the highest first.
    nonisolated static let readIntervalPrefix = "node/read-interval/"
    /// Seconds between two readings of a device that is connected to, as in the configuration (`ble.read_interval`).
    public nonisolated static let readIntervals = 10...86_400

    /// How often the values of a node are read that do not come by themselves.
    public struct ReadInterval: Sendable, Hashable {
        /// Seconds.
        public var seconds: Int
        /// Whether the configuration file says so for this device, so that it is changed there alone.
        public var isConfigured: Bool
    }

    /// How often a node is read; nil for one that is not connected to.
    public func readInterval(of node: NodeID) -> ReadInterval? {
        guard let session = session(node), let address = BluetoothAddress(node.nodeID) else { return nil }
        return ReadInterval(
            seconds: Int(session.interval.components.seconds),
            isConfigured: configuration.devices[address]?.gatt != nil)
    }

    /// Sets how often a node is read; at once and after a restart.
    ///
    /// - Throws: ``NodeError`` `notFound`, `refused` where the configuration file says how often, `invalidValue`, or
    ///   `driverFailed` when it could not be stored.
    public func setReadInterval(of node: NodeID, seconds: Int) async throws(NodeError) {
        guard let interval = readInterval(of: node), let address = BluetoothAddress(node.nodeID) else {
            throw NodeError(.notFound, "\(node) is not connected to, so there is nothing to read at intervals")
        }
        guard !interval.isConfigured else {
            throw NodeError(
                .refused, "how often \(node) is read is the configuration file's ([[ble.gatt]]); change it there")
        }
        guard BLENodes.readIntervals.contains(seconds) else {
            throw NodeError(
                .invalidValue,
                "found \(seconds) s, expected \(BLENodes.readIntervals.lowerBound) to \(BLENodes.readIntervals.upperBound)"
            )
        }
        let key = BLENodes.readIntervalPrefix + address.hex
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: seconds >> (24 - 8 * $0)) }
        // What counts already is stored once more only where that failed the last time.
        let isUnstored = givenIntervals[address] != nil && store?.get(key) != bytes
        guard seconds != interval.seconds || isUnstored else { return }
        // Before it is on flash, so that a node which is forgotten meanwhile takes it along.
        givenIntervals[address] = .seconds(seconds)
        session(node)?.setInterval(.seconds(seconds))
        try await put(key, bytes)
    }

    /// Takes what the store keeps.
    func restoreReadIntervals() {
        for (key, value) in store?.scan(prefix: BLENodes.readIntervalPrefix) ?? [] {
            guard let address = BluetoothAddress(key.dropFirst(BLENodes.readIntervalPrefix.count)), value.count == 4
            else {
                log.warning("the store's record \(key) is not understood and is left alone")
                continue
            }
            let seconds = value.reduce(0) { $0 << 8 | Int($1) }
            guard BLENodes.readIntervals.contains(seconds) else { continue }
            givenIntervals[address] = .seconds(seconds)
        }
    }
}
