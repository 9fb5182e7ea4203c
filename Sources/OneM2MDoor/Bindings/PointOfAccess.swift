/// Where an entity is reached: a point of access as `poa` and `nu` give it, taken apart (TS-0001 9.6.3, 9.6.5).
///
/// `http://10.0.0.7:8080/base`, `coap://[2001:db8::1]`, `coaps://gw.example`, and `coap+tcp://…`.
public struct PointOfAccess: Sendable, Hashable {
    /// The bindings that are spoken here.
    public enum Scheme: String, Sendable, Hashable, CaseIterable {
        /// HTTP in the clear.
        case http
        /// HTTP over TLS.
        case https
        /// CoAP over UDP.
        case coap
        /// CoAP over DTLS.
        case coaps

        /// Whether somebody is between who would read along.
        public var isSecure: Bool { self == .https || self == .coaps }

        /// The port when none is given.
        public var defaultPort: Int {
            switch self {
            case .http: 80
            case .https: 443
            case .coap: 5683
            case .coaps: 5684
            }
        }
    }

    /// How it is spoken to.
    public let scheme: Scheme
    /// A name in lower case, or an address in numbers without brackets.
    public let host: String
    /// 1 to 65,535.
    public let port: Int
    /// What stands before the path of a resource, such as `/base`; empty, or with a leading and no trailing slash.
    public let path: String

    /// The longest that is read: a name of 253 bytes, a port, and a path.
    public static let maximumLength = 1024

    /// The point of access of a text; nil for one that is not understood, has a user, a query or a fragment.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            let scheme = Scheme(rawValue: String(text[..<colon]).lowercased())
        else { return nil }
        var rest = text[text.index(after: colon)...]
        guard rest.hasPrefix("//") else { return nil }
        rest = rest.dropFirst(2)
        let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let authority = rest[..<slash]
        var path = String(rest[slash...])
        guard !rest.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }),
            !authority.utf8.contains(UInt8(ascii: "@"))
        else { return nil }
        while path.hasSuffix("/") { path.removeLast() }
        let hostEnd: Substring.Index
        if authority.hasPrefix("[") {
            guard let end = authority.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<end]).lowercased()
            hostEnd = authority.index(after: end)
        } else {
            hostEnd = authority.utf8.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            host = String(authority[..<hostEnd]).lowercased()
        }
        let portText = authority[hostEnd...]
        if portText.isEmpty || portText == ":" {
            port = scheme.defaultPort
        } else {
            guard portText.first == ":", portText.utf8.count <= 6, let number = Int(portText.dropFirst()),
                (1...65_535).contains(number)
            else { return nil }
            port = number
        }
        guard (1...253).contains(host.utf8.count) else { return nil }
        self.scheme = scheme
        self.path = path
    }

    /// Host and port as `Host` and logs show them; the port is left out when it is the scheme's own.
    public var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }

    /// The server alone, without the path.
    public var server: Server { Server(scheme: scheme, host: host, port: port) }

    /// What connections are kept by.
    public struct Server: Sendable, Hashable {
        /// How it is spoken to.
        public let scheme: Scheme
        /// Name or address.
        public let host: String
        /// The port.
        public let port: Int
    }
}

extension PointOfAccess: CustomStringConvertible {
    /// The text.
    public var description: String { "\(scheme.rawValue)://\(authority)\(path)" }
}
