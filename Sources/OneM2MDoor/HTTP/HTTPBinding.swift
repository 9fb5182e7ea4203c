import JSONText
import NIOCore
import NIOHTTP1
import OneLoop
import OneM2MPrimitives

/// The HTTP binding of a CSE: reads a request, has it done, and writes the response.
@Loop
public final class HTTPBinding {
    /// What does the requests: a CSE's `receive`.
    public typealias Receiver = @Loop (RequestPrimitive, RequestOrigin) async -> ResponsePrimitive

    private let identities: PeerIdentities
    private let receive: Receiver

    /// A binding.
    public init(identities: PeerIdentities, receive: @escaping Receiver) {
        self.identities = identities
        self.receive = receive
    }

    /// Answers a request; never throws: what is wrong is an answer.
    public func answer(_ http: HTTPRequest, from peer: HTTPPeer) async -> HTTPAnswer {
        var form = Serialization.json
        let request: RequestPrimitive
        do throws(OneM2MError) {
            form = try Self.form(of: http)
            request = try HTTPRequestMapping.request(http)
        } catch {
            var response = ResponsePrimitive(
                error.status, requestIdentifier: http.headers.first(name: HTTPField.requestIdentifier) ?? "",
                content: ["m2m:dbg": .string(error.reason)])
            response.releaseVersion = http.headers.first(name: HTTPField.releaseVersion)
            return HTTPResponseMapping.http(response, to: nil, form: form)
        }
        let known = identities.identities(of: peer.certificate)
        // A certificate that speaks for nobody authenticates nobody.
        let origin = RequestOrigin(
            transport: peer.isSecure ? .https : .http, address: peer.address,
            isSecure: peer.isSecure && !known.isEmpty, identities: known)
        if origin.isLoopback, !origin.isSecure, !Self.namesThisMachine(http.headers.first(name: "host")) {
            let error = OneM2MError(
                .securityAssociationRequired,
                "over loopback the Host is an address or localhost: a web page may have led a browser here by a name")
            return HTTPResponseMapping.http(ResponsePrimitive(error, to: request), to: request, form: form)
        }
        if let wanted = http.headers.first(name: "if-match"),
            request.operation == .update || request.operation == .delete
        {
            if let refusal = await precondition(wanted, request, origin) {
                return HTTPResponseMapping.http(refusal, to: request, form: form).with(status: .preconditionFailed)
            }
        }
        let response = await receive(request, origin)
        let answer = HTTPResponseMapping.http(response, to: request, form: form)
        if request.operation == .retrieve, let known = http.headers.first(name: "if-none-match"),
            let tag = answer.headers.first(name: "etag"), Self.lists(known, tag)
        {
            return HTTPAnswer(.notModified, headers: answer.headers.without("Content-Type"))
        }
        return answer
    }

    /// Whether a `Host` is an address or `localhost`. What comes over loopback is trusted for coming from this machine; a
    /// browser on it that a page has led here by a name of its own (DNS rebinding) names that name.
    public static func namesThisMachine(_ host: String?) -> Bool {
        guard let host, let point = PointOfAccess("http://\(host)") else { return host == nil }
        return point.host == "localhost" || (try? SocketAddress(ipAddress: point.host, port: 0)) != nil
    }

    /// How the answer is to be written: as `Accept` says, else as the request is.
    private static func form(of http: HTTPRequest) throws(OneM2MError) -> Serialization {
        let sent =
            http.headers.first(name: "content-type").flatMap { MediaType($0) }
            .flatMap { ContentKind(mediaType: $0.essence)?.serialization } ?? .json
        let accepted = http.headers[canonicalForm: "accept"].joined(separator: ",")
        if accepted.isEmpty { return sent }
        guard let form = Serialization(accept: accepted, preferring: sent) else {
            throw OneM2MError(.notAcceptable, "Accept: expected application/json or application/cbor among them")
        }
        return form
    }

    /// Looks whether the resource still is what the originator saw (RFC 9110 13.1.1).
    ///
    /// - Returns: the response to refuse with; nil when all is well.
    private func precondition(
        _ wanted: String, _ request: RequestPrimitive, _ origin: RequestOrigin
    ) async -> ResponsePrimitive? {
        var question = request
        question.operation = .retrieve
        question.content = nil
        question.resultContent = nil
        question.responseType = .blocking
        question.operationExecutionTime = nil
        let now = await receive(question, origin)
        // Who may not see it learns no more than from the request itself.
        guard now.status == .ok, let content = now.content else { return nil }
        if wanted == "*" || Self.lists(wanted, HTTPResponseMapping.entityTag(content)) { return nil }
        return ResponsePrimitive(
            OneM2MError(.conflict, "the resource has changed since: its entity tag is another"), to: request)
    }

    private static func lists(_ field: String, _ tag: String) -> Bool {
        field.split(separator: ",").contains { item in
            var text = item[...]
            while text.first == " " { text = text.dropFirst() }
            while text.last == " " { text = text.dropLast() }
            if text.hasPrefix("W/") { text = text.dropFirst(2) }
            return text == tag || text == "*"
        }
    }
}

extension HTTPAnswer {
    fileprivate func with(status: HTTPResponseStatus) -> HTTPAnswer {
        HTTPAnswer(status, headers: headers, body: body)
    }
}

extension HTTPHeaders {
    fileprivate func without(_ name: String) -> HTTPHeaders {
        var headers = self
        headers.remove(name: name)
        return headers
    }
}
