import CBOR
import CoAPMessages

extension Message {
    /// A request as an OCF client sends it: Accept and its version always, Content-Format and its version with a body
    /// (core, "Content-Format negotiation").
    ///
    /// - Parameters:
    ///   - path: such as "/oic/sec/account".
    ///   - query: such as ["if=oic.if.b"].
    ///   - representation: the body; nil for none.
    public static func ocfRequest(
        _ code: Code, path: String, query: [String] = [], representation: CBOR.Value? = nil
    ) -> Message {
        var message = Message(code: code, path: path, query: query)
        if let representation { message.setRepresentation(representation) }
        message.accept = ContentFormat.ocfCBOR
        message.ocfAcceptVersion = OCFVersion.v1_0_0
        return message
    }

    /// A response as an OCF server sends it; the exchange fills in the token.
    ///
    /// - Parameters:
    ///   - representation: the body; nil for none.
    ///   - format: `ContentFormat.ocfCBOR`, or `.cbor` for a client that accepts only that.
    public static func ocfResponse(
        _ code: Code, _ representation: CBOR.Value? = nil, format: UInt16 = ContentFormat.ocfCBOR
    ) -> Message {
        var message = Message(code: code)
        if let representation { message.setRepresentation(representation, format: format) }
        return message
    }

    /// The response that tells of an error: its representation when it has one, else its reason as diagnostic payload.
    public static func ocfResponse(_ error: ResourceError, format: UInt16 = ContentFormat.ocfCBOR) -> Message {
        if let representation = error.representation {
            return ocfResponse(error.code, representation, format: format)
        }
        return Message(code: error.code, payload: Array(error.reason.utf8))
    }

    /// Puts in a body: payload, Content-Format, and for OCF CBOR its version.
    public mutating func setRepresentation(_ value: CBOR.Value, format: UInt16 = ContentFormat.ocfCBOR) {
        setRepresentation(encoded: CBOR.encode(value, .asWritten), format: format)
    }

    /// Puts in a body that is CBOR already; see ``setRepresentation(_:format:)``.
    public mutating func setRepresentation(encoded bytes: [UInt8], format: UInt16 = ContentFormat.ocfCBOR) {
        payload = bytes
        contentFormat = format
        ocfContentFormatVersion = format == ContentFormat.ocfCBOR ? OCFVersion.v1_0_0 : nil
    }

    /// The body as a value; nil when there is none.
    ///
    /// OCF CBOR of any 1.x version, plain CBOR, and a body without a Content-Format are read as CBOR.
    ///
    /// - Throws: ``ResourceError`` 4.15 for another format or version, 4.00 when it is not CBOR.
    public func representation(limits: CBOR.Limits = .default) throws(ResourceError) -> CBOR.Value? {
        guard !payload.isEmpty else { return nil }
        switch contentFormat {
        case ContentFormat.ocfCBOR?:
            if let version = ocfContentFormatVersion, !Self.isReadable(version) {
                throw ResourceError(.unsupportedContentFormat, "OCF-Content-Format-Version \(version); 1.x is read")
            }
        case ContentFormat.cbor?, nil: break
        case let format?:
            throw ResourceError(
                .unsupportedContentFormat,
                "Content-Format \(format); \(ContentFormat.ocfCBOR) and \(ContentFormat.cbor) are read")
        }
        do {
            return try CBOR.decode(payload, limits: limits)
        } catch {
            throw ResourceError(.badRequest, "\(error)")
        }
    }

    /// The content format to answer in: what Accept says, by default OCF CBOR.
    ///
    /// - Throws: ``ResourceError`` 4.06 for a format or version we do not write.
    public func responseFormat() throws(ResourceError) -> UInt16 {
        switch accept {
        case ContentFormat.cbor?: return ContentFormat.cbor
        case ContentFormat.ocfCBOR?, nil:
            if let version = ocfAcceptVersion, !Self.isReadable(version) {
                throw ResourceError(.notAcceptable, "OCF-Accept-Content-Format-Version \(version); 1.0.0 is written")
            }
            return ContentFormat.ocfCBOR
        case let format?:
            throw ResourceError(
                .notAcceptable,
                "Accept \(format); \(ContentFormat.ocfCBOR) and \(ContentFormat.cbor) are written")
        }
    }

    /// Whether a content format version has major 1: minor versions add, they do not change.
    private static func isReadable(_ version: UInt16) -> Bool {
        version >> 11 == 1
    }
}
