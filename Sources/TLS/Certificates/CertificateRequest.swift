import CMbedTLS

/// A request for a certificate (PKCS #10, RFC 2986), signed with ECDSA or RSA over SHA-256.
public struct CertificateRequest: Sendable, Hashable {
    /// The request itself.
    public let der: [UInt8]
    /// The subject asked for, as text.
    public let subject: String
    /// The key to certify; whoever made the request has shown to hold it.
    public let publicKey: PublicKey

    /// A request of ours: `subject` like "CN=uuid:…".
    public init(subject: String, key: PrivateKey) throws(TLSError) {
        let der = try derOutput(capacity: 4096, .malformedRequest, "certificate request for \(subject)") { out, size in
            key.withPointer { gh_request_create($0, subject, out, size) }
        }
        try self.init(der: der)
    }

    /// A request of somebody else. Throws `.malformedRequest`, or `.badSignature` when the key is not theirs.
    public init(der: [UInt8]) throws(TLSError) {
        // Names of 256 bytes fit every subject we accept; a public key of RSA with 4096 bits takes 550 bytes.
        var subject = [CChar](repeating: 0, count: 512)
        var publicKey = [UInt8](repeating: 0, count: 2048)
        var length = publicKey.count
        switch gh_request_read(der, der.count, &subject, subject.count, &publicKey, &length) {
        case GH_OK: break
        case GH_ESIGNATURE:
            throw TLSError(.badSignature, "the certificate request is not signed with the key it asks for")
        default:
            throw TLSError(.malformedRequest, "the certificate request cannot be read\(TLSError.libraryText())")
        }
        self.der = der
        self.subject = String(decoding: subject.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.publicKey = PublicKey(unchecked: Array(publicKey[..<length]))
    }

    /// From PEM.
    public init(pem: String) throws(TLSError) {
        let blocks = try PEM.blocks(in: Array(pem.utf8), origin: "certificate request")
        guard let block = blocks.first(where: { $0.label.hasSuffix("CERTIFICATE REQUEST") }) else {
            throw TLSError(.malformedRequest, "found no CERTIFICATE REQUEST block; expected one")
        }
        try self.init(der: block.bytes)
    }

    /// As PEM.
    public var pem: String { PEM.text(label: "CERTIFICATE REQUEST", der) }
}
