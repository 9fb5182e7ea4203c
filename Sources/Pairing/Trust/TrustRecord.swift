/// Trust that was given: to whom, and when.
public struct TrustRecord: Sendable, Hashable {
    /// Who is trusted.
    public let candidate: Candidate
    /// When it was given, in milliseconds since 1970, by a clock that may have been wrong.
    public let when: Int64

    /// A record.
    public init(candidate: Candidate, when: Int64) {
        self.candidate = candidate
        self.when = when
    }

    /// The key of every record begins so.
    static let prefix = "trust/record/"

    /// `trust/record/<kind>/<identifier>`.
    var key: String { TrustRecord.key(candidate.kind, candidate.identifier) }

    static func key(_ kind: Candidate.Kind, _ identifier: String) -> String {
        "\(prefix)\(kind.rawValue)/\(identifier)"
    }

    /// The version of the value's form: one byte of it, eight of ``when`` (big-endian), then the title in UTF-8.
    private static let version: UInt8 = 1

    /// The value under the key.
    var value: [UInt8] {
        let stamp = UInt64(bitPattern: when)
        return [TrustRecord.version] + (0..<8).map { UInt8(truncatingIfNeeded: stamp >> (56 - 8 * $0)) }
            + Array(candidate.title.utf8)
    }

    /// A record as stored; nil when the bytes are no record of this version, which is then no trust.
    init?(key: String, value: [UInt8]) {
        guard key.hasPrefix(TrustRecord.prefix), value.count >= 9, value[0] == TrustRecord.version else { return nil }
        let name = key.dropFirst(TrustRecord.prefix.count)
        guard let slash = name.firstIndex(of: "/"), let kind = Candidate.Kind(rawValue: String(name[..<slash])),
            let title = String(validating: value[9...], as: UTF8.self)
        else { return nil }
        candidate = Candidate(kind: kind, identifier: String(name[name.index(after: slash)...]), title: title)
        guard candidate.isValid else { return nil }
        when = Int64(bitPattern: value[1..<9].reduce(0) { $0 << 8 | UInt64($1) })
    }
}
