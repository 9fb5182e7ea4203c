import OneM2MPrimitives
import TLS

/// Tokens that were opened, by the hash of their text, so that a token that comes again costs a hash; and the local token
/// ids that stand for them. Bounded: the longest unused goes.
struct VerifiedTokens {
    /// SHA-256 of the token's text.
    typealias Hash = [UInt8]

    /// What is kept of a token.
    struct Entry {
        let claims: TokenClaims
        let localID: String
        var lastUse: UInt64
    }

    private(set) var entries: [Hash: Entry] = [:]
    private var byLocalID: [String: Hash] = [:]
    private var uses: UInt64 = 0
    private let capacity: Int
    /// How often a token was found, and not found.
    private(set) var hits: UInt64 = 0
    private(set) var misses: UInt64 = 0

    init(capacity: Int = TokenLimits.verified) { self.capacity = max(capacity, 1) }

    static func hash(_ token: String) -> Hash { Cryptography.sha256(Array(token.utf8)) }

    /// An `NCName` (TS-0001 7.1.16) that is the same for the same token. It gives nobody anything: the holder is checked.
    static func localID(_ hash: Hash) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return "t"
            + String(decoding: hash.prefix(8).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    mutating func find(_ hash: Hash) -> Entry? {
        guard var entry = entries[hash] else {
            misses += 1
            return nil
        }
        hits += 1
        uses += 1
        entry.lastUse = uses
        entries[hash] = entry
        return entry
    }

    mutating func find(localID: String) -> Entry? { byLocalID[localID].flatMap { find($0) } }

    @discardableResult
    mutating func insert(_ claims: TokenClaims, _ hash: Hash) -> Entry {
        if entries[hash] == nil, entries.count >= capacity {
            // A linear search once in a full table, some microseconds beside a signature of hundreds.
            if let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key { remove(oldest) }
        }
        uses += 1
        let entry = Entry(claims: claims, localID: Self.localID(hash), lastUse: uses)
        entries[hash] = entry
        byLocalID[entry.localID] = hash
        return entry
    }

    /// The entry of a token's id, of any issuer that gave it.
    func find(tokenID: QualifiedName) -> (hash: Hash, entry: Entry)? {
        entries.first { $0.value.claims.tokenID == tokenID }.map { ($0.key, $0.value) }
    }

    mutating func removeAll(where isGone: (TokenClaims) -> Bool) {
        for (hash, entry) in entries where isGone(entry.claims) { remove(hash) }
    }

    private mutating func remove(_ hash: Hash) {
        guard let entry = entries.removeValue(forKey: hash) else { return }
        if byLocalID[entry.localID] == hash { byLocalID[entry.localID] = nil }
    }
}
