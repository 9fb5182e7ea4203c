import Advertising
import OneLoop

/// Whom to connect to.
public struct ATTPeer: Sendable, Hashable, CustomStringConvertible {
    /// The address to call.
    public let address: BluetoothAddress
    /// Whether it is a random address.
    public let isRandom: Bool

    /// A peer.
    public init(address: BluetoothAddress, isRandom: Bool) {
        self.address = address
        self.isRandom = isRandom
    }

    /// The address.
    public var description: String { address.description }
}

/// How well a link is protected (Core Specification Vol 3 Part C 10.2.1; the numbers are the kernel's `BT_SECURITY`).
public enum LinkSecurity: UInt8, Sendable, Hashable, Comparable {
    /// Not at all.
    case none = 1
    /// Encrypted with a key that anybody may have agreed on (Just Works).
    case encrypted = 2
    /// Encrypted with a key whose making a person has authenticated.
    case authenticated = 3
    /// As before, with LE Secure Connections.
    case secureConnections = 4

    /// By strength.
    public static func < (left: LinkSecurity, right: LinkSecurity) -> Bool { left.rawValue < right.rawValue }
}

/// What a link tells.
public enum ATTLinkEvent: Sendable {
    /// A message came.
    case received([UInt8])
    /// The link is gone, and will tell nothing more.
    case closed(GATTError)
}

/// A channel for ATT messages to one peer: the kernel's socket, or a peripheral in memory.
@Loop
public protocol ATTLink: AnyObject, Sendable {
    /// Called for each event; what came before it was set is told when it is.
    var onEvent: (@Loop (ATTLinkEvent) -> Void)? { get set }
    /// How well the link is protected now.
    var security: LinkSecurity { get }
    /// Sends a message. One that cannot be sent ends the link.
    func send(_ message: [UInt8])
    /// Begins to protect the link better; ``security`` tells when that is done.
    ///
    /// - Throws: ``GATTError`` `pairingFailed` when it cannot even begin.
    func raise(to level: LinkSecurity) throws(GATTError)
    /// Ends the link; tells nothing more.
    func close()
}

/// What makes links.
@Loop
public protocol ATTConnector: AnyObject, Sendable {
    /// Connects to a peer that is in reach; gives up after `timeout`, or when the task is cancelled.
    ///
    /// - Throws: ``GATTError`` `unreachable` or `noRadio`.
    func connect(to peer: ATTPeer, timeout: Duration) async throws(GATTError) -> any ATTLink
}
