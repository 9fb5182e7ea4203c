import CMbedTLS
import TLS

/// A public key on a curve: proved to lie on it when it was made.
public struct EllipticPublicKey: Sendable, Hashable {
    /// The curve.
    public let curve: Curve
    /// The first coordinate, as long as the curve's field, the upper byte first.
    public let x: [UInt8]
    /// The second coordinate, likewise.
    public let y: [UInt8]
    private let point: LibraryObject

    /// The key of two coordinates.
    ///
    /// - Throws: ``JOSEError`` `badKey` for wrong lengths and for points off the curve: agreeing on a key with such a
    ///   point would tell the private key.
    public init(curve: Curve, x: [UInt8], y: [UInt8]) throws(JOSEError) {
        guard x.count == curve.width, y.count == curve.width else {
            throw JOSEError(
                .badKey, "coordinates of \(curve.rawValue) have \(curve.width) bytes, found \(x.count) and \(y.count)")
        }
        var status: Int32 = 0
        guard let pointer = gh_point_new(curve.number, x, y, &status) else {
            throw status == GH_EMALFORMED
                ? JOSEError(.badKey, "the point does not lie on \(curve.rawValue)")
                : JOSEError(.library, "no point could be made: \(status)")
        }
        self.curve = curve
        self.x = x
        self.y = y
        point = LibraryObject(pointer) { gh_point_free($0) }
    }

    /// Whether `signature` (r || s) is the key's over `hash`.
    func isValid(signature: [UInt8], hash: [UInt8]) -> Bool {
        guard signature.count == 2 * curve.width else { return false }
        return point.withPointer { gh_point_verify($0, hash, hash.count, signature) == GH_OK }
    }

    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result { point.withPointer(body) }

    /// Equal curves and coordinates.
    public static func == (left: Self, right: Self) -> Bool {
        left.curve == right.curve && left.x == right.x && left.y == right.y
    }

    /// Of curve and coordinates.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(curve)
        hasher.combine(x)
        hasher.combine(y)
    }
}

/// A private key on a curve.
public struct EllipticPrivateKey: Sendable {
    /// Its public half.
    public let publicKey: EllipticPublicKey
    private let scalar: LibraryObject

    /// The curve.
    public var curve: Curve { publicKey.curve }

    /// A new key from the kernel's random numbers.
    public static func generate(_ curve: Curve = .p256) throws(JOSEError) -> EllipticPrivateKey {
        var status: Int32 = 0
        guard let pointer = gh_scalar_generate(curve.number, &status) else {
            throw JOSEError(.library, "no key could be made: \(status)")
        }
        return try EllipticPrivateKey(curve, pointer)
    }

    /// The key of a number, as long as the curve's field.
    ///
    /// - Throws: ``JOSEError`` `badKey` when it has another length, is zero or beyond the curve's order.
    public init(curve: Curve, d: [UInt8]) throws(JOSEError) {
        guard d.count == curve.width else {
            throw JOSEError(.badKey, "a private key of \(curve.rawValue) has \(curve.width) bytes, found \(d.count)")
        }
        var status: Int32 = 0
        guard let pointer = gh_scalar_new(curve.number, d, &status) else {
            throw status == GH_EMALFORMED
                ? JOSEError(.badKey, "the number is no private key of \(curve.rawValue)")
                : JOSEError(.library, "no key could be made: \(status)")
        }
        try self.init(curve, pointer)
    }

    private init(_ curve: Curve, _ pointer: OpaquePointer) throws(JOSEError) {
        scalar = LibraryObject(pointer) { gh_scalar_free($0) }
        var x = [UInt8](repeating: 0, count: curve.width)
        var y = x
        let status = scalar.withPointer { gh_scalar_point($0, &x, &y) }
        guard status == GH_OK else { throw JOSEError(.library, "the key has no point") }
        publicKey = try EllipticPublicKey(curve: curve, x: x, y: y)
    }

    /// The number. Secret: keep it for the daemon's user alone.
    public var d: [UInt8] {
        var number = [UInt8](repeating: 0, count: curve.width)
        let status = scalar.withPointer { gh_scalar_number($0, &number) }
        precondition(status == GH_OK, "a scalar of a curve always fits its width")
        return number
    }

    /// r || s over a hash, with the nonce of RFC 6979.
    func signature(hash: [UInt8], function: HashFunction) throws(JOSEError) -> [UInt8] {
        var raw = [UInt8](repeating: 0, count: 2 * curve.width)
        let number = gh_hash(rawValue: UInt32(function.rawValue))
        let status = scalar.withPointer { gh_scalar_sign($0, number, hash, &raw) }
        guard status == GH_OK else { throw JOSEError(.library, "signing failed: \(status)") }
        return raw
    }

    /// The secret that both private keys give with the other's public key (RFC 7518 4.6): the shared point's x.
    func agree(with other: EllipticPublicKey) throws(JOSEError) -> [UInt8] {
        guard other.curve == curve else {
            throw JOSEError(.badKey, "a key of \(curve.rawValue) and one of \(other.curve.rawValue) do not agree")
        }
        var shared = [UInt8](repeating: 0, count: curve.width)
        let status = scalar.withPointer { mine in
            other.withPointer { theirs in gh_scalar_agree(mine, theirs, &shared) }
        }
        guard status == GH_OK else { throw JOSEError(.library, "agreeing on a key failed: \(status)") }
        return shared
    }
}
