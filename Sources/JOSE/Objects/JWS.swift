import JSONText

/// A signed object in compact serialization (RFC 7515).
public struct JWS: Sendable {
    /// The header, which nobody vouches for until ``payload(verifiedBy:)`` has.
    public let header: JOSEHeader
    /// The payload before anybody has verified it: to find the issuer whose keys verify it, and for nothing else.
    public let unverifiedPayload: [UInt8]
    private let signingInput: [UInt8]
    private let signature: [UInt8]

    /// Reads an object.
    ///
    /// - Throws: ``JOSEError`` as ``CompactObject``, and `malformed` for an encrypted one.
    public init(parsing text: String) throws(JOSEError) {
        guard case .jws(let object) = try CompactObject(parsing: text) else {
            throw JOSEError(.malformed, "expected a signed object, found an encrypted one")
        }
        self = object
    }

    init(parts: [ArraySlice<UInt8>], in bytes: [UInt8]) throws(JOSEError) {
        header = try JOSEHeader(decoding: CompactObject.decode(parts[0], "header"))
        unverifiedPayload = try CompactObject.decode(parts[1], "payload")
        signature = try CompactObject.decode(parts[2], "signature")
        signingInput = Array(bytes[..<parts[1].endIndex])
        guard header.encryption == nil else {
            throw JOSEError(.malformed, "three parts, but \"enc\" in the header: signed or encrypted?")
        }
    }

    /// The algorithm.
    ///
    /// - Throws: ``JOSEError`` `unsupportedAlgorithm`.
    public func algorithm() throws(JOSEError) -> SignatureAlgorithm {
        guard let algorithm = SignatureAlgorithm(rawValue: header.algorithm) else {
            throw JOSEError(
                .unsupportedAlgorithm, "signed with \(header.algorithm.prefix(32)), which is not spoken here")
        }
        return algorithm
    }

    /// The payload, when one of the keys says that it stands.
    ///
    /// Tried are the keys of the object's algorithm and, where both name one, of its `kid`. An object that names a key
    /// which is not there is not tried with others.
    ///
    /// - Throws: ``JOSEError`` `unsupportedAlgorithm`, `noKey` or `badSignature`.
    public func payload(verifiedBy keys: some Sequence<VerificationKey>) throws(JOSEError) -> [UInt8] {
        let algorithm = try algorithm()
        var isTried = false
        for key in keys where key.algorithm == algorithm {
            if let named = header.keyID, let id = key.id, named != id { continue }
            isTried = true
            if key.isValid(signature: signature, for: signingInput) { return unverifiedPayload }
        }
        throw isTried
            ? JOSEError(.badSignature, "the signature does not fit the content and the key")
            : JOSEError(.noKey, "no key for \(algorithm.rawValue)\(header.keyID.map { " named \($0)" } ?? "")")
    }

    /// Signs.
    ///
    /// - Parameters:
    ///   - type: `typ`, for instance `JWT`.
    ///   - contentType: `cty`.
    /// - Returns: the compact serialization.
    /// - Throws: ``JOSEError`` `library`, or `tooLong` when no reader of ours would take it.
    public static func sign(
        _ payload: [UInt8], with key: SigningKey, type: String? = "JWT", contentType: String? = nil
    ) throws(JOSEError) -> String {
        var header = JSONObject()
        header["alg"] = .string(key.algorithm.rawValue)
        if let type { header["typ"] = .string(type) }
        if let contentType { header["cty"] = .string(contentType) }
        if let id = key.id { header["kid"] = .string(id) }
        return try sign(payload, header: JSON.object(header).serialized(), with: key)
    }

    /// Signs under a header that is given as text; RFC examples are remade with it.
    static func sign(_ payload: [UInt8], header: String, with key: SigningKey) throws(JOSEError) -> String {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(payload)
        let text = input + "." + Base64URL.encode(try key.signature(for: Array(input.utf8)))
        guard text.utf8.count <= JOSELimits.compact else {
            throw JOSEError(
                .tooLong,
                "the signed object would have \(text.utf8.count) bytes; at most \(JOSELimits.compact) are read")
        }
        return text
    }
}
