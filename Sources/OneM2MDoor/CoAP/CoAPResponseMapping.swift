import CoAPMessages
import JSONText
import OneM2MPrimitives

/// Responses to CoAP and back (TS-0008 V3.9, 6.2).
public enum CoAPResponseMapping {
    /// The answer of a response.
    ///
    /// - Parameters:
    ///   - request: what is answered; nil when it could not be read.
    ///   - isWhole: whether the payload is the whole primitive, since the request's was.
    public static func message(
        _ response: ResponsePrimitive, to request: RequestPrimitive?, isWhole: Bool, form: Serialization
    ) -> Message {
        var message = Message(code: response.status.coapCode(of: request?.operation ?? .notify))
        message.options.add(.oneM2MResponseStatus, uint: UInt64(clamping: response.status.rawValue))
        if isWhole {
            message.contentFormat =
                form == .json ? ContentFormat.oneM2MResponseJSON : ContentFormat.oneM2MResponseCBOR
            message.payload = ContentCoding.encode(response.json, form)
            return message
        }
        // TS-0008 6.2.3: where to get a token is the payload, in the place of what went wrong.
        if let content = response.tokenRequestInformation.map({ ["m2m:tqf": $0] }) ?? response.content {
            message.contentFormat = form == .json ? ContentFormat.json : ContentFormat.cbor
            message.payload = ContentCoding.encode(content, form)
        }
        func put(_ number: OptionNumber, _ value: String?) {
            if let value, !value.isEmpty, value.utf8.count <= number.definition?.length.upperBound ?? 0 {
                message.options.add(number, string: value)
            }
        }
        put(.oneM2MRequestIdentifier, response.requestIdentifier)
        put(.oneM2MReleaseVersion, response.releaseVersion)
        put(.oneM2MFrom, response.from)
        put(.oneM2MOriginatingTimestamp, response.originatingTimestamp.map { "\($0)" })
        put(.oneM2MResultExpiration, response.resultExpiration.map { "\($0)" })
        put(.oneM2MVendorInformation, response.vendorInformation)
        put(.oneM2MAssignedTokens, AssignedTokenText.text(response.assignedTokens))
        func put(_ number: OptionNumber, _ value: Int?) {
            if let value { message.options.add(number, uint: UInt64(clamping: value)) }
        }
        put(.oneM2MEventCategory, response.eventCategory)
        put(.oneM2MContentStatus, response.contentStatus?.rawValue)
        put(.oneM2MContentOffset, response.contentOffset)
        // 6.3.2, 6.3.3: of what is done later it says where its outcome will be.
        let saysWhere: [ResponseStatus] = [.created, .acceptedNonBlockingSynch, .acceptedNonBlockingAsynch]
        if saysWhere.contains(response.status), let request, let location = location(response.content, to: request) {
            for segment in location.split(separator: "/") {
                message.options.add(.locationPath, string: String(segment))
            }
        }
        return message
    }

    private static func location(_ content: JSON?, to request: RequestPrimitive) -> String? {
        guard let content else { return nil }
        if let uri = content["m2m:uri"]?.string ?? content["m2m:rce"]?["uri"]?.string {
            return CoAPRequestMapping.pathText(uri)
        }
        guard let root = content.object?.members.first?.value, let id = root["ri"]?.string,
            let parent = ResourceAddress(request.to)
        else { return nil }
        return CoAPRequestMapping.pathText("\(ResourceAddress(scope: parent.scope, path: [id]))")
    }

    /// The response of an answer.
    ///
    /// - Throws: ``TransportError`` `badAnswer` when it answers another request, or its payload cannot be read.
    public static func response(_ message: Message, to request: RequestPrimitive) throws(TransportError)
        -> ResponsePrimitive
    {
        let options = message.options
        let kind = message.contentFormat.flatMap { ContentKind(contentFormat: $0) }
        let content = try content(message, kind)
        if let content, kind?.part == .response {
            let whole: ResponsePrimitive
            do throws(OneM2MError) {
                whole = try ResponsePrimitive(json: content)
            } catch {
                throw TransportError(.badAnswer, error.reason)
            }
            return try checked(whole, request)
        }
        let status =
            CoAPRequestMapping.number(options, .oneM2MResponseStatus).map { ResponseStatus(rawValue: $0) }
            ?? ResponseStatus(coapCode: message.code)
        var response = ResponsePrimitive(
            status,
            requestIdentifier: CoAPRequestMapping.text(options, .oneM2MRequestIdentifier) ?? request.requestIdentifier)
        response.releaseVersion = CoAPRequestMapping.text(options, .oneM2MReleaseVersion)
        response.from = CoAPRequestMapping.text(options, .oneM2MFrom)
        response.originatingTimestamp = CoAPRequestMapping.text(options, .oneM2MOriginatingTimestamp)
            .flatMap { OneM2MTime($0) }
        response.resultExpiration = CoAPRequestMapping.text(options, .oneM2MResultExpiration)
            .flatMap { OneM2MTime($0) }
        response.vendorInformation = CoAPRequestMapping.text(options, .oneM2MVendorInformation)
        response.eventCategory = CoAPRequestMapping.number(options, .oneM2MEventCategory)
        response.contentStatus = CoAPRequestMapping.number(options, .oneM2MContentStatus)
            .flatMap { ResponsePrimitive.ContentStatus(rawValue: $0) }
        response.contentOffset = CoAPRequestMapping.number(options, .oneM2MContentOffset)
        response.assignedTokens =
            CoAPRequestMapping.text(options, .oneM2MAssignedTokens)
            .map { AssignedTokenText.read($0) } ?? []
        if status == .originatorHasNoPrivilege, let information = content?["m2m:tqf"] {
            response.tokenRequestInformation = information
        } else {
            response.content = content
        }
        return try checked(response, request)
    }

    private static func content(_ message: Message, _ kind: ContentKind?) throws(TransportError) -> JSON? {
        guard !message.payload.isEmpty else { return nil }
        guard let kind, kind.part != .request else {
            // A diagnostic payload of RFC 7252 5.5.2.
            if !message.code.isSuccess { return nil }
            throw TransportError(.badAnswer, "the answer has a payload that is neither JSON nor CBOR")
        }
        do throws(OneM2MError) {
            return try ContentCoding.decode(message.payload, kind.serialization)
        } catch {
            throw TransportError(.badAnswer, error.reason)
        }
    }

    private static func checked(
        _ response: ResponsePrimitive, _ request: RequestPrimitive
    ) throws(TransportError) -> ResponsePrimitive {
        guard response.requestIdentifier == request.requestIdentifier else {
            throw TransportError(.badAnswer, "the answer is to another request")
        }
        return response
    }
}
