import JSONText
import TLS

/// An encrypted object in compact serialization (RFC 7516).
public struct JWE: Sendable {
    /// The header, which nobody vouches for until the object has been decrypted.
    public let header: JOSEHeader
    private let encodedHeader: [UInt8]
    private let wrappedKey: [UInt8]
    private let nonce: [UInt8]
    private let ciphertext: [UInt8]
    private let tag: [UInt8]

    /// Reads an object.
    ///
    /// - Throws: ``JOSEError`` as ``CompactObject``, and `malformed` for a signed one.
    public init(parsing text: String) throws(JOSEError) {
        guard case .jwe(let object) = try CompactObject(parsing: text) else {
            throw JOSEError(.malformed, "expected an encrypted object, found a signed one")
        }
        self = object
    }

    init(parts: [ArraySlice<UInt8>]) throws(JOSEError) {
        header = try JOSEHeader(decoding: CompactObject.decode(parts[0], "header"))
        encodedHeader = Array(parts[0])
        wrappedKey = try CompactObject.decode(parts[1], "encrypted key")
        nonce = try CompactObject.decode(parts[2], "initialization vector")
        ciphertext = try CompactObject.decode(parts[3], "ciphertext")
        tag = try CompactObject.decode(parts[4], "authentication tag")
        guard nonce.count == AES.nonceLength, tag.count == AES.tagLength else {
            throw JOSEError(
                .malformed,
                "expected an initialization vector of \(AES.nonceLength) and a tag of \(AES.tagLength) bytes, found \(nonce.count) and \(tag.count)"
            )
        }
    }

    /// How the content key comes and how the content is encrypted.
    ///
    /// - Throws: ``JOSEError`` `unsupportedAlgorithm`, or `malformed` without `enc`.
    public func algorithms() throws(JOSEError) -> (management: KeyManagement, encryption: ContentEncryption) {
        guard let name = header.encryption else {
            throw JOSEError(.malformed, "five parts, but no \"enc\" in the header")
        }
        guard let management = KeyManagement(rawValue: header.algorithm) else {
            throw JOSEError(
                .unsupportedAlgorithm, "a content key by \(header.algorithm.prefix(32)), which is not spoken here")
        }
        guard let encryption = ContentEncryption(rawValue: name) else {
            throw JOSEError(.unsupportedAlgorithm, "encrypted with \(name.prefix(32)), which is not spoken here")
        }
        return (management, encryption)
    }

    /// The plaintext, and the place of the key that gave it among `keys`.
    ///
    /// Tried are the keys of the object's algorithm and, where both name one, of its `kid`.
    ///
    /// - Throws: ``JOSEError`` `unsupportedAlgorithm`, `noKey`, `badDecryption` or `malformed`.
    public func decrypt(with keys: [DecryptionKey]) throws(JOSEError) -> (plaintext: [UInt8], key: Int) {
        let (management, encryption) = try algorithms()
        guard !management.isAgreement || header.ephemeralKey != nil else {
            throw JOSEError(.malformed, "\(management.rawValue) without \"epk\" in the header")
        }
        guard management != .direct || wrappedKey.isEmpty else {
            throw JOSEError(.malformed, "an encrypted key with \"dir\" (RFC 7516 5.2)")
        }
        var isTried = false
        for (index, key) in keys.enumerated() where key.algorithm == management {
            if let named = header.keyID, let id = key.id, named != id { continue }
            isTried = true
            // What goes wrong inside is not told apart: which step failed is of use to nobody honest.
            guard let content = try? contentKey(by: key, length: encryption.keyLength),
                let plaintext = AES.decrypt(
                    ciphertext, tag: tag, key: content, nonce: nonce, authenticating: encodedHeader)
            else { continue }
            return (plaintext, index)
        }
        throw isTried
            ? JOSEError(.badDecryption, "the object does not decrypt with the key")
            : JOSEError(.noKey, "no key for \(management.rawValue)\(header.keyID.map { " named \($0)" } ?? "")")
    }

    private func contentKey(by key: DecryptionKey, length: Int) throws(JOSEError) -> [UInt8]? {
        switch key.material {
        case .secret(let secret) where key.algorithm == .direct: return secret.count == length ? secret : nil
        case .secret(let secret): return unwrapped(with: secret, length: length)
        case .ellipticPrivate(let mine):
            guard let theirs = header.ephemeralKey, theirs.curve == mine.curve else { return nil }
            let wrapping = try Self.wrappingKey(
                by: key.algorithm, mine: mine, theirs: theirs, partyU: header.partyU, partyV: header.partyV)
            return unwrapped(with: wrapping, length: length)
        case .ellipticPublic, .rsaPublic: return nil
        }
    }

    private func unwrapped(with key: [UInt8], length: Int) -> [UInt8]? {
        AES.unwrap(wrappedKey, with: key).flatMap { $0.count == length ? $0 : nil }
    }

    static func wrappingKey(
        by algorithm: KeyManagement, mine: EllipticPrivateKey, theirs: EllipticPublicKey, partyU: [UInt8],
        partyV: [UInt8]
    ) throws(JOSEError) -> [UInt8] {
        ConcatKDF.derive(
            secret: try mine.agree(with: theirs), length: algorithm.wrappingKeyLength ?? 0,
            algorithm: algorithm.rawValue, partyU: partyU, partyV: partyV)
    }

    /// Encrypts.
    ///
    /// - Parameters:
    ///   - type: `typ`.
    ///   - contentType: `cty`, `JWT` when the plaintext is a signed object (RFC 7519 5.2).
    /// - Returns: the compact serialization.
    /// - Throws: ``JOSEError`` `library`, or `tooLong` when no reader of ours would take it.
    public static func encrypt(
        _ plaintext: [UInt8], to key: EncryptionKey, type: String? = "JWT", contentType: String? = nil
    ) throws(JOSEError) -> String {
        var header = JSONObject()
        header["alg"] = .string(key.algorithm.rawValue)
        header["enc"] = .string(key.encryption.rawValue)
        if let type { header["typ"] = .string(type) }
        if let contentType { header["cty"] = .string(contentType) }
        if let id = key.id { header["kid"] = .string(id) }
        var contentKey = Cryptography.random(key.encryption.keyLength)
        var wrapped: [UInt8] = []
        switch key.material {
        case .secret(let secret) where key.algorithm == .direct: contentKey = secret
        case .secret(let secret): wrapped = try AES.wrap(contentKey, with: secret)
        case .ellipticPublic(let theirs):
            let ephemeral = try EllipticPrivateKey.generate(theirs.curve)
            header["epk"] = JSONWebKey(.ellipticPublic(ephemeral.publicKey)).json
            let wrapping = try wrappingKey(
                by: key.algorithm, mine: ephemeral, theirs: theirs, partyU: [], partyV: [])
            wrapped = try AES.wrap(contentKey, with: wrapping)
        case .ellipticPrivate, .rsaPublic: throw JOSEError(.badKey, "encrypting takes a public or a shared key")
        }
        return try seal(
            plaintext, header: JSON.object(header).serialized(), contentKey: contentKey, wrapped: wrapped,
            nonce: Cryptography.random(AES.nonceLength))
    }

    /// The last step, with everything that is random given; RFC examples are remade with it.
    static func seal(
        _ plaintext: [UInt8], header: String, contentKey: [UInt8], wrapped: [UInt8], nonce: [UInt8]
    ) throws(JOSEError) -> String {
        let encodedHeader = Base64URL.encode(Array(header.utf8))
        let (cipher, tag) = try AES.encrypt(
            plaintext, key: contentKey, nonce: nonce, authenticating: Array(encodedHeader.utf8))
        let text = [
            encodedHeader, Base64URL.encode(wrapped), Base64URL.encode(nonce), Base64URL.encode(cipher),
            Base64URL.encode(tag),
        ].joined(separator: ".")
        guard text.utf8.count <= JOSELimits.compact else {
            throw JOSEError(
                .tooLong,
                "the encrypted object would have \(text.utf8.count) bytes; at most \(JOSELimits.compact) are read")
        }
        return text
    }
}
