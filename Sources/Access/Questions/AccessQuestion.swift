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

extension AccessQuestion {
    /// Whether the answer to another question, if it is a yes, says something to this one: it is about the same one, the same
    /// thing to do, and all nodes and names of this one. Tokens only add: what was granted without any is granted with some.
    public func isPart(of other: AccessQuestion) -> Bool {
        guard who == other.who, other.action.concerns(action), other.tokens.isEmpty || other.tokens.isSame(as: tokens)
        else { return false }
        return isWithin(other.nodes, other.names.map { Set($0) })
    }

    /// Whether all nodes and names of this question are among these, of which nil is all there are.
    public func isWithin(_ allNodes: [NodeReference]?, _ allNames: Set<String>?) -> Bool {
        if let allNames {
            guard let names, names.allSatisfy({ allNames.contains($0) }) else { return false }
        }
        guard let allNodes else { return true }
        guard let nodes else { return false }
        // By id: both may be very many.
        let byID = Dictionary(grouping: allNodes, by: \.nodeID)
        return nodes.allSatisfy { one in byID[one.nodeID]?.contains { $0.matches(one) } ?? false }
    }
}

extension AccessQuestion.Action {
    /// The kinds of reading; all for what is no reading.
    var kinds: ReadingKinds {
        if case .read(let kinds) = self { kinds } else { .all }
    }

    /// Whether an answer about this says something about that: both are the same, and of readings one kind in common.
    func concerns(_ other: AccessQuestion.Action) -> Bool {
        switch (self, other) {
        case (.read(let kinds), .read(let others)): kinds == others || !kinds.isDisjoint(with: others)
        default: self == other
        }
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

    /// Whether these are the same in any order, as they are under one key (``DecisionKey``).
    func isSame(as other: AccessTokens) -> Bool {
        service.sorted() == other.service.sorted() && device.sorted() == other.device.sorted()
            && user.sorted() == other.user.sorted()
    }
}
