import JSONText

/// What `gatehouse token` asks of the daemon.
public enum TokenCommandRequest: Sendable, Equatable {
    /// A token for a holder; the content is that of a CREATE of `<accessTokenIssuing>`.
    case issue(holder: String, content: JSON)
    /// What a token says and whether it is good.
    case inspect(token: String)
    /// A token away.
    case revoke(id: String)
    /// The tokens issued and revoked.
    case list
    /// The public keys.
    case keys
    /// A new signing key.
    case rotate(atOnce: Bool)

    /// Reads the part of a control request behind its command.
    ///
    /// - Throws: ``ControlError`` `badRequest`.
    init(_ json: JSON) throws(ControlError) {
        func text(_ name: String) throws(ControlError) -> String {
            guard let value = json[name]?.string else {
                throw ControlError(.badRequest, "token expects the text member \"\(name)\"")
            }
            return value
        }
        switch json["action"]?.string {
        case "issue": self = .issue(holder: try text("holder"), content: json["content"] ?? nil)
        case "inspect": self = .inspect(token: try text("token"))
        case "revoke": self = .revoke(id: try text("id"))
        case "list": self = .list
        case "keys": self = .keys
        case "rotate": self = .rotate(atOnce: json["now"]?.bool ?? false)
        default:
            throw ControlError(.badRequest, "token expects \"action\" as issue, inspect, revoke, list, keys or rotate")
        }
    }

    /// As it goes over the socket.
    var json: JSON {
        switch self {
        case .issue(let holder, let content):
            ["command": "token", "action": "issue", "holder": .string(holder), "content": content]
        case .inspect(let token): ["command": "token", "action": "inspect", "token": .string(token)]
        case .revoke(let id): ["command": "token", "action": "revoke", "id": .string(id)]
        case .list: ["command": "token", "action": "list"]
        case .keys: ["command": "token", "action": "keys"]
        case .rotate(let atOnce): ["command": "token", "action": "rotate", "now": .bool(atOnce)]
        }
    }
}
