import Advertising

/// Which adapter: the `N` of `hciN`.
public struct AdapterIndex: RawRepresentable, Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The kernel's number.
    public let rawValue: UInt16

    /// The adapter `hci<rawValue>`.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Commands and events that belong to no adapter.
    public static let none = AdapterIndex(rawValue: 0xFFFF)

    /// `hci0`
    public var description: String { "hci\(rawValue)" }
    /// By number.
    public static func < (left: AdapterIndex, right: AdapterIndex) -> Bool { left.rawValue < right.rawValue }
}

/// The other end of a pairing or a connection.
public struct ManagementAddress: Sendable, Hashable {
    /// The kernel's address types.
    public enum Kind: UInt8, Sendable, Hashable {
        case classic = 0
        case lePublic = 1
        case leRandom = 2
    }

    /// The address.
    public var address: BluetoothAddress
    /// Its type.
    public var kind: Kind

    /// An address with its type.
    public init(_ address: BluetoothAddress, _ kind: Kind) {
        self.address = address
        self.kind = kind
    }
}

/// What the user can do at a pairing (Core Specification Vol 3 Part H 2.3.2).
public enum InputOutputCapability: UInt8, Sendable, Hashable {
    case displayOnly = 0
    case displayYesNo = 1
    case keyboardOnly = 2
    case noInputNoOutput = 3
    case keyboardDisplay = 4
}

/// What an adapter can do or does (mgmt-api, Read Controller Information).
public struct AdapterSettings: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt32

    /// The settings of these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// It is on.
    public static let powered = AdapterSettings(rawValue: 1 << 0)
    /// It takes connections.
    public static let connectable = AdapterSettings(rawValue: 1 << 1)
    /// Keys of pairings are kept.
    public static let bondable = AdapterSettings(rawValue: 1 << 4)
    /// BR/EDR.
    public static let classic = AdapterSettings(rawValue: 1 << 7)
    /// LE; a scan and a connection need it.
    public static let lowEnergy = AdapterSettings(rawValue: 1 << 9)
    /// It advertises.
    public static let advertising = AdapterSettings(rawValue: 1 << 10)
    /// Pairing over P-256.
    public static let secureConnections = AdapterSettings(rawValue: 1 << 11)
    /// It uses resolvable private addresses.
    public static let privacy = AdapterSettings(rawValue: 1 << 13)
    /// It uses a random static address.
    public static let staticAddress = AdapterSettings(rawValue: 1 << 15)
}

/// An adapter as the kernel describes it.
public struct AdapterInformation: Sendable, Hashable {
    /// Its public address; all zero when it has none.
    public var address: BluetoothAddress
    /// The Bluetooth version's number (Assigned Numbers, "Core Specification versions"): 9 is 5.0.
    public var version: UInt8
    /// Who made it (company identifier).
    public var manufacturer: UInt16
    /// What it can do.
    public var supported: AdapterSettings
    /// What it does.
    public var current: AdapterSettings
    /// Its name in the air.
    public var name: String
}

/// A long-term key of a bond (mgmt-api, Load Long Term Keys and New Long Term Key).
public struct LongTermKey: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// Whose.
    public var peer: ManagementAddress
    /// 0 unauthenticated, 1 authenticated, 2 unauthenticated P-256 (Secure Connections), 3 authenticated P-256, 4 debug.
    public var kind: UInt8
    /// Whether it is used by the side that opened the connection.
    public var isCentral: Bool
    /// Octets of the key that count, 7 to 16.
    public var size: UInt8
    /// EDIV, for legacy pairing.
    public var diversifier: UInt16
    /// Rand, for legacy pairing.
    public var random: UInt64
    /// The key, 16 bytes, as the kernel has it.
    public var value: [UInt8]

    /// A key.
    public init(
        peer: ManagementAddress, kind: UInt8, isCentral: Bool, size: UInt8, diversifier: UInt16, random: UInt64,
        value: [UInt8]
    ) {
        self.peer = peer
        self.kind = kind
        self.isCentral = isCentral
        self.size = size
        self.diversifier = diversifier
        self.random = random
        self.value = value
    }

    /// Without the key, which must not come into a log.
    public var description: String { "LongTermKey(\(peer.address))" }
    /// Without the key, too.
    public var customMirror: Mirror { Mirror(self, children: ["peer": peer.address]) }
}

/// An identity-resolving key (mgmt-api, Load Identity Resolving Keys and New Identity Resolving Key).
public struct IdentityKey: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// Whose: the identity address.
    public var peer: ManagementAddress
    /// The key, 16 bytes, least significant first as the kernel has it.
    public var value: [UInt8]

    /// A key.
    public init(peer: ManagementAddress, value: [UInt8]) {
        self.peer = peer
        self.value = value
    }

    /// Without the key.
    public var description: String { "IdentityKey(\(peer.address))" }
    /// Without the key, too.
    public var customMirror: Mirror { Mirror(self, children: ["peer": peer.address]) }
}
