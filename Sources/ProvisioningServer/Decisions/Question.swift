import ProvisioningModel

/// A question of a device: may this one do that?
public struct Question: Sendable, Hashable {
    /// What is asked for.
    public var action: Action
    /// The device that asks: its bare address.
    public var device: String
    /// Who wants it: the bare address.
    public var who: String
    /// The certificates whose keys the one has proved to hold, by SHA-256 in hex.
    public var certificates: [String]
    /// The users in whose name it is asked.
    public var users: [String]
    /// On which nodes; empty for all that the device has.
    public var nodes: [ProvisioningNode]
    /// Which fields or parameters; empty for all.
    public var names: [String]

    /// A question.
    public init(
        _ action: Action, device: String, who: String, certificates: [String] = [], users: [String] = [],
        nodes: [ProvisioningNode] = [], names: [String] = []
    ) {
        self.action = action
        self.device = device
        self.who = who
        self.certificates = certificates
        self.users = users
        self.nodes = nodes
        self.names = names
    }
}

/// What of a question is allowed, as whitelists (XEP-0324 3.3.2, 3.3.3, 3.4.2, 3.4.3): the names on the nodes. No list of a
/// kind is all that the question named of the kind.
public struct Grant: Sendable, Hashable {
    /// These nodes; nil for all asked for.
    public var nodes: [ProvisioningNode]?
    /// These fields or parameters; nil for all asked for.
    public var names: [String]?

    /// A grant; of everything asked for unless told otherwise.
    public init(nodes: [ProvisioningNode]? = nil, names: [String]? = nil) {
        self.nodes = nodes
        self.names = names
    }
}

/// What the rules say to a question.
public struct Ruling: Sendable, Hashable {
    /// What is allowed; nil when nothing is.
    public var grant: Grant?
    /// Whether no rule says anything of it, neither yes nor no: then a person is asked.
    public var isUndecided: Bool
    /// The rules that decided, by rising number.
    public var rules: [Int64]
    /// Those of them that served for this question alone.
    public var spent: [Int64]

    /// A ruling.
    public init(grant: Grant?, isUndecided: Bool = false, rules: [Int64] = [], spent: [Int64] = []) {
        self.grant = grant
        self.isUndecided = isUndecided
        self.rules = rules
        self.spent = spent
    }
}

/// What a device has been seen to have: the nodes and names of earlier questions. A rule that leaves some of them out can
/// only be told in a list, and what nobody has heard of cannot be listed.
public struct KnownThings: Sendable, Hashable {
    /// Nodes.
    public var nodes: Set<ProvisioningNode>
    /// Fields and parameters.
    public var names: Set<String>

    /// Things.
    public init(nodes: Set<ProvisioningNode> = [], names: Set<String> = []) {
        self.nodes = nodes
        self.names = names
    }
}
