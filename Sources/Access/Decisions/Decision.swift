/// A remembered answer of one server to one question, without the question: that is its key.
public struct Decision: Sendable, Hashable {
    /// The longest reason that is kept with a no.
    static let reasonBytes = 160

    /// What the server said.
    enum Verdict: Sendable, Hashable {
        /// Yes, for these whitelists; at least one.
        case granted([AccessGrant.Part])
        /// No, and why.
        case denied(String)
    }

    let verdict: Verdict
    /// When it said so, in seconds since 1970, by a clock that may have been wrong.
    public let when: Int64

    /// An answer; nil for one that must not be remembered.
    public init?(_ answer: AccessAnswer, when: Int64) {
        switch answer {
        case .granted(let grant):
            verdict = .granted(
                grant.parts.map { part in
                    var part = part
                    part.nodes?.sort(by: DecisionKey.precedes)
                    return part
                })
        case .denied(let reason):
            // Cut at a whole character.
            var short = reason
            while short.utf8.count > Decision.reasonBytes { short.removeLast() }
            verdict = .denied(short)
        case .unanswered: return nil
        }
        self.when = when
    }

    /// What the server said, as the answer to the question under which it is remembered.
    public func answer(to question: AccessQuestion) -> AccessAnswer {
        switch verdict {
        case .granted(let parts):
            AccessGrant(question, parts).map { .granted($0) } ?? .denied("nothing is allowed")
        case .denied(let reason): .denied(reason)
        }
    }

    /// Appends the answer to a record.
    func append(to writer: inout ByteWriter) {
        writer.append(UInt32(clamping: when))
        switch verdict {
        case .granted(let parts):
            writer.append(UInt8(truncatingIfNeeded: min(parts.count, 255)))
            for part in parts.prefix(255) {
                writer.append(part.kinds.rawValue)
                DecisionKey.append(part.nodes, to: &writer)
                DecisionKey.append(part.names.map(Array.init), to: &writer)
            }
        case .denied(let reason):
            writer.append(UInt8(0))
            writer.append(reason)
        }
    }

    /// The answer in a record, behind the key; nil when it is none.
    init?(_ reader: inout ByteReader) {
        guard let when = reader.long(), let count = reader.byte() else { return nil }
        self.when = Int64(when)
        guard count > 0 else {
            guard let reason = reader.text() else { return nil }
            verdict = .denied(reason)
            return
        }
        var parts: [AccessGrant.Part] = []
        for _ in 0..<count {
            guard let kinds = reader.number(), let nodes = reader.nodes(), let names = reader.optionalTexts() else {
                return nil
            }
            parts.append(
                AccessGrant.Part(
                    // In the order of records, so that what was read is what is written.
                    nodes: nodes.list?.sorted(by: DecisionKey.precedes), names: names.list.map { Set($0) },
                    kinds: ReadingKinds(rawValue: kinds)))
        }
        verdict = .granted(parts)
    }
}
