/// The answer to an ``AccessQuestion``.
public enum AccessAnswer: Sendable, Hashable {
    /// Yes, for what the grant lists.
    case granted(AccessGrant)
    /// No, with the reason for people and the log.
    case denied(String)
    /// Nobody could answer: counts as no, and must not be remembered.
    case unanswered(String)

    /// What may be done; nil when nothing may.
    public var grant: AccessGrant? {
        if case .granted(let grant) = self { grant } else { nil }
    }

    /// The most forgiving of several answers to one question: what any of them grants is granted (XEP-0324 3.3).
    public static func union(_ answers: [AccessAnswer]) -> AccessAnswer {
        let grants = answers.compactMap(\.grant)
        if let first = grants.first {
            return .granted(grants.dropFirst().reduce(first) { $0.union($1) })
        }
        return answers.first { if case .denied = $0 { true } else { false } } ?? answers.first
            ?? .unanswered("nobody was asked")
    }

    /// The same answer to a question that is a part of the one it was given to; unanswered where the question is no part
    /// of that, or where nothing of what was granted is left.
    public func narrowed(to question: AccessQuestion) -> AccessAnswer {
        guard case .granted(let grant) = self else { return self }
        return grant.narrowed(to: question).map { .granted($0) }
            ?? .unanswered("this was granted to another question")
    }
}
