/// A remembered answer of one server to one question.
public struct Decision: Sendable, Hashable {
    /// The longest reason that is kept with a no.
    static let reasonBytes = 160

    /// What the server said: never ``AccessAnswer/unanswered(_:)``.
    public let answer: AccessAnswer
    /// When it said so, in seconds since 1970, by a clock that may have been wrong.
    public let when: Int64

    /// An answer; nil for one that must not be remembered.
    public init?(_ answer: AccessAnswer, when: Int64) {
        switch answer {
        case .granted: self.answer = answer
        case .denied(let reason):
            // Cut at a whole character.
            var short = reason
            while short.utf8.count > Decision.reasonBytes { short.removeLast() }
            self.answer = .denied(short)
        case .unanswered: return nil
        }
        self.when = when
    }

    /// Appends the answer to a record.
    func append(to writer: inout ByteWriter) {
        writer.append(UInt32(clamping: when))
        switch answer {
        case .granted(let grant):
            writer.append(UInt8(truncatingIfNeeded: min(grant.parts.count, 255)))
            for part in grant.parts.prefix(255) {
                writer.append(part.kinds.rawValue)
                DecisionKey.append(part.nodes, to: &writer)
                DecisionKey.append(part.names.map(Array.init), to: &writer)
            }
        case .denied(let reason):
            writer.append(UInt8(0))
            writer.append(reason)
        case .unanswered: break
        }
    }

    /// The answer in a record, behind the key; nil when it is none.
    init?(_ reader: inout ByteReader) {
        guard let when = reader.long(), let count = reader.byte() else { return nil }
        self.when = Int64(when)
        guard count > 0 else {
            guard let reason = reader.text() else { return nil }
            answer = .denied(reason)
            return
        }
        var parts: [AccessGrant.Part] = []
        for _ in 0..<count {
            guard let kinds = reader.number(), let nodes = reader.nodes(), let names = reader.optionalTexts() else {
                return nil
            }
            parts.append(
                AccessGrant.Part(
                    nodes: nodes.list, names: names.list.map { Set($0) }, kinds: ReadingKinds(rawValue: kinds)))
        }
        guard let grant = AccessGrant(parts) else { return nil }
        answer = .granted(grant)
    }
}
