import CMbedTLS

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
