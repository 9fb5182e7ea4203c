import CMbedTLS

/// A small certificate authority: for demonstrations, for tests, and for a house that has no other.
public struct CertificateIssuer: Sendable {
    /// The authority's own certificate.
    public let certificate: Certificate
    private let key: PrivateKey

    /// When a certificate is valid, both ends included.
    public struct Validity: Sendable, Hashable {
        /// Seconds since 1970.
        public var from: Int64
        /// Seconds since 1970.
        public var to: Int64
        /// From one second to another.
        public init(from: Int64, to: Int64) {
            self.from = from
            self.to = to
        }
        /// From an hour ago (clocks differ) for a number of days.
        public static func days(_ days: Int64, now: Int64 = ValidityClock.system.now()) -> Validity {
            Validity(from: now - 3600, to: now + days * 86400)
        }
    }

    /// A role that a certificate gives (OCF security, "Role certificates").
    public struct Role: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Who gives it its meaning, when named.
        public var authority: String?

        /// A role.
        public init(_ name: String, authority: String? = nil) {
            self.name = name
            self.authority = authority
        }
    }

    /// What a certificate is to say.
    public struct Order: Sendable {
        /// The common name: "uuid:…" for OCF, a host for others.
        public var commonName: String
        /// The key to certify.
        public var publicKey: PublicKey
        /// When it is valid.
        public var validity: Validity
        /// Extended key usage; nil leaves the extension out.
        public var usage: ExtendedKeyUsage?
        /// DNS names, IP addresses (as text) and URIs (with "URI:" before them) of the subjectAltName.
        public var names: [String]
        /// Roles of the subjectAltName, which stand in a role certificate.
        public var roles: [Role] = []
        /// Whether it may issue others.
        public var isAuthority: Bool

        /// A leaf by default.
        public init(
            commonName: String, publicKey: PublicKey, validity: Validity,
            usage: ExtendedKeyUsage? = [.server, .client], names: [String] = [], isAuthority: Bool = false
        ) {
            self.commonName = commonName
            self.publicKey = publicKey
            self.validity = validity
            self.usage = usage
            self.names = names
            self.isAuthority = isAuthority
        }

        /// An OCF identity: CN uuid:…, its extended key usage beside client and server.
        public static func ocfIdentity(uuid: String, publicKey: PublicKey, validity: Validity) -> Order {
            Order(
                commonName: "uuid:\(uuid)", publicKey: publicKey, validity: validity,
                usage: [.server, .client, .ocfIdentity])
        }

        /// An OCF role certificate: CN uuid:…, its extended key usage beside client and server, and at least one role.
        public static func ocfRole(
            _ roles: [Role], uuid: String, publicKey: PublicKey, validity: Validity
        ) -> Order {
            var order = Order(
                commonName: "uuid:\(uuid)", publicKey: publicKey, validity: validity,
                usage: [.server, .client, .ocfRole])
            order.roles = roles
            return order
        }
    }

    /// An authority with its certificate and key.
    public init(certificate: Certificate, key: PrivateKey) throws(TLSError) {
        guard key.fits(certificate) else {
            throw TLSError(.keyMismatch, "the key does not belong to \(certificate.label)")
        }
        self.certificate = certificate
        self.key = key
    }

    /// A new root that signs itself.
    public static func root(
        commonName: String, key: PrivateKey, validity: Validity
    ) throws(TLSError) -> CertificateIssuer {
        let order = Order(
            commonName: commonName, publicKey: try key.publicKey(), validity: validity, usage: nil, isAuthority: true)
        let certificate = try issue(order, issuer: "CN=\(commonName)", key: key)
        return try CertificateIssuer(certificate: certificate, key: key)
    }

    /// A certificate signed by this authority.
    public func issue(_ order: Order) throws(TLSError) -> Certificate {
        try Self.issue(order, issuer: certificate.subject, key: key)
    }

    /// The authority below this one.
    public func subordinate(_ order: Order, key: PrivateKey) throws(TLSError) -> CertificateIssuer {
        var order = order
        order.isAuthority = true
        return try CertificateIssuer(certificate: try issue(order), key: key)
    }

    private static func issue(_ order: Order, issuer: String, key: PrivateKey) throws(TLSError) -> Certificate {
        // The library's text form of names has separators of its own; a name that needs them is refused.
        guard !order.commonName.isEmpty, order.commonName.utf8.count <= 64,
            order.commonName.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\\") })
        else {
            throw TLSError(
                .malformedRequest,
                "common name \"\(order.commonName)\": expected 1 to 64 bytes without comma or backslash")
        }
        // RFC 5280 4.1.2.2: positive, at most 20 bytes. 15 random bytes after a first byte of 1 to 127 are both.
        let serial = [Cryptography.random(1)[0] & 0x7F | 0x01] + Cryptography.random(15)
        let usage = order.usage.map(DER.extendedKeyUsage) ?? []
        // X.520's bound of common names and of units.
        for text in order.roles.flatMap({ [$0.name, $0.authority ?? "-"] }) where !(1...64).contains(text.utf8.count) {
            throw TLSError(.malformedRequest, "role \"\(text)\": expected 1 to 64 bytes")
        }
        let hasNames = !order.names.isEmpty || !order.roles.isEmpty
        let names = hasNames ? DER.alternativeNames(order.names, roles: order.roles) : []
        // digitalSignature + keyAgreement is what OCF asks of an identity, keyCertSign + cRLSign of an authority.
        let keyUsage: UInt32 = order.isAuthority ? 0x06 : 0x88
        let subject = "CN=\(order.commonName)"
        let notBefore = CertificateTime.compact(order.validity.from)
        let notAfter = CertificateTime.compact(order.validity.to)
        let spki = order.publicKey.der
        let der = try derOutput(capacity: 8192, .malformedRequest, "certificate for \(subject)") { output, capacity in
            key.withPointer {
                gh_cert_issue(
                    $0, issuer, subject, spki, spki.count, serial, serial.count, notBefore, notAfter,
                    order.isAuthority ? 1 : 0, keyUsage, usage, usage.count, names, names.count, output, capacity)
            }
        }
        return try Certificate(der: der)
    }
}
