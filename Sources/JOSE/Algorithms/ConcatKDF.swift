import TLS

/// The key derivation of ECDH-ES: NIST SP 800-56A 5.8.1 with SHA-256, as RFC 7518 4.6.2 fills it in.
enum ConcatKDF {
    /// A key of `length` bytes (at most 32 × 255) from the agreed secret.
    ///
    /// - Parameter algorithm: the `alg` the key is for; with ECDH-ES alone it would be the `enc`.
    static func derive(
        secret: [UInt8], length: Int, algorithm: String, partyU: [UInt8], partyV: [UInt8]
    ) -> [UInt8] {
        var info = prefixed(Array(algorithm.utf8))
        info += prefixed(partyU)
        info += prefixed(partyV)
        info += word(UInt32(length * 8))
        var key: [UInt8] = []
        var round: UInt32 = 1
        while key.count < length {
            key += Cryptography.sha256(word(round) + secret + info)
            round += 1
        }
        return Array(key.prefix(length))
    }

    private static func prefixed(_ bytes: [UInt8]) -> [UInt8] { word(UInt32(bytes.count)) + bytes }

    private static func word(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
