/// The filter that the queries of a discovery request make (core, "Resource discovery using /oic/res").
///
/// `rt=` may stand several times: a link passes when it has one of the types. `if=` is no filter on `/oic/res`; it chooses
/// the interface of `/oic/res` itself.
public struct LinkFilter: Sendable, Hashable {
    /// The resource types asked for; none asks for all.
    public var resourceTypes: [String]

    /// A filter.
    public init(resourceTypes: [String] = []) {
        self.resourceTypes = resourceTypes
    }

    /// Whether the link is asked for.
    public func passes(_ link: Link) -> Bool {
        passes(resourceTypes: link.resourceTypes)
    }

    /// Whether a resource of these types is asked for.
    public func passes(resourceTypes: [String]) -> Bool {
        self.resourceTypes.isEmpty || resourceTypes.contains { self.resourceTypes.contains($0) }
    }
}
