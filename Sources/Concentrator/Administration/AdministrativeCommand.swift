/// Something that can be done with a node, as a door offers it (XEP-0326 node commands): what drivers and buses know as
/// ``NodeCommand``, what the house itself can do, and queries.
public struct AdministrativeCommand: Sendable, Hashable {
    /// How it is run.
    public enum Kind: String, Sendable, Hashable {
        /// At once.
        case simple = "Simple"
        /// With a form filled in.
        case parameterized = "Parameterized"
        /// It answers with tables that come in messages.
        case query = "Query"
    }

    /// Its name, `identify`.
    public var id: String
    /// What people call it.
    public var title: String
    /// How it is run.
    public var kind: Kind
    /// What is to be filled in.
    public var settings: [NodeSetting]
    /// What a person is asked before it is run; nil when it does no harm.
    public var confirmation: String?
    /// What a person is told when it failed.
    public var failure: String?
    /// What a person is told when it was done.
    public var success: String?

    /// A command.
    public init(
        _ id: String, title: String, kind: Kind = .simple, settings: [NodeSetting] = [], confirmation: String? = nil,
        failure: String? = nil, success: String? = nil
    ) {
        self.id = id
        self.title = title
        self.kind = kind
        self.settings = settings
        self.confirmation = confirmation
        self.failure = failure
        self.success = success
    }
}

/// What a query answers: a table.
public struct QueryTable: Sendable, Hashable {
    /// Its name for people.
    public var title: String
    /// The headings of its columns.
    public var columns: [String]
    /// The rows, as long as there are columns; nil for an empty place.
    public var rows: [[FieldValue?]]

    /// A table.
    public init(title: String, columns: [String], rows: [[FieldValue?]]) {
        self.title = title
        self.columns = columns
        self.rows = rows
    }
}
