import JSONText
import OneLoop
import OneM2MPrimitives

/// A request on its way through the CSE, and what was found out about it.
@Loop
final class RequestContext {
    var request: RequestPrimitive
    let origin: RequestOrigin
    let originator: EntityID
    let now: OneM2MTime
    /// May do everything.
    let isAdministrator: Bool
    /// What its tokens allow besides.
    var privileges = TokenPrivileges()
    var assigned: [AssignedToken] = []
    /// How many groups it has fanned out through.
    var fanOutDepth = 0
    /// How many members of groups it has asked so far.
    var membersAsked = 0
    /// Decisions by policy, so that a discovery asks each policy once.
    var decided: [String: Bool] = [:]
    /// Where it was refused, for the answer that says where a token can be had.
    var refusedAt: Resource?

    init(
        _ request: RequestPrimitive, origin: RequestOrigin, originator: EntityID, now: OneM2MTime, isAdministrator: Bool
    ) {
        self.request = request
        self.origin = origin
        self.originator = originator
        self.now = now
        self.isAdministrator = isAdministrator
    }

    /// The same originator with another request.
    func with(_ request: RequestPrimitive) -> RequestContext {
        let other = RequestContext(
            request, origin: origin, originator: originator, now: now, isAdministrator: isAdministrator)
        other.privileges = privileges
        other.fanOutDepth = fanOutDepth
        return other
    }

    /// The answer of a status and a content.
    func answer(_ status: ResponseStatus, _ content: JSON? = nil) -> ResponsePrimitive {
        var answer = ResponsePrimitive(
            status, requestIdentifier: request.requestIdentifier, content: content,
            releaseVersion: request.releaseVersion)
        answer.assignedTokens = assigned
        return answer
    }
}
