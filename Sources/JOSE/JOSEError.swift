/// What is wrong with a signed or encrypted object, or with a key.
///
/// Two errors of one code are the same kind of failure; people read `reason`, which never holds a secret or the content.
public struct JOSEError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Longer than ``JOSELimits`` allows.
        case tooLong
        /// Not three or five parts of base64url, or a header that is no JSON object of the right members.
        case malformed
        /// `alg` is `none`: an object that nobody protects is never taken.
        case unsecured
        /// An algorithm that is not spoken here.
        case unsupportedAlgorithm
        /// `crit`: extensions that must be understood, and are not (RFC 7515 4.1.11).
        case criticalHeader
        /// `zip`: what is compressed is not taken, since it grows without bound and tells its content by its length.
        case compressed
        /// No key for this object: another `kid`, another algorithm, or a key of another kind.
        case noKey
        /// The signature or the authentication code does not fit.
        case badSignature
        /// The object does not decrypt with the key.
        case badDecryption
        /// A key that cannot be used: the wrong length, a point off the curve, missing members.
        case badKey
        /// The library failed, for want of memory for instance.
        case library
    }

    /// What kind of failure it is.
    public let code: Code
    /// What was found and what was expected.
    public let reason: String

    /// An error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }
}
