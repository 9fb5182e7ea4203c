import JSONText
import OneLoop
import OneM2MPrimitives

/// Requests that are answered at once and done afterwards (TS-0004 7.3.2.1, 7.4.12, `<request>`).
extension CSE {
    /// How a request stands (`m2m:requestStatus`).
    private enum RequestStatus: Int {
        case completed = 1
        case failed = 2
        case pending = 3
    }

    /// How long the outcome is kept when the request does not say.
    private static let persistence: Int64 = 3_600_000

    func accept(_ context: RequestContext, _ address: ResourceAddress) async throws(OneM2MError) -> ResponsePrimitive {
        let request = context.request
        if request.responseType == .noResponse {
            inWork += 1
            Task { [weak self] in
                guard let self else { return }
                _ = await self.finish(context, address)
            }
            return context.answer(.accepted)
        }
        let outstanding = tree.base.children.filter { $0.type == .request }
        guard outstanding.count < settings.limits.requestResources else {
            throw OneM2MError(.internalServerError, "\(outstanding.count) requests are remembered, no more fit")
        }
        let id = newID()
        var mi: JSONObject = ["rqi": .string(request.requestIdentifier), "rt": .int(request.responseType.rawValue)]
        mi["rcn"] = request.resultContent.map { .int($0.rawValue) }
        let kept =
            request.resultPersistence?.moment(from: context.now) ?? context.now.adding(milliseconds: Self.persistence)
        let resource = Resource(
            id: id, type: .request, name: "req-\(id)", rootName: "m2m:req", keeper: .passing,
            creator: context.originator.absolute, created: context.now,
            expiration: max(kept, context.now.adding(milliseconds: 1000)),
            attributes: [
                "op": .int(request.operation.rawValue), "tg": .string(request.to),
                "org": .string(context.originator.text(at: identity)), "rid": .string(request.requestIdentifier),
                "mi": .object(mi), "rs": .int(RequestStatus.pending.rawValue),
            ])
        tree.insert(resource, under: tree.base)
        noteExpiration(resource.expiration)
        inWork += 1
        Task { [weak self] in
            guard let self else { return }
            let answer = await self.finish(context, address)
            resource.attributes["rs"] = .int((answer.status.isSuccess ? RequestStatus.completed : .failed).rawValue)
            resource.attributes["ors"] = answer.json
            resource.modified = self.clock()
            guard request.responseType == .nonBlockingAsynch else { return }
            let targets = request.notificationURIs ?? [context.originator.text(at: self.identity)]
            for target in targets { _ = await self.notifier.send(["m2m:rsp": answer.json], to: target, category: nil) }
        }
        let status: ResponseStatus =
            request.responseType == .nonBlockingSynch ? .acceptedNonBlockingSynch : .acceptedNonBlockingAsynch
        return context.answer(status, ["m2m:uri": .string(resource.address)])
    }

    /// Does what was taken in; until then it is in work, though it was answered.
    private func finish(_ context: RequestContext, _ address: ResourceAddress) async -> ResponsePrimitive {
        defer { inWork -= 1 }
        do throws(OneM2MError) {
            return try await perform(context, address)
        } catch {
            return ResponsePrimitive(error, to: context.request)
        }
    }
}
