import Access
import ProvisioningModel
import XMPP

/// Questions of access as XEP-0324 asks them, and its answers as whitelists of what was asked. Pure.
enum ServerQuestions {
    /// The question as servers are asked it, which is what their answers are remembered under.
    ///
    /// Whether somebody may be a friend, or may use the gateway's own services, is a matter of who it is alone (XEP-0324 3.2,
    /// 3.6, 3.7): under the nodes and tokens of one request the same answer would be kept as many times as there are
    /// requests, and asked for each time.
    static func asked(_ question: AccessQuestion) -> AccessQuestion {
        switch question.action {
        case .befriend, .administer: AccessQuestion(who: question.who, action: question.action)
        case .read, .control: question
        }
    }

    /// The question as a payload; nil for one that XEP-0324 does not have.
    static func payload(_ question: AccessQuestion) -> ProvisioningPayload? {
        guard let who = JID(question.who) else { return nil }
        let nodes = (question.nodes ?? []).map {
            ProvisioningNode(nodeID: $0.nodeID, sourceID: $0.sourceID, cacheType: $0.cacheType)
        }
        let names = question.names ?? []
        let tokens = ProvisioningTokens(question.tokens)
        switch question.action {
        case .befriend: return .isFriend(FriendQuestion(jid: who))
        case .read(let kinds):
            return .canRead(
                ReadQuestion(
                    jid: who, types: ReadingTypes(rawValue: kinds.rawValue), tokens: tokens, nodes: nodes, fields: names
                ))
        case .control:
            return .canControl(ControlQuestion(jid: who, tokens: tokens, nodes: nodes, parameters: names))
        case .administer: return nil
        }
    }

    /// What a server's payload says to a question. What makes no sense, or is about somebody else, is no answer.
    static func answer(_ element: XMLElement?, to question: AccessQuestion, by server: String) -> AccessAnswer {
        guard let element else { return .unanswered("\(server) answered nothing") }
        let payload: ProvisioningPayload
        do {
            payload = try ProvisioningPayload(element)
        } catch {
            return .unanswered("\(server) answered what makes no sense: \(error.reason)")
        }
        let denied = AccessAnswer.denied("\(server) does not let \(question.who) \(word(question.action))")
        switch (payload, question.action) {
        case (.isFriendResponse(let answer), .befriend):
            guard answer.jid.description == question.who else { return aboutAnother(server, answer.jid) }
            return answer.isFriend ? .granted(AccessGrant(question)) : denied
        case (.canReadResponse(let answer), .read(let asked)):
            guard answer.jid.description == question.who else { return aboutAnother(server, answer.jid) }
            guard answer.isGranted else { return denied }
            // None named restricts none (the text shows the question's kinds and is silent about others).
            let told = ReadingTypes(rawValue: asked.rawValue)
            let types = answer.types.isEmpty ? told : answer.types.intersection(told)
            guard !types.isEmpty else { return denied }
            let kinds = types == told ? ReadingKinds.all : ReadingKinds(rawValue: types.rawValue)
            return part(question, answer.nodes, answer.fields, kinds).map { .granted(AccessGrant(question, $0)) }
                ?? denied
        case (.canControlResponse(let answer), .control):
            guard answer.jid.description == question.who else { return aboutAnother(server, answer.jid) }
            guard answer.isGranted else { return denied }
            return part(question, answer.nodes, answer.parameters, .all).map { .granted(AccessGrant(question, $0)) }
                ?? denied
        default: return .unanswered("\(server) answered another question than was asked")
        }
    }

    /// A server's lists, cut to what was asked for; nil when nothing is left of them.
    ///
    /// A node that the answer names is kept when it is one that was asked for, or means one. Where the question named no
    /// node, the list says which of all.
    private static func part(
        _ question: AccessQuestion, _ nodes: [ProvisioningNode], _ names: [String], _ kinds: ReadingKinds
    ) -> AccessGrant.Part? {
        var allowed: [NodeReference]? = nil
        if !nodes.isEmpty {
            let told = nodes.map { NodeReference(nodeID: $0.nodeID, sourceID: $0.sourceID, cacheType: $0.cacheType) }
            if let asked = question.nodes {
                allowed = asked.filter { one in told.contains { $0.matches(one) } }
                // An answer may name all parts of a node that the question named by its id alone.
                allowed?.append(
                    contentsOf: told.filter { one in
                        asked.contains { $0.matches(one) && $0 != one }
                    })
            } else {
                allowed = told
            }
            if allowed?.isEmpty == true { return nil }
        }
        var set: Set<String>?
        if !names.isEmpty {
            set = question.names.map { Set($0).intersection(names) } ?? Set(names)
            if set?.isEmpty == true { return nil }
        }
        return AccessGrant.Part(nodes: allowed, names: set, kinds: kinds)
    }

    private static func aboutAnother(_ server: String, _ jid: JID) -> AccessAnswer {
        .unanswered("\(server) answered about \(jid), who was not asked about")
    }

    static func word(_ action: AccessQuestion.Action) -> String {
        switch action {
        case .befriend: "be a friend"
        case .read: "read"
        case .control: "control"
        case .administer: "administer"
        }
    }

    /// Whether a grant is all that a question asks for, so that nobody else need be asked.
    static func isWhole(_ grant: AccessGrant, _ question: AccessQuestion) -> Bool {
        grant.parts.contains { $0.kinds == .all && question.isWithin($0.nodes, $0.names) }
    }
}

extension ProvisioningTokens {
    /// Tokens of a request that XEP-0324 can carry.
    init(_ tokens: AccessTokens) {
        func good(_ list: [String]) -> [String] {
            Array(list.filter(ProvisioningTokens.isToken).prefix(ProvisioningLimits.tokens))
        }
        self.init(service: good(tokens.service), device: good(tokens.device), user: good(tokens.user))
    }
}
