import JSONText
import OneLoop
import OneM2MPrimitives

/// What a `<subscription>` must be before it is one (TS-0004 7.4.8.2.1).
extension CSE {
    func validateSubscription(
        _ resource: Resource, about subject: Resource, _ context: RequestContext
    ) async throws(OneM2MError) {
        let state = try SubscriptionState(resource.attributes)
        guard permits(context, .retrieve, subject) else {
            throw OneM2MError(
                .subscriptionCreatorHasNoPrivilege, "who may not retrieve \(subject.address) cannot hear of it")
        }
        let reference = "/\(identity.cseID)/\(subject.address)/\(resource.name)"
        try await verify(state.targets, reference, context)
        resource.detail = .subscription(state)
    }

    func revalidateSubscription(
        _ resource: Resource, _ changes: JSONObject, _ context: RequestContext
    ) async throws(OneM2MError) {
        var state = try SubscriptionState(resource.attributes)
        if case .subscription(let before) = resource.detail {
            let added = state.targets.filter { !before.targets.contains($0) }
            try await verify(added, "/\(identity.cseID)/\(resource.address)", context)
        }
        // Looked at now: while a target was asked, it may have been told of something.
        if changes["exc"] == nil, case .subscription(let before) = resource.detail {
            state.remaining = before.remaining
        }
        resource.detail = .subscription(state)
    }

    /// Asks each target that is not the originator itself whether it wants to be told.
    private func verify(_ targets: [String], _ reference: String, _ context: RequestContext) async throws(OneM2MError) {
        for target in targets where !isItself(target, context) {
            let creator = context.originator.text(at: identity)
            let content: JSON = [
                "m2m:sgn": ["vrq": true, "sur": .string(reference), "cr": .string(creator)]
            ]
            let status = await notifier.send(content, to: target, category: nil)
            guard status.isSuccess else {
                throw OneM2MError(
                    .subscriptionVerificationInitiationFailed, "the target \(target.prefix(100)) answered \(status)")
            }
        }
    }

    private func isItself(_ target: String, _ context: RequestContext) -> Bool {
        if EntityID(target, at: identity) == context.originator { return true }
        guard let resource = tree.resource(target, at: identity) else { return false }
        return resource.type == .ae && resource.creator == context.originator.absolute
    }

    /// The creator of a subscription, asking again at the time of the event: a right that was taken away ends the news.
    func mayHear(_ subscription: Resource, of subject: Resource) -> Bool {
        guard let creator = EntityID(subscription.creator, at: identity) else { return false }
        if isAdministrator(creator) || creator == identity.entity { return true }
        let context = RequestContext(
            RequestPrimitive(.retrieve, to: subject.id, from: subscription.creator, requestIdentifier: "event"),
            origin: .internal, originator: creator, now: clock(), isAdministrator: false)
        return permits(context, .retrieve, subject)
    }
}
