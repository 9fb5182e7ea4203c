import Advertising
import CBluetooth

/// Sees to it that a link ends which the kernel was told to end.
public enum LinkEnd {
    /// How long the kernel is given: it answers the management channel's Unpair Device when the command to the controller is in
    /// its queue, or, in newer ones, when that is about to be.
    static let grace = Duration.milliseconds(500)
    private static let lookInterval = Duration.milliseconds(50)

    /// Returns when the kernel ends the link of an adapter with a device, or has none; where it does not, the controller is
    /// told by raw HCI, which needs CAP_NET_RAW.
    ///
    /// A kernel takes a link for one that it has cancelled, and from then on answers Unpair Device and Disconnect with success
    /// and does nothing, when the controller told it of the connection by another event than it waits for: Linux 6.1 gives
    /// up waiting for LE Enhanced Connection Complete after 4 s (`hci_le_create_conn_sync`), whatever came meanwhile.
    public static func hangUp(_ adapter: AdapterIndex, _ address: BluetoothAddress) async throws(RadioError) {
        let bytes = (0..<6).reversed().map { address[$0] }
        let end = ContinuousClock.now + grace
        while try check(gh_bt_link_stands(adapter.rawValue, bytes), adapter, address) {
            guard .now < end else {
                _ = try check(gh_bt_hang_up(adapter.rawValue, bytes), adapter, address)
                return
            }
            try? await Task.sleep(for: lookInterval)
        }
    }

    private static func check(
        _ result: Int32, _ adapter: AdapterIndex, _ address: BluetoothAddress
    ) throws(RadioError) -> Bool {
        guard result >= 0 else {
            throw RadioError(errno: -result, "the link of \(adapter) with \(address) cannot be ended")
        }
        return result > 0
    }
}
