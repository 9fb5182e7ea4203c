import Advertising

/// Which advertisers become nodes, and what is known of them.
public struct BLENodesConfiguration: Sendable {
    /// Who is admitted without being listed.
    public enum Admission: Sendable, Hashable {
        /// Nobody.
        case listedOnly
        /// Whoever sends a format that is decoded, in the clear.
        case knownFormats
    }

    /// A sensor that the configuration names.
    public struct Device: Sendable {
        /// The name for people; nil for the one it advertises.
        public var name: String?
        /// The bind key: 16 bytes, or 12 for MiBeacon before version 4.
        public var key: [UInt8]?
        /// What is wanted over connections; nil when it is not to be connected to.
        public var gatt: GATTPlan?

        /// A sensor.
        public init(name: String? = nil, key: [UInt8]? = nil, gatt: GATTPlan? = nil) {
            self.name = name
            self.key = key
            self.gatt = gatt
        }
    }

    /// Who is admitted without being listed.
    public var admission: Admission
    /// Admitted, besides those in ``devices``.
    public var allowed: Set<BluetoothAddress>
    /// Never admitted, whatever else says so.
    public var denied: Set<BluetoothAddress>
    /// Sensors by address.
    public var devices: [BluetoothAddress: Device]
    /// How many nodes there may be: 500 sensors are far more than one radio hears; at 4 KB each they are 2 MB.
    public var maximum: Int
    /// How often devices are read that a person has said to connect to.
    public var gattInterval: Duration = GATTPlan.usualInterval

    /// A configuration; with no arguments nobody is admitted.
    public init(
        admission: Admission = .listedOnly, allowed: Set<BluetoothAddress> = [], denied: Set<BluetoothAddress> = [],
        devices: [BluetoothAddress: Device] = [:], maximum: Int = 500
    ) {
        self.admission = admission
        self.allowed = allowed
        self.denied = denied
        self.devices = devices
        self.maximum = maximum
    }

    /// Whether the configuration names this address as welcome.
    func lists(_ address: BluetoothAddress) -> Bool {
        !denied.contains(address) && (allowed.contains(address) || devices[address] != nil)
    }
}
