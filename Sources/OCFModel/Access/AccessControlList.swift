/// The entries of a device; what none of them permits is denied.
public struct AccessControlList: Sendable, Hashable {
    /// `aclist2`; the order does not matter.
    public var entries: [AccessControlEntry]
    /// `rowneruuid`: the service that owns this resource, by CR the AMS.
    public internal(set) var owner: Identifier

    /// A list.
    public init(_ entries: [AccessControlEntry] = [], owner: Identifier = .none) {
        self.entries = entries
        self.owner = owner
    }

    /// The role that may do everything (security, "Roles").
    public static let ownerRole = "oic.role.owner"

    /// The union of what the matching entries permit.
    ///
    /// - Parameter now: seconds since 1970; nil while the clock cannot be trusted.
    public func permissions(of requester: Requester, on facts: AccessFacts, at now: Int64? = nil) -> Permissions {
        if requester.isEncrypted, requester.roles.contains(where: { $0.name == Self.ownerRole }) { return .all }
        var permissions: Permissions = []
        for entry in entries where entry.matches(requester) && entry.matches(facts) && entry.holds(at: now) {
            if facts.isSecurityResource, entry.isForConnectionType { continue }
            permissions.formUnion(entry.permissions)
        }
        return permissions
    }

    /// Whether the operation is permitted.
    ///
    /// RETRIEVE needs read or notify, UPDATE and CREATE need update or create, DELETE needs delete: what IoTivity-Lite
    /// asks, so that lists written for it mean the same here.
    public func permits(
        _ operation: ResourceRequest.Operation, by requester: Requester, on facts: AccessFacts, at now: Int64? = nil
    ) -> Bool {
        let permissions = permissions(of: requester, on: facts, at: now)
        return switch operation {
        case .retrieve: !permissions.isDisjoint(with: [.read, .notify])
        case .update, .create: !permissions.isDisjoint(with: [.update, .create])
        case .delete: permissions.contains(.delete)
        }
    }
}
