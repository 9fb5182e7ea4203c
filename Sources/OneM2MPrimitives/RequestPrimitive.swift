import JSONText

/// How an originator wants to be answered (TS-0004 6.3.4.2.7, `m2m:responseTypeValue`).
public enum ResponseType: Int, Sendable, Hashable {
    /// At once that it was taken in; a `<request>` resource tells the rest.
    case nonBlockingSynch = 1
    /// At once that it was taken in; a notification tells the rest.
    case nonBlockingAsynch = 2
    /// When it is done.
    case blocking = 3
    /// As the receiver likes.
    case flexBlocking = 4
    /// Not at all.
    case noResponse = 5
}

/// What an answer is to hold (TS-0004 6.3.4.2.8, `m2m:resultContent`).
public enum ResultContent: Int, Sendable, Hashable {
    /// Nothing.
    case nothing = 0
    /// The resource's attributes.
    case attributes = 1
    /// Its structured address.
    case hierarchicalAddress = 2
    /// Its structured address and its attributes.
    case hierarchicalAddressAndAttributes = 3
    /// Its attributes and those of all below it.
    case attributesAndChildResources = 4
    /// Its attributes and references to all below it.
    case attributesAndChildResourceReferences = 5
    /// References to all below it.
    case childResourceReferences = 6
    /// The resource that an announced one stands for.
    case originalResource = 7
    /// All below it, without its own attributes.
    case childResources = 8
    /// The attributes that the request changed, or that the receiver gave of its own.
    case modifiedAttributes = 9
    /// A semantic query's result.
    case semanticContent = 10
    /// References as the desired identifier result type asks for, of a discovery.
    case discoveryResultReferences = 11
}

/// How addresses in a result are written (TS-0004 6.3.4.2.5, `m2m:desIdResType`).
public enum DesiredIdentifierType: Int, Sendable, Hashable {
    /// By names.
    case structured = 1
    /// By the resource's ID.
    case unstructured = 2
}

/// A request as TS-0004 6.4.1 has it, whichever binding brought it.
///
/// In JSON and CBOR it is the bare object of the parameters' short names; an unknown one is refused with 5001.
public struct RequestPrimitive: Sendable, Hashable {
    /// `op`
    public var operation: Operation
    /// `to`, in any of the three forms.
    public var to: String
    /// `fr`; nil only where an AE registers and wants to be given an AE-ID.
    public var from: String?
    /// `rqi`
    public var requestIdentifier: String
    /// `ty`, of a CREATE.
    public var resourceType: ResourceType?
    /// `pc`
    public var content: JSON?
    /// `rvi`; nil stands for the first release.
    public var releaseVersion: String?
    /// `vsi`
    public var vendorInformation: String?
    /// `rids`
    public var roleIDs: [String] = []
    /// `ot`
    public var originatingTimestamp: OneM2MTime?
    /// `rqet`
    public var requestExpiration: AbsoluteOrRelativeTime?
    /// `rset`
    public var resultExpiration: AbsoluteOrRelativeTime?
    /// `oet`
    public var operationExecutionTime: AbsoluteOrRelativeTime?
    /// `rt`'s `rtv`
    public var responseType = ResponseType.blocking
    /// `rt`'s `nu`; nil when it was not given, empty for "nobody".
    public var notificationURIs: [String]?
    /// `rp`, kept as written: a moment or a duration.
    public var resultPersistence: AbsoluteOrRelativeTime?
    /// `rcn`
    public var resultContent: ResultContent?
    /// `ec`
    public var eventCategory: Int?
    /// `da`
    public var deliveryAggregation: Bool?
    /// `gid`
    public var groupRequestIdentifier: String?
    /// `fc`
    public var filterCriteria = FilterCriteria()
    /// `drt`
    public var discoveryResultType: DesiredIdentifierType?
    /// `tkns`: compact JWS or JWE, never to be logged.
    public var tokens: [String] = []
    /// `tids`
    public var tokenIDs: [String] = []
    /// `ltids`
    public var localTokenIDs: [String] = []
    /// `tqi`
    public var tokenRequestIndicator: Bool?
    /// `atrl`: attributes wanted of a RETRIEVE, nil for all.
    public var attributeList: [String]?

    /// A request.
    public init(
        _ operation: Operation, to: String, from: String?, requestIdentifier: String, resourceType: ResourceType? = nil,
        content: JSON? = nil, releaseVersion: String? = "3"
    ) {
        self.operation = operation
        self.to = to
        self.from = from
        self.requestIdentifier = requestIdentifier
        self.resourceType = resourceType
        self.content = content
        self.releaseVersion = releaseVersion
    }

    /// Values of a list that are looked at: tokens, roles, notification targets.
    public static let mostValues = 32
    /// The longest request identifier; it is kept to be found again.
    public static let longestRequestIdentifier = 128
    /// Releases whose primitives are understood; an absent `rvi` stands for 1.
    public static let supportedReleases: Set<String> = ["1", "2", "2a", "3", "4", "5"]

    /// Whether tokens, ids of tokens or roles come with it.
    public var bringsAuthorization: Bool {
        !(tokens.isEmpty && tokenIDs.isEmpty && localTokenIDs.isEmpty && roleIDs.isEmpty)
    }

    /// The request without what was meant for the CSE that has judged it: who carries a token on can use it as its holder
    /// where nobody proves who he is.
    public var withoutAuthorization: RequestPrimitive {
        var request = self
        request.tokens = []
        request.tokenIDs = []
        request.localTokenIDs = []
        request.roleIDs = []
        return request
    }
}
