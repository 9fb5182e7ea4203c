import Access
import OneLoop
import ProvisioningModel
import XMPP

/// What users of the gateway's own services can be given (XEP-0324 3.7.1). The ids are the gateway's: other services may use
/// the same with other meanings.
public enum GatewayPrivilege: String, Sendable, CaseIterable {
    /// To change nodes and the gateway over XEP-0326: edit, create, destroy, move, run commands.
    case administer = "Gateway.Administer"
    /// To read the page of metrics.
    case metrics = "Gateway.Metrics"

    /// The id.
    var id: PrivilegeID? { PrivilegeID(rawValue) }
}

/// Who uses one of the gateway's own services, as far as that one shows it (XEP-0324 3.6.2).
public struct ServiceUser: Sendable, Hashable {
    /// What the user shows.
    public var credentials: [UserCredential]
    /// The name under which the user has logged in, where the service has checked one; else the user is a guest.
    public var login: String?

    /// A user.
    public init(_ credentials: [UserCredential], login: String? = nil) {
        self.credentials = credentials
        self.login = login
    }

    /// Somebody with an address: the stream has authenticated the user, which is the login.
    public init(_ jid: JID) {
        let address = jid.bare.description
        self.init([.jid(address), .connection(.xmpp)], login: address)
    }
}

/// Whether a user of one of the gateway's own services may do something.
public enum PrivilegeVerdict: Sendable, Hashable {
    /// Yes, as this server says.
    case given(by: String)
    /// No, and why.
    case refused(String)
    /// Nobody could say, and why: counts as no, and must not be remembered.
    case unanswered(String)
}

extension ProvisioningClient {
    // MARK: The gateway as a service

    /// Remote administration is a service of the gateway: who wants it shows an address, a server that lets that user in gives
    /// a token for it, and the user's privileges decide (XEP-0324 3.6.2, 3.7.1).
    func administer(
        _ question: AccessQuestion, _ server: Server, _ end: @escaping (AccessAnswer) -> Void
    ) {
        Task {
            guard let who = JID(question.who) else { return end(.unanswered("\(question.who) is no address")) }
            switch await verdict(of: server, .administer, ServiceUser(who), as: "\(who)") {
            case .given: end(.granted(AccessGrant(question)))
            case .refused(let reason): end(.denied(reason))
            case .unanswered(let reason): end(.unanswered(reason))
            }
        }
    }

    /// Whether the trusted servers give a user of one of the gateway's own services a privilege: asked all at once, what any
    /// of them gives is given. Nothing of it is remembered here.
    ///
    /// - Parameter name: whom people read of in the reason.
    public func gives(_ privilege: GatewayPrivilege, to user: ServiceUser, as name: String) async -> PrivilegeVerdict {
        guard !servers.isEmpty, !isClosed else { return .unanswered("no provisioning server is trusted") }
        // All are asked before the first is waited for.
        let questions = servers.values.map { server in
            Task { await verdict(of: server, privilege, user, as: name) }
        }
        var verdicts: [PrivilegeVerdict] = []
        for question in questions { verdicts.append(await question.value) }
        func first(_ isWanted: (PrivilegeVerdict) -> Bool) -> PrivilegeVerdict? { verdicts.first(where: isWanted) }
        return first { if case .given = $0 { true } else { false } }
            ?? first { if case .refused = $0 { true } else { false } }
            ?? verdicts.first ?? .unanswered("no provisioning server is trusted")
    }

    private func verdict(
        of server: Server, _ privilege: GatewayPrivilege, _ user: ServiceUser, as name: String
    ) async -> PrivilegeVerdict {
        guard let id = privilege.id else { return .unanswered("\(privilege.rawValue) is no privilege") }
        switch await token(of: user, at: server) {
        case .failure(let failure): return .unanswered("\(server.name): \(failure.reason)")
        case .success(nil): return .refused("\(server.name) does not let \(name) use the gateway's services")
        case .success(let token?):
            let asked = PrivilegeQuestion(serviceTokens: ownTokens(server), userTokens: [token], privilege: id)
            noteOwn(server)
            switch await ask(asked.element, server) {
            case .success(.hasPrivilegeResponse(let answer)):
                return answer.isGranted
                    ? .given(by: server.name)
                    : .refused("\(server.name) does not give \(name) the privilege \(id)")
            case .success: return .unanswered("\(server.name) answered another question than was asked")
            case .failure(let failure): return .unanswered("\(server.name): \(failure.reason)")
            }
        }
    }

    /// What a server lets somebody do here, as it would be decided without asking it each time (XEP-0324 3.7.2).
    ///
    /// - Returns: a list for each server; the reason where there is none.
    public func privileges(of who: JID) async -> [(server: String, list: PrivilegeList?, reason: String)] {
        var found: [(String, PrivilegeList?, String)] = []
        for server in servers.values.sorted(by: { $0.name < $1.name }) {
            switch await token(of: ServiceUser(who), at: server) {
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
    private func token(of user: ServiceUser, at server: Server) async -> Result<String?, AskFailure> {
        let tokens = ownTokens(server)
        guard !tokens.isEmpty else { return .failure(AskFailure(reason: "it has given the gateway no token yet")) }
        let question = ServiceQuestion(serviceTokens: tokens, credentials: user.credentials)
        noteOwn(server)
        switch await ask(question.element, server) {
        case .failure(let failure): return .failure(failure)
        case .success(.canAccessResponse(let answer)):
            guard answer.isGranted else { return .success(nil) }
            guard let token = answer.userToken else {
                return .failure(AskFailure(reason: "it let the user in and gave no token"))
            }
            if let name = user.login, let address = destination(of: server) {
                let login = UserLogin(serviceTokens: tokens, userTokens: [token], userName: name)
                session.send(Message([login.element], to: address))
            }
            return .success(token)
        case .success: return .failure(AskFailure(reason: "it answered another question than was asked"))
        }
    }

    private func ownTokens(_ server: Server) -> [String] { server.record.token.map { [$0] } ?? [] }

    private func noteOwn(_ server: Server) {
        guard let address = destination(of: server) else { return }
        sent.note(own: ownTokens(server), to: address, at: clock())
    }
}
