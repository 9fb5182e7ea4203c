import CBOR
import CoAPMessages
import OCFModel

/// A request that a procedure makes of a device, without anything of its transport.
public struct DeviceRequest: Sendable, Hashable {
    /// GET, POST or DELETE.
    public var method: Code
    /// The resource.
    public var href: String
    /// Queries, "name=value".
    public var query: [String]
    /// The body.
    public var body: CBOR.Value?
    /// Whether the device may answer that it has no such resource.
    public var isOptional: Bool
    /// Seconds that a person may take before the device answers; nil where none is in the way.
    public var patience: Int?

    private init(_ method: Code, _ href: String, _ query: [String], _ body: CBOR.Value?, isOptional: Bool = false) {
        self.method = method
        self.href = href
        self.query = query
        self.body = body
        self.isOptional = isOptional
    }

    /// RETRIEVE.
    public static func retrieve(_ href: String, query: [String] = []) -> DeviceRequest {
        DeviceRequest(.get, href, query, nil)
    }

    /// RETRIEVE of a security resource.
    public static func retrieve(_ resource: SecurityResource, query: [String] = []) -> DeviceRequest {
        retrieve(resource.href, query: query)
    }

    /// UPDATE.
    public static func update(_ href: String, _ body: CBOR.Map, query: [String] = []) -> DeviceRequest {
        DeviceRequest(.post, href, query, .map(body))
    }

    /// UPDATE of a security resource.
    public static func update(_ resource: SecurityResource, _ body: CBOR.Map, isOptional: Bool = false) -> DeviceRequest
    {
        DeviceRequest(.post, resource.href, [], .map(body), isOptional: isOptional)
    }

    /// DELETE of entries of a security resource.
    public static func delete(_ resource: SecurityResource, query: [String] = []) -> DeviceRequest {
        DeviceRequest(.delete, resource.href, query, nil)
    }

    /// The same request, which the device may hold for so many seconds until a person has done something.
    func waiting(_ seconds: Int) -> DeviceRequest {
        var request = self
        request.patience = seconds
        return request
    }

    /// The state that a device is asked to enter: UPDATE of `dos`.
    public static func enter(_ state: OnboardingState) -> DeviceRequest {
        update(.pstat, ProvisioningStatus.Update(state: state).representation)
    }

    /// The message.
    ///
    /// - Parameter speaksOCF: whether it has OCF's options, of which one is critical, so that servers of plain CoAP refuse
    ///   it.
    public func message(speaksOCF: Bool = true) -> Message {
        if speaksOCF { return .ocfRequest(method, path: href, query: query, representation: body) }
        var message = Message(code: method, path: href, query: query)
        if let body { message.setRepresentation(body, format: ContentFormat.cbor) }
        return message
    }

    /// The method's name.
    var methodName: String {
        switch method {
        case .get: "GET"
        case .post: "POST"
        case .delete: "DELETE"
        default: "\(method)"
        }
    }

    /// How messages for people name it.
    var name: String { "\(methodName) \(href)" }
}

/// A device's answer.
public struct DeviceAnswer: Sendable, Hashable {
    /// The response code.
    public var code: Code
    /// The body; nil when there is none.
    public var body: CBOR.Value?
    /// The payload, where it is text and no representation: what servers of plain CoAP answer.
    public var text: String?
    /// What the device says of an error.
    public var diagnostic: String
    /// Seconds after which to ask again, where the device says so (Max-Age of a 5.03).
    public var retryAfter: Int?

    /// An answer.
    public init(_ code: Code, _ body: CBOR.Value? = nil, diagnostic: String = "", retryAfter: Int? = nil) {
        self.code = code
        self.body = body
        self.diagnostic = diagnostic
        self.retryAfter = retryAfter
    }

    /// text/plain, link format, XML, JSON (RFC 7252 §12.3).
    private static let texts: Set<UInt16> = [plainText, 40, 41, 50]
    private static let plainText: UInt16 = 0

    /// Longest diagnostic that is passed on; it comes from a device that may not be ours.
    private static let longestDiagnostic = 300

    /// Reads a response.
    ///
    /// - Parameter speaksOCF: false for a server of plain CoAP, whose payload without a format is text.
    /// - Throws: ``OnboardingError`` `.peer` when its body is not what its format says.
    public init(_ message: Message, speaksOCF: Bool = true) throws(OnboardingError) {
        code = message.code
        retryAfter = message.code == .serviceUnavailable ? message.maxAge.map { Int($0) } : nil
        guard message.code.isSuccess || message.contentFormat != nil else {
            body = nil
            let text = String(decoding: message.payload.prefix(Self.longestDiagnostic), as: UTF8.self)
            diagnostic = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 }))
            return
        }
        diagnostic = ""
        let format = message.contentFormat ?? (speaksOCF ? nil : Self.plainText)
        if message.code.isSuccess, let format, Self.texts.contains(format) {
            body = nil
            text = String(decoding: message.payload, as: UTF8.self)
            return
        }
        do {
            body = try message.representation()
        } catch {
            throw OnboardingError(.peer, "the device's answer cannot be read: \(error.reason)")
        }
    }

    /// The answer as an error of its request.
    func refusal(of request: DeviceRequest) -> OnboardingError {
        let said = diagnostic.isEmpty ? "" : ": \(diagnostic)"
        let code: OnboardingError.Code = self.code == .notFound ? .notFound : .refused
        return OnboardingError(code, "the device answers \(self.code) to \(request.name)\(said)")
    }
}
