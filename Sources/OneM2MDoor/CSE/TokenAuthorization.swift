import JSONText
import OneLoop
import OneM2MPrimitives

/// What verified tokens of a request allow, in addition to access control policies.
public struct TokenPrivileges: Sendable, Hashable {
    /// One permission of a token; its resources are addresses in any form, which may end in `/*` for all below.
    public typealias Permission = TokenPermission

    /// The permissions of all tokens.
    public var permissions: [Permission]

    /// These permissions.
    public init(_ permissions: [Permission] = []) {
        self.permissions = permissions
    }
}

/// What was found of the tokens of a request.
public enum TokenVerdict: Sendable, Hashable {
    /// It has none.
    case none
    /// One of them is bad, so the whole request is.
    case rejected(ResponseStatus, String)
    /// All are good.
    case accepted(TokenPrivileges, assigned: [AssignedToken])
}

/// Who judges the tokens of a request. Without one a request with tokens is 5001.
@Loop
public protocol TokenAuthorization: AnyObject {
    /// Judges the tokens, ids of tokens and roles of a request; called once for each, before access is decided.
    func verify(
        _ request: RequestPrimitive, originator: EntityID, origin: RequestOrigin, now: OneM2MTime
    ) async -> TokenVerdict

    /// What authorization servers allow for a request that policies and tokens did not; nil for nothing.
    ///
    /// - Parameters:
    ///   - consultations: the `<dynamicAuthorizationConsultation>` resources that the target names.
    ///   - target: the refused resource's address relative to the service provider.
    func consult(
        _ consultations: [ResourceView], about request: RequestPrimitive, originator: EntityID, origin: RequestOrigin,
        target: String, now: OneM2MTime
    ) async -> TokenPrivileges?

    /// Where a token that would help can be had (`tqf`), for a request with `tqi` that was refused.
    ///
    /// - Parameter target: the resource's address relative to the service provider.
    func requestInformation(_ request: RequestPrimitive, originator: EntityID, target: String) -> JSON?
}

/// Who issues tokens through `<accessTokenIssuing>`, and hears of its own resources.
@Loop
public protocol TokenIssuing: AnyObject {
    /// Checks an `<accessTokenAuthority>`, `<accessToken>`, `<token>`, `<role>` or `<dynamicAuthorizationConsultation>`
    /// that is about to be created, changed or deleted; `resource` has the attributes as they would be. An `<accessToken>`
    /// is created through the CSE by the issuance alone, with the origin ``RequestOrigin/internal``.
    func check(
        _ operation: Operation, _ resource: ResourceView, originator: EntityID, origin: RequestOrigin
    ) throws(OneM2MError)

    /// A CREATE of the virtual `<accessTokenIssuing>`; the permission to CREATE it has been found. The value returned is the
    /// content of the answer 2001.
    ///
    /// - Parameter authority: the `<accessTokenAuthority>` it belongs to.
    func issue(
        _ request: RequestPrimitive, at authority: ResourceView, originator: EntityID, origin: RequestOrigin,
        now: OneM2MTime
    ) async throws(OneM2MError) -> JSON

    /// Whether an `<accessToken>` may be retrieved: by its holder alone. Asked instead of access control policies, which the
    /// type does not have.
    func permitsRetrieval(of resource: ResourceView, by originator: EntityID) -> Bool

    /// One of these resources was created, changed, or is gone (deleted or expired).
    func changed(_ operation: Operation, _ resource: ResourceView)
}

/// A resource at one moment, for the parts of the door that are not its store.
public struct ResourceView: Sendable, Hashable {
    /// Its type.
    public var type: ResourceType
    /// Its resource ID.
    public var resourceID: String
    /// Its structured address, CSE-relative.
    public var address: String
    /// Its attributes, universal and common ones included.
    public var attributes: JSONObject

    /// A view.
    public init(type: ResourceType, resourceID: String, address: String, attributes: JSONObject) {
        self.type = type
        self.resourceID = resourceID
        self.address = address
        self.attributes = attributes
    }
}
