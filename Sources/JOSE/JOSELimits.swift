import JSONText

/// How much of an object is read before it is refused.
public enum JOSELimits {
    /// Bytes of a compact object. Tokens of one permission take 300 to 1,200; 16 KiB carry some fifty permissions and
    /// are the length of a header that HTTP servers commonly take.
    public static let compact = 16_384
    /// Bytes of a decoded header: an `epk` of P-521 takes 250, the rest are names.
    public static let header = 2_048
    /// Bytes of a `kid`: thumbprints take 43.
    public static let keyID = 256
    /// Bytes of `apu` and `apv` each, decoded (RFC 7518 4.6.1.2 means names).
    public static let partyInfo = 512
    /// Bits of an RSA modulus: below, it is too weak (RFC 7518 3.3); above, each signature takes the board too long.
    public static let rsaBits = 2_048...4_096
    /// Bytes of a shared key: 64 are all that an HMAC takes without hashing the key first; more is a mistake.
    public static let secret = 128

    /// A header nests `epk` and nothing deeper.
    static let headerText = JSONLimits(bytes: header, depth: 4, values: 64)
    /// A JWK: an RSA key of 4,096 bits with all its private parts takes 3.2 kB.
    static let keyText = JSONLimits(bytes: 8_192, depth: 4, values: 64)
}
