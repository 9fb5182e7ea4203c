import TLS

/// An RSA key that signatures are verified with (RFC 7518 6.3.1).
public struct RSAPublicKey: Sendable, Hashable {
    /// The modulus, the upper byte first and not zero.
    public let modulus: [UInt8]
    /// The exponent, likewise.
    public let exponent: [UInt8]
    private let key: PublicKey

    /// The key of modulus and exponent.
    ///
    /// - Throws: ``JOSEError`` `badKey` for moduli outside ``JOSELimits/rsaBits`` and exponents that are even, 1, or longer
    ///   than four bytes.
    public init(modulus: [UInt8], exponent: [UInt8]) throws(JOSEError) {
        guard let first = modulus.first, first != 0, let last = exponent.last, exponent.first != 0 else {
            throw JOSEError(.badKey, "modulus and exponent of an RSA key are numbers without zeros in front")
        }
        let bits = modulus.count * 8 - first.leadingZeroBitCount
        guard JOSELimits.rsaBits.contains(bits) else {
            throw JOSEError(
                .badKey,
                "an RSA key of \(bits) bits; taken are \(JOSELimits.rsaBits.lowerBound) to \(JOSELimits.rsaBits.upperBound)"
            )
        }
        guard exponent.count <= 4, last & 1 == 1, exponent != [1] else {
            throw JOSEError(.badKey, "the exponent of an RSA key is odd, more than 1 and has at most four bytes")
        }
        self.modulus = modulus
        self.exponent = exponent
        // SubjectPublicKeyInfo (RFC 8017 A.1.1, RFC 3279 2.3.1).
        let numbers = Self.value(0x30, Self.integer(modulus) + Self.integer(exponent))
        let algorithm = Self.value(
            0x30, [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00])
        key = PublicKey(der: Self.value(0x30, algorithm + Self.value(0x03, [0] + numbers)))
    }

    /// Whether `signature` is one of PKCS #1 v1.5 with SHA-256 over `message`.
    func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        signature.count == modulus.count && key.isValid(signature: signature, for: message)
    }

    private static func integer(_ number: [UInt8]) -> [UInt8] {
        value(0x02, (number[0] & 0x80 == 0 ? [] : [0]) + number)
    }

    private static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        if count < 0x100 { return [tag, 0x81, UInt8(count)] + content }
        return [tag, 0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)] + content
    }
}
