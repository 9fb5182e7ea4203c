/// The types of credentials: `credtype` (one bit) and `sct` of `oic.r.doxm` (any).
public struct CredentialTypes: OptionSet, Sendable, Hashable {
    /// The bits as on the wire, 0 to 511; 0 is the empty credential.
    public let rawValue: Int
    /// A set of these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A key that two devices share.
    public static let pairwiseKey = CredentialTypes(rawValue: 1)
    /// A key that a group shares.
    public static let groupKey = CredentialTypes(rawValue: 2)
    /// A signing key.
    public static let signingKey = CredentialTypes(rawValue: 4)
    /// A signing key with its certificate, or a certificate alone.
    public static let certificate = CredentialTypes(rawValue: 8)
    /// A PIN or password.
    public static let password = CredentialTypes(rawValue: 16)
    /// An asymmetric encryption key.
    public static let encryptionKey = CredentialTypes(rawValue: 32)
    /// An OSCORE context.
    public static let oscore = CredentialTypes(rawValue: 64)
    /// A multicast client's OSCORE context.
    public static let oscoreMulticastClient = CredentialTypes(rawValue: 128)
    /// A multicast server's OSCORE context.
    public static let oscoreMulticastServer = CredentialTypes(rawValue: 256)

    /// Whether it is what `credtype` may be: one type, or the empty one.
    public var isSingle: Bool { rawValue & (rawValue - 1) == 0 }
}

/// One entry of `oic.r.cred`, and of `oic.r.roles`.
public struct Credential: Sendable, Hashable {
    /// Whom it belongs to: `subjectuuid`.
    public enum Subject: Sendable, Hashable, CustomStringConvertible {
        /// A device.
        case device(Identifier)
        /// "*": anybody; for trust anchors.
        case anyone

        /// The text on the wire.
        public var description: String {
            switch self {
            case .device(let id): id.description
            case .anyone: "*"
            }
        }

        /// The subject of this text.
        public init?(_ text: String) {
            if text == "*" {
                self = .anyone
            } else if let id = Identifier(text) {
                self = .device(id)
            } else {
                return nil
            }
        }
    }

    /// What it is for: `credusage`.
    public enum Usage: String, Sendable, Hashable, CaseIterable {
        /// A root that peers' certificates lead to.
        case trustAnchor = "oic.sec.cred.trustca"
        /// The device's identity certificate.
        case identity = "oic.sec.cred.cert"
        /// A role certificate.
        case role = "oic.sec.cred.rolecert"
        /// A root that manufacturers' certificates lead to.
        case manufacturerTrustAnchor = "oic.sec.cred.mfgtrustca"
        /// The manufacturer's certificate of the device.
        case manufacturerCertificate = "oic.sec.cred.mfgcert"
    }

    /// How ``Data`` is to be understood: `encoding`.
    public enum Encoding: String, Sendable, Hashable, CaseIterable {
        /// PEM text.
        case pem = "oic.sec.encoding.pem"
        /// Base64 text.
        case base64 = "oic.sec.encoding.base64"
        /// The octets; as text, in hexadecimal.
        case raw = "oic.sec.encoding.raw"
        /// Kept elsewhere, under a number.
        case handle = "oic.sec.encoding.handle"
        /// DER octets.
        case der = "oic.sec.encoding.der"
        /// A JSON web token.
        case jwt = "oic.sec.encoding.jwt"
        /// A CBOR web token.
        case cwt = "oic.sec.encoding.cwt"
        /// An address.
        case uri = "oic.sec.encoding.uri"
    }

    /// `data`, as text or as a byte string.
    public enum Data: Sendable, Hashable {
        /// Text.
        case text(String)
        /// A byte string.
        case bytes([UInt8])

        /// Whether there is nothing in it.
        public var isEmpty: Bool {
            switch self {
            case .text(let text): text.isEmpty
            case .bytes(let bytes): bytes.isEmpty
            }
        }
    }

    /// `publicdata`.
    public struct PublicData: Sendable, Hashable {
        /// `data`.
        public var data: Data?
        /// `encoding`.
        public var encoding: Encoding?

        /// Public data, by default PEM.
        public init(_ data: Data?, encoding: Encoding? = .pem) {
            self.data = data
            self.encoding = encoding
        }
    }

    /// `privatedata`: nobody reads its data, and it is never printed.
    public struct PrivateData: Sendable, Hashable {
        /// `data`.
        public var data: Data
        /// `encoding`.
        public var encoding: Encoding
        /// `handle`.
        public var handle: Int?

        /// Private data.
        public init(_ data: Data, encoding: Encoding, handle: Int? = nil) {
            self.data = data
            self.encoding = encoding
            self.handle = handle
        }

        /// The key's octets, when ``encoding`` is raw or Base64 and ``data`` is what it says.
        public var key: [UInt8]? {
            switch (encoding, data) {
            case (.raw, .bytes(let bytes)): bytes
            case (.raw, .text(let text)): TextEncodings.octets(hexadecimal: text)
            case (.base64, .text(let text)): TextEncodings.octets(base64: text)
            case (.base64, .bytes(let bytes)): TextEncodings.octets(base64: String(decoding: bytes, as: UTF8.self))
            default: nil
            }
        }
    }

    /// `optionaldata`: of a role the issuer's certificate, else revocation status.
    public struct OptionalData: Sendable, Hashable {
        /// `revstat`.
        public var isRevoked: Bool
        /// `data`.
        public var data: Data?
        /// `encoding`.
        public var encoding: Encoding?

        /// Optional data.
        public init(isRevoked: Bool, data: Data? = nil, encoding: Encoding? = nil) {
            self.isRevoked = isRevoked
            self.data = data
            self.encoding = encoding
        }
    }

    /// How it may be refreshed: `crms`.
    public enum RefreshMethod: String, Sendable, Hashable, CaseIterable {
        /// By a provisioning service.
        case provisioning = "oic.sec.crm.pro"
        /// By key agreement with a random PIN.
        case randomPIN = "oic.sec.crm.rdp"
        /// By key agreement.
        case keyAgreement = "oic.sec.crm.psk"
        /// By a key distribution service.
        case keyDistribution = "oic.sec.crm.skdc"
        /// By a PKCS #10 request to an authority.
        case certificateRequest = "oic.sec.crm.pk10"
    }

    /// `oscore`.
    public struct OSCOREContext: Sendable, Hashable {
        /// `senderid`, hexadecimal.
        public var senderID: String?
        /// `recipientid`, hexadecimal.
        public var recipientID: String?
        /// `ssn`, which the device counts.
        public var sequenceNumber: Int?
        /// `desc`.
        public var text: String?
    }

    /// `credid`, unique in its list; 0 while none is assigned.
    public internal(set) var id: Int
    /// `subjectuuid`.
    public var subject: Subject
    /// `credtype`.
    public var type: CredentialTypes
    /// `credusage`.
    public var usage: Usage?
    /// `publicdata`.
    public var publicData: PublicData?
    /// `privatedata`.
    public var privateData: PrivateData?
    /// `optionaldata`.
    public var optionalData: OptionalData?
    /// `roleid`: the role that whoever uses this key has.
    public var role: Requester.Role?
    /// `period`: when it is valid.
    public var period: String?
    /// `crms`.
    public var refreshMethods: [RefreshMethod]
    /// `oscore`.
    public var oscore: OSCOREContext?

    /// A credential.
    public init(
        id: Int = 0, subject: Subject, type: CredentialTypes, usage: Usage? = nil, publicData: PublicData? = nil,
        privateData: PrivateData? = nil, optionalData: OptionalData? = nil, role: Requester.Role? = nil,
        period: String? = nil, refreshMethods: [RefreshMethod] = [], oscore: OSCOREContext? = nil
    ) {
        self.id = id
        self.subject = subject
        self.type = type
        self.usage = usage
        self.publicData = publicData
        self.privateData = privateData
        self.optionalData = optionalData
        self.role = role
        self.period = period
        self.refreshMethods = refreshMethods
        self.oscore = oscore
    }

    /// A key that the device shares with another: 16 octets.
    public static func pairwiseKey(_ key: [UInt8], with peer: Identifier, id: Int = 0) -> Credential {
        Credential(
            id: id, subject: .device(peer), type: .pairwiseKey,
            privateData: PrivateData(.bytes(key), encoding: .raw))
    }

    /// A certificate, or a chain of them with the leaf first.
    public static func certificate(
        pem: String, _ usage: Usage, subject: Subject, privateKey: String? = nil, id: Int = 0
    ) -> Credential {
        Credential(
            id: id, subject: subject, type: .certificate, usage: usage, publicData: PublicData(.text(pem)),
            privateData: privateKey.map { PrivateData(.text($0), encoding: .pem) })
    }

    /// The PEM text of ``publicData``.
    public var publicPEM: String? { Self.pem(publicData?.data, publicData?.encoding) }
    /// The PEM text of ``optionalData``.
    public var optionalPEM: String? { Self.pem(optionalData?.data, optionalData?.encoding) }

    private static func pem(_ data: Data?, _ encoding: Encoding?) -> String? {
        guard encoding == nil || encoding == .pem else { return nil }
        return switch data {
        case .text(let text)? where !text.isEmpty: text
        case .bytes(let bytes)? where !bytes.isEmpty: String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// Whether it can be used at this time: not revoked, and within its period. Without a clock (nil) what has a period
    /// cannot.
    public func isUsable(at now: Int64?) -> Bool {
        if optionalData?.isRevoked == true { return false }
        guard let period else { return true }
        guard let now, let span = CalendarPeriod(period) else { return false }
        return span.contains(now)
    }
}

extension Credential.PrivateData: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The encoding alone.
    public var description: String { "PrivateData(\(encoding.rawValue))" }
    /// The encoding alone.
    public var debugDescription: String { description }
    /// Shows nothing, so that no dump shows a secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
