/// What the handling of tokens holds at most.
public enum TokenLimits {
    /// Tokens of one request, ids of tokens and roles included: a person has a handful.
    static let perRequest = 8
    /// Bytes of all tokens of one request: four of the longest.
    static let bytesPerRequest = 65_536
    /// Verified tokens that are remembered, the longest unused goes: 512 at some 2 kB are 1 MB.
    static let verified = 512
    /// Tokens on one issuer's revocation list. An entry takes 60 bytes of a list that is one compact object.
    static let revoked = 160
    /// Issuers that are trusted.
    public static let issuers = 64
    /// Keys of one issuer.
    static let keysPerIssuer = 16
    /// Tokens that the authority has issued and that have not expired.
    static let issued = 1_000
    /// Tokens of one holder among them, so that one holder cannot use the authority up.
    static let issuedPerHolder = 32
    /// Token issuances in work at once; each signs, which takes a board some ten milliseconds.
    static let issuances = 16
    /// Fetches of tokens by id in work at once.
    static let fetches = 32
}
