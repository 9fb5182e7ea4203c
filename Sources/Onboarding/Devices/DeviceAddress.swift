import OCFModel

/// Where a device is reached: a host with the ports of its plain and its encrypted endpoint.
public struct DeviceAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address in numbers, with its scope where it needs one.
    public var host: String
    /// The port of `coap`; nil when it has none.
    public var plainPort: Int?
    /// The port of `coaps`; nil when it is not known yet.
    public var securePort: Int?

    /// An address.
    public init(host: String, plainPort: Int? = nil, securePort: Int? = nil) {
        self.host = host
        self.plainPort = plainPort
        self.securePort = securePort
    }

    /// Reads `coap://HOST:PORT`, `coaps://HOST:PORT`, `HOST:PORT` or `HOST`; nil for other text. Without a scheme it is
    /// the plain endpoint, by default at 5683, from which the encrypted one is learned.
    public init?(_ text: String) {
        var rest = text[...]
        var isSecure = false
        if rest.hasPrefix("coaps://") {
            isSecure = true
            rest = rest.dropFirst(8)
        } else if rest.hasPrefix("coap://") {
            rest = rest.dropFirst(7)
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let host: Substring
        var port = isSecure ? 5684 : 5683
        let portText: Substring?
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            let tail = rest[rest.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { return nil }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = rest.firstIndex(of: ":"), rest[rest.index(after: colon)...].contains(":") == false {
            host = rest[..<colon]
            portText = rest[rest.index(after: colon)...]
        } else {
            host = rest
            portText = nil
        }
        if let portText {
            guard let number = UInt16(portText), number > 0 else { return nil }
            port = Int(number)
        }
        let bytes = host.utf8
        // What a name or an address consists of; anything else is a mistake of typing.
        guard (1...253).contains(bytes.count),
            host.unicodeScalars.allSatisfy({
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || ".-:_%".unicodeScalars.contains($0)
            })
        else { return nil }
        self.host = String(host)
        plainPort = isSecure ? nil : port
        securePort = isSecure ? port : nil
    }

    /// The address that a discovery's answer tells: the host it came from, and the ports of the endpoints it lists, those
    /// of that very host first.
    ///
    /// - Parameters:
    ///   - host: where the answer came from. The endpoints' own hosts lack the scope of link-local addresses, and may be
    ///     of another network.
    ///   - endpoints: `eps`.
    ///   - fallback: the plain port when `eps` lists none.
    public init(host: String, endpoints: [Endpoint], fallback: Int?) {
        self.host = host
        let own = host.prefix { $0 != "%" }
        var plain: (port: Int, isOwn: Bool)?
        var secure: (port: Int, isOwn: Bool)?
        for endpoint in endpoints {
            guard endpoint.address.hasPrefix("coap://") || endpoint.address.hasPrefix("coaps://"),
                let address = DeviceAddress(endpoint.address)
            else { continue }
            let isOwn = address.host == own
            if let port = address.securePort, secure == nil || (isOwn && secure?.isOwn == false) {
                secure = (port, isOwn)
            }
            if let port = address.plainPort, plain == nil || (isOwn && plain?.isOwn == false) {
                plain = (port, isOwn)
            }
        }
        plainPort = plain?.port ?? fallback
        securePort = secure?.port
    }

    /// `HOST coap:PORT coaps:PORT`.
    public var description: String {
        let bracketed = host.contains(":") ? "[\(host)]" : host
        var parts: [String] = []
        if let plainPort { parts.append("coap://\(bracketed):\(plainPort)") }
        if let securePort { parts.append("coaps://\(bracketed):\(securePort)") }
        return parts.isEmpty ? bracketed : parts.joined(separator: " ")
    }
}
