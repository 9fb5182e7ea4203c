import CBOR
import JSONText

/// The name that a Hosting CSE gave a token that it keeps (TS-0004 6.3.5.43).
public struct AssignedToken: Sendable, Hashable {
    /// The name here (`lti`).
    public var localTokenID: String
    /// The token's own (`tkid`).
    public var tokenID: String

    /// An assignment.
    public init(localTokenID: String, tokenID: String) {
        self.localTokenID = localTokenID
        self.tokenID = tokenID
    }
}

/// An answer as TS-0004 6.4.2 has it.
public struct ResponsePrimitive: Sendable, Hashable {
    /// Whether the content is whole (`cnst`).
    public enum ContentStatus: Int, Sendable, Hashable {
        /// There is more.
        case partial = 1
        /// That is all.
        case full = 2
    }

    /// `rsc`
    public var status: ResponseStatus
    /// `rqi`, that of the request.
    public var requestIdentifier: String
    /// `pc`
    public var content: JSON?
    /// `to`
    public var to: String?
    /// `fr`
    public var from: String?
    /// `ot`
    public var originatingTimestamp: OneM2MTime?
    /// `rset`
    public var resultExpiration: OneM2MTime?
    /// `ec`
    public var eventCategory: Int?
    /// `cnst`
    public var contentStatus: ContentStatus?
    /// `cnot`: where the next piece of a partial content begins.
    public var contentOffset: Int?
    /// `rvi`
    public var releaseVersion: String?
    /// `vsi`
    public var vendorInformation: String?
    /// `ati`
    public var assignedTokens: [AssignedToken] = []
    /// `tqf`: where a token that would help can be had; only with 4103.
    public var tokenRequestInformation: JSON?

    /// An answer.
    public init(
        _ status: ResponseStatus, requestIdentifier: String, content: JSON? = nil, releaseVersion: String? = nil
    ) {
        self.status = status
        self.requestIdentifier = requestIdentifier
        self.content = content
        self.releaseVersion = releaseVersion
    }

    /// The answer that refuses: its content is `{"m2m:dbg": …}`.
    public init(_ error: OneM2MError, to request: RequestPrimitive) {
        self.init(
            error.status, requestIdentifier: request.requestIdentifier, content: ["m2m:dbg": .string(error.reason)],
            releaseVersion: request.releaseVersion)
    }

    /// The sentence of an answer that refuses.
    public var debugText: String? { content?["m2m:dbg"]?.string }
}

extension ResponsePrimitive {
    /// The answer of a JSON object of short names. Unknown members are passed over: an answer is read, not obeyed.
    ///
    /// - Throws: ``OneM2MError`` 4000 for what is missing or malformed.
    public init(json: JSON) throws(OneM2MError) {
        guard let object = json.object, let status = object["rsc"] else {
            throw OneM2MError(.badRequest, "an answer is an object with rsc")
        }
        self.init(
            try ParameterReader.choice("rsc", status, ResponseStatus.self),
            requestIdentifier: object["rqi"]?.string ?? "", content: object["pc"],
            releaseVersion: object["rvi"]?.string)
        to = object["to"]?.string
        from = object["fr"]?.string
        originatingTimestamp = object["ot"]?.string.flatMap { OneM2MTime($0) }
        resultExpiration = object["rset"]?.string.flatMap { OneM2MTime($0) }
        eventCategory = object["ec"]?.int
        contentStatus = object["cnst"]?.int.flatMap { ContentStatus(rawValue: $0) }
        contentOffset = object["cnot"]?.int
        vendorInformation = object["vsi"]?.string
        for item in (object["ati"]?["ltia"]?.array ?? []).prefix(RequestPrimitive.mostValues) {
            guard let local = item["lti"]?.string, let token = item["tkid"]?.string else { continue }
            assignedTokens.append(AssignedToken(localTokenID: local, tokenID: token))
        }
        tokenRequestInformation = object["tqf"]
    }

    /// The JSON object of short names.
    public var json: JSON {
        var object: JSONObject = ["rsc": .int(status.rawValue), "rqi": .string(requestIdentifier)]
        object["to"] = to.map { .string($0) }
        object["fr"] = from.map { .string($0) }
        object["ot"] = originatingTimestamp.map { .string("\($0)") }
        object["rset"] = resultExpiration.map { .string("\($0)") }
        object["ec"] = eventCategory.map { .int($0) }
        object["cnst"] = contentStatus.map { .int($0.rawValue) }
        object["cnot"] = contentOffset.map { .int($0) }
        object["rvi"] = releaseVersion.map { .string($0) }
        object["vsi"] = vendorInformation.map { .string($0) }
        if !assignedTokens.isEmpty {
            object["ati"] = [
                "ltia": .array(
                    assignedTokens.map { ["lti": .string($0.localTokenID), "tkid": .string($0.tokenID)] })
            ]
        }
        object["tqf"] = tokenRequestInformation
        object["pc"] = content
        return .object(object)
    }

    /// The answer of a CBOR map of short names.
    ///
    /// - Throws: as ``init(json:)``.
    public init(cbor value: CBOR.Value) throws(OneM2MError) {
        guard let json = JSON(cbor: value) else {
            throw OneM2MError(.badRequest, "the CBOR item holds what oneM2M's data types do not")
        }
        try self.init(json: json)
    }

    /// The CBOR map of short names.
    public var cbor: CBOR.Value { json.cbor }
}
