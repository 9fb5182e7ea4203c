/// Something about a node or a command that a person fills in: a form's line.
///
/// Settings are what XEP-0326 calls node parameters: how the gateway keeps a node (its name, its key), not what the thing
/// does, which is a ``Parameter``.
public struct NodeSetting: Sendable, Hashable {
    /// Its name in forms, `name`, `debounce`.
    public var id: String
    /// What people call it.
    public var title: String
    /// A sentence that explains it; nil when the title does.
    public var explanation: String?
    /// The page of the form it stands on.
    public var page: String
    /// What it takes.
    public var kind: ParameterKind
    /// What it is; nil when it is not set, or secret.
    public var value: FieldValue?
    /// Whether it has to be filled in.
    public var isRequired: Bool
    /// Whether it only tells.
    public var isReadOnly: Bool
    /// Whether its value is never told.
    public var isSecret: Bool

    /// A setting.
    public init(
        _ id: String, title: String, explanation: String? = nil, page: String = "Node", kind: ParameterKind,
        value: FieldValue? = nil, isRequired: Bool = false, isReadOnly: Bool = false, isSecret: Bool = false
    ) {
        self.id = id
        self.title = title
        self.explanation = explanation
        self.page = page
        self.kind = kind
        self.value = value
        self.isRequired = isRequired
        self.isReadOnly = isReadOnly
        self.isSecret = isSecret
    }

    /// Why this value cannot be set; nil when it can.
    public func objection(to value: FieldValue) -> String? { kind.objection(to: value) }
}

/// A setting with the value to be given to it.
public struct SettingValue: Sendable, Hashable {
    /// The setting's id.
    public var id: String
    /// The value.
    public var value: FieldValue

    /// A value for a setting.
    public init(_ id: String, _ value: FieldValue) {
        self.id = id
        self.value = value
    }
}
