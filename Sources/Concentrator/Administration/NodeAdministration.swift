import OneLoop

/// A node of the house itself, which no driver reports: a bus, the gateway.
public struct InfrastructureNode: Sendable, Hashable {
    /// Its name.
    public var id: NodeID
    /// What people call it.
    public var title: String
    /// What it is, `Bus`.
    public var type: String
    /// The nodes of this cache type that belong to no other node belong to it; nil for none.
    public var adopts: String?

    /// A node.
    public init(id: NodeID, title: String, type: String, adopts: String? = nil) {
        self.id = id
        self.title = title
        self.type = type
        self.adopts = adopts
    }
}

/// A kind of node that can be made.
public struct NodeType: Sendable, Hashable {
    /// Its name, `GPIO.Line`.
    public var id: String
    /// What people call it.
    public var title: String

    /// A kind.
    public init(_ id: String, title: String) {
        self.id = id
        self.title = title
    }
}

/// Why a form was not done: what was wrong with which lines, or with the whole.
public struct AdministrationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure.
    public enum Code: Sendable, Hashable {
        /// No such node, type or command.
        case notFound
        /// What was filled in does not do.
        case form
        /// It cannot be done with this node.
        case unsupported
        /// It cannot be done now.
        case locked
        /// It was tried and failed.
        case failed
    }

    /// What kind.
    public var code: Code
    /// A sentence for people.
    public var reason: String
    /// What was wrong, by setting.
    public var settings: [SettingProblem]

    /// One setting's trouble.
    public struct SettingProblem: Sendable, Hashable {
        /// The setting.
        public var id: String
        /// A sentence for people.
        public var reason: String

        /// A trouble.
        public init(_ id: String, _ reason: String) {
            self.id = id
            self.reason = reason
        }
    }

    /// A failure.
    public init(_ code: Code, _ reason: String, settings: [SettingProblem] = []) {
        self.code = code
        self.reason = reason
        self.settings = settings
    }

    /// What was filled in does not do.
    public init(_ problems: [SettingProblem]) {
        self.init(.form, problems.first.map { "\($0.id): \($0.reason)" } ?? "", settings: problems)
    }

    /// The sentence.
    public var description: String { reason }
}

/// Who looks after nodes: names them, makes and removes them, and does with them what is no measuring and no control.
///
/// Doors show this to those who may administer. Values have been checked against their settings' kinds; settings that a
/// person left out are left as they are.
@Loop
public protocol NodeAdministration: AnyObject, Sendable {
    /// The house's own nodes, in order.
    var infrastructure: [InfrastructureNode] { get }

    /// What such a node has to tell.
    func fields(of infrastructure: NodeID) -> [Field]

    /// A node's settings, those that only tell included.
    func settings(of node: NodeID) -> [NodeSetting]

    /// Changes settings of a node; all or none.
    func change(_ node: NodeID, _ values: [SettingValue]) async throws(AdministrationError)

    /// What kinds of node can be made below a node.
    func types(below node: NodeID) -> [NodeType]

    /// What is to be filled in for a new node; nil when there is no such kind below that node.
    func settings(forNew type: String, below node: NodeID) -> [NodeSetting]?

    /// Makes a node.
    func create(_ type: String, below node: NodeID, _ values: [SettingValue]) async throws(AdministrationError)
        -> NodeID

    /// Takes a node away for good.
    func destroy(_ node: NodeID) async throws(AdministrationError)

    /// What can be done with a node.
    func commands(of node: NodeID) -> [AdministrativeCommand]

    /// Does it.
    func run(_ command: String, on node: NodeID, _ values: [SettingValue]) async throws(AdministrationError)

    /// Answers a query.
    func query(_ command: String, on node: NodeID, _ values: [SettingValue]) async throws(AdministrationError)
        -> QueryTable
}
