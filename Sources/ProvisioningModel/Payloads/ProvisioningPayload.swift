import XMPP

/// One of the elements of XEP-0324.
public protocol ProvisioningElement: Sendable, Hashable {
    /// Reads the element.
    init(_ element: XMLElement) throws(PayloadError)
    /// The element, valid by the XEP's schema.
    var element: XMLElement { get }
}

/// Any of the elements of XEP-0324, by name.
public enum ProvisioningPayload: Sendable, Hashable {
    /// In which kind of stanza an element belongs (XEP-0324 3), and who sends it.
    public enum Carrier: Sendable, Hashable {
        /// An iq of type get, from a device or service to a server.
        case question
        /// The iq result to a question.
        case answer
        /// An iq of type get or set, from a server to a device.
        case demand
        /// The iq result to a demand.
        case acknowledgement
        /// A message.
        case message
    }

    /// A certificate is shown.
    case getToken(TokenRequest)
    /// Something that only the certificate's key can read.
    case getTokenChallenge(TokenRequestChallenge)
    /// What it says; a question, in spite of its name.
    case getTokenChallengeResponse(TokenRequestAnswer)
    /// The token.
    case getTokenResponse(TokenGrant)
    /// Prove that the token is yours.
    case tokenChallenge(TokenChallenge)
    /// The proof.
    case tokenChallengeResponse(TokenChallengeAnswer)
    /// May that one be a friend?
    case isFriend(FriendQuestion)
    /// Yes or no.
    case isFriendResponse(FriendAnswer)
    /// That one is to be no friend any more.
    case unfriend(Unfriending)
    /// That one would be a good friend.
    case friend(Recommendation)
    /// May that one read?
    case canRead(ReadQuestion)
    /// What it may read.
    case canReadResponse(ReadAnswer)
    /// May that one control?
    case canControl(ControlQuestion)
    /// What it may control.
    case canControlResponse(ControlAnswer)
    /// Forget what was answered.
    case clearCache
    /// It is forgotten.
    case clearCacheResponse
    /// May a user who shows this use the service?
    case canAccess(ServiceQuestion)
    /// Yes or no, and a token for the user.
    case canAccessResponse(ServiceAnswer)
    /// A user has given a name.
    case userLoggedIn(UserLogin)
    /// May the user do this?
    case hasPrivilege(PrivilegeQuestion)
    /// Yes or no.
    case hasPrivilegeResponse(PrivilegeAnswer)
    /// What may the user do?
    case downloadPrivileges(PrivilegeListQuestion)
    /// The list.
    case downloadPrivilegesResponse(PrivilegeList)

    /// Reads an element.
    ///
    /// - Throws: `wrongElement` for one of another namespace or of no name of XEP-0324.
    public init(_ element: XMLElement) throws(PayloadError) {
        guard element.namespace == Provisioning.namespace else {
            throw PayloadError(.wrongElement, "<\(element.name.prefix(32))> is of another namespace")
        }
        switch element.name {
        case "getToken": self = .getToken(try TokenRequest(element))
        case "getTokenChallenge": self = .getTokenChallenge(try TokenRequestChallenge(element))
        case "getTokenChallengeResponse": self = .getTokenChallengeResponse(try TokenRequestAnswer(element))
        case "getTokenResponse": self = .getTokenResponse(try TokenGrant(element))
        case "tokenChallenge": self = .tokenChallenge(try TokenChallenge(element))
        case "tokenChallengeResponse": self = .tokenChallengeResponse(try TokenChallengeAnswer(element))
        case "isFriend": self = .isFriend(try FriendQuestion(element))
        case "isFriendResponse": self = .isFriendResponse(try FriendAnswer(element))
        case "unfriend": self = .unfriend(try Unfriending(element))
        case "friend": self = .friend(try Recommendation(element))
        case "canRead": self = .canRead(try ReadQuestion(element))
        case "canReadResponse": self = .canReadResponse(try ReadAnswer(element))
        case "canControl": self = .canControl(try ControlQuestion(element))
        case "canControlResponse": self = .canControlResponse(try ControlAnswer(element))
        case "clearCache": self = .clearCache
        case "clearCacheResponse": self = .clearCacheResponse
        case "canAccess": self = .canAccess(try ServiceQuestion(element))
        case "canAccessResponse": self = .canAccessResponse(try ServiceAnswer(element))
        case "userLoggedIn": self = .userLoggedIn(try UserLogin(element))
        case "hasPrivilege": self = .hasPrivilege(try PrivilegeQuestion(element))
        case "hasPrivilegeResponse": self = .hasPrivilegeResponse(try PrivilegeAnswer(element))
        case "downloadPrivileges": self = .downloadPrivileges(try PrivilegeListQuestion(element))
        case "downloadPrivilegesResponse": self = .downloadPrivilegesResponse(try PrivilegeList(element))
        default: throw PayloadError(.wrongElement, "<\(element.name.prefix(32))> is not of XEP-0324")
        }
    }

    /// The element.
    public var element: XMLElement {
        switch self {
        case .getToken(let value): value.element
        case .getTokenChallenge(let value): value.element
        case .getTokenChallengeResponse(let value): value.element
        case .getTokenResponse(let value): value.element
        case .tokenChallenge(let value): value.element
        case .tokenChallengeResponse(let value): value.element
        case .isFriend(let value): value.element
        case .isFriendResponse(let value): value.element
        case .unfriend(let value): value.element
        case .friend(let value): value.element
        case .canRead(let value): value.element
        case .canReadResponse(let value): value.element
        case .canControl(let value): value.element
        case .canControlResponse(let value): value.element
        case .clearCache: XMLElement("clearCache", Provisioning.namespace)
        case .clearCacheResponse: XMLElement("clearCacheResponse", Provisioning.namespace)
        case .canAccess(let value): value.element
        case .canAccessResponse(let value): value.element
        case .userLoggedIn(let value): value.element
        case .hasPrivilege(let value): value.element
        case .hasPrivilegeResponse(let value): value.element
        case .downloadPrivileges(let value): value.element
        case .downloadPrivilegesResponse(let value): value.element
        }
    }

    /// In which kind of stanza it belongs.
    public var carrier: Carrier {
        switch self {
        case .getToken, .getTokenChallengeResponse, .isFriend, .canRead, .canControl, .canAccess, .hasPrivilege,
            .downloadPrivileges:
            .question
        case .getTokenChallenge, .getTokenResponse, .isFriendResponse, .canReadResponse, .canControlResponse,
            .canAccessResponse, .hasPrivilegeResponse, .downloadPrivilegesResponse:
            .answer
        // clearCache comes in a set, tokenChallenge in a get.
        case .tokenChallenge, .clearCache: .demand
        case .tokenChallengeResponse, .clearCacheResponse: .acknowledgement
        case .unfriend, .friend, .userLoggedIn: .message
        }
    }
}
