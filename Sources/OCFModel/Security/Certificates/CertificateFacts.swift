import TLS

/// The bits of the key usage extension (RFC 5280 §4.2.1.3), the first in the highest place of the first octet.
public struct KeyUsage: OptionSet, Sendable, Hashable {
    /// The first octet of the bit string.
    public let rawValue: UInt8
    /// A set of usages.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Signatures other than those on certificates and revocation lists.
    public static let digitalSignature = KeyUsage(rawValue: 0x80)
    /// Key agreement.
    public static let keyAgreement = KeyUsage(rawValue: 0x08)
    /// Signatures on certificates.
    public static let certificateSigning = KeyUsage(rawValue: 0x04)
    /// Signatures on revocation lists.
    public static let revocationListSigning = KeyUsage(rawValue: 0x02)
}

/// What the rules of OCF ask of a certificate.
public struct CertificateFacts: Sendable, Hashable {
    /// How messages name it.
    public var subject: String
    /// The common names of the subject.
    public var commonNames: [String]
    /// The subject in DER.
    public var subjectName: [UInt8]
    /// The issuer in DER.
    public var issuerName: [UInt8]
    /// The first second of its validity, since 1970.
    public var notBefore: Int64
    /// The last second of its validity, since 1970.
    public var notAfter: Int64
    /// Whether it is an X.509 version 3 certificate.
    public var isVersion3: Bool
    /// Whether basic constraints make it an authority.
    public var isAuthority: Bool
    /// How many authorities may stand below it; nil for any number.
    public var pathLength: Int?
    /// The key usage; nil without the extension.
    public var keyUsage: KeyUsage?
    /// The extended key usage; nil without the extension.
    public var extendedKeyUsage: ExtendedKeyUsage?
    /// The roles: directory names of the subject's alternative names, CN the role and OU its authority.
    public var roles: [Requester.Role]
    /// Whether it is signed with ECDSA and SHA-256.
    public var isSignedWithECDSA: Bool
    /// Whether its key lies on the curve P-256.
    public var isOnP256: Bool
    /// What is signed.
    public var signedBytes: [UInt8]
    /// The signature.
    public var signature: [UInt8]
    /// The public key.
    public var publicKey: PublicKey

    /// Roles in one certificate; a person has a few.
    static let maximumRoles = 16

    /// Reads a certificate; nil when its structure is not that of RFC 5280.
    public init?(_ certificate: Certificate) {
        var outer = DERReader(certificate.der[...])
        guard let whole = outer.next(DERReader.sequence), outer.isAtEnd else { return nil }
        var parts = whole.inner
        guard let body = parts.next(DERReader.sequence), let algorithm = parts.next(DERReader.sequence),
            let signature = parts.next(DERReader.bitString), signature.content.first == 0
        else { return nil }
        var fields = body.inner
        let version = fields.next(DERReader.context(0))
        guard fields.next(DERReader.integer) != nil, let inner = fields.next(DERReader.sequence),
            let issuer = fields.next(DERReader.sequence), fields.next(DERReader.sequence) != nil,
            let subject = fields.next(DERReader.sequence), let key = fields.next(DERReader.sequence),
            inner.content == algorithm.content
        else { return nil }
        self.subject = certificate.label
        notBefore = certificate.notBefore
        notAfter = certificate.notAfter
        extendedKeyUsage = certificate.extendedKeyUsage
        isVersion3 = version.map { Array($0.content) == [0x02, 0x01, 0x02] } ?? false
        subjectName = Array(subject.whole)
        issuerName = Array(issuer.whole)
        commonNames = Self.names(subject, ObjectIdentifier.commonName)
        isSignedWithECDSA = algorithm.inner.first == ObjectIdentifier.ecdsaWithSHA256
        isOnP256 = Self.curve(key) == ObjectIdentifier.p256
        signedBytes = Array(body.whole)
        self.signature = Array(signature.content.dropFirst())
        publicKey = PublicKey(der: Array(key.whole))
        isAuthority = false
        pathLength = nil
        keyUsage = nil
        roles = []
        guard let extensions = Self.extensions(&fields) else { return nil }
        for (identifier, value) in extensions {
            switch identifier {
            case ObjectIdentifier.basicConstraints:
                guard let (isAuthority, pathLength) = Self.basicConstraints(value) else { return nil }
                self.isAuthority = isAuthority
                self.pathLength = pathLength
            case ObjectIdentifier.keyUsage:
                var reader = DERReader(value)
                // The first octet counts unused bits.
                guard let bits = reader.next(DERReader.bitString), let octet = bits.content.dropFirst().first else {
                    return nil
                }
                keyUsage = KeyUsage(rawValue: octet)
                // decipherOnly, the ninth bit, is no usage of OCF; it must not pass for absent.
                if bits.content.count > 2 { keyUsage?.insert(KeyUsage(rawValue: 0x01)) }
            case ObjectIdentifier.subjectAlternativeName:
                guard let roles = Self.roles(value) else { return nil }
                self.roles = roles
            default: break
            }
        }
    }

    // MARK: Parts

    private static func extensions(_ fields: inout DERReader) -> [([UInt8], ArraySlice<UInt8>)]? {
        while let field = fields.next() {
            guard field.tag == DERReader.context(3) else { continue }
            var reader = field.inner
            guard let list = reader.next(DERReader.sequence) else { return nil }
            var items = list.inner
            var extensions: [([UInt8], ArraySlice<UInt8>)] = []
            while let item = items.next(DERReader.sequence) {
                var parts = item.inner
                guard let identifier = parts.next(DERReader.objectIdentifier) else { return nil }
                _ = parts.next(DERReader.boolean)
                guard let value = parts.next(DERReader.octetString), parts.isAtEnd,
                    !extensions.contains(where: { $0.0 == Array(identifier.content) })
                else { return nil }
                extensions.append((Array(identifier.content), value.content))
            }
            return items.isAtEnd ? extensions : nil
        }
        return fields.isAtEnd ? [] : nil
    }

    private static func basicConstraints(_ value: ArraySlice<UInt8>) -> (Bool, Int?)? {
        var reader = DERReader(value)
        guard let constraints = reader.next(DERReader.sequence) else { return nil }
        var parts = constraints.inner
        let isAuthority = parts.next(DERReader.boolean)?.content.first == 0xFF
        var pathLength: Int?
        if let length = parts.next(DERReader.integer) {
            guard length.content.count == 1, let octet = length.content.first, octet < 0x80 else { return nil }
            pathLength = Int(octet)
        }
        return parts.isAtEnd ? (isAuthority, pathLength) : nil
    }

    private static func roles(_ value: ArraySlice<UInt8>) -> [Requester.Role]? {
        var reader = DERReader(value)
        guard let list = reader.next(DERReader.sequence), reader.isAtEnd else { return nil }
        var names = list.inner
        var roles: [Requester.Role] = []
        while let name = names.next() {
            // directoryName, explicit since Name is a choice.
            guard name.tag == DERReader.context(4) else { continue }
            var inner = name.inner
            guard let distinguished = inner.next(DERReader.sequence) else { return nil }
            let commonNames = Self.names(distinguished, ObjectIdentifier.commonName)
            let units = Self.names(distinguished, ObjectIdentifier.organizationalUnit)
            guard commonNames.count == 1, let role = commonNames.first, !role.isEmpty, units.count <= 1 else {
                continue
            }
            guard roles.count < maximumRoles else { return nil }
            roles.append(Requester.Role(role, authority: units.first))
        }
        return names.isAtEnd ? roles : nil
    }

    /// The values of one attribute in a distinguished name.
    private static func names(_ name: DERReader.Element, _ attribute: [UInt8]) -> [String] {
        var values: [String] = []
        var sets = name.inner
        while let set = sets.next(DERReader.set) {
            var pairs = set.inner
            while let pair = pairs.next(DERReader.sequence) {
                var parts = pair.inner
                guard let identifier = parts.next(DERReader.objectIdentifier), let value = parts.next(),
                    Array(identifier.content) == attribute
                else { continue }
                // UTF8String and PrintableString; IA5String by some tools. Other forms are not bytes of text, and count as
                // a name that matches nothing.
                let isText = [0x0C, 0x13, 0x16].contains(value.tag)
                values.append(isText ? String(decoding: value.content, as: UTF8.self) : "")
            }
        }
        return values
    }

    private static func curve(_ key: DERReader.Element) -> [UInt8]? {
        var parts = key.inner
        guard let algorithm = parts.next(DERReader.sequence) else { return nil }
        var identifiers = algorithm.inner
        guard identifiers.next(DERReader.objectIdentifier).map({ Array($0.content) }) == ObjectIdentifier.ecPublicKey
        else { return nil }
        return identifiers.next(DERReader.objectIdentifier).map { Array($0.content) }
    }

    private enum ObjectIdentifier {
        /// 1.2.840.10045.4.3.2
        static let ecdsaWithSHA256: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]
        /// 1.2.840.10045.2.1
        static let ecPublicKey: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        /// 1.2.840.10045.3.1.7
        static let p256: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
        /// 2.5.4.3
        static let commonName: [UInt8] = [0x55, 0x04, 0x03]
        /// 2.5.4.11
        static let organizationalUnit: [UInt8] = [0x55, 0x04, 0x0B]
        /// 2.5.29.15
        static let keyUsage: [UInt8] = [0x55, 0x1D, 0x0F]
        /// 2.5.29.17
        static let subjectAlternativeName: [UInt8] = [0x55, 0x1D, 0x11]
        /// 2.5.29.19
        static let basicConstraints: [UInt8] = [0x55, 0x1D, 0x13]
    }
}

extension DERReader {
    /// The content of the first element when it is an object identifier.
    fileprivate var first: [UInt8]? {
        var reader = self
        return reader.next(DERReader.objectIdentifier).map { Array($0.content) }
    }
}
