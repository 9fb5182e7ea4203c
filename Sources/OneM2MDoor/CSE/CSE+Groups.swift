import JSONText
import OneLoop
import OneM2MPrimitives

/// Groups: their members, and requests to all of them (TS-0001 9.6.13, TS-0004 7.4.13, 7.4.14).
extension CSE {
    /// What to do with members of another type (`m2m:consistencyStrategy`).
    private enum Consistency: Int {
        case abandonMember = 1
        case abandonGroup = 2
        case setMixed = 3
    }

    /// Groups inside groups that a request passes through; deeper ones are refused.
    private static let deepestFanOut = 3
    /// Members that one request asks, those of groups inside groups too: five groups of the largest size.
    private static let mostAsked = 1_000
    /// Identifiers of group requests that are remembered.
    private static let seenLimit = 64

    func validateGroup(_ resource: Resource, _ context: RequestContext) async throws(OneM2MError) {
        var members: [String] = []
        for member in resource.texts("mid") where !members.contains(member) { members.append(member) }
        let most = min(resource.attributes["mnm"]?.int ?? 0, settings.limits.members)
        guard members.count <= most else {
            throw OneM2MError(.maxNumberOfMemberExceeded, "\(members.count) members, at most \(most) are taken")
        }
        var type = resource.attributes["mt"]?.int ?? 0
        let strategy = Consistency(rawValue: resource.attributes["csy"]?.int ?? 1) ?? .abandonMember
        var kept: [String] = []
        var isValidated = true
        for member in members {
            guard let address = ResourceAddress(member) else {
                throw OneM2MError(.badRequest, "mid: \"\(member.prefix(80))\" is no address")
            }
            guard address.isLocal(to: identity) else {
                // Whose type cannot be seen from here is a member all the same, and the group is not validated.
                isValidated = false
                kept.append(member)
                continue
            }
            let found = tree.find(address.path)
            let memberType: ResourceType?
            switch found {
            case .resource(let resource): memberType = resource.type
            case .instance: memberType = .contentInstance
            case .virtual("fopt", let group, []):
                memberType = group.attributes["mt"]?.int.map { ResourceType(rawValue: $0) }
            default: memberType = nil
            }
            let fits = memberType != nil && (type == 0 || memberType?.rawValue == type)
            if fits {
                kept.append(member)
                continue
            }
            switch strategy {
            case .abandonMember: break
            case .abandonGroup:
                throw OneM2MError(
                    .groupMemberTypeInconsistent,
                    memberType == nil ? "there is no member \"\(member)\"" : "\(member) is not of type \(type)")
            case .setMixed:
                guard memberType != nil else { continue }
                type = 0
                kept.append(member)
            }
        }
        resource.attributes["mt"] = .int(type)
        resource.attributes["mid"] = .array(kept.map { .string($0) })
        resource.attributes["cnm"] = .int(kept.count)
        resource.attributes["mtv"] = .bool(isValidated)
        resource.attributes["csy"] = .int(strategy.rawValue)
    }

    /// Sends a request on to each member and gathers the answers.
    func fanOut(
        _ context: RequestContext, _ group: Resource, _ rest: [String]
    ) async throws(OneM2MError) -> ResponsePrimitive {
        let operation: OperationSet =
            context.request.filterCriteria.usage == .discovery ? .discovery : OperationSet(context.request.operation)
        try demandFanOut(context, operation, group)
        guard context.fanOutDepth < Self.deepestFanOut else {
            throw OneM2MError(.groupRequestIdentifierExists, "groups inside groups deeper than \(Self.deepestFanOut)")
        }
        // A request that has come through groups of other CSEs and back would go on for ever.
        let identifier: String
        if let given = context.request.groupRequestIdentifier {
            guard !seenGroupRequests.contains(given) else {
                throw OneM2MError(.groupRequestIdentifierExists, "this group request was here before")
            }
            identifier = given
        } else {
            lastRequest += 1
            identifier = "\(identity.cseID)-\(clock().microseconds)-\(lastRequest)"
        }
        if context.fanOutDepth == 0 {
            seenGroupRequests.append(identifier)
            if seenGroupRequests.count > Self.seenLimit { seenGroupRequests.removeFirst() }
        }
        let members = group.texts("mid")
        guard !members.isEmpty else { throw OneM2MError(.noMembers, "the group has no members") }
        var answers: [JSON] = []
        for (place, member) in members.enumerated() {
            var request = context.request.withoutAuthorization
            request.to = ([member] + rest).joined(separator: "/")
            request.requestIdentifier = "\(context.request.requestIdentifier).\(place)"
            var answer = await ask(request, identifier, context)
            answer.from = member
            answers.append(answer.json)
        }
        return context.answer(.ok, ["m2m:agr": ["m2m:rsp": .array(answers)]])
    }

    private func ask(
        _ request: RequestPrimitive, _ identifier: String, _ context: RequestContext
    ) async -> ResponsePrimitive {
        let inner = context.with(request)
        inner.fanOutDepth = context.fanOutDepth + 1
        do throws(OneM2MError) {
            guard context.membersAsked < Self.mostAsked else {
                throw OneM2MError(.notAcceptable, "\(Self.mostAsked) members were asked, no more are by one request")
            }
            context.membersAsked += 1
            inner.membersAsked = context.membersAsked
            defer { context.membersAsked = inner.membersAsked }
            guard let address = ResourceAddress(request.to) else {
                throw OneM2MError(.badRequest, "\"\(request.to.prefix(80))\" is no address")
            }
            if address.isLocal(to: identity) { return try await perform(inner, address) }
            guard let remote else { throw OneM2MError(.targetNotReachable, "there is no way to \(address)") }
            var outward = request
            outward.from = context.originator.spRelative
            outward.groupRequestIdentifier = identifier
            return await remote.send(outward, to: .entity(address.cse(seenFrom: identity)))
        } catch {
            return ResponsePrimitive(error, to: request)
        }
    }

    /// Who may send to the members: by `macp` where it is set, else by the group's own policies.
    private func demandFanOut(
        _ context: RequestContext, _ operation: OperationSet, _ group: Resource
    ) throws(OneM2MError) {
        let policies = group.texts("macp")
        guard !policies.isEmpty, !context.isAdministrator else { return try demand(context, operation, group) }
        let allowed = permits(context, operation, group, creating: context.request.resourceType, under: policies)
        guard allowed else {
            context.refusedAt = group
            throw OneM2MError(
                .originatorHasNoPrivilege, "the members' policies of \(group.address) do not let the originator")
        }
    }
}
