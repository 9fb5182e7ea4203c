import OneLoop

/// Who may do what by a list: the configuration's, and the owner that a thing registry has told.
///
/// Rules add up: what one allows no other takes away. Tokens are not looked at, since nobody here knows whose they are.
@Loop
public final class AccessList: Access {
    /// The rules as configured.
    public let rules: [AccessRule]
    /// The bare address of the owner, who may do everything; nil for none.
    public var owner: String?

    /// A list.
    public init(_ rules: [AccessRule]) {
        self.rules = rules
    }

    /// Answers at once.
    public func answer(_ question: AccessQuestion) async -> AccessAnswer { decide(question) }

    /// The answer, which a list has at once.
    public func decide(_ question: AccessQuestion) -> AccessAnswer {
        let who = question.who.lowercased()
        if let owner, owner.lowercased() == who { return .granted(AccessGrant(question)) }
        let needed = question.action.right
        let matching = rules.filter { $0.right >= needed && $0.concerns(who) }
        guard !matching.isEmpty else {
            return .denied("no rule lets \(question.who) \(question.action.word) here")
        }
        // Whether somebody may ask at all is no matter of nodes.
        if needed == .befriend { return .granted(AccessGrant(question)) }
        let parts = matching.compactMap { rule in AccessList.part(of: question, allowedBy: rule) }
        guard let grant = AccessGrant(question, parts) else {
            return .denied("no rule lets \(question.who) \(question.action.word) what was asked for")
        }
        return .granted(grant)
    }

    /// What a rule allows of a question; nil when that is nothing. A named node that the rule does not name may still be
    /// above one that it names: the nodes are the rule's, and who asked looks at each.
    private static func part(of question: AccessQuestion, allowedBy rule: AccessRule) -> AccessGrant.Part? {
        var names = rule.names
        if let allowed = rule.names, let asked = question.names {
            let both = allowed.intersection(asked)
            guard !both.isEmpty else { return nil }
            names = both
        }
        return AccessGrant.Part(nodes: rule.nodes, names: names)
    }
}

extension AccessQuestion.Action {
    /// The least right that allows it.
    var right: AccessRule.Right {
        switch self {
        case .befriend: .befriend
        case .read: .read
        case .control: .control
        case .administer: .administer
        }
    }

    /// The verb, for a sentence.
    var word: String {
        switch self {
        case .befriend: "be a friend"
        case .read: "read"
        case .control: "control"
        case .administer: "change nodes"
        }
    }
}
