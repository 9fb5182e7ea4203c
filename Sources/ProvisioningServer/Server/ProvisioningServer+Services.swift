import OneLoop
import ProvisioningModel
import XMPP

/// Services, their users, and what those may do (XEP-0324 3.6, 3.7).
extension ProvisioningServer {
    // MARK: Access

    func answer(_ question: ServiceQuestion, _ request: IQRequest) {
        later(request) {
            guard let service = try await self.service(question.serviceTokens, request.from) else {
                return request.result(ServiceAnswer(isGranted: false).element)
            }
            let credentials = question.credentials
            let entries = try await self.database.reading { try $0.entries(of: service) }
            let decision = AccessEntry.decide(entries, credentials)
            if decision == nil, let proposal = AccessEntry.proposal(credentials) {
                self.note(
                    PendingNote(
                        kind: .access, device: service, who: "\(proposal.kind.rawValue) \(proposal.value)"))
            }
            guard decision == true else { return request.result(ServiceAnswer(isGranted: false).element) }
            let now = self.wallClock()
            let life = self.settings.sessionLife
            let token = try await self.database.changing(by: service, now: now) {
                try $0.openSession(service: service, lifetime: life)
            }
            request.result(ServiceAnswer(isGranted: true, userToken: token.text).element)
        }
    }

    /// The name that a user has given at a service. Nobody answers a message: what is wrong with it is silent.
    func takeLogin(_ message: Message, _ payload: XMLElement) {
        guard let from = message.from, let login = try? UserLogin(payload),
            questionRates.take(Address(from).text, now: .now), waiting < ServerLimits.waitingQuestions
        else { return counters.refused += 1 }
        waiting += 1
        Task {
            defer { waiting -= 1 }
            do {
                guard let service = try await service(login.serviceTokens, from) else { return counters.refused += 1 }
                let now = wallClock()
                try await database.changing(by: service, now: now) { ledger in
                    for token in login.userTokens.prefix(ServerLimits.tokensInQuestion) {
                        try ledger.logIn(TokenText(token), service: service, user: login.userName)
                    }
                }
            } catch {
                log.error("a login could not be noted", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: Privileges

    func answer(_ question: PrivilegeQuestion, _ request: IQRequest) {
        later(request) {
            let lists = try await self.privileges(question.serviceTokens, question.userTokens, request.from)
            // Of several tokens the most forgiving counts.
            request.result(PrivilegeAnswer(isGranted: lists.contains { $0.allows(question.privilege) }).element)
        }
    }

    func answer(_ question: PrivilegeListQuestion, _ request: IQRequest) {
        later(request) {
            let lists = try await self.privileges(question.serviceTokens, question.userTokens, request.from)
            // One list has one order: that of the first token that means somebody.
            request.result((lists.first ?? PrivilegeList()).element)
        }
    }

    /// A list for each user token that this service was given; none for a service that is not known or does not prove it.
    private func privileges(
        _ serviceTokens: [String], _ userTokens: [String], _ from: JID
    ) async throws -> [PrivilegeList] {
        guard let service = try await service(serviceTokens, from) else { return [] }
        let now = wallClock()
        return try await database.reading(at: now) { ledger in
            try userTokens.prefix(ServerLimits.tokensInQuestion).compactMap { token in
                guard let session = try ledger.session(TokenText(token)), session.service == service else { return nil }
                return try ledger.privilegeList(of: session.user, service: service)
            }
        }
    }

    /// The service that one of these tokens stands for, when the sender proves to hold its key.
    private func service(_ tokens: [String], _ from: JID) async throws -> String? {
        let now = wallClock()
        let most = ServerLimits.tokensInQuestion
        let found = try await database.reading(at: now) { ledger in
            try tokens.prefix(most).compactMap { token -> (String, TokenHolder, String)? in
                guard let holder = try ledger.holder(of: TokenText(token)),
                    let service = try ledger.service(certificate: holder.fingerprint)
                else { return nil }
                return (token, holder, service)
            }
        }
        let address = Address(from).text
        for (token, holder, service) in found
        where await proves(token, holder, device: address, who: address, sender: from) {
            return service
        }
        return nil
    }
}
