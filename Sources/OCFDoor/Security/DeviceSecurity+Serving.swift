import CoAPMessages
import OCFModel
import OneLoop

extension DeviceSecurity {
    /// Serves a request that ``permits(_:on:_:)`` has permitted.
    ///
    /// - Parameter answered: called once, at once for a RETRIEVE and when it is durable for a change.
    func serve(
        _ request: ResourceRequest, on resource: SecurityResource, _ caller: Caller,
        _ answered: @escaping @Loop (Result<SecurityAnswer, ResourceError>) -> Void
    ) {
        if request.operation == .retrieve {
            return answered(
                Result { () throws(ResourceError) in
                    // A RETRIEVE changes nothing; the copy is thrown away.
                    var copy = state
                    return try copy.serve(
                        request, on: resource, context(of: caller),
                        signingRequest: resource == .csr ? try? currentSigningRequest() : nil)
                })
        }
        Task { @Loop in
            do throws(ResourceError) {
                let facts = AccessFacts(href: resource.href, configuresDevice: true)
                let (answer, later) = try await change { (next) throws(ResourceError) in
                    // What came before may have taken the right away.
                    let context = self.context(of: caller)
                    guard
                        next.decide(request.operation, on: facts, context, credentialID: caller.credentialID)
                            .isPermitted
                    else { throw ResourceError(.unauthorized, "no access control entry permits this") }
                    let answer = try next.serve(request, on: resource, context)
                    return (answer, answer.effects)
                }
                answered(.success(answer))
                for effect in later { await perform(effect) }
            } catch {
                answered(.failure(error))
            }
        }
    }

    /// A connection has ended.
    func connectionClosed(_ session: SessionID) async {
        if transferSecrets?.session == session { transferSecrets = nil }
        await run { $0.connectionClosed(session) }
    }

    /// Gives up an owner transfer: refused, timed out, or come to nothing.
    func abandonOwnerTransfer() async {
        await run { $0.abandonOwnerTransfer() }
    }

    /// Makes a connection the ownership connection.
    ///
    /// - Parameter secrets: what the owner's key is derived from.
    func openOwnershipConnection(_ session: SessionID, secrets: SessionSecrets?) async throws(OwnershipRefusal) {
        let outcome = try? await change { (next) throws(ResourceError) in
            do throws(OwnershipRefusal) {
                try next.openOwnershipConnection(session, isAllowed: true)
                return (OwnershipRefusal?.none, [])
            } catch {
                return (error, [])
            }
        }
        if let refusal = outcome?.result { throw refusal }
        transferSecrets = secrets.map { (session, $0) }
    }

    /// Makes a change of our own, with what follows from it.
    private func run(_ body: (inout SecurityState) -> [SecurityEffect]) async {
        do throws(ResourceError) {
            let (_, later) = try await change { (next) throws(ResourceError) in ((), body(&next)) }
            for effect in later { await perform(effect) }
        } catch {
            trouble = error.reason
        }
    }
}
