import CMbedTLS

/// What the extended key usage extension of a certificate allows (RFC 5280 4.2.1.12).
public struct ExtendedKeyUsage: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt32
    /// A set of usages.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// anyExtendedKeyUsage.
    public static let any = ExtendedKeyUsage(rawValue: UInt32(GH_USAGE_ANY))
    /// TLS server.
    public static let server = ExtendedKeyUsage(rawValue: UInt32(GH_USAGE_SERVER))
    /// TLS client.
    public static let client = ExtendedKeyUsage(rawValue: UInt32(GH_USAGE_CLIENT))
    /// OCF identity, 1.3.6.1.4.1.44924.1.6.
    public static let ocfIdentity = ExtendedKeyUsage(rawValue: UInt32(GH_USAGE_OCF_IDENTITY))
    /// OCF role, 1.3.6.1.4.1.44924.1.7.
    public static let ocfRole = ExtendedKeyUsage(rawValue: UInt32(GH_USAGE_OCF_ROLE))
}

/// An X.509 certificate: its DER, and what is read of it.
public struct Certificate: Sendable {
    /// The certificate itself.
    public let der: [UInt8]
    /// The subject as text, "CN=uuid:…, O=…".
    public let subject: String
    /// The issuer as text.
    public let issuer: String
    /// The first CN of the subject.
    public let commonName: String?
    /// The serial number in upper-case hex.
    public let serial: String
    /// First second of validity, in seconds since 1970.
    public let notBefore: Int64
    /// Last second of validity, in seconds since 1970.
    public let notAfter: Int64
    /// What the extended key usage allows; nil without the extension.
    public let extendedKeyUsage: ExtendedKeyUsage?
    /// Whether it may issue others.
    public let isAuthority: Bool
    /// "DNS:a.example", "IP:192.0.2.1", "URI://sp.example/gw". What is no printable ASCII, and a comma, reads "?".
    public let alternativeNames: [String]
    /// The uuid in lower case, when the subject has exactly one CN and that is "uuid:" and a uuid.
    public let ocfUUID: String?
    /// Where it was read: a file and line, for messages.
    public let origin: String?

    /// A certificate in DER. Throws `.malformedCertificate`.
    public init(der: [UInt8], origin: String? = nil) throws(TLSError) {
        var info = gh_cert_info()
        guard gh_cert_info_of(der, der.count, &info) == GH_OK else {
            throw TLSError(
                .malformedCertificate,
                "\(origin ?? "certificate"): is no X.509 certificate\(TLSError.libraryText())")
        }
        self.init(der: der, info: info, origin: origin)
    }

    init(der: [UInt8], info: gh_cert_info, origin: String?) {
        self.der = der
        self.origin = origin
        subject = cText(info.subject)
        issuer = cText(info.issuer)
        serial = cText(info.serial)
        notBefore = info.not_before
        notAfter = info.not_after
        isAuthority = info.is_ca != 0
        let usage = info.extended_key_usage
        extendedKeyUsage =
            usage & UInt32(GH_USAGE_PRESENT) == 0
            ? nil : ExtendedKeyUsage(rawValue: usage & ~UInt32(GH_USAGE_PRESENT))
        alternativeNames = Self.listed(cText(info.alternative_names))
        let name = withUnsafeBytes(of: info.common_name) {
            String(decoding: $0.prefix(Int(info.common_name_length)), as: UTF8.self)
        }
        commonName = info.common_name_count > 0 ? name : nil
        ocfUUID = info.common_name_count == 1 ? OCFIdentity.uuid(inCommonName: name) : nil
    }

    /// SHA-256 of the DER: 32 bytes.
    public var fingerprint: [UInt8] { Cryptography.sha256(der) }

    /// The public key as SubjectPublicKeyInfo.
    public func publicKey() throws(TLSError) -> PublicKey {
        PublicKey(
            unchecked: try derOutput(capacity: 2048, .malformedCertificate, "public key of \(subject)") {
                gh_cert_public_der(der, der.count, $0, $1)
            })
    }

    /// As PEM, with a final line end.
    public var pem: String { PEM.text(label: "CERTIFICATE", der) }

    /// How messages name it: subject and, when known, file.
    public var label: String { origin.map { "\(subject) (\($0))" } ?? subject }

    private static func listed(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.drop(while: { $0 == " " })) }
    }
}

extension Certificate: Hashable {
    /// Whether the bytes are equal.
    public static func == (left: Certificate, right: Certificate) -> Bool { left.der == right.der }
    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(der) }
}

/// Names of OCF identities (common name "uuid:<device id>").
public enum OCFIdentity {
    /// The uuid in lower case of "uuid:…"; nil for anything else.
    public static func uuid(inCommonName name: String) -> String? {
        guard name.hasPrefix("uuid:") else { return nil }
        let uuid = name.dropFirst(5)
        return isUUID(uuid) ? uuid.lowercased() : nil
    }

    /// 8-4-4-4-12 hex digits.
    static func isUUID(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        for (index, byte) in bytes.enumerated() {
            switch index {
            case 8, 13, 18, 23:
                guard byte == UInt8(ascii: "-") else { return false }
            default:
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                    UInt8(ascii: "A")...UInt8(ascii: "F"):
                    break
                default: return false
                }
            }
        }
        return true
    }
}

/// The text of a C array of characters that ends with NUL.
func cText<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// Runs a shim function that writes at most `capacity` bytes and answers their number.
func derOutput(
    capacity: Int, _ code: TLSError.Code, _ what: String,
    _ body: (UnsafeMutablePointer<UInt8>?, Int) -> Int
) throws(TLSError) -> [UInt8] {
    var status = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        status = body(buffer.baseAddress, capacity)
        count = max(0, status)
    }
    guard status >= 0 else { throw TLSError(code, "\(what): failed\(TLSError.libraryText())") }
    return bytes
}
