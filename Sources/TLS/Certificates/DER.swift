import Glibc

/// The two extension values that the certificate writer is given ready made.
enum DER {
    static func extendedKeyUsage(_ usage: ExtendedKeyUsage) -> [UInt8] {
        var oids: [[UInt8]] = []
        if usage.contains(.server) { oids.append([0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01]) }
        if usage.contains(.client) { oids.append([0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02]) }
        if usage.contains(.ocfIdentity) {
            oids.append([0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xDE, 0x7C, 0x01, 0x06])
        }
        if usage.contains(.ocfRole) { oids.append([0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xDE, 0x7C, 0x01, 0x07]) }
        if usage.contains(.any) { oids.append([0x55, 0x1D, 0x25, 0x00]) }
        return value(0x30, oids.flatMap { value(0x06, $0) })
    }

    /// GeneralNames (RFC 5280 4.2.1.6): what reads as an address is one, what begins with "URI:" is the URI behind it, all
    /// else is a DNS name. Roles are directory
    /// names, CN the role and OU who gives it its meaning (OCF security, "Role certificates").
    static func alternativeNames(_ names: [String], roles: [CertificateIssuer.Role] = []) -> [UInt8] {
        value(
            0x30,
            names.flatMap { name in
                if let address = address(name) { return value(0x87, address) }
                return name.hasPrefix("URI:")
                    ? value(0x86, Array(name.utf8.dropFirst(4))) : value(0x82, Array(name.utf8))
            }
                + roles.flatMap { role in
                    var relative = attribute([0x55, 0x04, 0x03], role.name)
                    if let authority = role.authority { relative += attribute([0x55, 0x04, 0x0B], authority) }
                    return value(0xA4, value(0x30, relative))
                })
    }

    /// A relative distinguished name of one attribute, as UTF-8.
    private static func attribute(_ type: [UInt8], _ text: String) -> [UInt8] {
        value(0x31, value(0x30, value(0x06, type) + value(0x0C, Array(text.utf8))))
    }

    /// The 4 or 16 bytes of an IP address; nil for other text.
    static func address(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        if inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
        return nil
    }

    private static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        if count < 0x100 { return [tag, 0x81, UInt8(count)] + content }
        return [tag, 0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)] + content
    }
}
