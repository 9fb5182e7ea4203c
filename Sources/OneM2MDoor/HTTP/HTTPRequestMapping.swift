import NIOHTTP1
import OneM2MPrimitives

/// HTTP to requests and back (TS-0009 6.2, 6.4): values in, values out.
public enum HTTPRequestMapping {
    /// The request of an HTTP request.
    ///
    /// `POST` is CREATE with a `ty` in the content type and NOTIFY without. A body of the type of a whole primitive is that
    /// request; what the header says besides must not contradict it.
    ///
    /// - Throws: ``OneM2MError`` 4000, 4005, 4015 or 5001.
    public static func request(_ http: HTTPRequest) throws(OneM2MError) -> RequestPrimitive {
        let target = try HTTPTarget.originForm(http.target, host: http.headers.first(name: "host"))
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let address = try HTTPTarget.address(path: target[..<mark])
        let contentType = try single("Content-Type", http.headers)
        var type: MediaType?
        if let contentType {
            type = MediaType(contentType)
            guard type != nil else { throw OneM2MError(.unsupportedMediaType, "the Content-Type is none") }
        }
        let kind = type.flatMap { ContentKind(mediaType: $0.essence) }
        if !http.body.isEmpty {
            guard let type else {
                throw OneM2MError(.unsupportedMediaType, "a body without a Content-Type; expected application/json")
            }
            guard let kind, kind.part != .response else {
                throw OneM2MError(
                    .unsupportedMediaType,
                    "Content-Type \(type.essence): expected application/json or application/cbor, or oneM2M's own")
            }
            if kind.part == .request { return try whole(http, address, kind.serialization) }
        }
        var request = RequestPrimitive(
            try operation(http.method, type), to: address, from: nil, requestIdentifier: "", releaseVersion: nil)
        if request.operation == .create, let text = type?["ty"] {
            guard let number = Int(text) else { throw OneM2MError(.badRequest, "ty=\(text.prefix(20)) is no number") }
            request.resourceType = ResourceType(rawValue: number)
        }
        try readHeader(http.headers, into: &request)
        if mark != target.endIndex {
            try readQuery(target[target.index(after: mark)...], into: &request)
        }
        if !http.body.isEmpty, let kind { request.content = try ContentCoding.decode(http.body, kind.serialization) }
        return request
    }

    private static func operation(_ method: HTTPMethod, _ type: MediaType?) throws(OneM2MError) -> Operation {
        switch method {
        case .GET: return .retrieve
        case .PUT: return .update
        case .DELETE: return .delete
        case .POST: return type?["ty"] == nil ? .notify : .create
        default:
            throw OneM2MError(.operationNotAllowed, "the method \(method.rawValue): expected POST, GET, PUT or DELETE")
        }
    }

    private static func whole(
        _ http: HTTPRequest, _ address: String, _ form: Serialization
    ) throws(OneM2MError) -> RequestPrimitive {
        guard http.method == .POST else {
            throw OneM2MError(
                .operationNotAllowed, "a whole primitive comes with POST, not with \(http.method.rawValue)")
        }
        let request = try RequestPrimitive(json: try ContentCoding.decode(http.body, form))
        for (name, value) in [
            (HTTPField.origin, request.from), (HTTPField.requestIdentifier, request.requestIdentifier),
        ] {
            if let said = try single(name, http.headers), said != value {
                throw OneM2MError(.badRequest, "\(name) says \"\(said.prefix(60))\", and the primitive another")
            }
        }
        guard address.isEmpty || address == request.to else {
            throw OneM2MError(.badRequest, "the request target is another than the primitive's to")
        }
        return request
    }

    /// The value of a field that stands at most once: of two, a proxy before us may have judged the other.
    private static func single(_ name: String, _ headers: HTTPHeaders) throws(OneM2MError) -> String? {
        let values = headers[name]
        guard values.count <= 1 else { throw OneM2MError(.badRequest, "\(name) stands \(values.count) times") }
        return values.first
    }

    private static func readHeader(
        _ headers: HTTPHeaders, into request: inout RequestPrimitive
    ) throws(OneM2MError) {
        func text(_ name: String) throws(OneM2MError) -> String? {
            guard let value = try single(name, headers), !value.isEmpty else { return nil }
            return value
        }
        func time(_ name: String) throws(OneM2MError) -> AbsoluteOrRelativeTime? {
            guard let value = try text(name) else { return nil }
            guard let time = AbsoluteOrRelativeTime(value) else { throw RequestQuery.badTime(name) }
            return time
        }
        request.from = try text(HTTPField.origin)
        request.requestIdentifier = try text(HTTPField.requestIdentifier) ?? ""
        request.releaseVersion = try text(HTTPField.releaseVersion)
        request.vendorInformation = try text(HTTPField.vendorInformation)
        request.groupRequestIdentifier = try text(HTTPField.groupRequestIdentifier)
        request.requestExpiration = try time(HTTPField.requestExpiration)
        request.resultExpiration = try time(HTTPField.resultExpiration)
        request.operationExecutionTime = try time(HTTPField.operationExecutionTime)
        if let value = try text(HTTPField.originatingTimestamp) {
            guard let time = OneM2MTime(value) else { throw RequestQuery.badTime(HTTPField.originatingTimestamp) }
            request.originatingTimestamp = time
        }
        if let value = try text(HTTPField.eventCategory) {
            guard let number = Int(value) else {
                throw OneM2MError(.badRequest, "\(HTTPField.eventCategory): expected a number")
            }
            request.eventCategory = number
        }
        // An empty one says that nobody is to be told.
        if let value = try single(HTTPField.notificationURIs, headers) {
            let targets = value.split(separator: "&").map(String.init)
            guard targets.count <= RequestPrimitive.mostValues else {
                throw OneM2MError(.badRequest, "\(HTTPField.notificationURIs): too many targets")
            }
            request.notificationURIs = targets
        }
        for name in HTTPField.unsupported where headers.contains(name: name) {
            throw OneM2MError(.notImplemented, "the parameter of \(name) is not supported")
        }
        if let field = try text("Authorization") { request.tokens = try AuthorizationHeader.tokens(field) }
    }

    private static func readQuery(
        _ query: Substring, into request: inout RequestPrimitive
    ) throws(OneM2MError) {
        let items = query.split(separator: "&")
        guard items.count <= RequestQuery.mostItems else {
            throw OneM2MError(.badRequest, "the query has more than \(RequestQuery.mostItems) items")
        }
        for item in items {
            try RequestQuery.apply(item, to: &request, takesTokens: false) { PercentCoding.decoded($0) }
        }
    }

    // MARK: Ours to others

    /// Whether a query would say another thing than the request: a condition on an attribute stands there under the
    /// attribute's short name (TS-0009 6.2.2.2), and where that is a parameter's or a filter criterion's too, it is read as
    /// that.
    private static func isAmbiguous(_ request: RequestPrimitive) -> Bool {
        request.filterCriteria.attributes.contains { RequestQuery.isParameter($0.name) }
    }

    /// The request as a whole primitive, which says everything by its place.
    private static func whole(_ request: RequestPrimitive, base: String, form: Serialization) -> HTTPRequest {
        var headers = HTTPHeaders()
        headers.add(name: HTTPField.origin, value: HTTPText.field(request.from ?? ""))
        headers.add(name: HTTPField.requestIdentifier, value: HTTPText.field(request.requestIdentifier))
        if let version = request.releaseVersion {
            headers.add(name: HTTPField.releaseVersion, value: HTTPText.field(version))
        }
        headers.add(
            name: "Accept", value: form == .json ? "application/json" : "application/cbor, application/json;q=0.5")
        headers.add(
            name: "Content-Type",
            value: form == .json ? "application/vnd.onem2m-preq+json" : "application/vnd.onem2m-preq+cbor")
        return HTTPRequest(
            .POST, base.isEmpty ? "/" : base, headers: headers, body: ContentCoding.encode(request.json, form))
    }

    /// The HTTP request of a request.
    ///
    /// - Parameters:
    ///   - base: what stands before the path: that of a point of access.
    ///   - isWholeTarget: the base is all of the target, as for a notification to a URL.
    public static func http(
        _ request: RequestPrimitive, base: String, isWholeTarget: Bool, form: Serialization
    ) -> HTTPRequest {
        if isAmbiguous(request) { return whole(request, base: base, form: form) }
        var target = isWholeTarget ? (base.isEmpty ? "/" : base) : base + HTTPTarget.path(address: request.to)
        let query = RequestQuery.items(of: request).map { item in
            PercentCoding.encoded(item.name) + "="
                + item.values.map { PercentCoding.encoded($0) }.joined(separator: "+")
        }
        if !query.isEmpty { target += "?" + query.joined(separator: "&") }
        var headers = HTTPHeaders()
        func put(_ name: String, _ value: String?) {
            if let value { headers.add(name: name, value: HTTPText.field(value)) }
        }
        // An empty From asks for an AE-ID; the field is there in any case.
        put(HTTPField.origin, request.from ?? "")
        put(HTTPField.requestIdentifier, request.requestIdentifier)
        put(HTTPField.releaseVersion, request.releaseVersion)
        put(HTTPField.vendorInformation, request.vendorInformation)
        put(HTTPField.groupRequestIdentifier, request.groupRequestIdentifier)
        put(HTTPField.originatingTimestamp, request.originatingTimestamp.map { "\($0)" })
        put(HTTPField.requestExpiration, request.requestExpiration.map { "\($0)" })
        put(HTTPField.resultExpiration, request.resultExpiration.map { "\($0)" })
        put(HTTPField.operationExecutionTime, request.operationExecutionTime.map { "\($0)" })
        put(HTTPField.eventCategory, request.eventCategory.map { "\($0)" })
        put(HTTPField.notificationURIs, request.notificationURIs?.joined(separator: "&"))
        if !request.tokens.isEmpty { put("Authorization", AuthorizationHeader.field(request.tokens)) }
        put("Accept", form == .json ? "application/json" : "application/cbor, application/json;q=0.5")
        if request.content != nil || request.operation == .create {
            let type = request.operation == .create ? request.resourceType.map { ";ty=\($0.rawValue)" } : nil
            put("Content-Type", form.mediaType + (type ?? ""))
        }
        let method: HTTPMethod =
            switch request.operation {
            case .create, .notify: .POST
            case .retrieve: .GET
            case .update: .PUT
            case .delete: .DELETE
            }
        return HTTPRequest(
            method, target, headers: headers, body: request.content.map { ContentCoding.encode($0, form) } ?? [])
    }
}

/// What may stand in a header field.
enum HTTPText {
    /// The text with line ends and other controls made spaces: what came over another binding must not begin a header of
    /// its own here.
    static func field(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        return String(decoding: text.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
}
