import CMbedTLS

/// AES-GCM and AES key wrap by the daemon's one library.
enum AES {
    static let nonceLength = 12
    static let tagLength = 16

    /// The ciphertext and its tag.
    static func encrypt(
        _ plain: [UInt8], key: [UInt8], nonce: [UInt8], authenticating header: [UInt8]
    ) throws(JOSEError) -> (cipher: [UInt8], tag: [UInt8]) {
        guard nonce.count == nonceLength else { throw JOSEError(.library, "a nonce of \(nonce.count) bytes") }
        var cipher = [UInt8](repeating: 0, count: plain.count)
        var tag = [UInt8](repeating: 0, count: tagLength)
        let status = gh_gcm_encrypt(
            key, key.count, nonce, header, header.count, plain, plain.count, &cipher, &tag)
        guard status == GH_OK else { throw JOSEError(.library, "AES-GCM failed: \(status)") }
        return (cipher, tag)
    }

    /// The plaintext; nil when the tag does not fit.
    static func decrypt(
        _ cipher: [UInt8], tag: [UInt8], key: [UInt8], nonce: [UInt8], authenticating header: [UInt8]
    ) -> [UInt8]? {
        guard nonce.count == nonceLength, tag.count == tagLength else { return nil }
        var plain = [UInt8](repeating: 0, count: cipher.count)
        let status = gh_gcm_decrypt(
            key, key.count, nonce, header, header.count, cipher, cipher.count, &plain, tag)
        return status == GH_OK ? plain : nil
    }

    /// The content key wrapped (RFC 3394).
    static func wrap(_ content: [UInt8], with key: [UInt8]) throws(JOSEError) -> [UInt8] {
        var wrapped = [UInt8](repeating: 0, count: content.count + 8)
        let status = gh_key_wrap(key, key.count, content, content.count, &wrapped)
        guard status == GH_OK else { throw JOSEError(.library, "AES key wrap failed: \(status)") }
        return wrapped
    }

    /// The content key; nil when it does not fit.
    static func unwrap(_ wrapped: [UInt8], with key: [UInt8]) -> [UInt8]? {
        guard wrapped.count >= 24, wrapped.count % 8 == 0 else { return nil }
        var content = [UInt8](repeating: 0, count: wrapped.count - 8)
        return gh_key_unwrap(key, key.count, wrapped, wrapped.count, &content) == GH_OK ? content : nil
    }
}
