import NIOCore

/// Bounds of one session.
public struct SessionLimits: Sendable, Hashable {
    /// Our own questions whose answers are awaited. 1,024: more than a gateway of 1,000 nodes asks at once; each holds a
    /// closure and a timer, some 300 bytes.
    public var questions = 1_024
    /// Questions of others that are not yet answered. 1,024, likewise; past it they are answered `resource-constraint`,
    /// of the kind `wait`.
    public var requests = 1_024
    /// How long an answer may take. 30 s: a peer's server gives up on another server after about that long.
    public var answerTimeout = TimeAmount.seconds(30)
    /// Friends in the roster. 2,048: beyond any house; 150 bytes each, and as many as fit into one stanza.
    public var contacts = 2_048
    /// Connections of others that are known by presence. 4,096, likewise.
    public var resources = 4_096

    /// The defaults.
    public init() {}

    /// The defaults.
    public static let standard = SessionLimits()
}
