import JSONText
import TLS

/// A key as JSON (RFC 7517) with what it may be used for.
public struct JSONWebKey: Sendable {
    /// The key itself, by its kind.
    public enum Material: Sendable {
        /// `oct`: both sides have it.
        case secret([UInt8])
        /// `EC` without `d`.
        case ellipticPublic(EllipticPublicKey)
        /// `EC` with `d`.
        case ellipticPrivate(EllipticPrivateKey)
        /// `RSA`; private parts are not read.
        case rsaPublic(RSAPublicKey)
    }

    /// `use`: what it may be used for.
    public enum Use: String, Sendable, Hashable {
        /// Signatures.
        case signature = "sig"
        /// Encryption.
        case encryption = "enc"
    }

    /// The key.
    public let material: Material
    /// `kid`: how it is named in headers.
    public var id: String?
    /// `alg`: the one algorithm it may be used with, when it says so.
    public var algorithm: String?
    /// `use`, when it says so.
    public var use: Use?

    /// A key.
    public init(_ material: Material, id: String? = nil, algorithm: String? = nil, use: Use? = nil) {
        self.material = material
        self.id = id
        self.algorithm = algorithm
        self.use = use
    }

    /// Reads a key.
    ///
    /// - Throws: ``JOSEError`` `badKey` naming the member; the value of a secret one is not repeated.
    public init(_ json: JSON) throws(JOSEError) {
        guard let object = json.object, let kind = object["kty"]?.string else {
            throw JOSEError(.badKey, "expected a JSON object with the text member \"kty\", found \(json.kindName)")
        }
        func number(_ name: String) throws(JOSEError) -> [UInt8] {
            guard let text = object[name]?.string, let bytes = Base64URL.decode(text), !bytes.isEmpty else {
                throw JOSEError(.badKey, "a key of type \(kind) expects \"\(name)\" as base64url without padding")
            }
            return bytes
        }
        switch kind {
        case "oct":
            let secret = try number("k")
            guard secret.count <= JOSELimits.secret else {
                throw JOSEError(.badKey, "a shared key has at most \(JOSELimits.secret) bytes, found \(secret.count)")
            }
            material = .secret(secret)
        case "EC":
            guard let curve = object["crv"]?.string.flatMap(Curve.init(rawValue:)) else {
                throw JOSEError(.badKey, "an EC key expects \"crv\" as P-256, P-384 or P-521")
            }
            let point = try EllipticPublicKey(curve: curve, x: number("x"), y: number("y"))
            if object["d"] == nil {
                material = .ellipticPublic(point)
            } else {
                let key = try EllipticPrivateKey(curve: curve, d: number("d"))
                guard key.publicKey == point else {
                    throw JOSEError(.badKey, "\"d\" does not belong to \"x\" and \"y\"")
                }
                material = .ellipticPrivate(key)
            }
        case "RSA": material = .rsaPublic(try RSAPublicKey(modulus: number("n"), exponent: number("e")))
        default: throw JOSEError(.badKey, "a key of type \(kind.prefix(16)); known are oct, EC and RSA")
        }
        if let value = object["kid"] {
            guard let text = value.string, !text.isEmpty, text.utf8.count <= JOSELimits.keyID else {
                throw JOSEError(.badKey, "\"kid\" is a text of 1 to \(JOSELimits.keyID) bytes")
            }
            id = text
        }
        algorithm = object["alg"]?.string
        if let value = object["use"] {
            guard let use = value.string.flatMap(Use.init(rawValue:)) else {
                throw JOSEError(.badKey, "\"use\" is \"sig\" or \"enc\"")
            }
            self.use = use
        }
    }

    /// Reads a key from text.
    public init(parsing text: String) throws(JOSEError) {
        let json: JSON
        do { json = try JSON.parse(text, limits: JOSELimits.keyText) } catch {
            throw JOSEError(.badKey, "the key is no JSON: \(error.code.rawValue)")
        }
        try self.init(json)
    }

    /// The key as JSON. A private or shared key is shown whole: for the daemon's own files alone.
    public var json: JSON {
        var object = JSONObject()
        func set(_ name: String, _ bytes: [UInt8]) { object[name] = .string(Base64URL.encode(bytes)) }
        switch material {
        case .secret(let secret):
            object["kty"] = "oct"
            set("k", secret)
        case .ellipticPublic(let key): Self.write(key, to: &object)
        case .ellipticPrivate(let key):
            Self.write(key.publicKey, to: &object)
            set("d", key.d)
        case .rsaPublic(let key):
            object["kty"] = "RSA"
            set("n", key.modulus)
            set("e", key.exponent)
        }
        if let id { object["kid"] = .string(id) }
        if let algorithm { object["alg"] = .string(algorithm) }
        if let use { object["use"] = .string(use.rawValue) }
        return .object(object)
    }

    /// The public half; nil for a shared key, which has none.
    public var publicKey: JSONWebKey? {
        switch material {
        case .secret: nil
        case .ellipticPublic, .rsaPublic: self
        case .ellipticPrivate(let key):
            JSONWebKey(.ellipticPublic(key.publicKey), id: id, algorithm: algorithm, use: use)
        }
    }

    /// The SHA-256 thumbprint (RFC 7638) as base64url: a `kid` that everybody computes alike.
    public var thumbprint: String {
        // The members are in the order that the RFC wants: lexicographic.
        let text: String
        switch material {
        case .secret(let secret): text = #"{"k":"\#(Base64URL.encode(secret))","kty":"oct"}"#
        case .ellipticPublic(let key): text = Self.canonical(key)
        case .ellipticPrivate(let key): text = Self.canonical(key.publicKey)
        case .rsaPublic(let key):
            text = #"{"e":"\#(Base64URL.encode(key.exponent))","kty":"RSA","n":"\#(Base64URL.encode(key.modulus))"}"#
        }
        return Base64URL.encode(Cryptography.sha256(Array(text.utf8)))
    }

    private static func canonical(_ key: EllipticPublicKey) -> String {
        #"{"crv":"\#(key.curve.rawValue)","kty":"EC","x":"\#(Base64URL.encode(key.x))","y":"\#(Base64URL.encode(key.y))"}"#
    }

    private static func write(_ key: EllipticPublicKey, to object: inout JSONObject) {
        object["kty"] = "EC"
        object["crv"] = .string(key.curve.rawValue)
        object["x"] = .string(Base64URL.encode(key.x))
        object["y"] = .string(Base64URL.encode(key.y))
    }
}
