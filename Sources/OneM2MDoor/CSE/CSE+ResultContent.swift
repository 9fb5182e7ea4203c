import JSONText
import OneLoop
import OneM2MPrimitives

/// What an answer to CREATE or UPDATE shows of the resource (TS-0001 8.1.2, Result Content), and how others see one.
extension CSE {
    func isAuthorization(_ type: ResourceType) -> Bool {
        [.accessTokenAuthority, .accessToken, .token, .role, .dynamicAuthorizationConsultation].contains(type)
    }

    func view(_ resource: Resource, under parent: Resource? = nil) -> ResourceView {
        let above = resource.parent ?? parent
        return ResourceView(
            type: resource.type, resourceID: resource.id,
            address: above.map { "\($0.address)/\(resource.name)" } ?? resource.name,
            attributes: resource.representation)
    }

    /// The content of an answer to CREATE or UPDATE.
    func result(_ wanted: ResultContent, _ resource: Resource, given: JSONObject) -> JSON? {
        switch wanted {
        case .nothing: return nil
        case .hierarchicalAddress: return ["m2m:uri": .string(resource.address)]
        case .hierarchicalAddressAndAttributes:
            return [
                "m2m:rce": [
                    "uri": .string(resource.address), resource.rootName: .object(resource.representation),
                ]
            ]
        case .modifiedAttributes:
            var changed = JSONObject()
            for member in resource.representation where given[member.name] != member.value {
                changed[member.name] = member.value
            }
            return .object([resource.rootName: .object(changed)])
        default: return resource.json
        }
    }

    /// The result content asked for, or the usual one; 4000 for one that the operation does not have.
    func resultContent(_ context: RequestContext, _ allowed: [ResultContent]) throws(OneM2MError) -> ResultContent {
        guard let wanted = context.request.resultContent else { return .attributes }
        guard allowed.contains(wanted) else {
            throw OneM2MError(.badRequest, "rcn \(wanted.rawValue) is not possible on \(context.request.operation)")
        }
        return wanted
    }
}
