import Access
import NIOCore
import OneLoop
import ProvisioningModel
import XMPP

extension ProvisioningClient {
    // MARK: Access

    /// The list first, then all servers at once; what any of them grants is granted.
    public func answer(_ question: AccessQuestion) async -> AccessAnswer {
        let own = list.decide(question)
        if let grant = own.grant, ServerQuestions.isWhole(grant, question) { return own }
        guard !servers.isEmpty, !isClosed else { return own }
        return ProvisioningClient.union(own, await replies(to: question).map(\.answer))
    }

    /// What is granted by anybody; else what the servers say, since they were asked after the list.
    static func union(_ own: AccessAnswer, _ answers: [AccessAnswer]) -> AccessAnswer {
        AccessAnswer.union((own.grant == nil ? [] : [own]) + answers)
    }

    /// Takes note of whom tokens came from, so that a challenge of one can be passed on to there.
    func received(_ tokens: AccessTokens, from: JID) {
        guard !tokens.isEmpty else { return }
        origins.note(
            tokens.service + tokens.device + tokens.user, from: from, isFriend: session.roster.isFriend(from.bare),
            at: clock())
    }

    /// What every server says; ends early when one of them grants everything.
    private func replies(to question: AccessQuestion) async -> [Reply] {
        let asked = Array(servers.values)
        return await withCheckedContinuation { continuation in
            let gathering = Gathering(asked.count) { continuation.resume(returning: $0) }
            for server in asked {
                ask(server, question) { reply in
                    let isWhole = reply.answer.grant.map { ServerQuestions.isWhole($0, question) } ?? false
                    gathering.take(reply, isLast: isWhole)
                }
            }
        }
    }

    /// Replies as they come, until all are there or one is enough.
    @Loop
    private final class Gathering {
        private var replies: [Reply] = []
        private let count: Int
        private var end: (([Reply]) -> Void)?

        init(_ count: Int, end: @escaping ([Reply]) -> Void) {
            self.count = count
            self.end = end
        }

        func take(_ reply: Reply, isLast: Bool) {
            replies.append(reply)
            guard isLast || replies.count == count, let end else { return }
            self.end = nil
            end(replies)
        }
    }

    // MARK: One server

    /// Asks a server, or its remembered answer. Those who ask the same meanwhile wait for the same answer.
    func ask(_ server: Server, _ whole: AccessQuestion, _ handler: @escaping (Reply) -> Void) {
        let question = ServerQuestions.asked(whole)
        // The answer that others get too is bound to the question of each.
        let handler: (Reply) -> Void = { reply in
            handler(Reply(server: reply.server, answer: reply.answer.narrowed(to: whole), when: reply.when))
        }
        if let known = cache.lookup(question, to: server.name) {
            return handler(Reply(server: server.name, answer: known.answer(to: question), when: known.when))
        }
        let key = DecisionKey(question, to: server.name)
        if open[key] != nil {
            open[key]?.append(handler)
            return
        }
        guard open.count < settings.openQuestions else {
            counters.overloaded += 1
            return handler(
                Reply(server: server.name, answer: .unanswered("too many questions are open"), when: nil))
        }
        open[key] = [handler]
        put(question, key, to: server, mayRepeat: true)
    }

    private func put(_ question: AccessQuestion, _ key: DecisionKey, to server: Server, mayRepeat: Bool) {
        let ticket = cache.ticket(for: server.name)
        guard let address = destination(of: server) else {
            return finish(key, server, .unanswered("the provisioning server \(server.name) is not there"))
        }
        server.asked += 1
        let end: (AccessAnswer) -> Void = { [weak self] answer in
            guard let self else { return }
            guard self.servers[server.address] === server else {
                return self.finish(key, server, .unanswered("\(server.name) is no longer trusted"))
            }
            if self.cache.ticket(for: server.name) == ticket {
                self.cache.remember(question, answer, ticket)
            } else if mayRepeat {
                // The server took its answers back while this one was on its way: it may be one of the old.
                return self.put(question, key, to: server, mayRepeat: false)
            } else {
                return self.finish(key, server, .unanswered("\(server.name) has changed its mind"))
            }
            self.finish(key, server, answer)
        }
        guard let payload = ServerQuestions.payload(question) else {
            return administer(question, server, end)
        }
        note(question, to: address)
        session.get(payload.element, to: address, timeout: TimeAmount(settings.timeout)) { [weak self] result in
            switch result {
            case .success(let element):
                self?.learn(element, server)
                end(ServerQuestions.answer(element, to: question, by: server.name))
            case .failure(let failure): end(.unanswered("\(server.name): \(failure)"))
            }
        }
    }

    private func finish(_ key: DecisionKey, _ server: Server, _ answer: AccessAnswer) {
        if case .unanswered(let reason) = answer {
            server.unanswered += 1
            server.trouble = reason
        } else {
            server.trouble = nil
        }
        for handler in open.removeValue(forKey: key) ?? [] {
            handler(Reply(server: server.name, answer: answer, when: nil))
        }
    }

    /// Tokens of a request go to a server with the question; each is whose it came from, even when it is one that the
    /// gateway has of its own: else a friend could use that by naming it.
    private func note(_ question: AccessQuestion, to address: JID) {
        let now = clock()
        for token in ProvisioningTokens(question.tokens).all {
            guard let origin = origins.origin(of: token, by: question.who, at: now) else { continue }
            sent.note(token, of: origin, isFriend: session.roster.isFriend(origin.bare), to: address, at: now)
        }
    }

    /// Whether other friends and servers are allowed: the latest answer counts (XEP-0324 3.1.4).
    private func learn(_ element: XMLElement?, _ server: Server) {
        guard let element, element.name == "isFriendResponse", let answer = try? FriendAnswer(element),
            server.record.allowsSecondaryTrust != answer.allowsSecondaryTrust
        else { return }
        server.record.allowsSecondaryTrust = answer.allowsSecondaryTrust
        save(server)
        log.info(
            "a provisioning server \(answer.allowsSecondaryTrust ? "allows" : "forbids") others beside it",
            metadata: ["server": "\(server.name)"])
    }

    // MARK: For people

    /// How a question is decided, by whom and since when.
    public struct Explanation: Sendable, Hashable {
        /// What the list and the owner say.
        public let own: AccessAnswer
        /// What each server says.
        public let replies: [Reply]
        /// What comes of it.
        public let result: AccessAnswer
    }

    /// Explains how a question would be decided.
    ///
    /// A remembered answer counts that was given to this question or to one of which it is a part.
    ///
    /// - Parameter asks: whether servers are asked what is not remembered; such an answer is then remembered like any other.
    public func explain(_ question: AccessQuestion, asks: Bool) async -> Explanation {
        let own = list.decide(question)
        var replies: [Reply] = []
        for server in servers.values.sorted(by: { $0.name < $1.name }) {
            if let known = remembered(question, server.name) {
                replies.append(known)
            } else if asks {
                replies.append(
                    await withCheckedContinuation { continuation in
                        ask(server, question) { continuation.resume(returning: $0) }
                    })
            } else {
                replies.append(
                    Reply(server: server.name, answer: .unanswered("it was not asked this yet"), when: nil))
            }
        }
        let result = replies.isEmpty ? own : ProvisioningClient.union(own, replies.map(\.answer))
        return Explanation(own: own, replies: replies, result: result)
    }

    /// What is remembered of a question, or of a wider one: about more nodes, more names, or all of them. For people: the
    /// tokens that were shown with it count as if they were shown now.
    private func remembered(_ question: AccessQuestion, _ server: String) -> Reply? {
        let asked = ServerQuestions.asked(question)
        if let known = cache.peek(asked, to: server) {
            return Reply(server: server, answer: known.answer(to: asked).narrowed(to: question), when: known.when)
        }
        for line in cache.all where line.server == server {
            var same = question
            same.tokens = line.question.tokens
            guard same.isPart(of: line.question) else { continue }
            let answer = line.answer.narrowed(to: same)
            let parts = answer.grant.flatMap { AccessGrant(question, $0.parts) }
            return Reply(
                server: server, answer: parts.map { .granted($0) } ?? answer, when: line.decision.when)
        }
        return nil
    }
}
