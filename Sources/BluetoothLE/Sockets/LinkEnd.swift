import Advertising
import CBluetooth

/// Ends a link in the controller itself, for a kernel that says it has and has not.
public enum LinkEnd {
    /// Has the controller of an adapter end its link with a device; nothing happens when there is none. Needs CAP_NET_RAW.
    ///
    /// The kernel of Debian 12 (6.1) answers the management channel's Unpair Device and Disconnect with success, and tells the
    /// controller nothing, once a link has been paired.
    public static func hangUp(_ adapter: AdapterIndex, _ address: BluetoothAddress) throws(RadioError) {
        let bytes = (0..<6).reversed().map { address[$0] }
        let result = gh_bt_hang_up(adapter.rawValue, bytes)
        guard result >= 0 else {
            throw RadioError(errno: -result, "the link of \(adapter) with \(address) cannot be ended")
        }
    }
}
