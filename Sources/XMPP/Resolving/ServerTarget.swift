/// Where a server is to be reached, and how TLS begins there.
public struct ServerTarget: Sendable, Hashable, CustomStringConvertible {
    /// How TLS begins.
    public enum Security: String, Sendable, Hashable, CaseIterable {
        /// With the connection (XEP-0368).
        case direct
        /// By STARTTLS (RFC 6120 5).
        case startTLS = "starttls"
        /// Not at all: only for a component or a server on the same machine.
        case none
    }

    /// A host name or an address.
    public var host: String
    /// The port.
    public var port: Int
    /// How TLS begins.
    public var security: Security

    /// A target. Without a port: 5222, with direct TLS 5223.
    public init(host: String, port: Int? = nil, security: Security = .startTLS) {
        self.host = host
        self.port = port ?? (security == .direct ? 5223 : 5222)
        self.security = security
    }

    /// "host:port (starttls)".
    public var description: String { "\(host):\(port) (\(security.rawValue))" }

    /// Reads the host of `see-other-host` (RFC 6120 4.9.3.19): a name or address, an IPv6 one in brackets, perhaps a port.
    init?(redirect: String, from target: ServerTarget) {
        guard !redirect.isEmpty, redirect.utf8.count <= 255, redirect.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        var host = redirect[...]
        var port = target.port
        if host.utf8.first == UInt8(ascii: "["), let end = host.firstIndex(of: "]") {
            let rest = host[host.index(after: end)...]
            host = host[host.index(after: host.startIndex)..<end]
            if !rest.isEmpty {
                guard rest.utf8.first == UInt8(ascii: ":"), let given = UInt16(rest.dropFirst()) else { return nil }
                port = Int(given)
            }
        } else if let colon = host.lastIndex(of: ":"), host.firstIndex(of: ":") == colon {
            guard let given = UInt16(host[host.index(after: colon)...]) else { return nil }
            port = Int(given)
            host = host[..<colon]
        }
        guard !host.isEmpty, port > 0 else { return nil }
        self.init(host: String(host), port: port, security: target.security)
    }
}
