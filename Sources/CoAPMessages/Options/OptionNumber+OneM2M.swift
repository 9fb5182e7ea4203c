/// The options of oneM2M's CoAP binding (TS-0008 V3.9, table 6.2.2.4-1). All are critical and unsafe to forward.
///
/// Releases 1 to 3 drafted other numbers, 256 to 272 in sequence, of which some are elective here and have other meanings;
/// the numbers of those drafts are not read.
extension OptionNumber {
    /// 259, Originating Timestamp (`ot`).
    public static let oneM2MOriginatingTimestamp = OptionNumber(rawValue: 259)
    /// 263, the notification URIs of a response type (`rtu`).
    public static let oneM2MNotificationURI = OptionNumber(rawValue: 263)
    /// 267, Resource Type (`ty`): makes of POST a CREATE.
    public static let oneM2MResourceType = OptionNumber(rawValue: 267)
    /// 271, Release Version Indicator (`rvi`).
    public static let oneM2MReleaseVersion = OptionNumber(rawValue: 271)
    /// 275, Authorization Signature Request Information (`asri`).
    public static let oneM2MSignatureRequest = OptionNumber(rawValue: 275)
    /// 279, From (`fr`).
    public static let oneM2MFrom = OptionNumber(rawValue: 279)
    /// 283, Request Identifier (`rqi`).
    public static let oneM2MRequestIdentifier = OptionNumber(rawValue: 283)
    /// 291, Request Expiration Timestamp (`rqet`).
    public static let oneM2MRequestExpiration = OptionNumber(rawValue: 291)
    /// 295, Result Expiration Timestamp (`rset`).
    public static let oneM2MResultExpiration = OptionNumber(rawValue: 295)
    /// 299, Operation Execution Time (`oet`).
    public static let oneM2MOperationExecutionTime = OptionNumber(rawValue: 299)
    /// 303, Event Category (`ec`).
    public static let oneM2MEventCategory = OptionNumber(rawValue: 303)
    /// 307, Response Status Code (`rsc`).
    public static let oneM2MResponseStatus = OptionNumber(rawValue: 307)
    /// 311, Group Request Identifier (`gid`).
    public static let oneM2MGroupRequestIdentifier = OptionNumber(rawValue: 311)
    /// 319, Content Offset (`cnot`).
    public static let oneM2MContentOffset = OptionNumber(rawValue: 319)
    /// 323, Content Status (`cnst`).
    public static let oneM2MContentStatus = OptionNumber(rawValue: 323)
    /// 327, Assigned Token Identifiers (`ati`).
    public static let oneM2MAssignedTokens = OptionNumber(rawValue: 327)
    /// 331, Vendor Information (`vsi`).
    public static let oneM2MVendorInformation = OptionNumber(rawValue: 331)
    /// 335, Group Request Target Members (`grtm`).
    public static let oneM2MGroupTargetMembers = OptionNumber(rawValue: 335)
    /// 339, Authorization Signatures (`aus`).
    public static let oneM2MAuthorizationSignatures = OptionNumber(rawValue: 339)
}

extension OptionDefinition {
    /// oneM2M's options, in the order of the numbers. Texts are bounded as Uri-Query is; the binding itself gives no bound.
    static let oneM2M: [OptionDefinition] = [
        OptionDefinition(.oneM2MOriginatingTimestamp, "oneM2M-OT", .string, 0...255),
        OptionDefinition(.oneM2MNotificationURI, "oneM2M-RTURI", .string, 0...255),
        OptionDefinition(.oneM2MResourceType, "oneM2M-TY", .uint, 0...4),
        OptionDefinition(.oneM2MReleaseVersion, "oneM2M-RVI", .string, 0...255),
        OptionDefinition(.oneM2MSignatureRequest, "oneM2M-ASRI", .string, 0...255),
        OptionDefinition(.oneM2MFrom, "oneM2M-FR", .string, 0...255),
        OptionDefinition(.oneM2MRequestIdentifier, "oneM2M-RQI", .string, 0...255),
        OptionDefinition(.oneM2MRequestExpiration, "oneM2M-RQET", .string, 0...255),
        OptionDefinition(.oneM2MResultExpiration, "oneM2M-RSET", .string, 0...255),
        OptionDefinition(.oneM2MOperationExecutionTime, "oneM2M-OET", .string, 0...255),
        OptionDefinition(.oneM2MEventCategory, "oneM2M-EC", .uint, 0...4),
        OptionDefinition(.oneM2MResponseStatus, "oneM2M-RSC", .uint, 0...4),
        OptionDefinition(.oneM2MGroupRequestIdentifier, "oneM2M-GID", .string, 0...255),
        OptionDefinition(.oneM2MContentOffset, "oneM2M-CTO", .uint, 0...4),
        OptionDefinition(.oneM2MContentStatus, "oneM2M-CTS", .uint, 0...4),
        OptionDefinition(.oneM2MAssignedTokens, "oneM2M-ATI", .string, 0...1034),
        OptionDefinition(.oneM2MVendorInformation, "oneM2M-VSI", .string, 0...255),
        OptionDefinition(.oneM2MGroupTargetMembers, "oneM2M-GTM", .string, 0...1034),
        OptionDefinition(.oneM2MAuthorizationSignatures, "oneM2M-AUS", .string, 0...1034),
    ]
}
