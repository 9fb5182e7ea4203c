import OneLoop
import OneM2MPrimitives

/// Where a request to another entity goes.
public enum RemoteTarget: Sendable, Hashable {
    /// A URL: `http://…`, `https://…`, `coap://…`, `coaps://…`.
    case pointOfAccess(String)
    /// A CSE that is reached by a registration, directly or over the registrar; the request's `to` says the rest.
    case entity(EntityID)
}

/// The way to other entities. Without one everything that is elsewhere is 5103.
@Loop
public protocol RemoteEntities: AnyObject {
    /// Sends a request and waits for its answer. What stands in the way is an answer too: 5103 when the target cannot be
    /// reached, 4008 when it does not answer in time.
    func send(_ request: RequestPrimitive, to target: RemoteTarget) async -> ResponsePrimitive
}
