/// A remembered answer with its question, as it stands in the store.
public struct DecisionRecord: Sendable, Hashable {
    /// What was asked, and whom.
    public let key: DecisionKey
    /// What was answered.
    public let decision: Decision

    /// A record.
    public init(_ key: DecisionKey, _ decision: Decision) {
        self.key = key
        self.decision = decision
    }

    /// Reads a record; nil when the bytes are none of this version.
    public init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let key = DecisionKey(&reader), let decision = Decision(&reader), reader.isAtEnd else { return nil }
        self.init(key, decision)
    }

    /// Key and answer (`docs/provisioning.md`).
    public var bytes: [UInt8] {
        var writer = ByteWriter(bytes: key.bytes)
        decision.append(to: &writer)
        return writer.bytes
    }
}
