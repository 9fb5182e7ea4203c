import CMbedTLS

extension PrivateKey {
    /// A new RSA key. Takes some 0.1 s on a server and seconds on a small board: not to be called on the loop.
    ///
    /// - Parameter bits: 2048 or more.
    public static func generateRSA(bits: Int = 2_048) throws(TLSError) -> PrivateKey {
        guard (2_048...8_192).contains(bits), bits % 8 == 0, let pointer = gh_key_generate_rsa(UInt32(bits)) else {
            throw TLSError(.internalError, "no RSA key of \(bits) bits could be made\(TLSError.libraryText())")
        }
        return PrivateKey(owning: pointer)
    }

    /// Decrypts what was encrypted with RSA-OAEP (SHA-1) or RSAES-PKCS1-v1_5, whichever it was.
    ///
    /// Never tells that a padding was wrong: what is of neither form makes bytes that mean nothing, the same ones each
    /// time, so that whoever sends blocks learns nothing from answers (no oracle).
    ///
    /// - Throws: ``TLSError`` for a key that is not RSA, and for a block of another length than the modulus.
    public func decrypt(_ block: [UInt8]) throws(TLSError) -> [UInt8] {
        let capacity = max(bits / 8, 1)
        var status = 0
        let plain = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            buffer.update(repeating: 0)
            status = withPointer { gh_key_decrypt($0, block, block.count, buffer.baseAddress, capacity) }
            count = max(0, status)
        }
        guard status >= 0 else {
            throw TLSError(
                isEllipticCurve ? .unsupportedKey : .badSignature,
                "\(block.count) bytes were to be decrypted; an RSA key and a block as long as its modulus are expected")
        }
        return plain
    }
}

extension PublicKey {
    /// The paddings that challenges of XEP-0324 are seen with.
    public enum EncryptionPadding: Sendable, Hashable, CaseIterable {
        /// RSA-OAEP with SHA-1 and MGF1-SHA-1 (RFC 8017 7.1).
        case oaepSHA1
        /// RSAES-PKCS1-v1_5 (RFC 8017 7.2): what peers of 2013 to 2018 use.
        case pkcs1v15
    }

    /// Encrypts a few bytes with an RSA key: at most its length less 42 (OAEP) or 11.
    ///
    /// - Throws: ``TLSError`` for a key that is not RSA, and for more bytes than fit.
    public func encrypt(_ plain: [UInt8], _ padding: EncryptionPadding = .oaepSHA1) throws(TLSError) -> [UInt8] {
        // 8192 bits.
        let capacity = 1_024
        var status = 0
        let block = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            buffer.update(repeating: 0)
            status = gh_public_encrypt(
                der, der.count, padding == .pkcs1v15 ? 1 : 0, plain, plain.count, buffer.baseAddress, capacity)
            count = max(0, status)
        }
        guard status > 0 else {
            throw TLSError(
                .unsupportedKey,
                "\(plain.count) bytes could not be encrypted; an RSA key with room for them is expected")
        }
        return block
    }
}
