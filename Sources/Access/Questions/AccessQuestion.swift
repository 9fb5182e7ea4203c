/// A question of the kind that XEP-0324 answers: may somebody be a friend, read, control, or run the place?
///
/// The question is a value, whole and comparable: it is the key under which an answer can be remembered.
public struct AccessQuestion: Sendable, Hashable {
    /// What somebody wants to do.
    public enum Action: Sendable, Hashable {
        /// To know when the gateway is there, and ask it things (XEP-0324 `isFriend`).
        case befriend
        /// To read fields of these kinds (`canRead`).
        case read(ReadingKinds)
        /// To set control parameters (`canControl`).
        case control
        /// To change nodes and the gateway: edit, create, destroy, run commands. XEP-0324 has no such question; an owner
        /// may.
        case administer
    }

    /// Who: a bare address, `alice@example.org`, since who decides ignores the connection (XEP-0324).
    public var who: String
    /// What.
    public var action: Action
    /// What the one who asks can show.
    public var tokens: AccessTokens
    /// On which nodes; nil for all there are.
    public var nodes: [NodeReference]?
    /// Which fields or parameters; nil for all there are.
    public var names: [String]?

    /// A question.
    public init(
        who: String, action: Action, tokens: AccessTokens = AccessTokens(), nodes: [NodeReference]? = nil,
        names: [String]? = nil
    ) {
        self.who = who
        self.action = action
        self.tokens = tokens
        self.nodes = nodes
        self.names = names
    }
}

/// Kinds of reading (XEP-0323's field types), as a set of bits that the one who asks and the one who answers agree on.
public struct ReadingKinds: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt16

    /// The set of these bits.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Every kind.
    public static let all = ReadingKinds(rawValue: .max)
}

/// Tokens that go with a request (XEP-0324 3.8): what service, device and user ask.
public struct AccessTokens: Sendable, Hashable {
    /// Tokens of services, in the order given.
    public var service: [String]
    /// Tokens of devices.
    public var device: [String]
    /// Tokens of users.
    public var user: [String]

    /// Tokens; none unless told otherwise.
    public init(service: [String] = [], device: [String] = [], user: [String] = []) {
        self.service = service
        self.device = device
        self.user = user
    }

    /// Whether there are none.
    public var isEmpty: Bool { service.isEmpty && device.isEmpty && user.isEmpty }
}
