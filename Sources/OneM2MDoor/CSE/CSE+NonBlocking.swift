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
            let delay = try takeDelay(context)
            inWork += 1
            Task { [weak self] in
                guard let self else { return }
                _ = await self.finish(context, address, after: delay)
            }
            return context.answer(.accepted)
        }
        let outstanding = tree.base.children.filter { $0.type == .request }
        guard outstanding.count < settings.limits.requestResources else {
            throw OneM2MError(.internalServerError, "\(outstanding.count) requests are remembered, no more fit")
        }
        let delay = try takeDelay(context)
        let id = newID()
        var mi: JSONObject = ["rqi": .string(request.requestIdentifier), "rt": .int(request.responseType.rawValue)]
        mi["rcn"] = request.resultContent.map { .int($0.rawValue) }
        let due = max(request.operationExecutionTime?.moment(from: context.now) ?? context.now, context.now)
        let kept = request.resultPersistence?.moment(from: context.now) ?? due.adding(milliseconds: Self.persistence)
        let resource = Resource(
            id: id, type: .request, name: "req-\(id)", rootName: "m2m:req", keeper: .passing,
            creator: context.originator.absolute, created: context.now,
            expiration: max(kept, due.adding(milliseconds: 1000)),
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
            let answer = await self.finish(context, address, after: delay)
            let outcome = self.remembered(answer, of: request)
            resource.attributes["rs"] = .int((outcome.status.isSuccess ? RequestStatus.completed : .failed).rawValue)
            resource.attributes["ors"] = outcome.json
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
    private func finish(
        _ context: RequestContext, _ address: ResourceAddress, after delay: Delay?
    ) async -> ResponsePrimitive {
        defer { inWork -= 1 }
        do throws(OneM2MError) {
            return try await performConsulting(try await untilDue(context, delay), address)
        } catch {
            return ResponsePrimitive(error, to: context.request)
        }
    }

    /// What a `<request>` keeps of an answer. A RETRIEVE whose answer is too long for that has failed; what another operation
    /// has done is done, and only its content is left out, which `cnst` says.
    private func remembered(_ answer: ResponsePrimitive, of request: RequestPrimitive) -> ResponsePrimitive {
        let bytes = answer.content?.weight ?? 0
        guard bytes > settings.limits.requestAnswerBytes else { return answer }
        guard request.operation != .retrieve else {
            return ResponsePrimitive(
                OneM2MError(
                    .notAcceptable,
                    "the answer has \(bytes) bytes, and a request remembers \(settings.limits.requestAnswerBytes); "
                        + "ask for less, or blocking"),
                to: request)
        }
        var less = answer
        less.content = nil
        less.contentStatus = .partial
        return less
    }
}
