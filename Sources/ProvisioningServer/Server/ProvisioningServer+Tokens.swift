import NIOCore
import OneLoop
import ProvisioningModel
import TLS
import XMPP

extension ProvisioningServer {
    // MARK: Getting a token

    /// A certificate is shown: whoever can read what is encrypted for it gets a token. Anybody may: a token gives nothing
    /// by itself, only rules that name its certificate do.
    func answer(_ question: TokenRequest, _ request: IQRequest) {
        let from = Address(request.from).text
        guard certificateRates.take(from, now: .now), allCertificatesRate.take("", now: .now) else {
            counters.refused += 1
            return request.error(StanzaError(.resourceConstraint, "too many certificates; ask again later"))
        }
        do throws(ProvisioningError) {
            let certificate = try TokenCertificate(der: question.certificate)
            guard certificate.isValid(at: wallClock()) else {
                throw ProvisioningError(.malformed, "the certificate is not valid now, or no longer")
            }
            let (random, encrypted) = try certificate.challenge(devices[from]?.padding ?? settings.padding)
            guard let number = challenges.issue(certificate, random, to: from, now: .now) else {
                counters.refused += 1
                return request.error(
                    StanzaError(.resourceConstraint, "too many challenges are open; ask again in two minutes"))
            }
            request.result(TokenRequestChallenge(sequence: number, encrypted: encrypted).element)
        } catch {
            counters.refused += 1
            request.error(StanzaError(.badRequest, error.reason))
        }
    }

    func answer(_ question: TokenRequestAnswer, _ request: IQRequest) {
        let from = Address(request.from).text
        guard let challenge = challenges.take(question.sequence, of: from, now: .now) else {
            counters.refused += 1
            return request.error(Provisioning.unknownSequence)
        }
        guard Cryptography.constantTimeEquals(question.decrypted, challenge.random) else {
            counters.failedChallenges += 1
            log.notice("a challenge was answered wrongly", metadata: ["by": "\(from)"])
            return request.error(Provisioning.wrongAnswer)
        }
        later(request) {
            let now = self.wallClock()
            let token = try await self.database.changing(by: from, now: now) {
                try $0.issueToken(challenge.certificate, to: from)
            }
            self.counters.tokens += 1
            request.result(TokenGrant(token: token.text).element)
        }
    }

    // MARK: What tokens are worth

    private struct Shown: Sendable {
        var holders: [(token: String, holder: TokenHolder)] = []
        var sessions: [UserSession] = []
        /// The certificate of each service for which a user's token was given.
        var services: [String: String] = [:]
    }

    /// The certificates and users that tokens of a question stand for, as far as rules are about them and whoever sent the
    /// tokens proves to hold the keys.
    func identities(
        _ tokens: ProvisioningTokens, _ question: Question, through sender: JID
    ) async throws -> (certificates: [String], users: [String]) {
        let most = ServerLimits.tokensInQuestion
        let held = Array((tokens.service + tokens.device).prefix(most))
        let ofUsers = Array(tokens.user.prefix(most))
        let now = wallClock()
        let shown = try await database.reading(at: now) { ledger in
            var shown = Shown()
            for token in held {
                guard let holder = try ledger.holder(of: TokenText(token)),
                    !shown.holders.contains(where: { $0.holder.fingerprint == holder.fingerprint })
                else { continue }
                shown.holders.append((token, holder))
                if let service = try ledger.service(certificate: holder.fingerprint) {
                    shown.services[service] = holder.fingerprint
                }
            }
            shown.sessions = try ofUsers.compactMap { try ledger.session(TokenText($0)) }
            return shown
        }
        // A user's token counts beside that of the service that it was given to.
        let sessions = shown.sessions.filter { session in
            guard let user = session.user, shown.services[session.service] != nil else { return false }
            return index.concerns(.user(user), question.action, device: question.device)
        }
        let needed = shown.holders.filter { _, holder in
            index.concerns(.certificate(holder.fingerprint), question.action, device: question.device)
                || sessions.contains { shown.services[$0.service] == holder.fingerprint }
        }
        var proved: Set<String> = []
        for (token, holder) in needed
        where await proves(token, holder, device: question.device, who: question.who, sender: sender) {
            proved.insert(holder.fingerprint)
        }
        let users = sessions.filter { shown.services[$0.service].map(proved.contains) ?? false }.compactMap(\.user)
        return (needed.map(\.holder.fingerprint).filter(proved.contains), users)
    }

    /// Whether the sender of a token holds its key: known from before, or asked now (XEP-0324 3.1.3). The challenge goes to
    /// the party that sent us the token, and from there to the one that it has it from.
    func proves(_ token: String, _ holder: TokenHolder, device: String, who: String, sender: JID) async -> Bool {
        let key = TokenProofs.Key(certificate: holder.fingerprint, device: device, who: who)
        if proofs.holds(key, within: .seconds(settings.proofLife), now: .now) { return true }
        guard let certificate = try? TokenCertificate(der: holder.der),
            let (random, encrypted) = try? certificate.challenge(devices[device]?.padding ?? settings.padding)
        else { return false }
        return await withCheckedContinuation { continuation in
            // Those who ask while it is asked wait for the same answer.
            proving[key, default: []].append(continuation)
            guard proving[key]?.count == 1 else { return }
            counters.challenges += 1
            session.get(
                TokenChallenge(token: token, encrypted: encrypted).element, to: sender,
                timeout: .seconds(settings.challengeTimeout)
            ) { [weak self] result in
                self?.proved(key, result, random)
            }
        }
    }

    private func proved(_ key: TokenProofs.Key, _ result: Result<XMLElement?, IQFailure>, _ random: [UInt8]) {
        var isRight = false
        if case .success(let payload?) = result, let answer = try? TokenChallengeAnswer(payload) {
            isRight = Cryptography.constantTimeEquals(answer.decrypted, random)
        }
        if isRight {
            proofs.add(key, now: .now)
        } else {
            counters.failedChallenges += 1
            log.notice(
                "a token was not proved",
                metadata: [
                    "certificate": "\(key.certificate.prefix(16))", "by": "\(key.who)", "through": "\(key.device)",
                ])
        }
        for continuation in proving.removeValue(forKey: key) ?? [] { continuation.resume(returning: isRight) }
    }
}
