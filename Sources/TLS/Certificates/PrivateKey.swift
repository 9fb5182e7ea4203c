import CMbedTLS

/// A private key, EC or RSA.
public struct PrivateKey: Sendable {
    private let storage: LibraryObject
    /// The file it was read from, for messages.
    public let origin: String?

    /// A new key on P-256, the curve of OCF.
    public static func generateP256() throws(TLSError) -> PrivateKey {
        guard let pointer = gh_key_generate_p256() else {
            throw TLSError(.internalError, "no P-256 key could be made\(TLSError.libraryText())")
        }
        return PrivateKey(storage: LibraryObject(pointer) { gh_key_free($0) }, origin: nil)
    }

    /// The first private key block of a PEM text: SEC 1, PKCS #1 or PKCS #8 without a password.
    public init(pem: String, origin: String = "PEM text") throws(TLSError) {
        try self.init(text: Array(pem.utf8), origin: origin)
    }

    /// The first private key block of a PEM file.
    public init(file: String) throws(TLSError) {
        try self.init(text: PEM.read(file: file), origin: file)
    }

    /// A key in DER: SEC 1, PKCS #1 or PKCS #8.
    public init(der: [UInt8], origin: String? = nil) throws(TLSError) {
        let name = origin ?? "private key"
        var status: Int32 = 0
        guard let pointer = gh_key_parse(der, der.count, &status) else {
            switch status {
            case GH_EPASSWORD:
                throw TLSError(.encryptedKey, "\(name): is encrypted; take the password off")
            case GH_EUNSUPPORTED:
                throw TLSError(.unsupportedKey, "\(name): expected an EC key (P-256, P-384) or an RSA key")
            case GH_EMEMORY:
                throw TLSError(.outOfMemory, "\(name): no memory")
            default:
                throw TLSError(.malformedKey, "\(name): is no private key\(TLSError.libraryText())")
            }
        }
        self.init(storage: LibraryObject(pointer) { gh_key_free($0) }, origin: origin)
    }

    private init(text: [UInt8], origin: String) throws(TLSError) {
        let blocks = try PEM.blocks(in: text, origin: origin)
        guard let block = blocks.first(where: { $0.label.hasSuffix("PRIVATE KEY") }) else {
            throw TLSError(.malformedKey, "\(origin): found no PRIVATE KEY block; expected one")
        }
        guard block.label != "ENCRYPTED PRIVATE KEY" else {
            throw TLSError(.encryptedKey, "\(origin):\(block.line): is encrypted; take the password off")
        }
        try self.init(der: block.bytes, origin: origin)
    }

    /// A key that was just made by the shim.
    init(owning pointer: OpaquePointer) {
        self.init(storage: LibraryObject(pointer) { gh_key_free($0) }, origin: nil)
    }

    private init(storage: LibraryObject, origin: String?) {
        self.storage = storage
        self.origin = origin
    }

    /// Whether it is an EC key (else RSA).
    public var isEllipticCurve: Bool { storage.withPointer { gh_key_kind_of($0) == GH_KEY_EC } }

    /// The size of the curve or of the modulus.
    public var bits: Int { storage.withPointer { Int(gh_key_bits($0)) } }

    /// SEC 1 or PKCS #1. Holds the secret: store it for the daemon's user alone.
    public func der() throws(TLSError) -> [UInt8] {
        // RSA with 4096 bits takes 2.4 kB.
        try storage.output(capacity: 6144, "private key") { gh_key_private_der($0, $1, $2) }
    }

    /// PEM of `der()`.
    public func pem() throws(TLSError) -> String {
        PEM.text(label: isEllipticCurve ? "EC PRIVATE KEY" : "RSA PRIVATE KEY", try der())
    }

    /// The public half.
    public func publicKey() throws(TLSError) -> PublicKey {
        PublicKey(unchecked: try storage.output(capacity: 2048, "public key") { gh_key_public_der($0, $1, $2) })
    }

    /// Whether the key belongs to the certificate.
    public func fits(_ certificate: Certificate) -> Bool {
        storage.withPointer { gh_cert_fits_key(certificate.der, certificate.der.count, $0) == GH_OK }
    }

    /// A signature over SHA-256 of `message`: ECDSA in DER, or RSA PKCS #1 v1.5.
    public func signature(for message: [UInt8]) throws(TLSError) -> [UInt8] {
        let hash = Cryptography.sha256(message)
        return try storage.output(capacity: 1088, "signature") { gh_key_sign($0, hash, $1, $2) }
    }

    /// An ECDSA signature over SHA-256 as r || s, the form of JWS and COSE (RFC 7518 3.4).
    public func rawSignature(for message: [UInt8]) throws(TLSError) -> [UInt8] {
        guard isEllipticCurve else {
            throw TLSError(.unsupportedKey, "r || s signatures are made with EC keys; this one is RSA")
        }
        let signature = try signature(for: message)
        let width = (bits + 7) / 8
        return try derOutput(capacity: 2 * width, .internalError, "signature") { output, _ in
            let status = gh_signature_to_raw(signature, signature.count, output, width)
            return status == GH_OK ? 2 * width : Int(status)
        }
    }

    /// Runs `body` with the shim's key, alone.
    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result { storage.withPointer(body) }
}

/// A public key as SubjectPublicKeyInfo.
public struct PublicKey: Sendable, Hashable {
    /// SubjectPublicKeyInfo in DER.
    public let der: [UInt8]

    init(unchecked der: [UInt8]) { self.der = der }

    /// From SubjectPublicKeyInfo; whether it can be used shows at the first signature.
    public init(der: [UInt8]) { self.der = der }

    /// As PEM.
    public var pem: String { PEM.text(label: "PUBLIC KEY", der) }

    /// Whether `signature` is one of `PrivateKey.signature(for:)` over `message`.
    public func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        gh_public_verify(der, der.count, Cryptography.sha256(message), signature, signature.count) == GH_OK
    }

    /// Whether `raw` is a signature of the form r || s over `message`.
    public func isValid(rawSignature raw: [UInt8], for message: [UInt8]) -> Bool {
        // Two integers of at most 66 bytes (P-521) and their headers.
        guard raw.count > 0, raw.count % 2 == 0, raw.count <= 132,
            let signature = try? derOutput(
                capacity: 160, .badSignature, "signature",
                { gh_signature_from_raw(raw, raw.count / 2, $0, $1) })
        else { return false }
        return isValid(signature: signature, for: message)
    }
}

extension LibraryObject {
    /// What the library writes of a key.
    fileprivate func output(
        capacity: Int, _ what: String, _ body: (OpaquePointer, UnsafeMutablePointer<UInt8>?, Int) -> Int
    ) throws(TLSError) -> [UInt8] {
        try derOutput(capacity: capacity, .internalError, what) { output, capacity in
            withPointer { body($0, output, capacity) }
        }
    }
}
