import JSONText
import OneLoop
import OneM2MPrimitives

/// Direct dynamic authorization (TS-0003 7.3.2.2): a request that policies and tokens do not permit is put to the
/// authorization servers that the resource names.
extension TokenService {
    /// Servers that are asked about one request, and addresses of each.
    private static let mostConsulted = 4

    /// What the servers of these `<dynamicAuthorizationConsultation>` resources allow for this one request; nil for nothing.
    ///
    /// - Parameters:
    ///   - consultations: the resources, as the target's `daci` names them.
    ///   - target: the address of the resource that was refused, relative to the service provider.
    public func consult(
        _ consultations: [ResourceView], about request: RequestPrimitive, originator: EntityID, origin: RequestOrigin,
        target: String, now: OneM2MTime
    ) async -> TokenPrivileges? {
        guard let remote = cse.remote else { return nil }
        let asked = consultation(request, originator: originator, target: target, address: origin.address, now: now)
        for view in consultations.prefix(Self.mostConsulted) where Self.isInForce(view, now: now) {
            for text in (view.attributes["dap"]?.array ?? []).compactMap(\.string).prefix(Self.mostConsulted) {
                guard let recipient = Self.target(text, at: home) else { continue }
                counters.consultations += 1
                var notification = RequestPrimitive(
                    .notify, to: text, from: home.entity.absolute, requestIdentifier: newRequestIdentifier(),
                    content: ["m2m:seci": ["sit": 1, "dreq": asked]])
                notification.requestExpiration = .after(10_000)
                let answer = await remote.send(notification, to: recipient)
                guard answer.status.isSuccess, let information = answer.content?["m2m:seci"],
                    information["sit"]?.int == 2
                else { continue }
                if let granted = privileges(
                    information["dres"], request: request, originator: originator, target: target)
                {
                    return granted
                }
            }
        }
        return nil
    }

    private static func isInForce(_ view: ResourceView, now: OneM2MTime) -> Bool {
        guard view.type == .dynamicAuthorizationConsultation, view.attributes["dae"]?.bool == true else { return false }
        guard let end = view.attributes["dal"]?.string else { return true }
        return OneM2MTime(end).map { now <= $0 } ?? false
    }

    private static func target(_ text: String, at home: CSEIdentity) -> RemoteTarget? {
        for scheme in ["http://", "https://", "coap://", "coaps://"] where text.utf8.starts(with: scheme.utf8) {
            return .pointOfAccess(text)
        }
        return ResourceAddress(text).map { .entity($0.cse(seenFrom: home)) }
    }

    /// What a server's answer allows: rules for this request, and tokens, which have to be for this CSE alone (TS-0003
    /// 7.3.2.2).
    private func privileges(
        _ answer: JSON?, request: RequestPrimitive, originator: EntityID, target: String
    ) -> TokenPrivileges? {
        var permissions: [TokenPermission] = []
        if let rules = answer?["dai"]?["gp"], let privileges = try? Privileges(json: rules) {
            permissions.append(TokenPermission(resources: [target], privileges: privileges))
        }
        for token in (answer?["tkns"]?.array ?? []).compactMap(\.string).prefix(TokenLimits.perRequest) {
            guard let entry = try? accept(token, originator: originator, now: clock()) else { continue }
            let audience = entry.claims.audience.compactMap { EntityID($0, at: home) }
            guard audience == [home.entity] else { continue }
            permissions += entry.claims.permissions
        }
        return permissions.isEmpty ? nil : TokenPrivileges(permissions)
    }
}
