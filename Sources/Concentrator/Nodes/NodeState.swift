/// How a node does, as XEP-0326 lists it, of rising weight. "Signed" states are those a person has taken note of.
public enum NodeState: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    /// Nothing to say.
    case none
    /// There is something to read in the messages.
    case information
    /// A warning somebody knows of.
    case warningSigned
    /// A warning nobody has taken note of.
    case warningUnsigned
    /// An error somebody knows of.
    case errorSigned
    /// An error nobody has taken note of.
    case errorUnsigned

    /// By rising weight.
    public static func < (left: NodeState, right: NodeState) -> Bool { left.rawValue < right.rawValue }
}

/// Something a node has to say for people.
public struct NodeMessage: Sendable, Hashable {
    /// Its weight.
    public enum Kind: Sendable, Hashable {
        /// For information.
        case information
        /// Something may go wrong.
        case warning
        /// Something is wrong.
        case error
    }

    /// When it was said.
    public let timestamp: WallTime
    /// Its weight.
    public let kind: Kind
    /// A code for programs.
    public let eventID: String?
    /// The text.
    public let text: String

    /// A message.
    public init(timestamp: WallTime = .now(), kind: Kind, eventID: String? = nil, text: String) {
        self.timestamp = timestamp
        self.kind = kind
        self.eventID = eventID
        self.text = text
    }
}

/// What ``NodeEvent/status(_:_:)`` tells: everything about a node that is neither reading nor parameter.
public struct NodeStatus: Sendable, Hashable {
    /// How it does.
    public let state: NodeState
    /// What it has to say.
    public let messages: [NodeMessage]
    /// Whether it is heard from.
    public let isAvailable: Bool
}
