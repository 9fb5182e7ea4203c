import NIOCore
import OneLoop
import ProvisioningModel
import TLS
import XMPP

extension ProvisioningClient {
    // MARK: The gateway's own token

    /// Asks a server for a token, if it has given none (XEP-0324 3.1.3).
    func askToken(_ server: Server) {
        guard server.record.token == nil, !server.isAskingToken, !isClosed, destination(of: server) != nil else {
            return
        }
        server.isAskingToken = true
        server.timer?.cancel()
        Task {
            do throws(TokenFailure) {
                server.record.token = try await token(of: server)
                server.retry = settings.firstRetry
                save(server)
                log.info("a provisioning server gave a token", metadata: ["server": "\(server.name)"])
            } catch {
                server.trouble = "no token: \(error.reason)"
                log.notice(
                    "a provisioning server gave no token",
                    metadata: ["server": "\(server.name)", "reason": "\(error.reason)"])
                askTokenLater(server)
            }
            server.isAskingToken = false
        }
    }

    private func askTokenLater(_ server: Server) {
        guard !isClosed, servers[server.address] === server else { return }
        server.timer = Loop.after(server.retry) { [weak self] in self?.askToken(server) }
        server.retry = min(server.retry * 2, settings.lastRetry)
    }

    private struct TokenFailure: Error {
        let reason: String
    }

    private func token(of server: Server) async throws(TokenFailure) -> String {
        let pair = try await keys()
        let first = try await exchange(TokenRequest(certificate: pair.certificate.der), server)
        // A server that wants no proof gives the token at once.
        if case .getTokenResponse(let grant) = first { return grant.token }
        guard case .getTokenChallenge(let challenge) = first else {
            throw TokenFailure(reason: "a challenge was expected")
        }
        guard limiter.take(server.address, at: clock()) else { throw TokenFailure(reason: "too many challenges") }
        let decrypted: [UInt8]
        do throws(TLSError) {
            decrypted = try pair.key.decrypt(challenge.encrypted)
        } catch {
            throw TokenFailure(reason: error.reason)
        }
        let answer = TokenRequestAnswer(sequence: challenge.sequence, decrypted: decrypted)
        guard case .getTokenResponse(let grant) = try await exchange(answer, server) else {
            throw TokenFailure(reason: "a token was expected")
        }
        return grant.token
    }

    private func keys() async throws(TokenFailure) -> TokenIdentity.Pair {
        do {
            return try await identity.load()
        } catch {
            throw TokenFailure(reason: "the key of tokens: \(error)")
        }
    }

    private func exchange(_ payload: some ProvisioningElement, _ server: Server) async throws(TokenFailure)
        -> ProvisioningPayload
    {
        switch await ask(payload.element, server) {
        case .success(let answer): return answer
        case .failure(let failure): throw TokenFailure(reason: failure.reason)
        }
    }

    /// Why a server's answer is none.
    struct AskFailure: Error {
        let reason: String
    }

    /// Puts a question of XEP-0324 to a server.
    func ask(_ element: XMLElement, _ server: Server) async -> Result<ProvisioningPayload, AskFailure> {
        guard let address = destination(of: server) else {
            return .failure(AskFailure(reason: "the provisioning server \(server.name) is not there"))
        }
        let result: Result<XMLElement?, IQFailure> = await withCheckedContinuation { continuation in
            session.get(element, to: address, timeout: TimeAmount(settings.timeout)) {
                continuation.resume(returning: $0)
            }
        }
        switch result {
        case .failure(let failure): return .failure(AskFailure(reason: "\(failure)"))
        case .success(nil): return .failure(AskFailure(reason: "an answer without content"))
        case .success(let answer?):
            do throws(PayloadError) {
                // Listing 24 has this one answer without a namespace.
                if answer.name == "downloadPrivilegesResponse" {
                    return .success(.downloadPrivilegesResponse(try PrivilegeList(answer)))
                }
                return .success(try ProvisioningPayload(answer))
            } catch {
                return .failure(AskFailure(reason: error.reason))
            }
        }
    }

    // MARK: Challenges

    /// Somebody wants proof that a token is rightly used. Answered only to whom it was sent within the last minute; passed
    /// on at once to whom it came from when that was not the gateway itself.
    func takeChallenge(_ request: IQRequest) {
        let challenge: TokenChallenge
        do throws(PayloadError) {
            challenge = try TokenChallenge(request.payload)
        } catch {
            return request.error(error.stanzaError)
        }
        let now = clock()
        let verdict = sent.verdict(challenge.token, from: request.from, at: now)
        guard verdict != .refused, !isClosed else {
            counters.refusedChallenges += 1
            return request.error(Provisioning.uncalledChallenge)
        }
        guard limiter.take(request.from, at: now), openChallenges < settings.openChallenges else {
            counters.refusedChallenges += 1
            return request.error(StanzaError(.resourceConstraint, "too many challenges; try again in a minute"))
        }
        counters.challenges += 1
        switch verdict {
        case .own: Task { await prove(challenge, request) }
        case .of(let origin): pass(challenge, to: origin, request)
        case .refused: break
        }
    }

    private func prove(_ challenge: TokenChallenge, _ request: IQRequest) async {
        do {
            let pair = try await identity.load()
            request.result(TokenChallengeAnswer(decrypted: try pair.key.decrypt(challenge.encrypted)).element)
        } catch let error as TLSError {
            request.error(StanzaError(.badRequest, error.reason))
        } catch {
            request.error(StanzaError(.internalServerError, "the key of tokens cannot be had"))
        }
    }

    private func pass(_ challenge: TokenChallenge, to origin: JID, _ request: IQRequest) {
        openChallenges += 1
        session.get(challenge.element, to: origin, timeout: TimeAmount(settings.timeout)) { [weak self] result in
            self?.openChallenges -= 1
            guard case .success(let element?) = result, let answer = try? TokenChallengeAnswer(element) else {
                return request.error(
                    StanzaError(.forbidden, "the one whom the token came from gives no proof", kind: .cancel))
            }
            request.result(answer.element)
        }
    }
}
