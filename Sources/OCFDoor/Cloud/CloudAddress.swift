/// Where a cloud is: the `coaps+tcp://host:port` of `cis` and of redirects.
public struct CloudAddress: Sendable, Hashable, CustomStringConvertible {
    /// A DNS name or an IP address, IPv6 without its brackets.
    public let host: String
    /// The TCP port.
    public let port: Int

    /// The port of `coaps+tcp` when none is written (RFC 8323 §8.2).
    public static let defaultPort = 5684

    /// The longest address taken, in bytes: a DNS name has 253 at most, scheme and port come to that.
    public static let longest = 300

    /// The address that a URI gives; nil when its scheme is another, since a cloud without TLS is none, or when it has
    /// more than host and port.
    public init?(_ uri: String) {
        let scheme = "coaps+tcp://"
        guard uri.utf8.count <= Self.longest, uri.lowercased().hasPrefix(scheme) else { return nil }
        var rest = uri.dropFirst(scheme.count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let host: Substring
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
            guard host.utf8.allSatisfy({ Self.isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { return nil }
        } else {
            host = rest.prefix { $0 != ":" }
            rest = rest[host.endIndex...]
            guard host.utf8.allSatisfy(Self.isNameByte) else { return nil }
        }
        guard !host.isEmpty else { return nil }
        if rest.isEmpty {
            port = Self.defaultPort
        } else {
            let digits = rest.dropFirst()
            guard rest.first == ":", !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let port = UInt16(digits), port > 0
            else { return nil }
            self.port = Int(port)
        }
        self.host = String(host)
    }

    /// The URI, the port always written.
    public var description: String {
        host.contains(":") ? "coaps+tcp://[\(host)]:\(port)" : "coaps+tcp://\(host):\(port)"
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}
