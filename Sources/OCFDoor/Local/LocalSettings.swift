import OCFModel
import TLS

/// What the configuration says about the device on the local network.
public struct LocalSettings: Sendable {
    /// The port of plain CoAP; 0 for any. Groups are listened to on ``discoveryPort`` whatever this is.
    public var port = 5683
    /// The port that searches go to: 5683 by the standard.
    public var discoveryPort = 5683
    /// The port of CoAP over DTLS; 0 for any.
    public var securePort = 5684
    /// The names of the interfaces whose groups are listened to; nil for all.
    public var interfaces: Set<String>?
    /// Whether to be found on the loopback interface, too; for a simulated board.
    public var includesLoopback = false
    /// The manufacturer's certificate with its key; nil offers no ownership transfer by it.
    public var manufacturer: Identity?

    /// The settings of a device that is told nothing.
    public init() {}
}

/// How long things of an owner transfer may take.
public struct TransferTimes: Sendable {
    /// From the selection of a method to the ownership connection. A person reads a PIN and types it; a selection that
    /// nothing follows is taken back.
    public var selection = Duration.seconds(120)
    /// From the ownership connection to its last step. Tools need a few seconds; nobody else can own the device meanwhile.
    public var transfer = Duration.seconds(180)
    /// How long a press counts for the tool that it was meant for, when that tool has hung up before: tools give up waiting
    /// after some seconds, and their users try again.
    public var approval = Duration.seconds(60)
    /// From an answer to the end of the connection that it was the last word on: the answer has to arrive first.
    public var farewell = Duration.milliseconds(500)

    /// These times.
    public init() {}
}

/// Somebody who wants to own the device.
public struct OwnershipAttempt: Sendable, Hashable {
    /// The address it comes from, without a port.
    public let address: String
    /// How it proves, or does not prove, that it stands before the device.
    public let method: OwnerTransferMethod
}

/// What a person at the device says to an ``OwnershipAttempt``.
public enum OwnershipPermission: Sendable, Hashable {
    /// The button was pressed.
    case allowed
    /// It was not.
    ///
    /// - Parameters:
    ///   - reason: for the person at the tool.
    ///   - retryAfter: after how many seconds another attempt may go better; nil when it is for the person to try again.
    case refused(reason: String, retryAfter: Int?)
}
