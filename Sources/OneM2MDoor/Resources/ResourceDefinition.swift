import OneM2MPrimitives

/// What a type of resource is, as data: the procedures look here and nowhere else.
public struct ResourceDefinition: Sendable {
    /// Attributes that many types share (TS-0001 9.6.1.3.2). `ri`, `rn`, `pi`, `ty`, `ct` and `lt` every type has.
    public enum Common: String, Sendable, Hashable, CaseIterable {
        /// `et`, expirationTime
        case expiration = "et"
        /// `lbl`, labels
        case labels = "lbl"
        /// `acpi`, accessControlPolicyIDs
        case policies = "acpi"
        /// `daci`, dynamicAuthorizationConsultationIDs
        case consultations = "daci"
        /// `cr`, creator
        case creator = "cr"
        /// `st`, stateTag
        case stateTag = "st"
        /// `at` and `aa`, announcement
        case announcement = "at"
    }

    /// Which operations a request may ask of it; what is not there is 4005.
    public let operations: OperationSet
    /// Its type.
    public let type: ResourceType
    /// What TS-0001 calls it: `container`.
    public let title: String
    /// The clause that defines it, or the report.
    public let clause: String
    /// The shared attributes it has.
    public let common: Set<Common>
    /// Its own attributes.
    public let attributes: [AttributeDefinition]
    /// What may be created below it.
    public let children: Set<ResourceType>
    /// Names below it that are no resources of their own.
    public let virtualChildren: [String]

    init(
        _ type: ResourceType, _ title: String, _ clause: String,
        operations: OperationSet = [.create, .retrieve, .update, .delete, .discovery], common: Set<Common>,
        children: Set<ResourceType> = [], virtual: [String] = [], _ attributes: [AttributeDefinition]
    ) {
        self.type = type
        self.title = title
        self.clause = clause
        self.operations = operations
        self.common = common
        self.children = children
        virtualChildren = virtual
        self.attributes = attributes
    }

    /// The definition of an attribute of its own, or of a shared one that requests may carry.
    func attribute(_ name: String) -> AttributeDefinition? {
        if let own = attributes.first(where: { $0.name == name }) { return own }
        guard let shared = Self.shared.first(where: { $0.attribute.name == name }), common.contains(shared.common)
        else {
            return nil
        }
        return shared.attribute
    }

    /// Shared attributes that requests may carry. `cr` is handled apart, since it must be null.
    static let shared: [(common: Common, attribute: AttributeDefinition)] = [
        (.expiration, AttributeDefinition("et", .time, .optional, .optional, .mandatory)),
        (.labels, AttributeDefinition("lbl", .texts, .optional, .optional, .mandatory)),
        (.policies, AttributeDefinition("acpi", .texts, .optional, .optional)),
        (.consultations, AttributeDefinition("daci", .texts, .optional, .optional)),
        (.announcement, AttributeDefinition("at", .texts, .optional, .optional)),
        (.announcement, AttributeDefinition("aa", .texts, .optional, .optional)),
    ]

    /// Attributes that the CSE alone sets, of every type.
    static let assigned: Set<String> = ["ri", "pi", "ty", "ct", "lt", "st"]
}
