import OneLoop

/// Something a person can have done to a node, or to a bus as a whole (XEP-0326, node commands): forget a sensor, open
/// the window in which new ones may join.
public struct NodeCommand: Sendable, Hashable {
    /// Its name for programs, `forget`; one of a name per node.
    public let id: String
    /// What people call it.
    public let title: String
    /// The question to ask before it is done; nil when it does no harm.
    public let confirmation: String?
    /// What it wants to know, with the values it takes when they are left out; empty for a simple command.
    public let parameters: [Parameter]

    /// A command; simple, unless it has parameters.
    public init(id: String, title: String, confirmation: String? = nil, parameters: [Parameter] = []) {
        self.id = id
        self.title = title
        self.confirmation = confirmation
        self.parameters = parameters
    }
}

/// The values that a command is given, by parameter.
public typealias CommandValues = [String: FieldValue]

/// Commands of a bus as a whole, and what does them.
public struct BusCommands: Sendable {
    /// The bus, `ble`.
    public let cacheType: String
    /// What can be done.
    public let commands: [NodeCommand]
    let perform: @Loop (String, CommandValues) async throws(NodeError) -> String

    /// The commands of a bus. `perform` gets a command's id and checked values, and answers with a sentence for people.
    public init(
        cacheType: String, commands: [NodeCommand],
        perform: @escaping @Loop (String, CommandValues) async throws(NodeError) -> String
    ) {
        self.cacheType = cacheType
        self.commands = commands
        self.perform = perform
    }
}
