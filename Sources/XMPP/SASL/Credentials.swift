/// What an account shows of itself. Never logged: its description tells nothing.
public struct Credentials: Sendable, Hashable {
    /// The password, in UTF-8; a component's secret.
    public var password: [UInt8]?
    /// Whether the certificate of the TLS configuration is used (EXTERNAL).
    public var isExternal: Bool
    /// Whether the password may be told to the server itself (PLAIN), over TLS.
    public var allowsPlain: Bool

    /// Credentials of these parts.
    public init(password: [UInt8]?, isExternal: Bool, allowsPlain: Bool) {
        self.password = password
        self.isExternal = isExternal
        self.allowsPlain = allowsPlain
    }

    /// A password.
    public static func password(_ password: [UInt8], allowsPlain: Bool = false) -> Credentials {
        Credentials(password: password, isExternal: false, allowsPlain: allowsPlain)
    }

    /// A certificate, and a password for servers that do not take it.
    public static func certificate(orPassword password: [UInt8]? = nil) -> Credentials {
        Credentials(password: password, isExternal: true, allowsPlain: false)
    }
}

extension Credentials {
    /// The password as SCRAM salts it (RFC 5802 2.2).
    func prepared() throws(SASLFault) -> [UInt8] {
        guard let text = String(validating: password ?? [], as: UTF8.self) else {
            throw SASLFault(.credentials, "the password is not UTF-8")
        }
        return Array(try PasswordPreparation.prepared(text, "password").utf8)
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Which kinds there are.
    public var description: String { "Credentials(\(isExternal ? "certificate" : "password"))" }
    /// Which kinds there are.
    public var debugDescription: String { description }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
