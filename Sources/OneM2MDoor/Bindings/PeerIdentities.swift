import TLS

/// For which AEs and CSEs the peers of TLS and DTLS speak (TS-0003 8.1.2, 10.1.2).
///
/// A certificate speaks for the entities that its subjectAltName has as URIs, `//sp.example/gw1` or `//sp.example/gw1/Clamp`
/// with or without `m2m:` before it. One that has a DNS name alone, or a pre-shared key, speaks for whom the configuration
/// says.
public struct PeerIdentities: Sendable {
    /// A key that a peer shares with us.
    public struct SharedKey: Sendable {
        /// What the peer calls itself in the handshake.
        public var identity: [UInt8]
        /// 16 to 32 bytes.
        public var key: [UInt8]
        /// AE-IDs and CSE-IDs.
        public var speaksFor: [String]

        /// A key.
        public init(identity: [UInt8], key: [UInt8], speaksFor: [String]) {
            self.identity = identity
            self.key = key
            self.speaksFor = speaksFor
        }
    }

    /// Whom certificates with a DNS name speak for, by the name in lower case.
    public var hosts: [String: [String]]
    /// The keys, by what the peer calls itself.
    public var keys: [[UInt8]: SharedKey]

    /// Names of one certificate that are looked at.
    static let mostNames = 16

    /// Identities of these hosts and keys.
    public init(hosts: [String: [String]] = [:], keys: [SharedKey] = []) {
        self.hosts = hosts
        self.keys = Dictionary(keys.map { ($0.identity, $0) }) { first, _ in first }
    }

    /// Whom a certificate, which was found good, speaks for.
    public func identities(of certificate: PeerCertificate?) -> [String] {
        guard let certificate else { return [] }
        return identities(names: certificate.leaf.alternativeNames)
    }

    func identities(names: [String]) -> [String] {
        var found: [String] = []
        for name in names.prefix(Self.mostNames) {
            if name.hasPrefix("URI:") {
                var text = name.dropFirst(4)
                if text.hasPrefix("m2m:") { text = text.dropFirst(4) }
                // What was not printable reads "?" there, and no identifier has one.
                if text.hasPrefix("/"), !text.utf8.contains(UInt8(ascii: "?")) { found.append(String(text)) }
            } else if name.hasPrefix("DNS:") {
                found += hosts[name.dropFirst(4).lowercased()] ?? []
            }
        }
        return found
    }

    /// Whom a pre-shared key speaks for.
    public func identities(ofKey identity: [UInt8]?) -> [String] {
        identity.flatMap { keys[$0]?.speaksFor } ?? []
    }

    /// The keys as DTLS asks for them.
    public var preSharedKeys: PreSharedKeys? {
        guard !keys.isEmpty else { return nil }
        let keys = keys
        return PreSharedKeys { keys[$0]?.key }
    }
}
