/// Where a cloud is: `coaps+tcp://host:port`, the form of `cis` and of endpoints (OCF Device To Cloud 6.1.2).
public struct CloudURI: Sendable, Hashable, CustomStringConvertible {
    /// Name or address, without the brackets of IPv6.
    public let host: String
    /// TCP port.
    public let port: Int
    /// Whether TLS is spoken; `coap+tcp` exists for tests on one machine.
    public let isSecure: Bool

    /// A place of these parts.
    public init(host: String, port: Int, isSecure: Bool = true) {
        self.host = host
        self.port = port
        self.isSecure = isSecure
    }

    /// Reads `coaps+tcp://host[:port]`; the port is 5684 (5683 without TLS) when left out.
    ///
    /// - Throws: ``CloudError`` `.configuration` saying what was expected.
    public init(_ text: String) throws {
        let wrong = CloudError(.configuration, "the cloud's address is \(text), expected coaps+tcp://host:port")
        var rest = text[...]
        if rest.hasPrefix("coaps+tcp://") {
            isSecure = true
            rest = rest.dropFirst(12)
        } else if rest.hasPrefix("coap+tcp://") {
            isSecure = false
            rest = rest.dropFirst(11)
        } else {
            throw wrong
        }
        if rest.last == "/" { rest = rest.dropLast() }
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw wrong }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            host = String(rest[..<end])
            rest = rest[end...]
        }
        guard !host.isEmpty, host.utf8.count <= 253, !host.contains(where: { "/?#@ ".contains($0) }) else {
            throw wrong
        }
        if rest.isEmpty {
            port = isSecure ? 5684 : 5683
        } else {
            guard rest.first == ":", let number = Int(rest.dropFirst()), (1...65_535).contains(number) else {
                throw wrong
            }
            port = number
        }
    }

    /// The URI.
    public var description: String {
        "\(isSecure ? "coaps" : "coap")+tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
