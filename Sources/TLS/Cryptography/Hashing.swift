import CMbedTLS

/// A hash function of FIPS 180-4, by the length of its result in bytes.
public enum HashFunction: Int, Sendable, Hashable, CaseIterable {
    /// Broken for signatures (RFC 6194); good inside HMAC, and where a protocol names it.
    case sha1 = 20
    /// 32 bytes.
    case sha256 = 32
    /// 48 bytes.
    case sha384 = 48
    /// 64 bytes.
    case sha512 = 64

    var number: gh_hash { gh_hash(rawValue: UInt32(rawValue)) }
}

/// Hashes, random bytes and comparison, by the one cryptographic library of the daemon.
public enum Cryptography {
    /// SHA-256 of `bytes`: 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        fixed(32) { gh_hash_of(GH_SHA256, bytes, bytes.count, $0) }
    }

    /// HMAC-SHA-256: 32 bytes.
    public static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        fixed(32) { gh_hmac_of(GH_SHA256, key, key.count, bytes, bytes.count, $0) }
    }

    /// The hash of `bytes`.
    public static func hash(_ function: HashFunction, _ bytes: [UInt8]) -> [UInt8] {
        fixed(function.rawValue) { gh_hash_of(function.number, bytes, bytes.count, $0) }
    }

    /// HMAC (RFC 2104).
    public static func hmac(_ function: HashFunction, key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        fixed(function.rawValue) { gh_hmac_of(function.number, key, key.count, bytes, bytes.count, $0) }
    }

    /// PBKDF2 with HMAC (RFC 8018 5.2), as long as the hash's result.
    ///
    /// - Parameter iterations: at least 1. Each costs two hashes of time that the caller's thread is busy for.
    public static func pbkdf2(
        _ function: HashFunction, password: [UInt8], salt: [UInt8], iterations: UInt32
    ) -> [UInt8] {
        fixed(function.rawValue) {
            gh_pbkdf2(
                function.number, password, password.count, salt, salt.count, max(iterations, 1), $0,
                function.rawValue)
        }
    }

    /// `count` bytes of the kernel's generator; usable for keys and tokens.
    public static func random(_ count: Int) -> [UInt8] {
        fixed(count) { gh_random($0, count) }
    }

    /// Whether two secrets are equal, in a time that depends on their lengths alone.
    public static func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && gh_equal(left, right, left.count) == 1
    }

    /// Fixed results. The functions fail only where memory or the kernel does; a hash or key of zeros handed on as if
    /// it were good would be worse than stopping.
    private static func fixed(_ count: Int, _ body: (UnsafeMutablePointer<UInt8>?) -> Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.update(repeating: 0)
            let status = count == 0 ? GH_OK : body(buffer.baseAddress)
            precondition(status == GH_OK, "hashing or the kernel's random generator failed: \(status)")
            initialized = count
        }
    }
}
