import JOSE
import JSONText
import OneM2MPrimitives

/// The keys that an authority signs with. A new one is announced before it is used, and an old one stays known until the
/// last token it signed has expired, so that who fetches the revocation list in between never meets an unknown key.
public struct SigningKeyRing: Sendable {
    /// One key of the ring.
    public struct Entry: Sendable {
        /// The private key; `kid` is its thumbprint.
        public let key: JSONWebKey
        /// From when it signs.
        public let activeFrom: OneM2MTime
    }

    /// In the order in which they sign.
    public private(set) var entries: [Entry]

    /// Keys of one ring: more would mean that they are changed faster than tokens expire.
    static let mostKeys = 8

    /// A ring with a new key that signs at once.
    ///
    /// - Throws: ``JOSEError``.
    public init(now: OneM2MTime) throws(JOSEError) {
        entries = [Entry(key: try Self.newKey(), activeFrom: now)]
    }

    private static func newKey() throws(JOSEError) -> JSONWebKey {
        var key = JSONWebKey(.ellipticPrivate(try .generate(.p256)), algorithm: "ES256", use: .signature)
        key.id = key.thumbprint
        return key
    }

    /// The key that signs now.
    public func active(at now: OneM2MTime) -> Entry { entries.last { $0.activeFrom <= now } ?? entries[0] }

    /// The public keys, coming ones too, as they are shown.
    public var published: [JSON] { entries.compactMap { $0.key.publicKey?.json } }

    /// What signs now.
    ///
    /// - Throws: ``JOSEError``.
    public func signer(at now: OneM2MTime) throws(JOSEError) -> SigningKey {
        try SigningKey(active(at: now).key, algorithm: .es256)
    }

    /// What signs revocation lists: the key that is known for longest, so that whoever knows any key learns the others.
    var listSigner: SigningKey {
        get throws(JOSEError) { try SigningKey(entries[0].key, algorithm: .es256) }
    }

    /// What verifies.
    public var verifiers: [VerificationKey] {
        entries.compactMap { try? VerificationKey($0.key, algorithm: .es256) }
    }

    /// Makes a new key that signs after `overlap` seconds; nothing when one is coming already.
    ///
    /// - Returns: the key that comes.
    /// - Throws: ``JOSEError``, also when the ring is full.
    public mutating func rotate(now: OneM2MTime, overlap: Int64) throws(JOSEError) -> Entry {
        if let coming = entries.last, coming.activeFrom > now { return coming }
        guard entries.count < Self.mostKeys else {
            throw JOSEError(.badKey, "\(entries.count) keys still have tokens that have not expired")
        }
        let entry = Entry(key: try Self.newKey(), activeFrom: now.adding(milliseconds: overlap * 1000))
        entries.append(entry)
        return entry
    }

    /// Whether the key that signs is older than it should be and none is coming.
    public func isDue(now: OneM2MTime, after seconds: Int64) -> Bool {
        guard let last = entries.last, last.activeFrom <= now else { return false }
        return now.seconds - last.activeFrom.seconds >= seconds
    }

    /// Drops keys whose last token has expired: those whose successor has signed for longer than a token lives.
    ///
    /// - Returns: whether any was dropped.
    public mutating func prune(now: OneM2MTime, longestLifetime: Int64) -> Bool {
        let before = entries.count
        while entries.count > 1, now.seconds - entries[1].activeFrom.seconds > longestLifetime { entries.removeFirst() }
        return entries.count < before
    }
}

extension SigningKeyRing {
    /// As it is kept in the daemon's store, private keys and all.
    public var record: JSON {
        [
            "keys": .array(
                entries.map { ["jwk": $0.key.json, "from": .int($0.activeFrom.microseconds)] })
        ]
    }

    /// The ring of a record; nil when it cannot be read.
    public init?(record: JSON) {
        guard let list = record["keys"]?.array, !list.isEmpty, list.count <= Self.mostKeys else { return nil }
        var entries: [Entry] = []
        for item in list {
            guard let json = item["jwk"], let key = try? JSONWebKey(json), case .ellipticPrivate = key.material,
                let from = item["from"]?.int
            else { return nil }
            entries.append(Entry(key: key, activeFrom: OneM2MTime(microseconds: Int64(from))))
        }
        self.entries = entries
    }
}
