import Access
import OneLoop
import ProvisioningModel
import XMPP

/// What users of the gateway's own services can be given (XEP-0324 3.7.1). The ids are the gateway's: other services may use
/// the same with other meanings.
public enum GatewayPrivilege: String, Sendable, CaseIterable {
    /// To change nodes and the gateway over XEP-0326: edit, create, destroy, move, run commands.
    case administer = "Gateway.Administer"

    /// The id.
    var id: PrivilegeID? { PrivilegeID(rawValue) }
}

extension ProvisioningClient {
    // MARK: The gateway as a service

    /// Remote administration is a service of the gateway: who wants it shows an address, a server that lets that user in gives
    /// a token for it, and the user's privileges decide (XEP-0324 3.6.2, 3.7.1).
    func administer(
        _ question: AccessQuestion, _ server: Server, _ address: JID, _ end: @escaping (AccessAnswer) -> Void
    ) {
        Task {
            guard let who = JID(question.who), let privilege = GatewayPrivilege.administer.id else {
                return end(.unanswered("\(question.who) is no address"))
            }
            switch await user(who, at: server) {
            case .failure(let failure): end(.unanswered("\(server.name): \(failure.reason)"))
            case .success(nil): end(.denied("\(server.name) does not let \(who) use the gateway's administration"))
            case .success(let token?):
                let asked = PrivilegeQuestion(
                    serviceTokens: ownTokens(server), userTokens: [token], privilege: privilege)
                noteOwn(server)
                switch await ask(asked.element, server) {
                case .success(.hasPrivilegeResponse(let answer)):
                    end(
                        answer.isGranted
                            ? .granted(AccessGrant())
                            : .denied("\(server.name) does not give \(who) the privilege \(privilege)"))
                case .success: end(.unanswered("\(server.name) answered another question than was asked"))
                case .failure(let failure): end(.unanswered("\(server.name): \(failure.reason)"))
                }
            }
        }
    }

    /// What a server lets somebody do here, as it would be decided without asking it each time (XEP-0324 3.7.2).
    ///
    /// - Returns: a list for each server; the reason where there is none.
    public func privileges(of who: JID) async -> [(server: String, list: PrivilegeList?, reason: String)] {
        var found: [(String, PrivilegeList?, String)] = []
        for server in servers.values.sorted(by: { $0.name < $1.name }) {
            switch await user(who.bare, at: server) {
            case .failure(let failure): found.append((server.name, nil, failure.reason))
            case .success(nil): found.append((server.name, nil, "it does not let \(who.bare) in"))
            case .success(let token?):
                let question = PrivilegeListQuestion(serviceTokens: ownTokens(server), userTokens: [token])
                noteOwn(server)
                switch await ask(question.element, server) {
                case .success(.downloadPrivilegesResponse(let list)): found.append((server.name, list, ""))
                case .success: found.append((server.name, nil, "it answered another question than was asked"))
                case .failure(let failure): found.append((server.name, nil, failure.reason))
                }
            }
        }
        return found
    }

    /// The token of a user whom a server lets use the gateway's services; nil when it does not.
    private func user(_ who: JID, at server: Server) async -> Result<String?, AskFailure> {
        let tokens = ownTokens(server)
        guard !tokens.isEmpty else { return .failure(AskFailure(reason: "it has given the gateway no token yet")) }
        let question = ServiceQuestion(
            serviceTokens: tokens, credentials: [.jid(who.description), .connection(.xmpp)])
        noteOwn(server)
        switch await ask(question.element, server) {
        case .failure(let failure): return .failure(failure)
        case .success(.canAccessResponse(let answer)):
            guard answer.isGranted else { return .success(nil) }
            guard let token = answer.userToken else {
                return .failure(AskFailure(reason: "it let the user in and gave no token"))
            }
            if let address = destination(of: server) {
                // The stream has authenticated the user: that is the login (XEP-0324 3.6.2).
                let login = UserLogin(serviceTokens: tokens, userTokens: [token], userName: who.description)
                session.send(Message([login.element], to: address))
            }
            return .success(token)
        case .success: return .failure(AskFailure(reason: "it answered another question than was asked"))
        }
    }

    private func ownTokens(_ server: Server) -> [String] { server.record.token.map { [$0] } ?? [] }

    private func noteOwn(_ server: Server) {
        guard let address = destination(of: server) else { return }
        sent.note(ownTokens(server), to: address, origin: nil, at: clock())
    }
}
