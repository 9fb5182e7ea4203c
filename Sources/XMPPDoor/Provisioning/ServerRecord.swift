import XMPP

/// What is kept of a provisioning server beside the trust in it.
struct ServerRecord: Sendable, Hashable {
    /// How it came to be trusted.
    enum Origin: UInt8, Sendable, Hashable {
        /// A person pressed the button.
        case button = 1
        /// The configuration names it.
        case configured = 2
        /// The account's own server has it, and the configuration says to take that.
        case found = 3
    }

    static let prefix = "xmpp/provisioning/"
    private static let version: UInt8 = 1

    /// The bare address, or the component's domain.
    let address: JID
    var origin: Origin
    /// What its latest answer said of other friends and servers; no, until it says so.
    var allowsSecondaryTrust = false
    /// The gateway's token of this server.
    var token: String?

    init(_ address: JID, _ origin: Origin) {
        self.address = address.bare
        self.origin = origin
    }

    var key: String { ServerRecord.prefix + address.description }

    /// Version, origin, whether secondary trust is allowed, the token in UTF-8.
    var value: [UInt8] {
        [ServerRecord.version, origin.rawValue, allowsSecondaryTrust ? 1 : 0] + Array((token ?? "").utf8)
    }

    init?(key: String, value: [UInt8]) {
        guard key.hasPrefix(ServerRecord.prefix), value.count >= 3, value[0] == ServerRecord.version,
            let address = JID(String(key.dropFirst(ServerRecord.prefix.count))),
            let origin = Origin(rawValue: value[1]),
            let token = String(validating: value[3...], as: UTF8.self)
        else { return nil }
        self.init(address, origin)
        allowsSecondaryTrust = value[2] == 1
        self.token = token.isEmpty ? nil : token
    }
}
