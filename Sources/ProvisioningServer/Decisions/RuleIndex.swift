/// All rules, found by what a question says: whoever asks, three addresses and three kinds of device have to be looked up
/// however many rules there are.
public struct RuleIndex: Sendable {
    struct Key: Sendable, Hashable {
        let action: Action
        let who: Subject
        let device: Party
    }

    private var lists: [Key: [Rule]] = [:]
    private var keys: [Int64: Key] = [:]

    /// No rules.
    public init() {}

    /// How many rules there are.
    public var count: Int { keys.count }

    /// The rules as they are found; for tests and lists.
    public var rules: [Rule] { lists.values.flatMap(\.self).sorted { $0.id < $1.id } }

    /// Takes a rule in, in place of an earlier one of its number.
    public mutating func insert(_ rule: Rule) {
        remove(rule.id)
        let key = Key(action: rule.action, who: rule.who, device: rule.device)
        lists[key, default: []].append(rule)
        keys[rule.id] = key
    }

    /// Takes a rule out; false when there is none of this number.
    @discardableResult
    public mutating func remove(_ id: Int64) -> Bool {
        guard let key = keys.removeValue(forKey: id) else { return false }
        lists[key]?.removeAll { $0.id == id }
        if lists[key]?.isEmpty == true { lists[key] = nil }
        return true
    }

    /// What the rules say. Only answers that they allow in full are given: what cannot be said by a list of nodes and a
    /// list of names (XEP-0324 has no other) is left out rather than allowed with it.
    public func decide(_ question: Question, known: KnownThings = KnownThings()) -> Ruling {
        let identities = identities(of: question).filter { !$0.isEmpty }
        guard !identities.isEmpty else { return Ruling(grant: nil, isUndecided: true) }
        if question.action == .friend { return RuleMatrix.friendship(identities) }
        return RuleMatrix(question, identities, known).ruling
    }

    /// Whether some rule is about this certificate or user on such a device: whether its proof is worth asking for.
    public func concerns(_ subject: Subject, _ action: Action, device: String) -> Bool {
        devices(device).contains { lists[Key(action: action, who: subject, device: $0)] != nil }
    }

    /// Whether a rule for just this pair allows, and none for it denies.
    public func pairs(_ action: Action, device: String, who: String) -> Bool {
        let key = Key(action: action, who: .party(.address(who)), device: .address(device))
        return lists[key].map { $0.allSatisfy(\.isAllowed) } ?? false
    }

    /// Rules by whom they are about: those of the address together, then each certificate and user by itself.
    private func identities(of question: Question) -> [[Rule]] {
        let devices = devices(question.device)
        func rules(_ subjects: [Subject]) -> [Rule] {
            var found: [Rule] = []
            for subject in subjects {
                for device in devices {
                    if let list = lists[Key(action: question.action, who: subject, device: device)] { found += list }
                }
            }
            return found
        }
        let domain = Party.domain(of: question.who)
        let address: [Subject] = [.party(.address(question.who)), .party(.domain(domain)), .party(.anybody)]
        return [rules(address)] + question.certificates.map { rules([.certificate($0)]) }
            + question.users.map { rules([.user($0)]) }
    }

    private func devices(_ device: String) -> [Party] {
        [.address(device), .domain(Party.domain(of: device)), .anybody]
    }
}
