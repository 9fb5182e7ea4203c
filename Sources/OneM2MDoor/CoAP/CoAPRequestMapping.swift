import CoAPMessages
import JSONText
import OneM2MPrimitives

/// CoAP to requests and back (TS-0008 V3.9, 6.2): values in, values out.
public enum CoAPRequestMapping {
    /// A request, and in which form it came: its answer goes back in the same.
    public struct Incoming {
        /// The request.
        public var request: RequestPrimitive
        /// Whether the payload was the whole primitive.
        public var isWhole: Bool
        /// How the answer's content is written.
        public var form: Serialization
    }

    /// Bytes of one Uri-Query option, and of our text options, at most (RFC 7252 5.10).
    static let longestOption = 255

    /// The request of a message whose body is whole.
    ///
    /// POST with option 267 is CREATE; with `op` in its query it is what that says; else it is NOTIFY. A payload of content
    /// format 10007 or 10012 is the whole primitive, which is how tokens come: none fits an option of 255 bytes.
    ///
    /// - Throws: ``OneM2MError`` 4000, 4005, 4015, 5001 or 5207.
    public static func request(_ message: Message) throws(OneM2MError) -> Incoming {
        let address = try address(message.path)
        let kind = message.contentFormat.flatMap { ContentKind(contentFormat: $0) }
        if !message.payload.isEmpty {
            guard let kind, kind.part != .response else {
                throw OneM2MError(
                    .unsupportedMediaType,
                    "content format \(message.contentFormat.map { "\($0)" } ?? "none"): expected 50 (JSON) or 60 (CBOR), "
                        + "or one of oneM2M's own")
            }
        }
        let form = try answerForm(message, kind)
        if let kind, kind.part == .request {
            let request = try whole(message, address, kind.serialization)
            return Incoming(request: request, isWhole: true, form: form)
        }
        var request = RequestPrimitive(.notify, to: address, from: nil, requestIdentifier: "", releaseVersion: nil)
        try readOptions(message.options, into: &request)
        var operation: Operation?
        let items = message.query
        guard items.count <= RequestQuery.mostItems else {
            throw OneM2MError(.badRequest, "the query has more than \(RequestQuery.mostItems) items")
        }
        for item in items {
            if item.hasPrefix("op=") {
                guard let number = Int(item.dropFirst(3)), let named = Operation(rawValue: number) else {
                    throw OneM2MError(.badRequest, "op: expected 1 to 5")
                }
                operation = named
            } else {
                try RequestQuery.apply(item[...], to: &request, takesTokens: true) { String($0) }
            }
        }
        request.operation = try self.operation(message.code, request.resourceType, operation)
        if request.operation != .create { request.resourceType = nil }
        if !message.payload.isEmpty, let kind {
            request.content = try ContentCoding.decode(message.payload, kind.serialization)
        }
        return Incoming(request: request, isWhole: false, form: form)
    }

    private static func address(_ path: [String]) throws(OneM2MError) -> String {
        var segments = path[...]
        if segments.last == "" { segments.removeLast() }
        // Two different paths must never name one resource to whoever decides on access.
        guard segments.allSatisfy({ !$0.utf8.contains(UInt8(ascii: "/")) && !$0.isEmpty }) else {
            throw OneM2MError(.badRequest, "a segment of the path is empty or has a slash")
        }
        switch segments.first {
        case "~": return "/" + segments.dropFirst().joined(separator: "/")
        case "_": return "//" + segments.dropFirst().joined(separator: "/")
        default: return segments.joined(separator: "/")
        }
    }

    private static func operation(
        _ code: Code, _ type: ResourceType?, _ named: Operation?
    ) throws(OneM2MError) -> Operation {
        let plain: Operation
        switch code {
        case .get: plain = .retrieve
        case .put: plain = .update
        case .delete: plain = .delete
        case .post: return named ?? (type == nil ? .notify : .create)
        default: throw OneM2MError(.operationNotAllowed, "the method \(code): expected GET, PUT, POST or DELETE")
        }
        guard named == nil || named == plain else {
            throw OneM2MError(.badRequest, "op says \(named.map { "\($0)" } ?? ""), and the method \(plain)")
        }
        return plain
    }

    private static func answerForm(_ message: Message, _ kind: ContentKind?) throws(OneM2MError) -> Serialization {
        guard let accept = message.accept else { return kind?.serialization ?? .json }
        guard let wanted = ContentKind(contentFormat: accept), wanted.part != .request else {
            throw OneM2MError(.notAcceptable, "Accept \(accept): expected 50 (JSON) or 60 (CBOR)")
        }
        return wanted.serialization
    }

    private static func whole(
        _ message: Message, _ address: String, _ form: Serialization
    ) throws(OneM2MError) -> RequestPrimitive {
        guard message.code == .post else {
            throw OneM2MError(.operationNotAllowed, "a whole primitive comes with POST, not with \(message.code)")
        }
        let request = try RequestPrimitive(json: try ContentCoding.decode(message.payload, form))
        for (option, value) in [
            (OptionNumber.oneM2MFrom, request.from), (.oneM2MRequestIdentifier, request.requestIdentifier),
        ] {
            if let said = text(message.options, option), said != value {
                throw OneM2MError(.badRequest, "\(option) is another than the primitive's")
            }
        }
        guard address.isEmpty || address == request.to else {
            throw OneM2MError(.badRequest, "the path is another than the primitive's to")
        }
        return request
    }

    static func text(_ options: Options, _ number: OptionNumber) -> String? {
        guard let value = options.first(number), !value.isEmpty else { return nil }
        return String(decoding: value, as: UTF8.self)
    }

    static func number(_ options: Options, _ number: OptionNumber) -> Int? {
        options.uint(number).flatMap { Int(exactly: $0) }
    }

    private static func readOptions(
        _ options: Options, into request: inout RequestPrimitive
    ) throws(OneM2MError) {
        func time(_ number: OptionNumber) throws(OneM2MError) -> AbsoluteOrRelativeTime? {
            guard let value = text(options, number) else { return nil }
            guard let time = AbsoluteOrRelativeTime(value) else { throw RequestQuery.badTime("\(number)") }
            return time
        }
        for unsupported in [
            OptionNumber.oneM2MSignatureRequest, .oneM2MAuthorizationSignatures, .oneM2MGroupTargetMembers,
        ] where options.contains(unsupported) {
            throw OneM2MError(.notImplemented, "\(unsupported) is not supported")
        }
        request.from = text(options, .oneM2MFrom)
        request.requestIdentifier = text(options, .oneM2MRequestIdentifier) ?? ""
        request.releaseVersion = text(options, .oneM2MReleaseVersion)
        request.vendorInformation = text(options, .oneM2MVendorInformation)
        request.groupRequestIdentifier = text(options, .oneM2MGroupRequestIdentifier)
        request.resourceType = number(options, .oneM2MResourceType).map { ResourceType(rawValue: $0) }
        request.eventCategory = number(options, .oneM2MEventCategory)
        request.requestExpiration = try time(.oneM2MRequestExpiration)
        request.resultExpiration = try time(.oneM2MResultExpiration)
        request.operationExecutionTime = try time(.oneM2MOperationExecutionTime)
        if let value = text(options, .oneM2MOriginatingTimestamp) {
            guard let time = OneM2MTime(value) else { throw RequestQuery.badTime("oneM2M-OT") }
            request.originatingTimestamp = time
        }
        if let value = text(options, .oneM2MNotificationURI) {
            request.notificationURIs = value.split(separator: "&").prefix(RequestPrimitive.mostValues).map(String.init)
        }
    }

    // MARK: Ours to others

    /// The message of a request: its parts in options, or the whole of it as payload where it has tokens, or something
    /// longer than an option takes.
    ///
    /// - Parameter base: what stands before the path: that of a point of access.
    public static func message(
        _ request: RequestPrimitive, base: String, isWholeTarget: Bool, form: Serialization
    ) -> Message {
        let path = base + (isWholeTarget ? "" : pathText(request.to))
        guard var query = query(of: request), request.tokens.isEmpty, fitsOptions(request) else {
            let format = form == .json ? ContentFormat.oneM2MRequestJSON : ContentFormat.oneM2MRequestCBOR
            return Message(
                code: .post, path: path, contentFormat: format, payload: ContentCoding.encode(request.json, form))
        }
        // TS-0008 6.2.1: what does not wait for its answer is a POST whatever it asks for, and says so. Without a type POST
        // alone would be NOTIFY.
        let waits = request.responseType == .blocking
        if !waits || request.operation == .create && request.resourceType == nil {
            query.append("op=\(request.operation.rawValue)")
        }
        let code: Code =
            switch request.operation {
            case .retrieve where waits: .get
            case .update where waits: .put
            case .delete where waits: .delete
            default: .post
            }
        let format = request.content.map { _ in form == .json ? ContentFormat.json : ContentFormat.cbor }
        var message = Message(
            code: code, path: path, query: query, contentFormat: format,
            payload: request.content.map { ContentCoding.encode($0, form) } ?? [])
        if form == .cbor { message.accept = ContentFormat.cbor }
        for (number, value) in texts(of: request) { if let value { message.options.add(number, string: value) } }
        if request.operation == .create, let type = request.resourceType {
            message.options.add(.oneM2MResourceType, uint: UInt64(clamping: type.rawValue))
        }
        if let category = request.eventCategory {
            message.options.add(.oneM2MEventCategory, uint: UInt64(clamping: category))
        }
        return message
    }

    /// The path of an address, with a leading slash.
    static func pathText(_ address: String) -> String {
        if address.utf8.starts(with: "//".utf8) { return "/_" + address.dropFirst() }
        return address.utf8.first == UInt8(ascii: "/") ? "/~" + address : "/" + address
    }

    private static func texts(of request: RequestPrimitive) -> [(OptionNumber, String?)] {
        [
            (.oneM2MFrom, request.from ?? ""), (.oneM2MRequestIdentifier, request.requestIdentifier),
            (.oneM2MReleaseVersion, request.releaseVersion), (.oneM2MVendorInformation, request.vendorInformation),
            (.oneM2MGroupRequestIdentifier, request.groupRequestIdentifier),
            (.oneM2MOriginatingTimestamp, request.originatingTimestamp.map { "\($0)" }),
            (.oneM2MRequestExpiration, request.requestExpiration.map { "\($0)" }),
            (.oneM2MResultExpiration, request.resultExpiration.map { "\($0)" }),
            (.oneM2MOperationExecutionTime, request.operationExecutionTime.map { "\($0)" }),
            (.oneM2MNotificationURI, request.notificationURIs?.joined(separator: "&")),
        ]
    }

    private static func fitsOptions(_ request: RequestPrimitive) -> Bool {
        texts(of: request).allSatisfy { ($0.1?.utf8.count ?? 0) <= longestOption }
    }

    /// The items of the query; nil when one is too long for an option, or has a plus inside, which would read as two, or is
    /// a condition on an attribute that is named as a parameter: `op` would make of a NOTIFY whatever its value says.
    private static func query(of request: RequestPrimitive) -> [String]? {
        guard !request.filterCriteria.attributes.contains(where: { RequestQuery.isParameter($0.name) }) else {
            return nil
        }
        var query: [String] = []
        for item in RequestQuery.items(of: request) {
            let text = "\(item.name)=\(item.values.joined(separator: "+"))"
            guard text.utf8.count <= longestOption,
                item.values.allSatisfy({ !$0.utf8.contains(UInt8(ascii: "+")) && !$0.utf8.contains(0x20) })
            else { return nil }
            query.append(text)
        }
        return query
    }
}
