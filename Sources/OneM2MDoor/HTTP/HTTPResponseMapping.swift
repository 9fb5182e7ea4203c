import JSONText
import NIOHTTP1
import OneM2MPrimitives
import TLS

/// Responses to HTTP and back (TS-0009 6.3, 6.4).
public enum HTTPResponseMapping {
    /// The HTTP answer of a response.
    ///
    /// - Parameters:
    ///   - request: what is answered; nil when it could not be read.
    ///   - form: how the content is written.
    public static func http(
        _ response: ResponsePrimitive, to request: RequestPrimitive?, form: Serialization
    ) -> HTTPAnswer {
        var headers = HTTPHeaders()
        func put(_ name: String, _ value: String?) {
            if let value { headers.add(name: name, value: HTTPText.field(value)) }
        }
        put(HTTPField.responseStatus, "\(response.status.rawValue)")
        put(HTTPField.requestIdentifier, response.requestIdentifier.isEmpty ? nil : response.requestIdentifier)
        put(HTTPField.releaseVersion, response.releaseVersion)
        put(HTTPField.origin, response.from)
        put(HTTPField.originatingTimestamp, response.originatingTimestamp.map { "\($0)" })
        put(HTTPField.resultExpiration, response.resultExpiration.map { "\($0)" })
        put(HTTPField.eventCategory, response.eventCategory.map { "\($0)" })
        put(HTTPField.contentStatus, response.contentStatus.map { "\($0.rawValue)" })
        put(HTTPField.contentOffset, response.contentOffset.map { "\($0)" })
        put(HTTPField.vendorInformation, response.vendorInformation)
        if !response.assignedTokens.isEmpty {
            put(HTTPField.assignedTokens, AssignedTokenText.text(response.assignedTokens))
        }
        if response.status == .created, let request {
            put("Content-Location", location(response.content, to: request))
        }
        if response.status == .operationNotAllowed { put("Allow", "POST, GET, PUT, DELETE") }
        // TS-0009 6.5: where to get a token stands in the body alone, in the place of what went wrong.
        let content = response.tokenRequestInformation.map { ["m2m:tqf": $0] } ?? response.content
        var body: [UInt8] = []
        if let content {
            body = ContentCoding.encode(content, form)
            put("Content-Type", form.mediaType)
            if request?.operation == .retrieve, response.status == .ok {
                put("ETag", form == .json ? entityTag(body) : entityTag(content))
            }
        }
        return HTTPAnswer(response.status.httpStatus, headers: headers, body: body)
    }

    /// The tag of a representation, whichever form it is sent in.
    static func entityTag(_ content: JSON) -> String { entityTag(Array(content.serialized().utf8)) }

    private static func entityTag(_ text: [UInt8]) -> String {
        "\"" + Hexadecimal.text(Cryptography.sha256(text).prefix(8)) + "\""
    }

    /// The path of the resource that was created: by its address where the response has it, else by its ID.
    private static func location(_ content: JSON?, to request: RequestPrimitive) -> String? {
        guard let content else { return nil }
        if let uri = content["m2m:uri"]?.string ?? content["m2m:rce"]?["uri"]?.string {
            return HTTPTarget.path(address: uri)
        }
        guard let root = content.object?.members.first?.value, let id = root["ri"]?.string,
            let parent = ResourceAddress(request.to)
        else { return nil }
        // An ID counts at the CSE that gave it.
        return HTTPTarget.path(address: "\(ResourceAddress(scope: parent.scope, path: [id]))")
    }

    /// The response of an HTTP answer.
    ///
    /// - Throws: ``TransportError`` `badAnswer` when it answers another request, or its status or body cannot be read.
    public static func response(_ answer: HTTPAnswer, to request: RequestPrimitive) throws(TransportError)
        -> ResponsePrimitive
    {
        let headers = answer.headers
        let said = headers.first(name: HTTPField.requestIdentifier)
        if let said, said != request.requestIdentifier {
            throw TransportError(.badAnswer, "the answer is to another request")
        }
        let status: ResponseStatus
        if let text = headers.first(name: HTTPField.responseStatus) {
            guard let number = Int(text) else {
                throw TransportError(
                    .badAnswer, "its \(HTTPField.responseStatus) is \"\(text.prefix(20))\", expected a number")
            }
            status = ResponseStatus(rawValue: number)
        } else {
            status = ResponseStatus(httpStatus: answer.status)
        }
        var response = ResponsePrimitive(status, requestIdentifier: request.requestIdentifier)
        response.releaseVersion = headers.first(name: HTTPField.releaseVersion)
        response.from = headers.first(name: HTTPField.origin)
        response.originatingTimestamp = headers.first(name: HTTPField.originatingTimestamp).flatMap { OneM2MTime($0) }
        response.resultExpiration = headers.first(name: HTTPField.resultExpiration).flatMap { OneM2MTime($0) }
        response.eventCategory = headers.first(name: HTTPField.eventCategory).flatMap { Int($0) }
        response.contentStatus = headers.first(name: HTTPField.contentStatus).flatMap { Int($0) }
            .flatMap { ResponsePrimitive.ContentStatus(rawValue: $0) }
        response.contentOffset = headers.first(name: HTTPField.contentOffset).flatMap { Int($0) }
        response.vendorInformation = headers.first(name: HTTPField.vendorInformation)
        response.assignedTokens = headers.first(name: HTTPField.assignedTokens).map { AssignedTokenText.read($0) } ?? []
        guard !answer.body.isEmpty else { return response }
        let kind = headers.first(name: "content-type").flatMap { MediaType($0) }
            .flatMap { ContentKind(mediaType: $0.essence) }
        guard let kind, kind.part == .content else {
            // What a proxy or another server says of an error is for people, and not kept.
            if !status.isSuccess { return response }
            throw TransportError(
                .badAnswer,
                "the answer is \(headers.first(name: "content-type") ?? "of no type"), expected JSON or CBOR")
        }
        let content: JSON
        do throws(OneM2MError) {
            content = try ContentCoding.decode(answer.body, kind.serialization)
        } catch {
            throw TransportError(.badAnswer, error.reason)
        }
        if status == .originatorHasNoPrivilege, let information = content["m2m:tqf"] {
            response.tokenRequestInformation = information
        } else {
            response.content = content
        }
        return response
    }
}
