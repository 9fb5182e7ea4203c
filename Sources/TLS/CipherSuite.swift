/// A cipher suite of TLS 1.2, by its IANA number.
public struct CipherSuite: RawRepresentable, Sendable, Hashable {
    /// The IANA number.
    public let rawValue: UInt16
    /// A suite by number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    public static let ecdsaAES128GCM = CipherSuite(rawValue: 0xC02B)
    /// TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    public static let ecdsaAES256GCM = CipherSuite(rawValue: 0xC02C)
    /// TLS_ECDHE_ECDSA_WITH_AES_128_CCM
    public static let ecdsaAES128CCM = CipherSuite(rawValue: 0xC0AC)
    /// TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
    public static let ecdsaAES128CCM8 = CipherSuite(rawValue: 0xC0AE)
    /// TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
    public static let ecdsaAES128CBC = CipherSuite(rawValue: 0xC023)
    /// TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384
    public static let ecdsaAES256CBC = CipherSuite(rawValue: 0xC024)
    /// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    public static let rsaAES128GCM = CipherSuite(rawValue: 0xC02F)
    /// TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    public static let rsaAES256GCM = CipherSuite(rawValue: 0xC030)
    /// TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
    public static let rsaAES128CBC = CipherSuite(rawValue: 0xC027)
    /// TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384
    public static let rsaAES256CBC = CipherSuite(rawValue: 0xC028)
    /// TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256
    public static let pskAES128CBC = CipherSuite(rawValue: 0xC037)
    /// OCF's own number for ECDH_anon with AES-128-CBC and SHA-256: nobody proves who they are (just works).
    public static let ocfAnonymous = CipherSuite(rawValue: 0xFF00)

    /// What datagram sessions with certificates offer: ECDHE-ECDSA with AES-128, as OCF's devices have it, the
    /// longer authentication tags first.
    public static let datagram: [CipherSuite] = [.ecdsaAES128GCM, .ecdsaAES128CCM, .ecdsaAES128CCM8]

    /// The preferred first. GCM before CCM: clouds written with Go's library have no CCM, constrained OCF devices
    /// have CCM and CBC. RSA is for hosts of the wider world. Every suite has forward secrecy.
    public static let standard: [CipherSuite] = [
        .ecdsaAES128GCM, .ecdsaAES256GCM, .ecdsaAES128CCM, .ecdsaAES128CCM8, .ecdsaAES128CBC, .ecdsaAES256CBC,
        .rsaAES128GCM, .rsaAES256GCM, .rsaAES128CBC, .rsaAES256CBC,
    ]

    private static let names: [CipherSuite: String] = [
        .ecdsaAES128GCM: "ECDHE-ECDSA-AES128-GCM-SHA256", .ecdsaAES256GCM: "ECDHE-ECDSA-AES256-GCM-SHA384",
        .ecdsaAES128CCM: "ECDHE-ECDSA-AES128-CCM", .ecdsaAES128CCM8: "ECDHE-ECDSA-AES128-CCM8",
        .ecdsaAES128CBC: "ECDHE-ECDSA-AES128-SHA256", .ecdsaAES256CBC: "ECDHE-ECDSA-AES256-SHA384",
        .rsaAES128GCM: "ECDHE-RSA-AES128-GCM-SHA256", .rsaAES256GCM: "ECDHE-RSA-AES256-GCM-SHA384",
        .rsaAES128CBC: "ECDHE-RSA-AES128-SHA256", .rsaAES256CBC: "ECDHE-RSA-AES256-SHA384",
        .pskAES128CBC: "ECDHE-PSK-AES128-CBC-SHA256", .ocfAnonymous: "OCF-ECDH-anon-AES128-CBC-SHA256",
    ]
}

extension CipherSuite: CustomStringConvertible {
    /// The name OpenSSL uses.
    public var description: String {
        Self.names[self] ?? "0x" + String(rawValue, radix: 16, uppercase: true)
    }
}
