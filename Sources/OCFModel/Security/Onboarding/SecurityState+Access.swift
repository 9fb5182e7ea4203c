/// Why a request is permitted or denied: the step of the decision that settled it, in their order.
public enum AccessRule: Sendable, Hashable, CaseIterable {
    /// While the device is being reset it serves nobody.
    case resetting
    /// Plain CoAP while an ownership connection is open.
    case plainBesideOwnership
    /// An application resource outside RFNOP.
    case applicationOutsideNormalOperation
    /// An application resource over plain CoAP.
    case applicationOverPlain
    /// The ownership connection, on a resource that configures the device.
    case ownershipConnection
    /// Discovery: what everybody may read of a device that nobody owns, and `/.well-known/core`.
    case discovery
    /// What a would-be owner needs before its connection: doxm, and to read pstat.
    case beforeOwnership
    /// A security resource over plain CoAP once the device has an owner.
    case securityOverPlain
    /// The requester owns the resource (`rowneruuid`).
    case resourceOwner
    /// Roles are asserted on any encrypted connection.
    case roles
    /// The access control list.
    case accessControlList
}

/// Whether a request is permitted.
public struct AccessDecision: Sendable, Hashable {
    /// Whether it is.
    public let isPermitted: Bool
    /// What settled it.
    public let rule: AccessRule

    static func permit(_ rule: AccessRule) -> AccessDecision { AccessDecision(isPermitted: true, rule: rule) }
    static func deny(_ rule: AccessRule) -> AccessDecision { AccessDecision(isPermitted: false, rule: rule) }
}

extension SecurityState {
    /// The roles that a requester has: what the transport proved, what it asserted on its connection, and those of the
    /// pair-wise key it used.
    ///
    /// - Parameter credentialID: the `credid` of that key, when it used one.
    public func roles(_ context: SecurityContext, credentialID: Int? = nil) -> [Requester.Role] {
        guard context.requester.isEncrypted else { return [] }
        var roles = context.requester.roles + assertions(on: context.session).roles(at: context.now)
        if let credentialID, let entry = cred.entries.first(where: { $0.id == credentialID }),
            entry.isUsable(at: context.now), let role = entry.role
        {
            roles.append(role)
        }
        return roles
    }

    /// Decides on a request, the first rule that speaks settling it.
    ///
    /// - Parameters:
    ///   - operation: what is asked.
    ///   - facts: of the resource.
    ///   - context: who asks, and how.
    ///   - credentialID: the `credid` of the pair-wise key of the connection, when it has one.
    public func decide(
        _ operation: ResourceRequest.Operation, on facts: AccessFacts, _ context: SecurityContext,
        credentialID: Int? = nil
    ) -> AccessDecision {
        let isPlain = context.session == nil
        let resource = SecurityResource(href: facts.href)
        if state == .reset { return .deny(.resetting) }
        if state == .rfotm, isPlain, ownershipConnection != nil { return .deny(.plainBesideOwnership) }
        if !facts.configuresDevice {
            if state != .rfnop { return .deny(.applicationOutsideNormalOperation) }
            if isPlain { return .deny(.applicationOverPlain) }
        } else if isOwnershipConnection(context) {
            return .permit(.ownershipConnection)
        }
        if operation == .retrieve {
            if facts.href == "/.well-known/core" { return .permit(.discovery) }
            if state == .rfotm, ["/oic/res", "/oic/d", "/oic/p"].contains(facts.href) { return .permit(.discovery) }
        }
        if state == .rfotm {
            let isNeeded =
                switch (resource, operation) {
                case (.doxm?, .retrieve), (.doxm?, .update), (.pstat?, .retrieve): true
                default: false
                }
            return isNeeded ? .permit(.beforeOwnership) : .deny(.beforeOwnership)
        }
        if facts.isSecurityResource, isPlain { return .deny(.securityOverPlain) }
        if let resource, let owner = owner(of: resource), context.requester.isEncrypted,
            context.requester.identity == .device(owner)
        {
            return .permit(.resourceOwner)
        }
        if resource == .roles, !isPlain { return .permit(.roles) }
        // What has not proved its encryption by a session is nobody.
        let requester =
            isPlain
            ? Requester.anonymous
            : Requester(
                context.requester.identity, roles: roles(context, credentialID: credentialID),
                isEncrypted: context.requester.isEncrypted)
        return acl2.permits(operation, by: requester, on: facts, at: context.now)
            ? .permit(.accessControlList) : .deny(.accessControlList)
    }
}
