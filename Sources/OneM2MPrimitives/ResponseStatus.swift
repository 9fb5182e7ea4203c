/// A response status code (TS-0004 6.6.3), known or not.
public struct ResponseStatus: RawRepresentable, Sendable, Hashable {
    /// The number, as `rsc` gives it.
    public let rawValue: Int

    /// The status of a number.
    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// Whether the request was done, or taken in to be done.
    public var isSuccess: Bool { (1000..<3000).contains(rawValue) }

    /// Taken in; no answer of its own will come.
    public static let accepted = ResponseStatus(rawValue: 1000)
    /// Taken in; a `<request>` resource tells how it went.
    public static let acceptedNonBlockingSynch = ResponseStatus(rawValue: 1001)
    /// Taken in; a notification will tell how it went.
    public static let acceptedNonBlockingAsynch = ResponseStatus(rawValue: 1002)
    /// Done.
    public static let ok = ResponseStatus(rawValue: 2000)
    /// The resource is there.
    public static let created = ResponseStatus(rawValue: 2001)
    /// The resource is gone.
    public static let deleted = ResponseStatus(rawValue: 2002)
    /// The resource is changed.
    public static let updated = ResponseStatus(rawValue: 2004)

    /// Malformed, or against a rule of the protocol.
    public static let badRequest = ResponseStatus(rawValue: 4000)
    /// A release version that is not spoken here.
    public static let releaseVersionNotSupported = ResponseStatus(rawValue: 4001)
    /// No such resource.
    public static let notFound = ResponseStatus(rawValue: 4004)
    /// The resource does not take this operation.
    public static let operationNotAllowed = ResponseStatus(rawValue: 4005)
    /// The time in which it was to be done is over.
    public static let requestTimeout = ResponseStatus(rawValue: 4008)
    /// Neither JSON nor CBOR.
    public static let unsupportedMediaType = ResponseStatus(rawValue: 4015)
    /// Who made the subscription may not read what it is about.
    public static let subscriptionCreatorHasNoPrivilege = ResponseStatus(rawValue: 4101)
    /// Well formed, but its content cannot be taken.
    public static let contentsUnacceptable = ResponseStatus(rawValue: 4102)
    /// The originator may not.
    public static let originatorHasNoPrivilege = ResponseStatus(rawValue: 4103)
    /// This group request was seen before.
    public static let groupRequestIdentifierExists = ResponseStatus(rawValue: 4104)
    /// The name is taken.
    public static let conflict = ResponseStatus(rawValue: 4105)
    /// The originator is not who the connection is known to be.
    public static let originatorNotAuthenticated = ResponseStatus(rawValue: 4106)
    /// Only inside TLS or DTLS.
    public static let securityAssociationRequired = ResponseStatus(rawValue: 4107)
    /// The parent has no children of this type.
    public static let invalidChildResourceType = ResponseStatus(rawValue: 4108)
    /// The group has no members.
    public static let noMembers = ResponseStatus(rawValue: 4109)
    /// A member is not of the group's type.
    public static let groupMemberTypeInconsistent = ResponseStatus(rawValue: 4110)
    /// The AE-ID or CSE-ID is registered.
    public static let originatorHasAlreadyRegistered = ResponseStatus(rawValue: 4117)
    /// A blocking subscription is there already.
    public static let blockingSubscriptionAlreadyExists = ResponseStatus(rawValue: 4124)
    /// Nothing is known of this container definition.
    public static let specializationSchemaNotFound = ResponseStatus(rawValue: 4125)
    /// The application may not register.
    public static let appRuleValidationFailed = ResponseStatus(rawValue: 4126)
    /// Another entity said no.
    public static let operationDeniedByRemoteEntity = ResponseStatus(rawValue: 4127)

    /// A fault of this program or its machine.
    public static let internalServerError = ResponseStatus(rawValue: 5000)
    /// The standard has it, this program has not.
    public static let notImplemented = ResponseStatus(rawValue: 5001)
    /// The target cannot be reached.
    public static let targetNotReachable = ResponseStatus(rawValue: 5103)
    /// The receiver may not.
    public static let receiverHasNoPrivilege = ResponseStatus(rawValue: 5105)
    /// It is there already.
    public static let alreadyExists = ResponseStatus(rawValue: 5106)
    /// Another entity cannot be reached.
    public static let remoteEntityNotReachable = ResponseStatus(rawValue: 5107)
    /// The resource takes no subscriptions.
    public static let targetNotSubscribable = ResponseStatus(rawValue: 5203)
    /// The subscriber did not answer as one that wants to be told.
    public static let subscriptionVerificationInitiationFailed = ResponseStatus(rawValue: 5204)
    /// The host of the subscription may not notify.
    public static let subscriptionHostHasNoPrivilege = ResponseStatus(rawValue: 5205)
    /// This combination of response type and notification is not possible.
    public static let nonBlockingSynchRequestNotSupported = ResponseStatus(rawValue: 5206)
    /// No form that the originator would take.
    public static let notAcceptable = ResponseStatus(rawValue: 5207)
    /// Discovery is forbidden by the home of the resource.
    public static let discoveryDeniedByIPE = ResponseStatus(rawValue: 5208)
    /// Not a member of the group answered.
    public static let groupMembersNotResponded = ResponseStatus(rawValue: 5209)
    /// More members than the group takes.
    public static let maxNumberOfMemberExceeded = ResponseStatus(rawValue: 6010)
    /// The target's own network cannot be reached.
    public static let externalObjectNotReachable = ResponseStatus(rawValue: 6003)

    private static let names: [Int: String] = [
        1000: "ACCEPTED", 1001: "ACCEPTED_NON_BLOCKING_REQUEST_SYNC", 1002: "ACCEPTED_NON_BLOCKING_REQUEST_ASYNC",
        2000: "OK", 2001: "CREATED", 2002: "DELETED", 2004: "UPDATED", 4000: "BAD_REQUEST",
        4001: "RELEASE_VERSION_NOT_SUPPORTED", 4004: "NOT_FOUND", 4005: "OPERATION_NOT_ALLOWED",
        4008: "REQUEST_TIMEOUT", 4015: "UNSUPPORTED_MEDIA_TYPE", 4101: "SUBSCRIPTION_CREATOR_HAS_NO_PRIVILEGE",
        4102: "CONTENTS_UNACCEPTABLE", 4103: "ORIGINATOR_HAS_NO_PRIVILEGE", 4104: "GROUP_REQUEST_IDENTIFIER_EXISTS",
        4105: "CONFLICT", 4106: "ORIGINATOR_NOT_AUTHENTICATED", 4107: "SECURITY_ASSOCIATION_REQUIRED",
        4108: "INVALID_CHILD_RESOURCE_TYPE", 4109: "NO_MEMBERS", 4110: "GROUP_MEMBER_TYPE_INCONSISTENT",
        4117: "ORIGINATOR_HAS_ALREADY_REGISTERED", 4124: "BLOCKING_SUBSCRIPTION_ALREADY_EXISTS",
        4125: "SPECIALIZATION_SCHEMA_NOT_FOUND", 4126: "APP_RULE_VALIDATION_FAILED",
        4127: "OPERATION_DENIED_BY_REMOTE_ENTITY", 5000: "INTERNAL_SERVER_ERROR", 5001: "NOT_IMPLEMENTED",
        5103: "TARGET_NOT_REACHABLE", 5105: "RECEIVER_HAS_NO_PRIVILEGE", 5106: "ALREADY_EXISTS",
        5107: "REMOTE_ENTITY_NOT_REACHABLE", 5203: "TARGET_NOT_SUBSCRIBABLE",
        5204: "SUBSCRIPTION_VERIFICATION_INITIATION_FAILED", 5205: "SUBSCRIPTION_HOST_HAS_NO_PRIVILEGE",
        5206: "NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED", 5207: "NOT_ACCEPTABLE", 5208: "DISCOVERY_DENIED_BY_IPE",
        5209: "GROUP_MEMBERS_NOT_RESPONDED", 6003: "EXTERNAL_OBJECT_NOT_REACHABLE",
        6010: "MAX_NUMBER_OF_MEMBER_EXCEEDED",
    ]
}

extension ResponseStatus: CustomStringConvertible {
    /// `4004 NOT_FOUND`
    public var description: String { Self.names[rawValue].map { "\(rawValue) \($0)" } ?? "\(rawValue)" }
}

/// Why a request is refused: the status and a sentence for people, which an answer carries as `m2m:dbg`.
public struct OneM2MError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The status.
    public let status: ResponseStatus
    /// What was found and what was expected; never a secret.
    public let reason: String

    /// An error.
    public init(_ status: ResponseStatus, _ reason: String) {
        self.status = status
        self.reason = reason
    }

    /// Errors are equal when their statuses are.
    public static func == (left: OneM2MError, right: OneM2MError) -> Bool { left.status == right.status }

    /// Feeds the status.
    public func hash(into hasher: inout Hasher) { hasher.combine(status) }

    /// Status and sentence.
    public var description: String { "\(status): \(reason)" }
}
