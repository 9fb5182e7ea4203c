import JSONText
import OneLoop
import OneM2MDoor
import OneM2MPrimitives

/// `gatehouse token`
extension House {
    func answer(_ request: TokenCommandRequest) async throws(ControlError) -> JSON {
        guard let house = oneM2M else {
            throw ControlError(.refused, "the gateway is no oneM2M CSE; set onem2m.enabled")
        }
        guard let tokens = house.tokens else {
            throw ControlError(.failed, house.trouble ?? "tokens are not handled")
        }
        do throws(OneM2MError) {
            switch request {
            case .issue(let holder, let wanted):
                guard let entity = EntityID(holder, at: house.cse.identity) else {
                    throw OneM2MError(.badRequest, "\"\(holder)\" is no AE-ID or CSE-ID")
                }
                return try await tokens.issue(try TokenRequest(content: wanted), to: entity)
            case .inspect(let token): return tokens.inspect(token)
            case .revoke(let text):
                guard let id = QualifiedName(text) else {
                    throw OneM2MError(.badRequest, "\"\(text)\" is no id of a token, such as 1a2b@gw1.sp.example.com")
                }
                try await tokens.revoke(id)
                return ["outcome": .string("\(id) is revoked.")]
            case .list: return tokens.list()
            case .keys: return tokens.keys()
            case .rotate(let atOnce): return try await tokens.rotate(atOnce: atOnce)
            }
        } catch {
            throw ControlError(Self.code(of: error.status), error.reason)
        }
    }

    private static func code(of status: ResponseStatus) -> ControlError.Code {
        switch status {
        case .badRequest, .contentsUnacceptable: .badValue
        case .notFound: .notFound
        case .originatorHasNoPrivilege, .notImplemented, .notAcceptable: .refused
        default: .failed
        }
    }
}
